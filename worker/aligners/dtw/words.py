"""Splits lines into words as the `qwen3` aligner's package does, without that package.

The rules are those of `Qwen3ForceAlignProcessor` in qwen-asr 0.0.6, so that a song's words are
the same with either aligner.
"""

import unicodedata

from shared.languages import Language

HAN_RANGES = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
)
"""The first and last code points of the CJK ideographs that are words of their own."""


def is_han(character: str) -> bool:
    """Tell whether a character is a Han one."""
    return any(first <= ord(character) <= last for first, last in HAN_RANGES)


def split(line: str, language: Language) -> list[str]:
    """Split a line (NFC) into its words.

    Words are parted by white space; letters, digits and `'` are kept of them; every Han character
    is a word of its own. Japanese is split by nagisa, whatever its white space. Korean is split
    at white space: qwen-asr parts its particles from the words by soynlp, whose dictionary comes
    with qwen-asr alone, so here a Korean word is the whole of what stands between two spaces.
    """
    if language is Language.JAPANESE:
        import nagisa  # noqa: PLC0415 - a second, and its network's memory: only Japanese pays

        return [kept for word in nagisa.tagging(line).words if (kept := _keep(word))]
    if language is Language.KOREAN:
        return [kept for word in line.split() if (kept := _keep(word))]
    return [word for part in line.split() for word in _part_han(_keep(part))]


def _keep(word: str) -> str:
    return "".join(
        character
        for character in word
        if character == "'" or unicodedata.category(character)[0] in "LN"
    )


def _part_han(word: str) -> list[str]:
    words: list[str] = []
    joined = False
    for character in word:
        if is_han(character):
            words.append(character)
            joined = False
        elif joined:
            words[-1] += character
        else:
            words.append(character)
            joined = True
    return words
