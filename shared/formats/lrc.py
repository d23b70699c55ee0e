"""LRC: a time stamp before every line, which players and today's client read."""

from typing import Final

from shared.formats.rounding import in_units
from shared.lyrics.lines import STAMP
from shared.result import Result

_HUNDREDTHS: Final = 100
_BRACKETS: Final = str.maketrans("[]", "()")


def to_lrc(
    result: Result,
    title: str | None = None,
    artist: str | None = None,
    album: str | None = None,
) -> str:
    """Write `[mm:ss.xx] text` for every line, after the tags that are given.

    A blank line is an empty stamp. A stamp inside a line's text (lyrics that were LRC before) is
    left out, since a player would read it. There is no line end after the last line.
    """
    tags = (("ti", title), ("ar", artist), ("al", album))
    written = [f"[{name}:{value}]" for name, text in tags if (value := _tag_value(text))]
    for line in result.lines:
        text = STAMP.sub("", line.text).lstrip() if STAMP.search(line.text) else line.text
        stamp = _stamp(in_units(line.start, result.duration_seconds, _HUNDREDTHS))
        written.append(f"{stamp} {text}" if text.strip() else stamp)
    return "\n".join(written)


def _stamp(hundredths: int) -> str:
    seconds, hundredths = divmod(hundredths, _HUNDREDTHS)
    minutes, seconds = divmod(seconds, 60)
    return f"[{minutes:02d}:{seconds:02d}.{hundredths:02d}]"


def _tag_value(text: str | None) -> str:
    """Make a text safe inside a tag: one line, without square brackets."""
    return " ".join((text or "").translate(_BRACKETS).split())
