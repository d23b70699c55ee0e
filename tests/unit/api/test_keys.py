import asyncio

import pytest
from fastapi import Request

from api.app import make_app
from api.keys import get_owner, read_keys
from shared.problems import UNAUTHORIZED, Problem
from shared.settings import Settings


def test_keys_have_names_and_the_single_one_is_the_default() -> None:
    settings = Settings(api_key="one", api_keys="app:two, admin:th:ree")
    assert read_keys(settings) == {"default": "one", "app": "two", "admin": "th:ree"}
    assert read_keys(Settings()) == {}


@pytest.mark.parametrize("listed", ["secret-without-name", "app:", ":secret", "my app:secret"])
def test_a_key_without_name_or_secret_is_refused(listed: str) -> None:
    with pytest.raises(ValueError, match="SOW_QWEN3_API_KEYS"):
        read_keys(Settings(api_keys=listed))


def test_a_key_may_have_any_letters_and_is_compared_byte_by_byte() -> None:
    app = make_app(Settings(), {"app": "ключ"})

    def owner(key: bytes) -> str:
        headers = [(b"authorization", b"Bearer " + key)]
        return asyncio.run(get_owner(Request({"type": "http", "app": app, "headers": headers})))

    assert owner("ключ".encode()) == "app"
    for wrong in (b"", b"\xff\xfe", "ключ".encode("utf-16-le"), "ключ\u00a0".encode()):
        with pytest.raises(Problem) as caught:
            owner(wrong)
        assert caught.value.kind is UNAUTHORIZED
