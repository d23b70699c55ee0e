import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lyrics.lines import check_lyrics, split_lines, sung_text
from shared.problems import LYRICS_EMPTY, Problem


def test_lines_are_the_callers_in_order_and_untouched() -> None:
    assert split_lines(" one \n\n\ttwo  three\n[Chorus]\ncafe\u0301") == [
        " one ",
        "",
        "\ttwo  three",
        "[Chorus]",
        "cafe\u0301",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_every_line_end_of_unicode_ends_a_line(end: str) -> None:
    assert split_lines(f"one{end}two{end}{end}three") == ["one", "two", "", "three"]


def test_the_last_line_end_begins_no_further_line() -> None:
    assert split_lines("one\ntwo\n") == ["one", "two"]
    assert split_lines("one\ntwo\n\n") == ["one", "two", ""]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert split_lines("\ufeffone\ntwo") == ["one", "two"]


@given(st.text())
def test_no_line_holds_a_line_end(lyrics: str) -> None:
    for line in split_lines(lyrics):
        assert line.splitlines() in ([line], [])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "...",
        "---",
        "♪ ♪",
        "🎵",
        "'",
        # English
        "[Verse 1]",
        "[Bridge - Repeat x2]",
        "[Chorus: John & Mary]",
        "[Verse 1] (x2)",
        "[Chorus] x2",
        "(Chorus)",
        "{Chorus}",
        "**Chorus**",
        "## Verse 1",
        "Chorus:",
        "Chorus 1a",
        "VERSE 1:",
        "Verse 2",
        "2nd Verse",
        "Pre-Chorus",
        "Final Chorus",
        "(Repeat Chorus 2 times)",
        "(x2)",
        "x2",
        "2x",
        "(2x)",
        "(repeat x2)",
        "(Instrumental)",
        "(guitar solo)",
        "Ending:",
        "V1:",
        "[anything in square brackets of its own]",
        # Chinese and Cantonese
        "【副歌】",
        "副歌 x2",
        "副歌×2",
        "副歌：",
        "主歌1",
        "（间奏）",
        "（間奏）",
        "第一节",
        "（重复副歌）",
        "（男女合唱）",
        # Japanese
        "Ａメロ",
        "サビ",
        "(間奏)",
        "1番",
        # Korean
        "후렴",
        "(후렴 x2)",
        "1절",
        # French, German, Italian, Portuguese, Russian, Spanish
        "[Pré-refrain]",
        "Couplet 1",
        "(bis)",
        "1. Strophe",
        "Zwischenspiel",
        "(Ritornello)",
        "Refrão",
        "Припев:",
        "Куплет 2",
        "Estribillo:",
        "Coro (x2)",
        # what stands around the lines of an LRC file
        "[00:12.00]",
        "[00:12.00][01:14.10]",
        "[ti:Amazing Grace]",
    ],
)
def test_a_line_without_words_and_a_section_mark_are_not_sung(line: str) -> None:
    assert sung_text(line) == ""


@pytest.mark.parametrize(
    "line",
    [
        "(oh my love)",
        "（我的爱）",
        "(oh)",
        "1",
        "99 Luftballons",
        "Solo",
        "(solo)",
        "The bridge",
        "Bridge over troubled water",
        "Chorus of angels",
        "Verse of my heart",
        "First time",
        "Repeat after me",
        "One, two, three, four",
        "(to the end)",
        "4x4",
        "I'm singing",
        "第一次",
        "三天三夜",
        "副歌响起",
        "合唱",
        "간주곡",
        "[I] love you",
        "me: I love you",
        "We'll sing the chorus",
        "C",
        "ソロ",
    ],
)
def test_a_line_with_words_of_its_own_is_sung_whole(line: str) -> None:
    assert sung_text(line) == line


@pytest.mark.parametrize(
    ("line", "sung"),
    [
        ("Chorus: Hallelujah", "Hallelujah"),
        ("[Chorus] Hallelujah", "Hallelujah"),
        ("[Chorus: all] Hallelujah", "Hallelujah"),
        ("Hallelujah (x2)", "Hallelujah"),
        ("Hallelujah x2", "Hallelujah"),
        ("副歌：哈利路亚", "哈利路亚"),
        ("哈利路亚（重复）", "哈利路亚"),
        ("[00:12.34]Hallelujah", "Hallelujah"),
        ("[00:12.34][01:12.34] Hallelujah", "Hallelujah"),
        ("[00:12.34] <00:12.34>Praise <00:13.00>Him", "Praise  Him"),
    ],
)
def test_a_mark_or_a_stamp_beside_sung_text_is_left_out(line: str, sung: str) -> None:
    assert sung_text(line).split() == sung.split()


def test_what_is_sung_is_composed_so_that_no_accent_is_lost() -> None:
    assert sung_text("cafe\u0301") == "caf\u00e9"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sung_is_empty_or_has_a_letter_or_digit(line: str) -> None:
    sung = sung_text(line)
    assert sung == sung.strip()
    assert sung == "" or any(unicodedata.category(one)[0] in "LN" for one in sung)


@pytest.mark.parametrize("lyrics", ["", "\n \n", "[Verse 1]\n\n(x2)", "... !", "♪"])
def test_lyrics_with_nothing_to_sing_are_refused(lyrics: str) -> None:
    with pytest.raises(Problem) as refused:
        check_lyrics(lyrics)
    assert refused.value.kind is LYRICS_EMPTY


@pytest.mark.parametrize("lyrics", ["[Verse 1]\nAmazing grace", "1", "(oh my love)"])
def test_lyrics_with_one_sung_line_are_taken(lyrics: str) -> None:
    check_lyrics(lyrics)
