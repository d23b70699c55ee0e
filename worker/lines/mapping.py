"""Lines to words and back, by count alone: no text is searched for.

Line i owns exactly the words that it was split into, so a chorus that is sung five times gets
five times.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.lyrics.lines import split_lines, sung_text
from shared.problems import LYRICS_EMPTY, Problem
from shared.result import Line, Word
from worker.aligners.base import AlignedWord


@dataclass(frozen=True, slots=True)
class Plan:
    """The caller's lines with the words of each; a line without words is not sung."""

    texts: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]

    @property
    def sung(self) -> list[tuple[str, ...]]:
        """The words of the sung lines, as `Aligner.align` takes them."""
        return [words for words in self.words if words]


def plan_lines(lyrics: str, split: Callable[[str], list[str]]) -> Plan:
    """Split lyrics into lines and each line's sung text into words.

    `split` is the aligner's own splitter; it sees one whole line at a time, so no word reaches
    over a line's end. Raises a `Problem` (`lyrics-empty`) where there is no word at all.
    """
    texts = split_lines(lyrics)
    words = tuple(tuple(split(sung)) if (sung := sung_text(text)) else () for text in texts)
    if not any(words):
        raise Problem(
            LYRICS_EMPTY, "The lyrics have no words to align: send at least one line that is sung."
        )
    return Plan(tuple(texts), words)


def place_lines(plan: Plan, aligned: Sequence[AlignedWord], duration: float) -> list[Line]:
    """Give every line its place from its words', within an audio of `duration` seconds.

    A sung line starts with its first word and ends with its last. Starts never run backwards;
    an end may pass the next line's start, where voices overlap. A line that is not sung stands
    where the line before it ends, but never after the next sung line's start; before the first
    sung line that is the audio's start.
    """
    if len(aligned) != sum(map(len, plan.words)):
        raise ValueError(
            f"{len(aligned)} aligned words for {sum(map(len, plan.words))} words of lyrics"
        )
    remaining = iter(aligned)
    lines: list[Line] = []
    latest = 0.0
    for text, planned in zip(plan.texts, plan.words, strict=True):
        words = tuple(
            Word(word.text, word.start, word.end, word.score)
            for word in islice(remaining, len(planned))
        )
        if words:
            latest = min(max(words[0].start, latest), duration)
            end = min(max(words[-1].end, latest), duration)
            lines.append(Line(text=text, start=latest, end=end, words=words))
        else:
            lines.append(Line(text=text, start=0.0, end=0.0, sung=False))
    return place_unsung(lines, duration)


def place_unsung(lines: Sequence[Line], duration: float) -> list[Line]:
    """Put every line that is not sung where the line before it ends, in order with the rest."""
    placed: list[Line] = []
    following = duration
    starts = []
    for line in reversed(lines):
        starts.append(following)
        following = line.start if line.sung else following
    end = 0.0
    for line, next_start in zip(lines, reversed(starts), strict=True):
        if line.sung:
            end = line.end
            placed.append(line)
        else:
            end = min(end, next_start)
            placed.append(line.model_copy(update={"start": end, "end": end}))
    return placed
