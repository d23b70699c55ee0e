"""How sure the aligner was: of a line, and of the lyrics belonging to the recording at all."""

from collections.abc import Iterable
from statistics import fmean
from typing import Final, NamedTuple

from shared.result import Word
from shared.settings import Settings


class Thresholds(NamedTuple):
    """Mean log-probabilities below which a verdict is given; None gives none."""

    review: float | None
    """Below this a line needs review."""
    mismatch: float | None
    """Below this the lyrics seem not to belong to the recording."""


UNCALIBRATED: Final = {
    "qwen3": Thresholds(review=-1.0, mismatch=-1.5),
    "dtw": Thresholds(review=-1.0, mismatch=-0.7),
}
"""Each aligner's own thresholds; each has a scale of its own.

`qwen3`: from quantised weights on speech, where the mean of a matching text was -0.05 to -0.36
and that of another text below -1.5. They are not calibrated on songs; `python -m
worker.calibrate` does that.

`dtw`: from synthetic readings, clear and over chords, where the mean of a matching text was -0.02
to -0.68 and that of noise or another text -0.77 to -1.6; chance alone averages about -1.
"""


def thresholds(settings: Settings, aligner: str) -> Thresholds:
    """Give the thresholds that are set, else the aligner's own."""
    own = UNCALIBRATED.get(aligner, Thresholds(None, None))
    return Thresholds(
        review=own.review if settings.review_score is None else settings.review_score,
        mismatch=own.mismatch if settings.mismatch_score is None else settings.mismatch_score,
    )


def mean_score(words: Iterable[Word]) -> float | None:
    """Average the words' scores; None where there is none."""
    scores = [word.score for word in words if word.score is not None]
    return fmean(scores) if scores else None


def is_below(score: float | None, threshold: float | None) -> bool | None:
    """Whether a score is below a threshold; None where either is missing."""
    return None if score is None or threshold is None else score < threshold
