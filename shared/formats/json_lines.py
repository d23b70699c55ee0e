"""JSON: the lines as objects, with all that is known of them where it is asked for."""

from typing import Final

from shared.formats.rounding import in_units, rounded_score
from shared.result import Line, Result

_MILLISECONDS: Final = 1000


def to_json_lines(result: Result, *, details: bool = False) -> list[dict[str, object]]:
    """Give `{start_time, end_time, text}` for every line, in seconds to the millisecond.

    With `details` also `sung`, `moved`, `score`, `needs_review` and `words`, each of those with
    `start_time`, `end_time`, `text` and `score`.
    """
    return [_line(line, result.duration_seconds, details=details) for line in result.lines]


def _line(line: Line, duration: float, *, details: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "start_time": _seconds(line.start, duration),
        "end_time": _seconds(line.end, duration),
        "text": line.text,
    }
    if details:
        shown |= {
            "sung": line.sung,
            "moved": line.moved,
            "score": rounded_score(line.score),
            "needs_review": line.needs_review,
            "words": [
                {
                    "start_time": _seconds(word.start, duration),
                    "end_time": _seconds(word.end, duration),
                    "text": word.text,
                    "score": rounded_score(word.score),
                }
                for word in line.words
            ],
        }
    return shown


def _seconds(time: float, duration: float) -> float:
    return in_units(time, duration, _MILLISECONDS) / _MILLISECONDS
