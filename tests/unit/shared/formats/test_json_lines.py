import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.formats import to_json_lines
from shared.languages import Language
from shared.result import Line, Result, Word


def result_of(*lines: Line, duration: float = 300.0) -> Result:
    return Result(duration_seconds=duration, language=Language.ENGLISH, aligner="dtw", lines=lines)


LINE = Line(
    text="Amazing grace",
    start=1.23456,
    end=2.34567,
    score=-0.123456,
    needs_review=False,
    words=(Word("Amazing", 1.23456, 1.9, -0.1), Word("grace", 1.9, 2.34567)),
)


def test_a_line_is_its_times_to_the_millisecond_and_its_text() -> None:
    assert to_json_lines(result_of(LINE)) == [
        {"start_time": 1.235, "end_time": 2.346, "text": "Amazing grace"}
    ]


def test_more_is_there_only_when_asked_for() -> None:
    assert to_json_lines(result_of(LINE), details=True) == [
        {
            "start_time": 1.235,
            "end_time": 2.346,
            "text": "Amazing grace",
            "sung": True,
            "moved": False,
            "score": -0.1235,
            "needs_review": False,
            "words": [
                {"start_time": 1.235, "end_time": 1.9, "text": "Amazing", "score": -0.1},
                {"start_time": 1.9, "end_time": 2.346, "text": "grace", "score": None},
            ],
        }
    ]


def test_every_line_is_there_blank_ones_too() -> None:
    blank = Line(text="", start=2.0, end=2.0, sung=False)
    assert [line["text"] for line in to_json_lines(result_of(LINE, blank, LINE))] == [
        "Amazing grace",
        "",
        "Amazing grace",
    ]


@given(
    st.floats(0, 300, allow_subnormal=False),
    st.lists(st.floats(0, 300, allow_subnormal=False), min_size=2),
)
def test_times_in_order_stay_in_order_and_within_the_audio(
    duration: float, times: list[float]
) -> None:
    times = sorted(min(time, duration) for time in times)
    lines = [Line(text="la", start=start, end=end) for start, end in pairwise(times)]
    shown = to_json_lines(result_of(*lines, duration=duration))
    flat = [line[key] for line in shown for key in ("start_time", "end_time")]
    assert flat == sorted(flat)
    assert max(flat) <= duration
    assert json.loads(json.dumps(shown)) == shown
