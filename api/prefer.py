"""The `Prefer` header (RFC 7240): whether, and how long, a caller wants to wait."""

import re
from dataclasses import dataclass

WAIT = re.compile(r'wait\s*=\s*("?)(\d{1,6})\1')
"""A value may stand in quotes (RFC 7240, section 2)."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What a caller prefers; `wait_seconds` is None where it does not say."""

    respond_async: bool
    wait_seconds: float | None


def read_prefer(headers: list[str]) -> Preference:
    """Read `Prefer` headers; what is unknown or malformed is ignored, as the RFC asks."""
    tokens = [token.strip().lower() for header in headers for token in re.split("[,;]", header)]
    waits = [int(match[2]) for token in tokens if (match := WAIT.fullmatch(token))]
    return Preference("respond-async" in tokens, waits[0] if waits else None)
