"""What every aligner keeps to, whichever it is."""

from pathlib import Path

import numpy as np
import pytest

from shared.languages import Language
from shared.settings import Settings
from worker.aligners.base import SAMPLE_RATE, Aligner, Samples
from worker.aligners.load import load_aligner

LINES = {
    Language.ENGLISH: [
        "Amazing grace, how sweet the sound",
        "(ooh)",
        "that saved a wretch like me",
    ],
    Language.CHINESE: ["奇異恩典，何等甘甜", "Hallelujah", "我罪已得赦免"],
    Language.JAPANESE: ["君が代は千代に八千代に", "さざれ石の巌となりて"],
    Language.KOREAN: ["나 같은 죄인 살리신", "주 은혜 놀라워"],
    Language.GERMAN: ["Großer Gott, wir loben dich", "Großer Gott, wir loben dich"],
}


@pytest.fixture(scope="module", params=["qwen3", "dtw"])
def aligner(request: pytest.FixtureRequest, checkpoint: Path) -> Aligner:
    return load_aligner(
        Settings(aligner=request.param, model_path=str(checkpoint), device="cpu", dtype="float32")
    )


def hum(seconds: float) -> Samples:
    """A voice-like sound: a buzz whose loudness and pitch come and go."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = np.sign(np.sin(2 * np.pi * time * (150 + 50 * np.sin(time))))
    return (buzz * 0.2 * np.abs(np.sin(time * 4))).astype(np.float32)


@pytest.mark.parametrize("language", LINES, ids=str)
@pytest.mark.parametrize(
    "samples", [hum(12), np.zeros(3 * SAMPLE_RATE, np.float32)], ids=["sound", "silence"]
)
def test_every_word_is_placed_once_in_order_and_within_the_audio(
    aligner: Aligner, samples: Samples, language: Language
) -> None:
    lines = [aligner.split(line, language) for line in LINES[language]]
    assert all(lines)
    told: list[float] = []
    placed = aligner.align(samples, lines, language, told.append)
    assert [word.text for word in placed] == [word for line in lines for word in line]
    times = [time for word in placed for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(samples) / SAMPLE_RATE
    assert all(0 <= done <= 1 for done in told)
    assert all(word.score is None or word.score <= 0 for word in placed)


def test_a_job_that_was_canceled_stops_and_the_next_one_is_done(aligner: Aligner) -> None:
    def cancel(_: float) -> None:
        raise InterruptedError

    samples = hum(3)
    lines = [aligner.split("one two three", Language.ENGLISH)]
    with pytest.raises(InterruptedError):
        aligner.align(samples, lines, Language.ENGLISH, cancel)
    assert len(aligner.align(samples, lines, Language.ENGLISH, lambda _: None)) == 3


def test_an_aligner_says_what_its_times_depend_on(aligner: Aligner) -> None:
    assert aligner.name in aligner.version
    assert aligner.device
