"""Lyrics as lines, and what of each is sung."""

import re
import unicodedata
from typing import Final

from shared.lyrics.marks import is_mark, is_mark_in_brackets
from shared.problems import LYRICS_EMPTY, Problem

STAMP: Final = re.compile(r"[\[<]\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?[\]>]")
"""A time stamp of LRC, of a line (`[01:02.33]`) or of a word (`<01:02.33>`)."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_OPEN: Final = re.escape("[(【（〔［「『｛{<〈《")
_CLOSE: Final = re.escape("])】）〕］」』｝}>〉》")
_GROUP: Final = re.compile(f"([{_OPEN}])([^{_OPEN}{_CLOSE}]*)[{_CLOSE}]")
_SQUARE: Final = "[【〔［"
_HEADING_OF_GROUP: Final = re.compile(r"[^:：,，|–—-]*")
_PREFIX: Final = re.compile(r"\s*([^:：]{1,40})[:：]")
_TRAILING_REPEAT: Final = re.compile(r"\s(?:[x×*]\d{1,2}|\d{1,2}[x×])\s*$", re.IGNORECASE)


def split_lines(lyrics: str) -> list[str]:
    """Give the caller's lines, in order and untouched.

    A line ends at any of Unicode's line ends (LF, CR LF, CR, NEL, U+2028, ...), so that no line
    of a result holds one. The last line end ends the last line; it does not begin another one. A
    byte order mark before the first line is dropped.
    """
    return lyrics.removeprefix(_BYTE_ORDER_MARK).splitlines()


def sung_text(line: str) -> str:
    """Give what of a line is sung, in NFC: all of it, but for section marks and LRC's stamps.

    Empty for a line that is not sung: blank, without a letter or digit, or nothing but section
    marks (`[Verse 1]`, `Chorus:`, `副歌 x2`, `（间奏）`). Square brackets around a whole line are
    always a mark; others are one only around words that name a section, a repetition or an
    instrumental, so that `(oh my love)` is sung. A mark beside sung text is left out: of
    `Chorus: Hallelujah (x2)` only `Hallelujah` is sung.
    """
    text = STAMP.sub(" ", unicodedata.normalize("NFC", line))
    if not _has_words(_GROUP.sub(_blank_square, text)):
        return ""
    text = _GROUP.sub(_blank_mark, text)
    if prefix := _PREFIX.match(text):
        rest = text[prefix.end() :]
        if is_mark(prefix[1]) or (not _has_words(rest) and is_mark_in_brackets(prefix[1])):
            text = rest
    text = _TRAILING_REPEAT.sub("", text).strip()
    return text if _has_words(text) and not is_mark(text) else ""


def check_lyrics(lyrics: str) -> None:
    """Raise a `Problem` (`lyrics-empty`) where no line of the lyrics is sung."""
    if not any(map(sung_text, split_lines(lyrics))):
        raise Problem(
            LYRICS_EMPTY,
            "The lyrics have no words to align: send at least one line that is sung. "
            "Blank lines, punctuation and section marks such as [Chorus] are not sung.",
        )


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _blank_square(group: re.Match[str]) -> str:
    return " " if group[1] in _SQUARE else group[0]


def _blank_mark(group: re.Match[str]) -> str:
    inside = group[2]
    if group[1] in _SQUARE and (heading := _HEADING_OF_GROUP.match(inside)):
        inside = heading[0]  # `[Chorus: everybody]`
    return " " if is_mark_in_brackets(inside) else group[0]
