import re
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shared.languages import Language
from shared.settings import Settings
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Progress, Samples
from worker.calibrate import best_threshold, read_songs, report


class PeakAligner:
    """Puts the n-th word on the n-th second, and knows a recording by how loud it is."""

    name = "peak"
    device = "cpu"
    version = "1"

    def split(self, line: str, language: Language) -> list[str]:
        assert language is Language.ENGLISH
        return line.split()

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,
        progress: Progress,
    ) -> list[AlignedWord]:
        assert language is Language.ENGLISH
        progress(1.0)
        words = [word for line in lines for word in line]
        loudness = f"{np.abs(samples).max():.1f}"
        score = -0.2 if words[0] == loudness else -3.0
        return [AlignedWord(word, i, i + 0.5, score) for i, word in enumerate(words)]


def make_song(folder: Path, name: str, loudness: float, starts: list[float]) -> None:
    sound = np.full(20 * SAMPLE_RATE, loudness * 32767, np.int16)
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(sound.tobytes())
    (folder / f"{name}.txt").write_text(f"[Verse]\n{loudness} la\n\nla la\n")
    rows = "".join(f"{start},line\n" for start in starts)
    (folder / f"{name}.csv").write_text(f"start_time,text\n{rows}")


def test_a_folder_of_songs_gives_errors_and_thresholds(tmp_path: Path) -> None:
    make_song(tmp_path, "one", 0.5, [0.0, 2.2])
    make_song(tmp_path, "two", 0.9, [0.1, 3.5])
    songs = read_songs(tmp_path)
    lines = list(report(songs, PeakAligner(), Settings(), Language.ENGLISH))
    assert lines[0] == (
        "one: 2 lines, median error 0.100 s, worst 0.20 s, 100% within 0.3 s; score -0.200"
    )
    assert lines[1] == "  with the next song's lyrics: score -3.000"
    assert lines[4] == "all songs: 4 lines, median error 0.150 s, worst 1.50 s, 75% within 0.3 s"
    assert re.fullmatch(r"SOW_QWEN3_REVIEW_SCORE: the scores do not tell .*", lines[5])
    assert lines[6] == "SOW_QWEN3_MISMATCH_SCORE=-1.600"


def test_the_best_threshold_leaves_the_fewest_on_the_wrong_side() -> None:
    assert best_threshold([-0.1, -0.3], [-2.0, -3.0]) == pytest.approx(-1.15)
    assert best_threshold([-0.1, -0.3, -2.5], [-2.0, -3.0, -4.0]) == pytest.approx(-1.15)


def test_no_threshold_is_made_up_where_scores_tell_nothing() -> None:
    assert best_threshold([], [-1.0]) is None
    assert best_threshold([-1.0], []) is None
    assert best_threshold([-1.0], [-1.0]) is None
    assert best_threshold([-2.0], [-1.0]) is None


def test_a_table_that_does_not_fit_its_lyrics_is_named(tmp_path: Path) -> None:
    make_song(tmp_path, "one", 0.5, [0.0, 2.2, 4.0])
    with pytest.raises(SystemExit, match=r"one\.csv: 3 rows for 2 sung lines"):
        read_songs(tmp_path)


def test_a_song_without_its_recording_is_named(tmp_path: Path) -> None:
    make_song(tmp_path, "one", 0.5, [0.0, 2.2])
    (tmp_path / "one.wav").unlink()
    with pytest.raises(SystemExit, match="one: the lyrics"):
        read_songs(tmp_path)


def test_an_empty_folder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no songs"):
        read_songs(tmp_path)
