import subprocess
import sys
from pathlib import Path

import numpy as np

from demo.song import LYRICS, compose
from shared.languages import Language
from worker.aligners.base import SAMPLE_RATE
from worker.aligners.dtw import DtwAligner


def test_the_demo_makes_a_song_that_dtw_puts_in_time(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "demo.song", str(tmp_path / "new")], check=True)
    decode = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "new" / "song.mp3")]
    form = ["-f", "f32le", "-ac", "1", "-ar", str(SAMPLE_RATE), "pipe:1"]
    sound = subprocess.run([*decode, *form], capture_output=True, check=True).stdout
    assert (tmp_path / "new" / "lyrics.txt").read_text("utf-8") == LYRICS

    aligner = DtwAligner()
    _, starts = compose()
    lines = [aligner.split(line, Language.ENGLISH) for line, _ in starts]
    samples = np.frombuffer(sound, np.float32)
    aligned = aligner.align(samples, lines, Language.ENGLISH, lambda _: None)
    firsts = np.cumsum([0, *map(len, lines)])[:-1]
    found = np.array([aligned[first].start for first in firsts])
    errors = np.abs(found - [start for _, start in starts])
    assert np.median(errors) < 0.2
    assert errors.max() < 1
