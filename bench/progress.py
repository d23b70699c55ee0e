"""Saying what the bench is at, beside the table: on standard error."""

import sys
import time

_BEGUN = time.monotonic()


def say(text: str) -> None:
    """Print a line at once, with the time since the bench began."""
    sys.stderr.write(f"{time.monotonic() - _BEGUN:6.1f} s  {text}\n")
    sys.stderr.flush()
