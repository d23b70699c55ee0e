"""Makes the demo's song: a hymn spoken over soft chords, as `song.mp3` beside its `lyrics.txt`.

`python -m demo.song FOLDER`. The voice is another than the one that the `dtw` aligner compares
with, and that a chorus comes twice, a section is marked and a line is blank shows what becomes of
such lines.
"""

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LYRICS = """\
[Verse 1]
Blessed assurance, Jesus is mine!
Oh, what a foretaste of glory divine!
Heir of salvation, purchase of God,
Born of His Spirit, washed in His blood.

[Chorus]
This is my story, this is my song,
Praising my Saviour all the day long;
This is my story, this is my song,
Praising my Saviour all the day long.

[Verse 2]
Perfect submission, perfect delight,
Visions of rapture now burst on my sight;
Angels descending bring from above
Echoes of mercy, whispers of love.

[Chorus]
This is my story, this is my song,
Praising my Saviour all the day long;
This is my story, this is my song,
Praising my Saviour all the day long.
"""
"""Fanny Crosby, 1873; in the public domain."""

_VOICE = "en-gb-scotland+f3"
_WORDS_A_MINUTE = "130"
_SAMPLE_RATE = 22_050
"""What espeak-ng speaks at (Hz)."""

_INTRODUCTION_SECONDS = 6.0
_BREATH_SECONDS = 0.8
_INTERLUDE_SECONDS = 4.0
_CHORD_SECONDS = 2.4
_CHORDS_HZ = (
    (146.8, 185.0, 220.0),  # D
    (98.0, 123.5, 146.8),  # G
    (110.0, 138.6, 164.8),  # A
    (146.8, 185.0, 220.0),  # D
)
_CHORD_LEVEL = 0.12
_VOICE_LEVEL = 0.7

Sound = NDArray[np.float64]


def compose() -> tuple[Sound, list[tuple[str, float]]]:
    """Make the song: its sound, at 22,050 Hz, and the start of every spoken line (seconds)."""
    parts: list[Sound] = [_silence(_INTRODUCTION_SECONDS)]
    starts: list[tuple[str, float]] = []
    samples = len(parts[0])
    for line in LYRICS.splitlines():
        if line.startswith("["):
            continue
        if line:
            starts.append((line, samples / _SAMPLE_RATE))
            new = [_speak(line), _silence(_BREATH_SECONDS)]
        else:
            new = [_silence(_INTERLUDE_SECONDS)]
        parts += new
        samples += sum(map(len, new))
    parts.append(_silence(_INTERLUDE_SECONDS))
    voice = np.concatenate(parts)
    voice *= _VOICE_LEVEL / np.abs(voice).max()
    return voice + _play(len(voice)), starts


def write(folder: Path) -> None:
    """Write `song.mp3` and `lyrics.txt` into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lyrics.txt").write_text(LYRICS, encoding="utf-8")
    sound, _ = compose()
    pcm = (sound * 32_767).astype("<i2").tobytes()
    source = ["-f", "s16le", "-ar", str(_SAMPLE_RATE), "-ac", "1", "-i", "pipe:0"]
    target = ["-b:a", "96k", "-y", str((folder / "song.mp3").resolve())]
    command = ["ffmpeg", "-v", "error", *source, *target]
    subprocess.run(command, input=pcm, check=True)  # noqa: S603 - the arguments are ours


def _silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * _SAMPLE_RATE))


def _speak(line: str) -> Sound:
    """Speak a line with espeak-ng, without the silence around it."""
    command = ["espeak-ng", "-v", _VOICE, "-s", _WORDS_A_MINUTE, "--stdin", "--stdout"]
    done = subprocess.run(  # noqa: S603 - the arguments are ours
        command, input=line.encode(), capture_output=True, check=True
    )
    with wave.open(io.BytesIO(done.stdout)) as file:
        frames = file.readframes(file.getnframes())
    samples = np.frombuffer(frames, "<i2").astype(np.float64)
    heard = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[heard[0] : heard[-1] + 1]


def _play(samples: int) -> Sound:
    """Play the chords over and over, each struck softly and dying away."""
    chord_samples = round(_CHORD_SECONDS * _SAMPLE_RATE)
    seconds = np.arange(chord_samples) / _SAMPLE_RATE
    swell = np.minimum(1, seconds / 0.1) * np.exp(-seconds / 1.5)
    swell *= np.minimum(1, (_CHORD_SECONDS - seconds) / 0.1)
    round_of_chords = np.concatenate(
        [
            swell
            * sum(
                np.sin(2 * np.pi * tone * overtone * seconds) / overtone**2
                for tone in chord
                for overtone in (1, 2, 3, 4)
            )
            for chord in _CHORDS_HZ
        ]
    )
    music: Sound = np.resize(round_of_chords, samples)
    music *= _CHORD_LEVEL / np.abs(music).max()
    return music


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the folder
        sys.exit("usage: python -m demo.song FOLDER")
    write(Path(sys.argv[1]))
