import pytest

from api.keys import read_keys
from shared.settings import Settings


def test_keys_have_names_and_the_single_one_is_the_default() -> None:
    settings = Settings(api_key="one", api_keys="app:two, admin:th:ree")
    assert read_keys(settings) == {"default": "one", "app": "two", "admin": "th:ree"}
    assert read_keys(Settings()) == {}


@pytest.mark.parametrize("listed", ["secret-without-name", "app:", ":secret", "my app:secret"])
def test_a_key_without_name_or_secret_is_refused(listed: str) -> None:
    with pytest.raises(ValueError, match="SOW_QWEN3_API_KEYS"):
        read_keys(Settings(api_keys=listed))
