"""Readings with exactly known times, by voices that the aligner does not compare with."""

import io
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from worker.aligners.base import SAMPLE_RATE, AlignedWord, Samples

ESPEAK_RATE = 22_050


@dataclass(frozen=True, slots=True)
class Reading:
    """A recording, and when each of its lines starts and ends (seconds)."""

    samples: Samples
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]


def read(
    lines: Sequence[str],
    voice: str,
    *,
    words_a_minute: int = 150,
    pauses: Sequence[float],
    lead: float = 1.0,
) -> Reading:
    """Read lines; `pauses` has the seconds after each of them, `lead` those before."""
    parts = [_silence(lead)]
    starts, ends = [], []
    for line, pause in zip(lines, pauses, strict=True):
        starts.append(sum(map(len, parts)) / ESPEAK_RATE)
        parts.append(_speak(line, voice, words_a_minute))
        ends.append(sum(map(len, parts)) / ESPEAK_RATE)
        parts.append(_silence(pause))
    return Reading(_resample(np.concatenate(parts)), np.array(starts), np.array(ends))


def play_chords(seconds: float, level: float = 0.1) -> Samples:
    """Play a chord every two seconds, each dying away."""
    each = 2 * SAMPLE_RATE
    time = np.arange(each) / SAMPLE_RATE
    chords = [
        np.exp(-time / 1.5)
        * sum(
            np.sin(2 * np.pi * root * third * overtone * time) / overtone
            for third in (1, 1.26, 1.5)
            for overtone in (1, 2, 3, 4, 5)
        )
        for root in (131, 175, 196, 110)
    ]
    music = np.resize(np.concatenate(chords), round(seconds * SAMPLE_RATE))
    return (music * level / np.abs(music).max()).astype(np.float32)


def play_between_lines(reading: Reading, level: float = 0.1) -> Reading:
    """Play chords before, between and after the lines of a reading, and none under them."""
    times = np.arange(len(reading.samples)) / SAMPLE_RATE
    line = np.searchsorted(reading.starts, times, side="right") - 1
    speaks = (line >= 0) & (times < reading.ends[line])
    chords = play_chords(len(times) / SAMPLE_RATE, level)
    return replace(reading, samples=np.where(speaks, reading.samples, chords))


def line_starts(
    aligned: Sequence[AlignedWord], lines: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Give the start of each line's first word."""
    firsts = np.cumsum([0, *map(len, lines)])[:-1]
    return np.array([aligned[first].start for first in firsts])


def line_ends(
    aligned: Sequence[AlignedWord], lines: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """Give the end of each line's last word."""
    lasts = np.cumsum(list(map(len, lines))) - 1
    return np.array([aligned[last].end for last in lasts])


def _silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * ESPEAK_RATE), np.float32)


def _speak(line: str, voice: str, words_a_minute: int) -> NDArray[np.float32]:
    """Speak a line, without the silence around it."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_a_minute), "--stdin", "--stdout"]
    done = subprocess.run(command, input=line.encode(), capture_output=True, check=True)
    with wave.open(io.BytesIO(done.stdout)) as file:
        assert file.getframerate() == ESPEAK_RATE
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    loudness = np.abs(samples.astype(np.float32) / 32_768)
    heard = np.flatnonzero(loudness > 0.01 * loudness.max())
    return samples[heard[0] : heard[-1] + 1].astype(np.float32) / 32_768


def _resample(samples: NDArray[np.float32]) -> Samples:
    source = ["-f", "f32le", "-ar", str(ESPEAK_RATE), "-ac", "1", "-i", "pipe:0"]
    target = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "pipe:1"]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", *source, *target],
        input=samples.tobytes(),
        capture_output=True,
        check=True,
    )
    return np.frombuffer(done.stdout, np.float32)
