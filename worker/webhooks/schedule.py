"""When a delivery is tried again."""

import random
from email.utils import parsedate_to_datetime

DELAYS_SECONDS = (5, 30, 300, 1_800, 7_200, 18_000, 36_000)
"""The pauses between tries, as Standard Webhooks 1.0 proposes them."""

JITTER = 0.1
"""Each pause is up to so much longer, so that many deliveries do not come at once."""


def next_delay(tries: int, retry_after: float | None) -> float | None:
    """Tell how long to wait after so many tries (seconds); None when they were the last.

    A receiver's `Retry-After` makes a pause longer, never shorter, and at most the longest one.
    """
    if tries > len(DELAYS_SECONDS):
        return None
    delay = max(DELAYS_SECONDS[tries - 1], min(retry_after or 0, DELAYS_SECONDS[-1]))
    return delay * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret hangs on it


def read_retry_after(header: str | None, now: float) -> float | None:
    """Read `Retry-After`, seconds or a date (RFC 9110); None for none or nonsense."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except ValueError:
        return None
