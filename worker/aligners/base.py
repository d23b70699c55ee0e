"""The one interface that every aligner has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.languages import Language

SAMPLE_RATE = 16_000
"""Samples a second of the audio that every aligner takes (Hz)."""

Samples = NDArray[np.float32]
"""Mono audio at `SAMPLE_RATE`, in -1..1, shape (samples,)."""

Progress = Callable[[float], None]
"""Told how much of the alignment is done, 0..1, now and then.

It may raise, which ends the alignment: this is how a canceled job stops between layers.
"""


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """One word with its place in the audio.

    `start` and `end` are seconds from the start of the audio, unrounded. `score` is the
    aligner's log-probability of that place (0 is certain), None where the aligner has none.
    """

    text: str
    start: float
    end: float
    score: float | None


class Aligner(Protocol):
    """Puts words in time. One alignment at a time an instance; not thread-safe."""

    name: str
    """What `SOW_QWEN3_ALIGNER` calls it."""

    device: str
    """Where it computes: `cpu`, `cuda:0`, `mps`."""

    version: str
    """Names all that its times depend on (model, revision, dtype, attention): a cache key."""

    def split(self, line: str, language: Language) -> list[str]:
        """Split one line of lyrics (NFC) into the words that `align` takes.

        A line in which nothing can be sung (blank, punctuation) has none.
        """
        ...

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,
        progress: Progress,
    ) -> list[AlignedWord]:
        """Place every word of every line.

        `lines` holds each sung line's words, none of them empty. The answer has one entry a word,
        in order, all lines after another: starts and ends within the audio, none before the one
        before it.
        """
        ...
