from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages import Language
from shared.problems import LYRICS_EMPTY, Problem
from worker.aligners.base import AlignedWord
from worker.lines.mapping import place_lines, plan_lines

DURATION = 60.0


def aligned(*places: tuple[float, float]) -> list[AlignedWord]:
    return [AlignedWord(f"word{i}", *place, None) for i, place in enumerate(places)]


def test_only_sung_lines_go_to_the_aligner() -> None:
    plan = plan_lines("[Verse 1]\nAmazing grace\n\n(x2)\nHow sweet", str.split)
    assert plan.sung == [("Amazing", "grace"), ("How", "sweet")]
    assert plan.texts == ("[Verse 1]", "Amazing grace", "", "(x2)", "How sweet")


def test_the_splitter_sees_one_whole_line_at_a_time_composed() -> None:
    seen = []

    def split(line: str) -> list[str]:
        seen.append(line)
        return [line]

    plan = plan_lines("사랑해 너를\n[후렴]\ncafe\u0301 noir", split)
    assert seen == ["사랑해 너를", "caf\u00e9 noir"]
    assert plan.texts[2] == "cafe\u0301 noir"


def test_a_line_in_which_the_splitter_finds_no_word_is_not_sung() -> None:
    plan = plan_lines("one\n²\ntwo", lambda line: [] if line == "²" else [line])
    assert plan.sung == [("one",), ("two",)]


def test_lyrics_without_any_word_are_refused() -> None:
    with pytest.raises(Problem) as refused:
        plan_lines("[Verse]\n\n...", str.split)
    assert refused.value.kind is LYRICS_EMPTY


def test_a_line_lasts_from_its_first_words_start_to_its_last_words_end() -> None:
    plan = plan_lines("Amazing grace\nHow sweet the sound", str.split)
    words = aligned((1.0, 1.5), (1.6, 2.0), (3.1, 3.2), (3.3, 3.4), (3.5, 3.6), (3.7, 4.9))
    lines = place_lines(plan, words, DURATION)
    assert [(line.start, line.end) for line in lines] == [(1.0, 2.0), (3.1, 4.9)]
    assert [[word.text for word in line.words] for line in lines] == [
        ["word0", "word1"],
        ["word2", "word3", "word4", "word5"],
    ]


def test_a_chorus_sung_three_times_gets_three_times() -> None:
    plan = plan_lines("la la\nla la\nla la", str.split)
    words = aligned((1, 2), (2, 3), (11, 12), (12, 13), (21, 22), (22, 23))
    assert [line.start for line in place_lines(plan, words, DURATION)] == [1, 11, 21]


def test_a_line_that_is_not_sung_stands_where_the_line_before_it_ends() -> None:
    plan = plan_lines("[Verse]\n\none\n\n[Chorus]\ntwo\n(x2)\n", str.split)
    lines = place_lines(plan, aligned((5.0, 6.0), (9.0, 10.0)), DURATION)
    assert [(line.start, line.end, line.sung) for line in lines] == [
        (0.0, 0.0, False),
        (0.0, 0.0, False),
        (5.0, 6.0, True),
        (6.0, 6.0, False),
        (6.0, 6.0, False),
        (9.0, 10.0, True),
        (10.0, 10.0, False),
    ]


def test_where_voices_overlap_a_line_that_is_not_sung_never_comes_after_the_next() -> None:
    plan = plan_lines("one\n\ntwo\n\nthree", str.split)
    lines = place_lines(plan, aligned((5.0, 9.0), (7.0, 8.0), (8.5, 9.5)), DURATION)
    assert [line.start for line in lines] == [5.0, 7.0, 7.0, 8.0, 8.5]
    assert lines[0].end == 9.0


def test_times_that_an_aligner_gets_wrong_are_kept_in_order_and_within_the_audio() -> None:
    plan = plan_lines("one\ntwo\nthree", str.split)
    lines = place_lines(plan, aligned((5.0, 4.0), (3.0, 3.5), (61.0, 62.0)), DURATION)
    assert [(line.start, line.end) for line in lines] == [(5, 5), (5, 5), (60, 60)]


