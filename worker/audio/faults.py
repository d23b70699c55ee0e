"""The problems that fetching meets, each in one place."""

from shared.problems import AUDIO_NOT_FETCHED, AUDIO_STORE_AWAY, AUDIO_TOO_LARGE, Problem


def not_fetched(reason: str) -> Problem:
    """Make the problem for audio that the next try would not get either."""
    return Problem(AUDIO_NOT_FETCHED, f"The audio could not be fetched: {reason}.")


def store_away(reason: str) -> Problem:
    """Make the problem for audio that the next try may get."""
    return Problem(AUDIO_STORE_AWAY, f"The audio could not be fetched just now: {reason}.")


def too_large(limit: int) -> Problem:
    """Make the problem for audio of more than `limit` bytes."""
    return Problem(AUDIO_TOO_LARGE, f"The audio file is larger than {limit} bytes.")
