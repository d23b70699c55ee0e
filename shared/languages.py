"""The eleven languages of Qwen3-ForcedAligner, by name and by code."""

import re
from enum import StrEnum
from typing import Final

from shared.problems import LANGUAGE_UNKNOWN, Problem


class Language(StrEnum):
    """A language that lyrics can be in; its value is the name that Qwen3-ForcedAligner uses.

    Source: the model card of Qwen3-ForcedAligner-0.6B.
    """

    CHINESE = "Chinese"
    ENGLISH = "English"
    CANTONESE = "Cantonese"
    FRENCH = "French"
    GERMAN = "German"
    ITALIAN = "Italian"
    JAPANESE = "Japanese"
    KOREAN = "Korean"
    PORTUGUESE = "Portuguese"
    RUSSIAN = "Russian"
    SPANISH = "Spanish"


AUTO: Final = "auto"
"""What a caller writes to have the language found from the lyrics."""

_CODES: Final = {
    # ISO 639-1, then ISO 639-2 and 639-3
    Language.CHINESE: ("zh", "zho", "chi", "cmn", "mandarin"),
    Language.ENGLISH: ("en", "eng"),
    Language.CANTONESE: ("yue",),
    Language.FRENCH: ("fr", "fra", "fre"),
    Language.GERMAN: ("de", "deu", "ger"),
    Language.ITALIAN: ("it", "ita"),
    Language.JAPANESE: ("ja", "jpn"),
    Language.KOREAN: ("ko", "kor"),
    Language.PORTUGUESE: ("pt", "por"),
    Language.RUSSIAN: ("ru", "rus"),
    Language.SPANISH: ("es", "spa"),
}
_BY_NAME: Final = {
    name: language
    for language, codes in _CODES.items()
    for name in (language.value.lower(), *codes)
}
_TAG: Final = re.compile(r"(?P<primary>[a-z]{2,3})(?P<rest>(?:-[a-z0-9]{1,8})+)")
# A region or an extended language that makes written `zh` spoken Cantonese (BCP 47; `zh-HK` is
# what speech services call Cantonese).
_SPOKEN_CANTONESE: Final = {"yue", "hk", "mo"}


def parse_language(text: str) -> Language | None:
    """Read a language's English name or its ISO 639 or BCP 47 code, in any case.

    None stands for `auto`: the language is to be found from the lyrics. What is not known raises
    a `Problem` (`language-unknown`) that lists what is.
    """
    name = text.strip().lower().replace("_", "-")
    if name == AUTO:
        return None
    language = _BY_NAME.get(name)
    if language is None and (tag := _TAG.fullmatch(name)):
        language = _BY_NAME.get(tag["primary"])
        subtags = tag["rest"].split("-")
        if language is Language.CHINESE and not _SPOKEN_CANTONESE.isdisjoint(subtags):
            language = Language.CANTONESE
    if language is None:
        known = ", ".join(f"{item.value} ({codes[0]})" for item, codes in _CODES.items())
        raise Problem(
            LANGUAGE_UNKNOWN,
            f"{text[:40]!r} is not a language of this service. Use one of these names or codes: "
            f"{known}; or {AUTO}.",
        )
    return language
