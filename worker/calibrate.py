"""Thresholds from songs with known times: `python -m worker.calibrate FOLDER`.

The folder holds three files a song: `NAME.mp3` (or any other sound), `NAME.txt`, the lyrics, and
`NAME.csv`, a row for every sung line with its known start in the column `start_time` (seconds).
Every song is aligned with its own lyrics, for the errors and what a line's score says about
them, and with the next song's, for what a job's score is when the lyrics are another recording's.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Final

from shared.languages import AUTO, Language, parse_language
from shared.lyrics.lines import split_lines, sung_text
from shared.problems import Problem
from shared.result import Result
from shared.settings import Settings, get_settings, variable
from worker.aligners.base import Aligner, Samples
from worker.aligners.load import load_aligner
from worker.audio.decode import load_samples
from worker.language import detect_language
from worker.lines.confidence import Thresholds
from worker.lines.mapping import plan_lines
from worker.lines.outcome import make_result

CLOSE_SECONDS: Final = 0.3
"""A start this close to the known one is where a listener would put it: the tolerance of MIREX's
lyrics alignment task."""
BAD_SECONDS: Final = 1.0
"""A line that is off by more should have been marked for review."""


@dataclass(frozen=True, slots=True)
class Song:
    """A recording with its lyrics and the known start of every sung line (seconds)."""

    name: str
    audio: Path
    lyrics: str
    starts: tuple[float, ...]


def read_songs(folder: Path) -> list[Song]:
    """Read a folder's songs; ends the program with one line where a file is missing or wrong."""
    songs = []
    for table in sorted(folder.glob("*.csv")):
        text = table.with_suffix(".txt")
        files = [path for path in sorted(folder.iterdir()) if path.stem == table.stem]
        audio = [path for path in files if path not in (table, text)]
        if not text.exists() or not audio:
            sys.exit(f"{table.stem}: the lyrics (.txt) or the recording are missing")
        lyrics = text.read_text(encoding="utf-8")
        with table.open(newline="", encoding="utf-8") as rows:
            try:
                starts = tuple(float(row["start_time"]) for row in csv.DictReader(rows))
            except (KeyError, ValueError):
                sys.exit(f"{table.name}: needs a column start_time with seconds in every row")
        sung = sum(bool(sung_text(line)) for line in split_lines(lyrics))
        if sung != len(starts):
            sys.exit(f"{table.name}: {len(starts)} rows for {sung} sung lines")
        songs.append(Song(table.stem, audio[0], lyrics, starts))
    if not songs:
        sys.exit(f"{folder}: no songs (NAME.mp3, NAME.txt, NAME.csv)")
    return songs


def best_threshold(good: Sequence[float], bad: Sequence[float]) -> float | None:
    """Find the score that tells good from bad best: good ones above it, bad ones below.

    Best is the highest mean of the two shares that are on their own side; among equals, the
    widest step between neighbouring scores. None where a side is empty or no score tells them
    apart.
    """
    if not good or not bad:
        return None
    scores = sorted({*good, *bad})

    def worth(step: tuple[float, float]) -> tuple[float, float]:
        threshold = fmean(step)
        kept = fmean(score >= threshold for score in good)
        caught = fmean(score < threshold for score in bad)
        return kept + caught, step[1] - step[0]

    best = max(pairwise(scores), key=worth, default=None)
    return None if best is None or worth(best)[0] <= 1 else fmean(best)


def report(
    songs: Sequence[Song],
    aligner: Aligner,
    settings: Settings,
    language: Language | None,
) -> Iterator[str]:
    """Align every song and give the lines of the report, as they come."""
    errors: list[float] = []
    good_lines: list[float] = []
    bad_lines: list[float] = []
    own_scores: list[float] = []
    other_scores: list[float] = []
    for index, song in enumerate(songs):
        samples = load_samples(song.audio, settings).samples
        result = _align(aligner, samples, song.lyrics, language)
        sung = [line for line in result.lines if line.sung]
        off = [abs(line.start - start) for line, start in zip(sung, song.starts, strict=True)]
        errors += off
        for line, error in zip(sung, off, strict=True):
            if line.score is not None:
                (bad_lines if error > BAD_SECONDS else good_lines).append(line.score)
        if result.score is not None:
            own_scores.append(result.score)
        yield f"{song.name}: {_errors(off)}; score {_shown(result.score)}"
        if len(songs) > 1:
            other = _align(aligner, samples, songs[(index + 1) % len(songs)].lyrics, language)
            if other.score is not None:
                other_scores.append(other.score)
            yield f"  with the next song's lyrics: score {_shown(other.score)}"
    yield f"all songs: {_errors(errors)}"
    review = best_threshold(good_lines, bad_lines)
    yield _suggestion("review_score", review, f"lines off by more than {BAD_SECONDS:g} s")
    mismatch = best_threshold(own_scores, other_scores)
    yield _suggestion("mismatch_score", mismatch, "songs with another song's lyrics")


def _align(aligner: Aligner, samples: Samples, lyrics: str, language: Language | None) -> Result:
    spoken = language or detect_language(lyrics)
    plan = plan_lines(lyrics, lambda line: aligner.split(line, spoken))
    aligned = aligner.align(samples, plan.sung, spoken, lambda _: None)
    nothing = Thresholds(None, None)
    return make_result(
        plan, aligned, samples, language=spoken, aligner=aligner.name, thresholds=nothing
    )


def _errors(errors: Sequence[float]) -> str:
    close = fmean(error <= CLOSE_SECONDS for error in errors)
    return (
        f"{len(errors)} lines, median error {median(errors):.3f} s, worst {max(errors):.2f} s, "
        f"{close:.0%} within {CLOSE_SECONDS:g} s"
    )


def _shown(score: float | None) -> str:
    return "none" if score is None else f"{score:.3f}"


def _suggestion(field: str, threshold: float | None, bad: str) -> str:
    if threshold is None:
        return f"{variable(field)}: the scores do not tell {bad} from the rest"
    return f"{variable(field)}={threshold:.3f}"


def main() -> None:
    """Run the program with the aligner of the settings."""
    parser = argparse.ArgumentParser(
        prog="python -m worker.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="the songs: NAME.mp3, NAME.txt, NAME.csv")
    parser.add_argument("--language", default=AUTO, help="name or code (default: auto)")
    arguments = parser.parse_args()
    settings = get_settings()
    songs = read_songs(arguments.folder)
    try:
        language = parse_language(arguments.language)
        aligner = load_aligner(settings)
        for line in report(songs, aligner, settings, language):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except Problem as problem:
        sys.exit(problem.detail)


if __name__ == "__main__":
    main()
