"""Gets to know the recording's voice before its words are placed, by a rough first warp.

How fast the lyrics are spoken and how long a vocal tract they are spoken with decide how well they
match; and what music and noise are normalised together with a voice, the voice's own frames all
look alike. So the lyrics at espeak-ng's own pace are warped at half the resolution, raised by each
of some factors (vocal tract length normalisation: Lee and Rose, "A frequency warping approach to
speaker normalization", 1998). The factor that fits best is kept, with the pace and the place of
the voice in that warp.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.aligners.dtw.features import Frames
from worker.aligners.dtw.track import SpokenFrames
from worker.aligners.dtw.warp import Match, warp

RAISED = (0.84, 0.92, 1.0, 1.08, 1.16, 1.24)
"""What espeak-ng's voice, a man's, is raised by: to a longer vocal tract, and to a child's."""

_NO_GAIN = -0.2
"""The gain of a word without a place: no word that has one counts for less."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of a recording's voice.

    `raised` is the factor that makes espeak-ng's frequencies the recording's; `pace` how many
    times as fast as espeak-ng spoke it speaks; `frames`, of shape (frames,), tells where in the
    recording it was heard.
    """

    raised: float
    pace: float
    frames: NDArray[np.bool_]


def get_to_know(
    recording: Frames,
    has_speech: NDArray[np.bool_],
    speak: Callable[[float], SpokenFrames],
    progress: Callable[[float], None],
) -> Voice | None:
    """Find out about a recording's voice; None where the lyrics have nothing to say.

    `recording` are its cepstra, `has_speech` tells its frames from silence; `speak` gives the
    lyrics raised by a factor, always in the same frames.
    """
    halved, speech_halved = recording[::2], has_speech[::2]
    best, raised, matches, lengths = -np.inf, 1.0, dict[int, Match](), np.zeros(0, np.int64)
    for tried, factor in enumerate(RAISED):

        def follow(done: float, tried: int = tried) -> None:
            progress((tried + done) / len(RAISED))

        spoken = speak(factor).every_second()
        if not len(spoken.words):
            return None
        found = warp(halved, speech_halved, spoken.fit(len(halved)), follow)
        lengths = np.bincount(spoken.words)
        fit = _fit(found, lengths)
        if fit > best:
            best, raised, matches = fit, factor, found
    frames = np.zeros(len(recording), bool)
    for match in matches.values():
        frames[2 * match.first : 2 * match.end] = True
    return Voice(raised, _pace(matches, lengths), frames & has_speech)


def _fit(matches: dict[int, Match], lengths: NDArray[np.int64]) -> float:
    """Average the words' gains by their lengths as spoken, not as matched: some fill a chord."""
    gains = np.full(len(lengths), _NO_GAIN)
    for word, match in matches.items():
        gains[word] = max(match.gain, _NO_GAIN)
    return float(np.average(gains, weights=lengths))


def _pace(matches: dict[int, Match], lengths: NDArray[np.int64]) -> float:
    """Take the median word's pace, by length: some words are stretched over a chord."""
    if not matches:
        return 1.0
    paces = np.array([lengths[word] / (match.end - match.first) for word, match in matches.items()])
    weights = lengths[list(matches)]
    order = np.argsort(paces)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(paces[order][half])
