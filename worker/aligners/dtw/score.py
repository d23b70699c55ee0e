"""How much better words match where they were placed than wrong words do.

A cost of its own says little: it varies with the voice, the room and the band more than with
right and wrong. So the same recording is warped onto the same spoken words twice more: with the
words in reverse order, and with all the speech played backwards. The gains of those wrongly placed
words are what chance gives for this recording and these lyrics.

Counted in spreads above their mean, wrong words' gains lie around 0 and right ones' around
`_RIGHT`. Taking both for normal, and right and wrong for equally likely beforehand, the logarithm
of the probability that a word is right follows. One word's gain is noisy: each is averaged with
its neighbours' first.
"""

import math
from collections.abc import Sequence
from statistics import fmean

_RIGHT = 1.5
"""Where the right words' gains lie, in spreads above chance: the median of readings by other
voices, clear and over noise and music."""

_FURTHEST = 3.0
"""A gain further from chance than this, in spreads, counts as this far; no place at all as this
far below."""

_USUAL_SPREAD = 0.15
_USUAL_COUNT = 20
"""Chance gains spread about so much, from recording to recording. Short lyrics give too few to
measure it: so many more are taken to have spread as usual. Both by trial on those readings."""


def scores(gains: Sequence[float | None], chance_gains: Sequence[float]) -> list[float]:
    """Turn the gains of words in order into scores, by the gains of wrongly placed words.

    None is the gain of a word that has no place in the recording. Scores are below 0.
    """
    # Without any, a gain of nothing, which is what a gap has, stands for chance.
    chance = fmean(chance_gains) if chance_gains else 0.0
    squares = sum((gain - chance) ** 2 for gain in chance_gains)
    squares += _USUAL_COUNT * _USUAL_SPREAD**2
    spread = math.sqrt(squares / (len(chance_gains) + _USUAL_COUNT))
    above = [
        -_FURTHEST if gain is None else min(max((gain - chance) / spread, -_FURTHEST), _FURTHEST)
        for gain in gains
    ]
    return [
        _log_probability(fmean(above[max(0, word - 1) : word + 2])) for word in range(len(above))
    ]


def _log_probability(above: float) -> float:
    """Give the log-probability of right, so many spreads above chance."""
    odds = _RIGHT * above - _RIGHT**2 / 2
    return -math.log1p(math.exp(-odds))
