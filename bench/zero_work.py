"""The service's own worker, with an aligner that does no work: for the row of the queue alone.

`celery -A bench.zero_work worker` is `worker.app` whole, but for what a process loads and hears:
words are spread evenly over a second of silence that nobody fetched or decoded. All else is
left: the message, the claim, the lease, every stage's mark, the lines, the result on the record.
"""

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import numpy as np

from shared.languages import Language
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Progress, Samples
from worker.app import app
from worker.audio.decode import Audio
from worker.audio.fetch import FetchedAudio

__all__ = ["app"]

SECONDS = 1
SILENCE = Audio(np.zeros(SECONDS * SAMPLE_RATE, dtype=np.float32), SECONDS)


def new_recording() -> FetchedAudio:
    """Give a recording that no job had before: else the result cache would know the answer."""
    return FetchedAudio(Path("nowhere"), uuid4().hex, 0, own=False)


class ZeroWorkAligner:
    """Spreads words evenly."""

    name = "dtw"
    device = "cpu"
    version = "zero-work"

    def split(self, line: str, language: Language) -> list[str]:  # noqa: ARG002 - the interface
        """Split at white space."""
        return line.split()

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,  # noqa: ARG002 - the interface
        progress: Progress,
    ) -> list[AlignedWord]:
        """Give every word its share of the audio."""
        progress(0.0)
        words = [word for line in lines for word in line]
        share = len(samples) / SAMPLE_RATE / len(words)
        return [
            AlignedWord(word, at * share, (at + 1) * share, None) for at, word in enumerate(words)
        ]


# A worker has no option for this: what it loads is replaced before its processes are forked.
patch("worker.process.life.load_aligner", lambda _: ZeroWorkAligner()).start()
patch("worker.pipeline.fetch", lambda *_: new_recording()).start()
patch("worker.pipeline.load_samples", lambda *_: SILENCE).start()
