"""Which language lyrics are in: by their script, and among Latin scripts by a library."""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from shared.languages import Language
from shared.lyrics.lines import split_lines, sung_text

# What counts once: a Latin or Cyrillic word, or one character of a script that writes syllables.
# So a song in Japanese or Korean with an English chorus is still one, which matters: of all the
# languages only these two have a word splitter of their own.
_UNITS: Final = re.compile(
    r"(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
    r"|(?P<kana>[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d])"
    r"|(?P<hangul>[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3])"
    r"|(?P<cyrillic>[\u0400-\u052f]+)"
    r"|(?P<latin>[A-Za-z\u00aa-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]+)"
)
_KANA_SHARE: Final = 0.1
"""Japanese has more kana than this among its Han and kana; a Chinese text may quote a の."""

# Characters that written Cantonese uses and written Chinese hardly does. Songs in Cantonese are
# often written as Chinese: those are taken for Chinese, unless the caller says otherwise.
_CANTONESE: Final = frozenset("嘅咗喺冇佢哋啲嚟咁噉嘢嗰唔乜咩嘥畀攞瞓諗嬲啱嗌")
_CANTONESE_SHARE: Final = 0.02

_LATIN: Final = {
    "en": Language.ENGLISH,
    "fr": Language.FRENCH,
    "de": Language.GERMAN,
    "it": Language.ITALIAN,
    "pt": Language.PORTUGUESE,
    "es": Language.SPANISH,
}


def detect_language(lyrics: str) -> Language:
    """Find the language of lyrics from what of them is sung.

    Scripts decide, whichever has most: Han (with kana: Japanese), Hangul, Cyrillic, Latin. Latin
    ones are told apart by py3langid, among the six that the service knows. Lyrics in none of
    these scripts are taken for English, whose words are what stands between spaces.
    """
    sung = "\n".join(text for line in split_lines(lyrics) if (text := sung_text(line)))
    counts = dict.fromkeys(_UNITS.groupindex, 0)
    for unit in _UNITS.finditer(sung):
        counts[str(unit.lastgroup)] += 1
    east_asian = counts["han"] + counts["kana"]
    most = max(east_asian, counts["hangul"], counts["cyrillic"], counts["latin"])
    if most == 0:
        return Language.ENGLISH
    if most == east_asian:
        if counts["kana"] > _KANA_SHARE * east_asian:
            return Language.JAPANESE
        marks = sum(character in _CANTONESE for character in sung)
        cantonese = marks > _CANTONESE_SHARE * east_asian
        return Language.CANTONESE if cantonese else Language.CHINESE
    if most == counts["hangul"]:
        return Language.KOREAN
    if most == counts["cyrillic"]:
        return Language.RUSSIAN
    return _LATIN[_classify()(sung)[0]]


@cache
def _classify() -> Callable[[str], tuple[str, float]]:
    import py3langid  # noqa: PLC0415 - half a second, which only `auto` should cost

    py3langid.set_languages(list(_LATIN))
    classify: Callable[[str], tuple[str, float]] = py3langid.classify
    return classify