def test_a_number_of_words_other_than_the_lyrics_is_an_error() -> None:
    plan = plan_lines("one two", str.split)
    for words in (aligned((1, 2)), aligned((1, 2), (2, 3), (3, 4))):
        with pytest.raises(ValueError, match="for 2 words of lyrics"):
            place_lines(plan, words, DURATION)


line_texts = st.sampled_from(["", "la la la", "[Chorus]", "oh", "love me do", "...", "(x2)"])


@given(
    st.lists(line_texts, min_size=1).filter(lambda lines: any(map(str.isalpha, lines))), st.data()
)
def test_every_line_owns_its_own_words_and_all_is_in_order(
    texts: list[str], data: st.DataObject
) -> None:
    plan = plan_lines("\n".join(texts), str.split)
    count = sum(map(len, plan.words))
    starts = data.draw(
        st.lists(st.floats(0, DURATION, allow_subnormal=False), min_size=count, max_size=count).map(
            sorted
        )
    )
    lengths = data.draw(
        st.lists(st.floats(0, 10, allow_subnormal=False), min_size=count, max_size=count)
    )
    words = [
        AlignedWord(text, start, min(start + length, DURATION), None)
        for text, start, length in zip(
            (word for line in plan.words for word in line), starts, lengths, strict=True
        )
    ]
    lines = place_lines(plan, words, DURATION)
    assert [line.text for line in lines] == list(plan.texts)
    assert [tuple(word.text for word in line.words) for line in lines] == list(plan.words)
    times = [line.start for line in lines]
    assert times == sorted(times)
    for line in lines:
        assert 0 <= line.start <= line.end <= DURATION
        assert line.sung == bool(line.words)
        if line.sung:
            assert line.start == line.words[0].start
            assert line.end == line.words[-1].end


@pytest.mark.parametrize(
    ("language", "lyrics", "words"),
    [
        (
            Language.CHINESE,
            "奇异恩典\n\n（副歌）\n我３次 love你",
            ["奇异恩典", "", "", "我|３|次|love|你"],
        ),
        (Language.CANTONESE, "我唔知\n你", ["我唔知", "你"]),
        (Language.ENGLISH, "I’m well-known\n[x2]\n3.14, 'tis", ["Im|wellknown", "", "314|'tis"]),
        (Language.FRENCH, "C'est l’été\nNoe\u0308l", ["C'est|lété", "No\u00ebl"]),
        (Language.GERMAN, "Größe\nStrophe 2\nÜber", ["Größe", "", "Über"]),
        (Language.ITALIAN, "Perché\n(Ritornello)\nno", ["Perché", "", "no"]),
        (Language.JAPANESE, "汚れ\nを知\nれる我に", ["汚れ", "を|知", "れる|我|に"]),
        (Language.KOREAN, "놀라\n워\n(후렴)\n주 은혜", ["놀라", "워", "", "주|은혜"]),
        (Language.PORTUGUESE, "Não\nRefrão:\nsão", ["Não", "", "são"]),
        (Language.RUSSIAN, "О благодать\nПрипев\nспасён", ["О|благодать", "", "спасён"]),
        (Language.SPANISH, "¡Óyeme!\nCoro (x2)\n¿Qué?", ["Óyeme", "", "Qué"]),
    ],
)
def test_in_every_language_a_line_keeps_its_words_to_itself(
    language: Language,
    lyrics: str,
    words: list[str],
    split: Callable[[str, Language], list[str]],
) -> None:
    plan = plan_lines(lyrics, lambda line: split(line, language))
    assert list(plan.texts) == lyrics.splitlines()
    assert ["".join(line) for line in plan.words] == [line.replace("|", "") for line in words]
    for planned, expected in zip(plan.words, words, strict=True):
        if "|" in expected:
            assert list(planned) == expected.split("|")
