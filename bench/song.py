"""What the bench aligns: songs made on the spot, with as many words as songs have."""

import subprocess
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Final

from bench.folder import cached

WORDS_A_MINUTE: Final = 75
"""The median of the 38 songs of JamendoLyrics (34 to 209)."""

WORDS_A_LINE: Final = 6

_VERSES: Final = """
Amazing grace how sweet the sound That saved a wretch like me
I once was lost but now am found Was blind but now I see
Through many dangers toils and snares I have already come
'Tis grace hath brought me safe thus far And grace will lead me home
"""
HYMN: Final = _VERSES.split()
"""A public-domain hymn, sung over and over."""

SOUND: Final = (
    # A tone whose pitch and strength waver as a voice's do, over noise as of a band.
    "aevalsrc='0.3*sin(2*PI*(220+60*sin(2*PI*0.3*t))*t)*(0.6+0.4*sin(2*PI*2.1*t)):s=44100'[voice];"
    "anoisesrc=colour=pink:amplitude=0.2:sample_rate=44100:seed=1[band];"
    "[voice][band]amix=inputs=2:duration=longest,aformat=channel_layouts=stereo"
)


def make_lyrics(seconds: float) -> str:
    """Write the lyrics of a song that long, in lines, with a blank line between verses."""
    words = list(islice(cycle(HYMN), round(seconds * WORDS_A_MINUTE / 60)))
    lines = [
        " ".join(words[start : start + WORDS_A_LINE])
        for start in range(0, len(words), WORDS_A_LINE)
    ]
    verses = [[*lines[start : start + 4], ""] for start in range(0, len(lines), 4)]
    return "\n".join(chain.from_iterable(verses)).strip()


def make_song(seconds: int) -> Path:
    """Make an mp3 (stereo, 44.1 kHz, 192 kb/s) that long, as songs are kept; once a machine."""

    def make(path: Path) -> None:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", SOUND]
        options = ["-t", str(seconds), "-b:a", "192k", "-f", "mp3", str(path)]
        subprocess.run([*command, *options], check=True)  # noqa: S603 - the arguments are ours

    return cached(f"song-{seconds}.mp3", make)
