import numpy as np
import pytest

from shared.languages import Language
from shared.result import Result
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Samples
from worker.lines.confidence import Thresholds
from worker.lines.mapping import plan_lines
from worker.lines.outcome import make_result

PLAN = plan_lines("[Verse]\nAmazing grace\n\nHow sweet", str.split)


def samples(silent_until: float = 0.0, seconds: float = 20.0) -> Samples:
    sound = np.full(round(seconds * SAMPLE_RATE), 0.1, np.float32)
    sound[: round(silent_until * SAMPLE_RATE)] = 0
    return sound


def result_of(*scores: float | None, silent_until: float = 0.0) -> Result:
    places = [(1.0, 1.5), (6.5, 7.0), (8.0, 8.5), (8.5, 9.0)]
    words = [
        AlignedWord(text, *place, score)
        for text, place, score in zip(
            ["Amazing", "grace", "How", "sweet"], places, scores, strict=True
        )
    ]
    return make_result(
        PLAN,
        words,
        samples(silent_until),
        language=Language.ENGLISH,
        aligner="qwen3",
        thresholds=Thresholds(review=-1.0, mismatch=-1.5),
    )


def test_a_result_has_every_line_in_its_place_and_the_audios_length() -> None:
    result = result_of(-0.1, -0.3, -0.1, -0.1)
    assert [line.text for line in result.lines] == ["[Verse]", "Amazing grace", "", "How sweet"]
    assert [line.start for line in result.lines] == [0, 1, 7, 8]
    assert result.duration_seconds == 20
    assert (result.language, result.aligner) == (Language.ENGLISH, "qwen3")
    assert not any(line.moved for line in result.lines)


def test_a_low_line_needs_review_while_the_song_as_a_whole_matches() -> None:
    result = result_of(-0.1, -0.3, -2.0, -2.4)
    assert [line.needs_review for line in result.lines] == [None, False, None, True]
    assert result.lines[1].score == pytest.approx(-0.2)
    assert result.score == pytest.approx(-1.2)
    assert result.mismatch is False


def test_lyrics_of_another_song_are_a_mismatch() -> None:
    assert result_of(-3.0, -2.0, -4.0, -2.0).mismatch is True


def test_an_aligner_without_scores_gives_no_verdict() -> None:
    result = result_of(None, None, None, None)
    assert result.score is None
    assert result.mismatch is None
    assert all(line.needs_review is None for line in result.lines)


def test_a_line_moved_out_of_silence_says_so_and_its_words_stay() -> None:
    line = result_of(None, None, None, None, silent_until=6.0).lines[1]
    assert (line.start, line.end, line.moved) == (6.0, 7.0, True)
    assert line.words[0].start == 1.0


def test_a_line_that_is_not_sung_follows_a_moved_one() -> None:
    plan = plan_lines("one\n[Chorus]\ntwo", str.split)
    words = [AlignedWord("one", 1.0, 2.0, None), AlignedWord("two", 7.0, 8.0, None)]
    result = make_result(
        plan,
        words,
        samples(silent_until=6.0),
        language=Language.ENGLISH,
        aligner="dtw",
        thresholds=Thresholds(None, None),
    )
    assert [(line.start, line.end) for line in result.lines] == [(6, 6), (6, 6), (7, 8)]
