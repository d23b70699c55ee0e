"""What the `dtw` aligner costs: run by itself, `python -m bench.dtw`."""

import resource
import sys
import time
from typing import Final

import numpy as np
from rich.console import Console

from bench.song import make_lyrics
from bench.table import Row, at_most, print_table, show_seconds
from shared.languages import Language
from worker.aligners.base import SAMPLE_RATE
from worker.aligners.dtw import DtwAligner

SECONDS: Final = 300
MOST_BYTES: Final = 1_000_000_000
"""What aligning may take at its peak, by the project's own aim (bytes)."""


def measure() -> list[Row]:
    """Align five minutes of noise, which costs what any sound of that length does."""
    aligner = DtwAligner()
    lines = [aligner.split(line, Language.ENGLISH) for line in make_lyrics(SECONDS).splitlines()]
    noise = np.random.default_rng(0).normal(0, 0.1, SECONDS * SAMPLE_RATE).astype(np.float32)
    sung = [words for words in lines if words]
    before = time.perf_counter()
    aligner.align(noise, sung, Language.ENGLISH, lambda _: None)
    elapsed = time.perf_counter() - before
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1_024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return [
        Row(
            "dtw: time",
            f"aligning against {SECONDS} s of sound",
            show_seconds(elapsed),
            elapsed / SECONDS,
            "a numpy step for each 20 ms, over all the speech at once, on one core",
            at_most(0.05),
        ),
        Row(
            "dtw: memory",
            f"the process's peak against {MOST_BYTES / 1e9:.0f} GB",
            f"{peak / 1e6:.0f} MB",
            peak / MOST_BYTES,
            "a byte for every pair of a recording's frame and a spoken one",
            at_most(1),
        ),
    ]


if __name__ == "__main__":
    print_table(measure(), "dtw", Console())
