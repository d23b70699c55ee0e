"""What every place that audio comes from has in common."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Content:
    """What a source sends.

    `length` is how many bytes it announced, None where it did not say. `validator` names this
    version of the content (an ETag, a date), None where the source has no name for it.
    """

    chunks: Iterator[bytes]
    length: int | None
    validator: str | None


class Unchanged(Exception):  # noqa: N818 - nothing went wrong
    """The content is still the version that is known."""


class Source(Protocol):
    """A place that audio can be fetched from."""

    key: str
    """Tells this source from every other."""

    def open(self, known: str | None, deadline: float) -> AbstractContextManager[Content]:
        """Open the content.

        `known` is the validator of the version that is here already: raises Unchanged if that is
        still the one. Nothing is waited for past `deadline` (on `time.monotonic`'s clock). Raises
        Problem, also while the chunks are read.
        """
        ...
