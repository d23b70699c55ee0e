import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats import to_lrc
from shared.languages import Language
from shared.result import Line, Result

CLIENT = re.compile(r"\[(\d{2}):(\d{2}\.\d{2})\](.*)")
"""How the client that exists today reads a line."""


def result_of(*lines: tuple[float, str], duration: float = 300.0) -> Result:
    return Result(
        duration_seconds=duration,
        language=Language.ENGLISH,
        aligner="dtw",
        lines=tuple(Line(text=text, start=start, end=start) for start, text in lines),
    )


def read(lrc: str) -> list[tuple[float, str]]:
    matches = [CLIENT.fullmatch(line) for line in lrc.split("\n")]
    return [(int(m[1]) * 60 + float(m[2]), m[3]) for m in matches if m]


def test_a_line_is_a_stamp_in_hundredths_and_its_text() -> None:
    assert to_lrc(result_of((1.234, "Amazing grace"))) == "[00:01.23] Amazing grace"


def test_a_blank_line_is_an_empty_stamp() -> None:
    assert to_lrc(result_of((1.0, "one"), (2.5, ""), (3.0, "two"))) == (
        "[00:01.00] one\n[00:02.50]\n[00:03.00] two"
    )
    assert to_lrc(result_of((2.5, "  "))) == "[00:02.50]"


@pytest.mark.parametrize(
    ("seconds", "stamp"),
    [
        (0.0, "[00:00.00]"),
        (59.994, "[00:59.99]"),
        (59.996, "[01:00.00]"),
        (119.999, "[02:00.00]"),
        (5_999.999, "[100:00.00]"),
        (7_384.5, "[123:04.50]"),
    ],
)
def test_rounding_carries_into_seconds_and_minutes(seconds: float, stamp: str) -> None:
    assert to_lrc(result_of((seconds, ""), duration=10_000)) == stamp


def test_no_stamp_passes_the_audios_end_by_being_rounded_up() -> None:
    assert to_lrc(result_of((9.9999, "end"), duration=9.9999)) == "[00:09.99] end"


def test_tags_that_are_given_come_first() -> None:
    lrc = to_lrc(result_of((0.0, "one")), title="Grace", artist="Newton", album="Olney")
    assert lrc == "[ti:Grace]\n[ar:Newton]\n[al:Olney]\n[00:00.00] one"
    assert to_lrc(result_of((0.0, "one")), artist="Newton", title="  ").startswith("[ar:Newton]\n[")


@given(st.text())
def test_no_tag_can_be_mistaken_for_a_line(title: str) -> None:
    lrc = to_lrc(result_of((1.0, "one")), title=title)
    assert read(lrc) == [(1.0, " one")]
    assert len(lrc.splitlines()) <= 2


def test_a_stamp_in_the_lyrics_is_not_written_beside_the_new_one() -> None:
    assert to_lrc(result_of((3.0, "[00:12.34] Amazing"), (4.0, "[00:13.00]"))) == (
        "[00:03.00] Amazing\n[00:04.00]"
    )


def test_a_section_mark_is_written_as_it_is() -> None:
    assert to_lrc(result_of((3.0, "[Verse 1]"))) == "[00:03.00] [Verse 1]"


words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1).filter(
    lambda text: text.strip() and not re.search(r"[\[<]\d", text)
)


@given(st.lists(st.tuples(st.floats(0, 300, allow_subnormal=False), words)))
def test_todays_client_reads_back_every_line_in_order(lines: list[tuple[float, str]]) -> None:
    lines.sort(key=lambda line: line[0])
    back = read(to_lrc(result_of(*lines)))
    assert [text for _, text in back] == [f" {text}" for _, text in lines]
    starts = [start for start, _ in back]
    assert starts == sorted(starts)
    for (start, _), (original, _) in zip(back, lines, strict=True):
        assert abs(start - original) <= 0.005 + 1e-9
