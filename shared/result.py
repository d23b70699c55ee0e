"""What an alignment gives: the stored outcome of a job, from which every format is made."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from shared.languages import Language


class Word(NamedTuple):
    """The smallest aligned unit: a word, or one Han character.

    A tuple, so that it is an array in JSON: words are most of what a result holds.
    `start` and `end` are seconds from the start of the audio, unrounded; `score` is the aligner's
    log-probability of that place (0 is certain), None where the aligner has none.
    """

    text: str
    start: float
    end: float
    score: float | None = None


class Line(BaseModel):
    """One of the caller's lines, with its place in the audio."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    text: str
    """The caller's text, untouched."""
    start: float
    """Seconds from the start of the audio, unrounded; never before the line before."""
    end: float
    """Seconds, unrounded; a line that is not sung has no length."""
    sung: bool = True
    """False for a blank line or a section mark: it stands where the line before it ends."""
    score: float | None = None
    """The mean of its words' scores; None where the aligner has none."""
    needs_review: bool | None = None
    """Whether the score is low enough to have a person look; None where it has none."""
    moved: bool = False
    """Whether the start was moved out of silence, away from the first word's."""
    words: tuple[Word, ...] = ()
    """Its words, as the aligner placed them."""


class Result(BaseModel):
    """A job's outcome. Seconds are unrounded here and rounded once, when a format is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    duration_seconds: float
    """The audio's length."""
    language: Language
    """The language that the lyrics were taken for: the caller's, or what `auto` found."""
    aligner: str
    """The aligner's name."""
    score: float | None = None
    """The mean of all words' scores; None where the aligner has none."""
    mismatch: bool | None = None
    """Whether the lyrics seem not to belong to the recording; None where nothing can tell."""
    lines: tuple[Line, ...]
    """The caller's lines, in order."""

    def stored(self) -> str:
        """Give the JSON that a job's record keeps: short, and read by `model_validate_json`."""
        return self.model_dump_json(exclude_defaults=True)
