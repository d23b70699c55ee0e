"""Decoding a file to the samples that aligners take."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydub import AudioSegment

from shared.problems import AUDIO_TOO_LONG, AUDIO_UNREADABLE, Problem
from shared.settings import Settings
from worker.aligners.base import SAMPLE_RATE, Samples
from worker.audio.ffmpeg import ToolFailedError, from_file, run
from worker.audio.probe import Probe, probe

SAMPLE_BYTES: Final = 2
"""ffmpeg gives 16-bit PCM, which is all that pydub and the aligners' features need."""

MAX_CHANNELS: Final = 8
"""ffmpeg mixes up to so many channels by their places; of more it takes the mean."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A song's samples and its length (seconds)."""

    samples: Samples
    duration_seconds: float


def load_samples(path: Path, settings: Settings) -> Audio:
    """Decode a file's first sound track, its length checked first.

    Raises Problem: AUDIO_UNREADABLE, AUDIO_TOO_LONG, STAGE_TIMEOUT; ToolMissingError where ffmpeg
    is not installed.
    """
    deadline = time.monotonic() + settings.decode_timeout_seconds
    limit = settings.max_audio_seconds
    found = probe(path, settings.decode_timeout_seconds)
    # Headers count a codec's padding too: what is a little over is decided by the samples.
    if found.seconds is not None and found.seconds > limit + 1:
        raise _too_long(f"{found.seconds:.2f} s", limit)
    segment = _decode(path, found, limit + 1, deadline - time.monotonic())
    seconds = segment.frame_count() / SAMPLE_RATE
    if seconds == 0:
        raise Problem(AUDIO_UNREADABLE, "The file has no sound in it that can be decoded.")
    if seconds > limit:
        cut_off = seconds >= limit + 1
        raise _too_long(f"over {limit + 1:g} s" if cut_off else f"{seconds:.2f} s", limit)
    pcm = np.frombuffer(segment.raw_data, dtype="<i2")
    return Audio(pcm.astype(np.float32) / np.float32(1 << 15), seconds)


def _decode(path: Path, found: Probe, seconds: float, timeout: float) -> AudioSegment:
    """Decode at most `seconds` of the first sound track to mono PCM, in one pass."""
    # A sound track that begins after the picture keeps its place: lines are shown by the
    # player's clock, which begins with the file.
    filters = [f"aresample={SAMPLE_RATE}:first_pts=0"]
    if found.channels > MAX_CHANNELS:
        shares = "+".join(
            f"{1 / found.channels:.6f}*c{channel}" for channel in range(found.channels)
        )
        filters.insert(0, f"pan=mono|c0={shares}")
    arguments = [*from_file(path), "-map", "0:a:0", "-t", f"{seconds:.3f}"]
    arguments += ["-af", ",".join(filters), "-ac", "1", "-f", "s16le", "pipe:1"]
    try:
        pcm, _ = run("ffmpeg", arguments, timeout)
    except ToolFailedError as error:
        raise Problem(
            AUDIO_UNREADABLE, "The file's sound cannot be decoded: send it whole, or converted."
        ) from error
    return AudioSegment(data=pcm, sample_width=SAMPLE_BYTES, frame_rate=SAMPLE_RATE, channels=1)


def _too_long(length: str, limit: float) -> Problem:
    return Problem(
        AUDIO_TOO_LONG,
        f"The audio is {length} long, and the longest that is taken is {limit:g} s: send less.",
    )
