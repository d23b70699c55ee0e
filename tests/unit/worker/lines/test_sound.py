"""Lines on recordings with gaps, all the way from samples to a result."""

import numpy as np
import pytest

from shared.languages import Language
from shared.result import Result
from tests.support.readings import Reading, play_chords, read
from worker.aligners.base import AlignedWord
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


@pytest.fixture(scope="module")
def aligner() -> DtwAligner:
    return DtwAligner()


def align(aligner: DtwAligner, reading: Reading) -> tuple[Result, list[AlignedWord]]:
    plan = plan_lines("\n".join(LINES), lambda line: aligner.split(line, Language.ENGLISH))
    aligned = aligner.align(reading.samples, plan.sung, Language.ENGLISH, lambda _: None)
    result = make_result(
        plan,
        aligned,
        reading.samples,
        language=Language.ENGLISH,
        aligner="dtw",
        thresholds=UNCALIBRATED["dtw"],
    )
    return result, aligned


@pytest.mark.parametrize("gap", [5.0, 20.0, 60.0])
def test_no_line_begins_in_a_gap(aligner: DtwAligner, gap: float) -> None:
    reading = read(LINES, "en-us+f4", pauses=[0.4, gap, gap, 2.0], lead=gap)
    result, aligned = align(aligner, reading)
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
    result, _ = align(aligner, with_music)
    assert np.abs([line.start for line in result.lines] - with_music.starts).max() < 0.5


def test_without_a_gap_no_line_is_moved(aligner: DtwAligner) -> None:
    reading = read(LINES, "en-us+f4", pauses=[0.3] * 4, lead=0.3)
    result, _ = align(aligner, reading)
    assert not any(line.moved for line in result.lines)
    assert [line.start for line in result.lines] == [line.words[0].start for line in result.lines]
