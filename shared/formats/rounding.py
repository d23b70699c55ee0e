"""Times as they are written: rounded here, once, and nowhere else."""

import math


def in_units(seconds: float, duration_seconds: float, per_second: int) -> int:
    """Round a time to whole parts of a second, `per_second` of them, within the audio.

    Times in order stay in order, and none passes the audio's end by being rounded up.
    """
    return min(round(seconds * per_second), math.floor(duration_seconds * per_second))
