"""The spoken lyrics as a track of states for the recording to be warped onto.

A state is a frame of espeak-ng's speech, or a gap: a place before each utterance, after the last
one and between two words, where the recording may hold something that is not in the lyrics
(silence, a breath, music). Every gap may be skipped.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.aligners.dtw.features import (
    Frames,
    backwards,
    cepstra,
    find_speech,
    mel_energies,
)
from worker.aligners.dtw.speech import Speech

NO_WORD = -1
"""Stands for the word of a state that is a gap."""

STATES_PER_FRAME = 1.5
"""The most states there may be for a frame of the recording: a warp moves by two at most."""

_QUIET_SHARE = 1e-4
"""The silence around an utterance is where energy is below this share of its peak (-40 dB)."""


@dataclass(frozen=True, slots=True)
class SpokenFrames:
    """The frames of espeak-ng's speech that belong to a word, silence around utterances left out.

    `cepstra` has shape (frames, values); `words` and `utterances`, of shape (frames,), number the
    word and the utterance that each frame belongs to.
    """

    cepstra: Frames
    words: NDArray[np.int64]
    utterances: NDArray[np.int64]

    def fit(self, recording_frames: int) -> "SpokenFrames":
        """Thin the speech out where it is too long to be warped onto so many frames."""
        if len(lay_track(self).words) <= STATES_PER_FRAME * recording_frames:
            return self
        # Where every frame is a word of its own, there are as many gaps, and one more.
        count = max(1, int(recording_frames * STATES_PER_FRAME / 2))
        return self._take(np.linspace(0, len(self.words) - 1, count).round().astype(int))

    def every_second(self) -> "SpokenFrames":
        """Take every second frame."""
        return self._take(np.arange(0, len(self.words), 2))

    def in_reverse_order(self) -> "SpokenFrames":
        """Put the words in reverse order, each as it is."""
        return self._take(np.argsort(-self.words, kind="stable"))

    def backwards(self) -> "SpokenFrames":
        """Play all the speech backwards."""
        return SpokenFrames(backwards(self.cepstra), self.words[::-1], self.utterances[::-1])

    def _take(self, kept: NDArray[np.int64]) -> "SpokenFrames":
        return SpokenFrames(self.cepstra[kept], self.words[kept], self.utterances[kept])


@dataclass(frozen=True, slots=True)
class Track:
    """States in order; all arrays have shape (states,).

    `frames` is the number of a state's spoken frame, meaningless in a gap; `words` its word, or
    `NO_WORD`; `long_gaps` tells the gaps around utterances from those between two words.
    """

    frames: NDArray[np.int64]
    words: NDArray[np.int64]
    long_gaps: NDArray[np.bool_]

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Tell the gaps from the frames."""
        return np.equal(self.words, NO_WORD)


def frame_speech(speech: Speech, hop_seconds: float, raised: float = 1.0) -> SpokenFrames:
    """Cut speech into frames, and say whose each is; there may be none.

    `raised` makes the voice another's: see `mel_energies`.
    """
    energies, words, utterances = [], [], []
    first_word = 0
    for number, utterance in enumerate(speech.utterances):
        samples = utterance.samples.astype(np.float32) / np.float32(32_768)
        measured = mel_energies(samples, speech.sample_rate, hop_seconds, raised)
        centres = (np.arange(len(measured)) + 0.5) * hop_seconds * speech.sample_rate
        starts = [start for start, _ in utterance.words]
        word = np.searchsorted(starts, centres, side="right") - 1
        total = measured.sum(axis=1)
        loud = np.flatnonzero(total > total.max() * _QUIET_SHARE)
        kept = np.arange(loud[0], loud[-1] + 1) if len(loud) else loud
        kept = kept[word[kept] >= 0]
        energies.append(measured[kept])
        words.append(first_word + word[kept])
        utterances.append(np.full(len(kept), number))
        first_word += len(utterance.words)
    measured = np.concatenate(energies)
    if not len(measured):
        return SpokenFrames(measured, np.zeros(0, np.int64), np.zeros(0, np.int64))
    values = cepstra(measured, find_speech(measured))
    return SpokenFrames(values, np.concatenate(words), np.concatenate(utterances))


def lay_track(spoken: SpokenFrames) -> Track:
    """Put a gap before every word, and one at the end."""
    count = len(spoken.words)
    first_of_word = np.diff(spoken.words, prepend=NO_WORD) != 0
    first_of_utterance = np.diff(spoken.utterances, prepend=-1) != 0
    first_of_word |= first_of_utterance
    starts = np.flatnonzero(first_of_word)
    places = [*starts, count]
    frames = np.insert(np.arange(count), places, 0)
    words = np.insert(spoken.words, places, NO_WORD)
    long_gaps = np.insert(np.zeros(count, bool), places, [*first_of_utterance[starts], True])
    return Track(frames, words, long_gaps)
