"""Hand-made times of 38 songs, where they are at hand: words in, lines out, to the last digit."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.languages import Language
from worker.aligners.base import AlignedWord
from worker.lines.mapping import place_lines, plan_lines

TIMINGS = Path(__file__).parents[5] / "shared/data/timings"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


SONGS = read(TIMINGS / "index.csv") if TIMINGS.exists() else []

pytestmark = pytest.mark.skipif(not SONGS, reason="the songs with known times are not here")


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song["name"])
def test_the_hand_made_words_of_a_song_give_its_hand_made_lines(
    song: dict[str, str], split: Callable[[str, Language], list[str]]
) -> None:
    name = song["name"]
    words = [
        AlignedWord("", float(row["word_start"]), float(row["word_end"]), None)
        for row in read(TIMINGS / f"words/{name}.csv")
    ]
    expected = read(TIMINGS / f"lines/{name}.csv")
    lyrics = (TIMINGS / f"lyrics/{name}.txt").read_text()

    plan = plan_lines(lyrics, lambda line: split(line, Language(song["language"])))
    lines = place_lines(plan, words, duration=1000.0)

    sung = [line for line in lines if line.sung]
    assert [line.start for line in sung] == [float(row["start_time"]) for row in expected]
    assert [line.end for line in sung] == [float(row["end_time"]) for row in expected]
    assert [line.text for line in lines] == lyrics.splitlines()
    starts = [line.start for line in lines]
    assert starts == sorted(starts)
