"""What a submission may say besides audio and lyrics."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

Format = Literal["lrc", "json"]
"""A format that a result can be had in."""


class Options(TypedDict, total=False):
    """Keyword arguments of `submit` and `align`; what is left out is the service's default."""

    language: str
    """A name or code of the lyrics' language, or `auto`; the default is Chinese."""
    format: Format
    """What the job's result holds; the default is `lrc`."""
    title: str
    """The song's title, for a tag in the LRC."""
    artist: str
    """The song's artist, for a tag in the LRC."""
    album: str
    """The song's album, for a tag in the LRC."""
    metadata: Mapping[str, Any]
    """A small JSON object that comes back with the job, untouched."""
    webhook_url: str
    """An address that is told when the job has ended."""
    idempotency_key: str
    """Submissions with the same key and content are one job; the default is a fresh key a call."""
