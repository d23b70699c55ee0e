"""Lines that begin in digital silence begin at the next sound instead, where that is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.result import Line
from worker.aligners.base import SAMPLE_RATE, Samples

_PEAK: Final = 2.5e-4
"""Nothing is heard below this: eight steps of 16 bits (-72 dB), under the noise of any room.
Digital silence that went through mp3, AAC, Vorbis or Opus comes back within one step of 16 bits."""
_LEAST_SECONDS: Final = 1.0
"""A shorter silence is a breath between two phrases, and the aligner's to judge."""
_FRAME_SECONDS: Final = 0.01
_STEP_SECONDS: Final = 0.08
"""Qwen3-ForcedAligner's smallest step: a start this close before a silence may belong after it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of digital silence, in seconds; sound follows it."""

    start: float
    end: float


def find_silences(samples: Samples) -> list[Silence]:
    """Find the stretches of digital silence of at least a second that sound follows."""
    frame = round(_FRAME_SECONDS * SAMPLE_RATE)
    whole = len(samples) // frame * frame
    heard = np.abs(samples[:whole]).reshape(-1, frame).max(axis=1) > _PEAK
    sounding = np.flatnonzero(heard)
    quiet = np.diff(sounding, prepend=-1) - 1
    ends = np.flatnonzero(quiet * _FRAME_SECONDS >= _LEAST_SECONDS)
    return [
        Silence(
            start=float((sounding[end] - quiet[end]) * _FRAME_SECONDS),
            end=float(sounding[end] * _FRAME_SECONDS),
        )
        for end in ends
    ]


def settle_starts(lines: Sequence[Line], samples: Samples) -> list[Line]:
    """Move the start of every sung line that lies in digital silence to the sound after it.

    Only where the aligner left that open: a word of the line reaches past the silence, or the
    line's words all lie in it and the next sung line begins after it. A start up to one step of
    the model before the silence is taken to lie in it when its word goes on past it. The words
    keep their times; the line is marked as moved. Starts stay in order.
    """
    silences = find_silences(samples)
    if not silences:
        return list(lines)
    settled: list[Line] = []
    next_original = next_settled = len(samples) / SAMPLE_RATE
    for line in reversed(lines):
        if not line.sung:
            settled.append(line)
            continue
        onset = _open_onset(line, silences, next_original)
        next_original = line.start
        if onset is not None and onset <= next_settled:
            update = {"start": onset, "end": max(line.end, onset), "moved": True}
            settled.append(line.model_copy(update=update))
        else:
            settled.append(line)
        next_settled = settled[-1].start
    return settled[::-1]


def _open_onset(line: Line, silences: Sequence[Silence], next_start: float) -> float | None:
    """Give the end of the silence that the line starts in, if the line could start there."""
    for silence in silences:
        if silence.start <= line.start < silence.end:
            reach = max(next_start, *(word.end for word in line.words))
            return silence.end if reach > silence.end else None
        if silence.start - _STEP_SECONDS <= line.start < silence.start:
            return silence.end if line.words[0].end > silence.end else None
    return None
