"""The formats that a stored result is given out in, each made when it is asked for."""

from typing import Final

from shared.formats.json_lines import to_json_lines
from shared.formats.lrc import to_lrc

MEDIA_TYPES: Final = {"lrc": "text/plain; charset=utf-8", "json": "application/json"}
"""Each format's HTTP media type; LRC has none of its own at IANA, so it goes out as text."""

__all__ = ["MEDIA_TYPES", "to_json_lines", "to_lrc"]
