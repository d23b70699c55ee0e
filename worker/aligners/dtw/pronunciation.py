"""What espeak-ng is given to say for a line: which voice, and which spelling of each word.

espeak-ng reads Han characters badly or not at all: Mandarin goes in as pinyin, Japanese as kana.
Latin words among Chinese, Cantonese or Japanese ones are spoken in English.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.languages import Language
from worker.aligners.dtw.words import is_han

_VOICES = {
    Language.CHINESE: "cmn-latn-pinyin",
    Language.ENGLISH: "en-us",
    Language.CANTONESE: "yue",
    Language.FRENCH: "fr",
    Language.GERMAN: "de",
    Language.ITALIAN: "it",
    Language.JAPANESE: "ja",
    Language.KOREAN: "ko",
    Language.PORTUGUESE: "pt-br",
    Language.RUSSIAN: "ru",
    Language.SPANISH: "es-419",
}
_NOT_LATIN = {Language.CHINESE, Language.CANTONESE, Language.JAPANESE}


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that one voice speaks in one breath, as that voice has to be given them."""

    voice: str
    words: list[str]


def pronounce(words: Sequence[str], language: Language) -> list[Utterance]:
    """Turn one line's words into what espeak-ng shall say, one spoken word for each."""
    return [
        Utterance(voice, _spell(list(run), voice))
        for voice, run in groupby(words, key=lambda word: _voice(word, language))
    ]


def _voice(word: str, language: Language) -> str:
    if is_han(word[0]) and language not in {Language.CANTONESE, Language.JAPANESE}:
        return _VOICES[Language.CHINESE]
    if word.isascii() and language in _NOT_LATIN:
        return _VOICES[Language.ENGLISH]
    return _VOICES[language]


def _spell(words: list[str], voice: str) -> list[str]:
    if voice == _VOICES[Language.CHINESE]:
        return _pinyin(words)
    if voice == _VOICES[Language.JAPANESE]:
        return _kana(words)
    return words


def _pinyin(words: list[str]) -> list[str]:
    """Read single Han characters, each in the light of its neighbours (长大, 很长)."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - only Chinese pays for its dictionary

    def read(text: str) -> list[str]:
        return lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=True)

    syllables = read("".join(words))
    # What has no reading (rare characters, zhuyin) comes back in one piece with its neighbours.
    return syllables if len(syllables) == len(words) else ["".join(read(word)) for word in words]


def _kana(words: list[str]) -> list[str]:
    from pykakasi import kakasi  # noqa: PLC0415 - only Japanese pays for its dictionary

    convert = kakasi().convert  # type: ignore[no-untyped-call]  # pykakasi has no types
    return ["".join(part["hira"] for part in convert(word)) for word in words]
