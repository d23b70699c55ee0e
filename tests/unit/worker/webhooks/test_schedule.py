import pytest

from worker.webhooks.schedule import DELAYS_SECONDS, next_delay, read_retry_after


def test_the_pauses_are_the_standards_with_a_little_jitter() -> None:
    for tries, delay in enumerate(DELAYS_SECONDS, 1):
        pause = next_delay(tries, None)
        assert pause is not None
        assert delay <= pause <= delay * 1.1
    assert next_delay(len(DELAYS_SECONDS) + 1, None) is None


def test_retry_after_makes_a_pause_longer_never_shorter() -> None:
    assert 60 <= (next_delay(1, 60) or 0) <= 66
    assert 30 <= (next_delay(2, 1) or 0) <= 33
    assert (next_delay(1, 10**9) or 0) <= DELAYS_SECONDS[-1] * 1.1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert read_retry_after(header, now=100.0) == seconds
