"""Dynamic time warping of a recording onto a track of spoken frames and gaps.

The warp is aeneas' (cepstra, DTW, non-speech masked), with the masking made a part of it: a frame
of the recording either matches a spoken frame, at the cost of their difference, or falls into a
gap, at a cost that depends on that frame alone. That cost is the usual one of a garbage model in
keyword spotting (Boite et al., "A new approach towards keyword spotting", 1993): what the better
part of all the lyrics' frames would cost there. Music and breath match nothing in the lyrics
better than that by more than chance, sung and spoken words do. In silence a gap is nearly free.

The recording moves on by one frame a step and the track by none, one or two states, so that a
step needs only the step before, for all states at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worker.aligners.dtw.features import Frames
from worker.aligners.dtw.track import NO_WORD, SpokenFrames, lay_track

# The numbers below were chosen by trial on readings by other voices, with and without music, and
# on a song, all with known times. Costs are 1 - cosine of two frames: 0 for equal, 1 for unrelated.
_STAY = 0.25
"""What it costs to stay on a spoken frame for a frame of the recording."""
_SKIP = 0.15
"""What it costs to pass over a spoken frame; passing over a gap costs nothing."""
_PAUSE = 0.1
"""What a frame in a gap between two words costs above one in a gap around an utterance."""
_SILENT_GAP = 0.05
"""What a silent frame costs in a gap."""
_SILENT_WORD = 0.6
"""What a silent frame costs at least in a word."""
_GARBAGE_SHARE = 0.15
"""The share of the lyrics' frames that cost less than a gap does."""
_GARBAGE_SAMPLE = 2_000
"""How many of the lyrics' frames that share is measured on."""
_HOLD_FRAMES = 30
"""A sound that is the same so many frames apart is held longer than speech holds any (0.6 s)."""
_HELD = 0.4
"""The most that the same sound differs from itself."""
_BLOCK_FRAMES = 512


@dataclass(frozen=True, slots=True)
class Match:
    """Where a word is in the recording: its first frame, and the first one after it.

    `gain` is how much less one of its frames costs than it would in a gap, on average.
    """

    first: int
    end: int
    gain: float


def warp(
    recording: Frames,
    has_speech: NDArray[np.bool_],
    spoken: SpokenFrames,
    progress: Callable[[float], None],
) -> dict[int, Match]:
    """Find the cheapest way of a recording along all of a speech, and say where each word is.

    A word that the way passes over has no match.

    `recording` are its cepstra, `has_speech` tells its frames from silence; `spoken` has at least
    a frame, and has been made to `fit`. Memory is a byte for each frame of the recording and
    state: at most 1.5 a frame squared.
    """
    track = lay_track(spoken)
    frames, states = len(recording), len(track.words)
    gaps = track.gaps
    words = np.flatnonzero(~gaps)
    gap_states = np.flatnonzero(gaps)
    gap_extra = np.where(track.long_gaps[gap_states], 0, _PAUSE).astype(np.float32)
    stay = np.where(gaps, 0, _STAY).astype(np.float32)
    skip = np.full(states, _SKIP, np.float32)
    skip[1:][gaps[:-1]] = 0  # a move by two onto state s passes over s - 1

    moves = np.empty((frames, states), np.uint8)
    # Two states that cannot be left, before the first: nothing comes from before the track.
    totals = np.full(states + 2, np.inf, np.float32)
    cost = np.empty(states, np.float32)
    gap_costs = np.empty(frames, np.float32)
    held = _held(recording)
    for first in range(0, frames, _BLOCK_FRAMES):
        progress(first / frames)
        block = slice(first, min(first + _BLOCK_FRAMES, frames))
        word_costs, gap_costs[block] = _costs(recording[block], has_speech[block], spoken.cepstra)
        np.minimum(gap_costs[block], held[block], out=gap_costs[block])
        for frame in range(block.start, block.stop):
            cost[words] = word_costs[frame - first]
            cost[gap_states] = gap_costs[frame] + gap_extra
            if frame == 0:
                totals[2:4] = cost[:2]
                continue
            stayed = totals[2:] + stay
            stepped = totals[1:-1]
            skipped = totals[:-2] + skip
            steps = stepped < stayed
            best = np.where(steps, stepped, stayed)
            skips = skipped < best
            np.add(np.where(skips, skipped, best), cost, out=totals[2:])
            moves[frame] = np.where(skips, 2, steps)
    path = _trace(moves, totals[2:])
    matched = 1 - np.einsum("ij,ij->i", recording, spoken.cepstra[track.frames[path]])
    gains = gap_costs - _in_word(matched, has_speech)
    return _runs(track.words[path], gains)


def _costs(
    recording: Frames, has_speech: NDArray[np.bool_], spoken: Frames
) -> tuple[Frames, NDArray[np.float32]]:
    """Give what each frame costs at each spoken frame, and what it costs in a gap."""
    costs = 1 - recording @ spoken.T
    sample = costs[:, :: max(1, len(spoken) // _GARBAGE_SAMPLE)]
    rank = int(sample.shape[1] * _GARBAGE_SHARE)
    garbage = np.partition(sample, rank, axis=1)[:, rank]
    gaps = np.where(has_speech, garbage, np.float32(_SILENT_GAP))
    return _in_word(costs, has_speech[:, None]), gaps


def _held(recording: Frames) -> NDArray[np.float32]:
    """Give what each frame costs in a gap for being held: a chord stays as it is, speech does not.

    That is its difference from the frames `_HOLD_FRAMES` before or after, whichever is nearer, as
    it is around that frame. Shape (frames,).
    """
    frames = len(recording)
    if frames <= 2 * _HOLD_FRAMES:
        return np.full(frames, np.inf, np.float32)
    costs = 1 - np.einsum("ij,ij->i", recording[_HOLD_FRAMES:], recording[:-_HOLD_FRAMES])
    costs = np.convolve(costs, np.full(_HOLD_FRAMES // 2, 2 / _HOLD_FRAMES), mode="same")
    unknown = np.full(_HOLD_FRAMES, np.inf)
    before, after = np.concatenate([unknown, costs]), np.concatenate([costs, unknown])
    cost = np.minimum(before, after).astype(np.float32)
    return np.where(cost < _HELD, cost + np.float32(_SILENT_GAP), np.float32(np.inf))


def _in_word(costs: Frames, has_speech: NDArray[np.bool_]) -> Frames:
    return np.where(has_speech, costs, np.maximum(costs, np.float32(_SILENT_WORD)))


def _trace(moves: NDArray[np.uint8], totals: NDArray[np.float32]) -> NDArray[np.int64]:
    """Go back from the cheaper of the last word's end and the gap after it."""
    frames, states = moves.shape
    path = np.empty(frames, np.int64)
    state = states - 1 - int(totals[-2] < totals[-1])
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(moves[frame, state])
    return path


def _runs(words: NDArray[np.int64], gains: NDArray[np.float32]) -> dict[int, Match]:
    """Gather the frames of each word, from the word of each frame."""
    edges = [0, *(np.flatnonzero(np.diff(words)) + 1).tolist(), len(words)]
    return {
        int(words[first]): Match(first, end, float(gains[first:end].mean()))
        for first, end in pairwise(edges)
        if words[first] != NO_WORD
    }
