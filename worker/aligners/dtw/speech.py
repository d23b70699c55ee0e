"""Speech by espeak-ng, with the place of every word in it."""

import ctypes.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.aligners.dtw.pronunciation import Utterance

_PROGRAM = Path(__file__).with_name("espeak_process.py")
_TIMEOUT_SECONDS = 60.0
"""espeak-ng speaks about 300 times faster than real time: 20,000 characters take seconds."""

NORMAL_RATE = 175
"""espeak-ng's own rate (words a minute)."""
SLOWEST_RATE = 100
"""The slowest rate that is asked for: slower still, vowels only grow longer (words a minute)."""
FASTEST_RATE = 400
"""The fastest rate that is asked for: above 450 espeak-ng changes its way of speaking."""


@dataclass(frozen=True, slots=True)
class SpokenUtterance:
    """The sound of one utterance, and where each of its words is in it.

    `samples` has shape (samples,), and stays in 16 bits: long lyrics take an hour to speak.
    `words` has the first sample of every word and the first one after it; a word that espeak-ng
    reads as nothing has a place of no or any length between its neighbours.
    """

    samples: NDArray[np.int16]
    words: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Speech:
    """What espeak-ng said: its utterances, their sample rate (Hz), and its own version."""

    utterances: list[SpokenUtterance]
    sample_rate: int
    espeak_version: str


def speak(utterances: Sequence[Utterance], rate: int = NORMAL_RATE) -> Speech:
    """Speak utterances with espeak-ng, at `rate` words a minute.

    Raises RuntimeError where espeak-ng is not installed, fails, or takes longer than a minute.
    """
    request = {
        "library": _find_library(),
        "rate": rate,
        "utterances": [(utterance.voice, " ".join(utterance.words)) for utterance in utterances],
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and the text goes in by stdin
            [sys.executable, "-I", "-S", str(_PROGRAM)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError("espeak-ng took too long to speak the lyrics") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(f"espeak-ng could not speak: {reason or f'exit {done.returncode}'}")
    header, _, sound = done.stdout.partition(b"\n")
    answer = json.loads(header)
    samples = np.frombuffer(sound, np.int16)
    spoken = []
    first = 0
    for utterance, told in zip(utterances, answer["utterances"], strict=True):
        last = first + told["samples"]
        words = _places(utterance.words, told["words"], told["samples"])
        spoken.append(SpokenUtterance(samples[first:last], words))
        first = last
    return Speech(spoken, answer["sample_rate"], answer["version"])


def _find_library() -> str:
    for name in (
        ctypes.util.find_library("espeak-ng"),
        "libespeak-ng.so.1",
        "libespeak-ng.1.dylib",
    ):
        if name is None:
            continue
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return name
    raise RuntimeError(
        "the dtw aligner needs espeak-ng: install it with `apt-get install espeak-ng`, "
        "`dnf install espeak-ng` or `brew install espeak-ng`"
    )


def _places(
    words: Sequence[str], events: Sequence[tuple[int, int]], samples: int
) -> list[tuple[int, int]]:
    """Turn espeak-ng's word events into the place of every word.

    An event says at which character a word begins, and at which sample. espeak-ng tells of some
    words several times (`1999`) and of some not at all (`of the` is one word to it): those share
    the sound of the word before them, by their length.
    """
    offsets = np.cumsum([0] + [len(word) + 1 for word in words])
    starts: dict[int, int] = {}
    for character, sample in events:
        index = int(np.searchsorted(offsets, character, side="right")) - 1
        if 0 <= index < len(words):
            starts.setdefault(index, sample)
    known = sorted(starts)
    filled = np.interp(
        offsets,
        [*offsets[known], offsets[-1]],
        [*(starts[index] for index in known), samples],
    )
    edges = np.maximum.accumulate(np.clip(filled, 0, samples)).astype(int).tolist()
    return list(pairwise(edges))
