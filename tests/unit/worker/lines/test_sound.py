"""Lines on recordings with gaps, all the way from samples to a result."""

from collections.abc import Sequence

import numpy as np
import pytest

from shared.languages import Language
from shared.result import Result
from tests.support.readings import Reading, play_between_lines, play_chords, read
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Samples
from worker.aligners.dtw import DtwAligner
from worker.lines.confidence import UNCALIBRATED
from worker.lines.mapping import plan_lines
from worker.lines.outcome import make_result

LINES = (
    "O God our help in ages past",
    "Our hope for years to come",
    "Our shelter from the stormy blast",
    "And our eternal home",
)

READERS = {
    Language.ENGLISH: "en-gb-scotland+f3",
    Language.GERMAN: "de+klatt3",
    Language.KOREAN: "ko+m3",
    Language.SPANISH: "es+f4",
}

TEXTS = {
    Language.ENGLISH: LINES,
    Language.GERMAN: (
        "Großer Gott, wir loben dich",
        "Herr, wir preisen deine Stärke",
        "Vor dir neigt die Erde sich",
        "Und bewundert deine Werke",
    ),
    Language.KOREAN: (
        "나 같은 죄인 살리신",
        "주 은혜 놀라워",
        "잃었던 생명 찾았고",
        "광명을 얻었네",
    ),
    Language.SPANISH: (
        "Castillo fuerte es nuestro Dios",
        "Defensa y buen escudo",
        "Con su poder nos librará",
        "En todo trance agudo",
    ),
}

OTHER_TEXTS = {
    Language.ENGLISH: (
        "When peace like a river attendeth my way",
        "When sorrows like sea billows roll",
        "Whatever my lot thou hast taught me to say",
        "It is well it is well with my soul",
    ),
    Language.GERMAN: (
        "Stille Nacht, heilige Nacht",
        "Alles schläft, einsam wacht",
        "Nur das traute hochheilige Paar",
        "Holder Knabe im lockigen Haar",
    ),
    Language.KOREAN: (
        "고요한 밤 거룩한 밤",
        "어둠에 묻힌 밤",
        "주의 부모 앉아서",
        "감사 기도 드릴 때",
    ),
    Language.SPANISH: (
        "Noche de paz, noche de amor",
        "Todo duerme en derredor",
        "Entre los astros que esparcen su luz",
        "Bella anunciando al niñito Jesús",
    ),
}

NO_VOICE = {
    "silence": np.zeros(30 * SAMPLE_RATE, np.float32),
    "noise": np.random.default_rng(0).normal(0, 0.1, 30 * SAMPLE_RATE).astype(np.float32),
    "chords": play_chords(30.0, level=0.2),
}


@pytest.fixture(scope="module")
def aligner() -> DtwAligner:
    return DtwAligner()


def align(
    aligner: DtwAligner,
    samples: Samples,
    lines: Sequence[str] = LINES,
    language: Language = Language.ENGLISH,
) -> tuple[Result, list[AlignedWord]]:
    plan = plan_lines("\n".join(lines), lambda line: aligner.split(line, language))
    aligned = aligner.align(samples, plan.sung, language, lambda _: None)
    result = make_result(
        plan,
        aligned,
        samples,
        language=language,
        aligner="dtw",
        thresholds=UNCALIBRATED["dtw"],
    )
    return result, aligned


@pytest.mark.parametrize("gap", [5.0, 20.0, 60.0])
def test_no_line_begins_in_a_gap(aligner: DtwAligner, gap: float) -> None:
    reading = read(LINES, "en-us+f4", pauses=[0.4, gap, gap, 2.0], lead=gap)
    result, aligned = align(aligner, reading.samples)
    errors = np.abs([line.start for line in result.lines] - reading.starts)
    assert errors.max() < 0.5
    assert [word for line in result.lines for word in line.words] == [
        (word.text, word.start, word.end, word.score) for word in aligned
    ], "the words keep the aligner's own times"
    assert not result.mismatch


def test_music_before_the_first_line_does_not_pull_it(aligner: DtwAligner) -> None:
    reading = read(LINES, "en-us+f4", pauses=[0.5] * 4, lead=0.2)
    music = play_chords(15.0, level=0.2)
    with_music = Reading(
        np.concatenate([music, reading.samples]), reading.starts + 15, reading.ends + 15
    )
    result, _ = align(aligner, with_music.samples)
    assert np.abs([line.start for line in result.lines] - with_music.starts).max() < 0.5


def test_without_a_gap_no_line_is_moved(aligner: DtwAligner) -> None:
    reading = read(LINES, "en-us+f4", pauses=[0.3] * 4, lead=0.3)
    result, _ = align(aligner, reading.samples)
    assert not any(line.moved for line in result.lines)
    assert [line.start for line in result.lines] == [line.words[0].start for line in result.lines]


@pytest.mark.parametrize("language", READERS)
@pytest.mark.parametrize(("gap", "level"), [(5.0, 0.1), (20.0, 0.1), (20.0, 0.2)])
def test_a_reading_with_music_between_its_lines_is_in_time_and_no_mismatch(
    aligner: DtwAligner, language: Language, gap: float, level: float
) -> None:
    reading = read(TEXTS[language], READERS[language], pauses=[gap, 0.4, gap, gap], lead=gap)
    reading = play_between_lines(reading, level)
    result, _ = align(aligner, reading.samples, TEXTS[language], language)
    assert np.abs([line.start for line in result.lines] - reading.starts).max() < 0.5
    assert not result.mismatch


@pytest.mark.parametrize("language", READERS)
def test_a_reading_over_music_is_no_mismatch(aligner: DtwAligner, language: Language) -> None:
    reading = read(TEXTS[language], READERS[language], pauses=[0.4] * 4)
    music = play_chords(len(reading.samples) / SAMPLE_RATE, level=0.1)
    samples = reading.samples + music[: len(reading.samples)]
    result, _ = align(aligner, samples, TEXTS[language], language)
    assert not result.mismatch


@pytest.mark.parametrize("language", READERS)
@pytest.mark.parametrize("samples", NO_VOICE.values(), ids=NO_VOICE.keys())
def test_what_has_no_voice_is_a_mismatch(
    aligner: DtwAligner, language: Language, samples: Samples
) -> None:
    result, _ = align(aligner, samples, TEXTS[language], language)
    assert result.mismatch


# Not Spanish with long gaps: that text passes for the right one (docs/alignment.md).
@pytest.mark.parametrize(
    ("language", "gap"),
    [(language, gap) for language in READERS for gap in (0.4, 20.0)][:-1],
)
def test_another_text_is_a_mismatch(aligner: DtwAligner, language: Language, gap: float) -> None:
    reading = read(TEXTS[language], READERS[language], pauses=[gap, 0.4, gap, gap], lead=gap)
    samples = play_between_lines(reading).samples if gap > 1 else reading.samples
    result, _ = align(aligner, samples, OTHER_TEXTS[language], language)
    assert result.mismatch
