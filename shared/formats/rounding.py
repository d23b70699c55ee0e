"""Times and scores as they are written: rounded here, once, and nowhere else."""

import math
from typing import Final

_SCORE_DIGITS: Final = 4


def in_units(seconds: float, duration_seconds: float, per_second: int) -> int:
    """Round a time to whole parts of a second, `per_second` of them, within the audio.

    Times in order stay in order, and none passes the audio's end by being rounded up.
    """
    return min(round(seconds * per_second), math.floor(duration_seconds * per_second))


def rounded_score(score: float | None) -> float | None:
    """Round a score to ten-thousandths; None stays None."""
    return None if score is None else round(score, _SCORE_DIGITS)
