"""Recordings with known times, spoken on the spot."""

import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

LINES = (
    "Amazing grace how sweet the sound",
    "That saved a wretch like me",
    "I once was lost but now am found",
    "Was blind but now I see",
)
PAUSE_SECONDS = 0.8


@dataclass(frozen=True)
class Recording:
    """An audio file, its lyrics, and when each line starts (seconds)."""

    path: Path
    lyrics: str
    starts: tuple[float, ...]
    seconds: float


def make_recording(
    folder: Path, lines: tuple[str, ...] = LINES, voice: str = "en-us+f3"
) -> Recording:
    """Speak lines with pauses between them, in a voice that no aligner compares with."""
    parts, starts, at, rate = [], [], 0.0, 0
    for number, line in enumerate(lines):
        part = folder / f"{number}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "145", "-w", str(part), line], check=True)
        with wave.open(str(part)) as spoken:
            rate = spoken.getframerate()
            parts.append(spoken.readframes(spoken.getnframes()))
        parts.append(b"\0\0" * int(rate * PAUSE_SECONDS))
        starts.append(at)
        at += (len(parts[-2]) + len(parts[-1])) / 2 / rate
    path = folder / "song.wav"
    with wave.open(str(path), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(rate)
        song.writeframes(b"".join(parts))
    mp3 = folder / "song.mp3"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-b:a", "64k", str(mp3)], check=True
    )
    return Recording(mp3, "\n".join(lines), tuple(starts), at)
