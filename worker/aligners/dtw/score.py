"""How much better words match where they were placed than words in a wrong order do.

A cost of its own says little: it varies with the voice, the room and the band more than with
right and wrong. So the same recording is warped once more, onto the same spoken words in reverse
order, at half the resolution. The gains of those wrongly placed words are what chance gives for
this recording and these lyrics, and a word's score is the logarithm of the share of them that
match worse than it does. Words of other lyrics score as the reversed ones do: -1 on average, like
the logarithm of a number drawn evenly from 0..1, where the right words come near to 0.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, pstdev

NO_MATCH = math.log(1e-4)
"""The lowest score: of a word that has no place in the recording."""

_LEAST_SPREAD = 0.05
"""Gains spread at least so much, or a word or two would be judged by their own chance."""


def scores(gains: Sequence[float], chance_gains: Sequence[float]) -> list[float]:
    """Turn words' gains into scores, by the gains of wrongly placed words."""
    # Without any, a gain of nothing, which is what a gap has, stands for chance.
    known = chance_gains or [0.0]
    chance = NormalDist(fmean(known), max(pstdev(known), _LEAST_SPREAD))
    return [max(NO_MATCH, math.log(max(chance.cdf(gain), 1e-300))) for gain in gains]
