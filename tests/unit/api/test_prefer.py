import pytest

from api.prefer import Preference, read_prefer


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Preference(respond_async=False, wait_seconds=None)),
        (["respond-async"], Preference(respond_async=True, wait_seconds=None)),
        (["respond-async, wait=10"], Preference(respond_async=True, wait_seconds=10)),
        (["Wait=5", "respond-async"], Preference(respond_async=True, wait_seconds=5)),
        (["wait=1; strict", "wait=9"], Preference(respond_async=False, wait_seconds=1)),
        (['wait = "7"'], Preference(respond_async=False, wait_seconds=7)),
        (["wait=soon", "handling=lenient"], Preference(respond_async=False, wait_seconds=None)),
    ],
)
def test_prefer_is_read_as_rfc_7240_has_it(headers: list[str], expected: Preference) -> None:
    assert read_prefer(headers) == expected
