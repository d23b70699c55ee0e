"""`bench.zero_work`'s worker, kept busy: every job computes for a second, as an alignment does."""

import time
from collections.abc import Sequence
from unittest.mock import patch

import numpy as np

from bench.zero_work import ZeroWorkAligner, app
from shared.languages import Language
from worker.aligners.base import AlignedWord, Progress, Samples

__all__ = ["app"]

BUSY_SECONDS = 1.0


class BusyAligner(ZeroWorkAligner):
    """Multiplies matrices for a second first."""

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,
        progress: Progress,
    ) -> list[AlignedWord]:
        """Compute, then spread the words evenly."""
        matrix = np.ones((256, 256), dtype=np.float32)
        until = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < until:
            matrix @ matrix
        return super().align(samples, lines, language, progress)


patch("worker.process.life.load_aligner", lambda _: BusyAligner()).start()
