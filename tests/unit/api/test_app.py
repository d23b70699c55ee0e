import pytest

from api.app import make_app
from shared.settings import Settings


@pytest.mark.parametrize("keys", [{}, {"app": "secret"}])
def test_the_description_asks_for_a_key_where_keys_are_set(keys: dict[str, str]) -> None:
    description = make_app(Settings(), keys).openapi()
    asked = {
        path: all("security" in operation for operation in operations.values())
        for path, operations in description["paths"].items()
    }
    assert asked == {path: bool(keys) and path.startswith("/api/v1/") for path in asked}
    schemes = description["components"].get("securitySchemes", {})
    assert [scheme["scheme"] for scheme in schemes.values()] == (["bearer"] if keys else [])
