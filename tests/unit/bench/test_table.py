import io
from collections.abc import Callable

import pytest
from rich.console import Console

from bench.table import Aim, Row, alternate, at_least, at_most, print_table, show_seconds


def test_a_speedup_is_how_many_times_faster_ours_is() -> None:
    row = Row.speedup("name", "compared", ours_s=2.0, other_s=3.0, limit="nothing")
    assert row.ratio == pytest.approx(1.5)
    assert row.measured == "2 s against 3 s"


@pytest.mark.parametrize(
    ("aim", "ratio", "verdict"),
    [
        (at_least(1.5), 1.5, "met"),
        (at_least(1.5), 1.49, "missed"),
        (at_most(0.05), 0.05, "met"),
        (at_most(0.05), 0.051, "missed"),
    ],
)
def test_an_aim_is_met_at_its_bound_and_missed_beyond_it(
    aim: Aim, ratio: float, verdict: str
) -> None:
    assert Row("name", "compared", "measured", ratio, "limit", aim).verdict == verdict


def test_a_row_that_could_not_be_measured_has_no_verdict() -> None:
    assert Row("name", "compared", "no GPU here", None, "", at_least(1)).verdict == ""


def test_two_sides_take_turns_and_each_gives_its_median() -> None:
    asked: list[str] = []
    times = {"ours": iter([1.0, 9.0, 2.0]), "other": iter([4.0, 5.0, 60.0])}

    def side(name: str) -> Callable[[], float]:
        def measure() -> float:
            asked.append(name)
            return next(times[name])

        return measure

    assert alternate(side("ours"), side("other"), 3) == (2.0, 5.0)
    assert asked == ["ours", "other"] * 3


def test_times_are_shown_in_the_unit_that_suits_them() -> None:
    assert [show_seconds(seconds) for seconds in (0.0012, 0.25, 12.34)] == [
        "1.2 ms",
        "250 ms",
        "12.3 s",
    ]


def test_the_table_shows_each_rows_ratio_its_aim_and_whether_it_is_met() -> None:
    out = io.StringIO()
    rows = [Row("memory", "two against one", "3 MB [of] 2 MB", 1.5, "weights", at_most(1.25))]
    print_table(rows, "a machine", Console(file=out, width=160, markup=False))
    text = out.getvalue()
    for shown in ("a machine", "memory", "3 MB [of] 2 MB", "1.50", "≤ 1.25", "missed", "weights"):
        assert shown in text
