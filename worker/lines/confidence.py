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
    "dtw": Thresholds(review=-1.0, mismatch=-0.95),
}
"""Each aligner's own thresholds; each has a scale of its own.

`qwen3`: from quantised weights on speech, where the mean of a matching text was -0.05 to -0.36
and that of another text below -1.5. They are not calibrated on songs; `python -m
worker.calibrate` does that.

`dtw`: from 465 readings in the eleven languages by flite's, festival's and espeak-ng's voices and
a human's, clear and over noise, chords and a band and with up to a minute of them between lines,
where the mean of a matching text was -0.05 to -1.0 (half of them above -0.23), and 514 of other
texts, noise, music and silence, where it was -0.97 to -3.0 for more than eight words (half of them
below -1.4). At -0.95, 2 of the 465 are taken for mismatches, and of the 514 those 15 for matches
that have eight words or less, whose mean says little. A song under a band had -0.94, other songs'
texts there -1.3. Below -1.0 are 1 % of the lines in time and 86 % of other texts' lines.
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
