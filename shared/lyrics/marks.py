"""Section marks: what lyrics sheets write between the sung lines, in the eleven languages."""

import re
import unicodedata
from typing import Final

# Each of these names alternatives of a regular expression, over NFKC text without case.

# Hardly ever a whole sung line: marks when they stand alone on one.
_SECTIONS: Final = (
    "chorus|verse|prechorus|postchorus|bridge|intro|outro|interlude|instrumental|refrain"
    "|couplet|strophe|pont|prérefrain"
    "|vers|brücke|zwischenspiel|vorspiel|nachspiel"
    "|strofa|ritornello|ponte|preritornello|strumentale"
    "|verso|estrofa|estribillo|coro|puente|precoro|preestribillo"
    "|refrão|prérefrão|estrofe"
    "|куплет|припев|проигрыш|бридж|вступление|интро|аутро|предприпев"
)
# May be sung: marks only in brackets, or before a colon that ends the line.
_SECTIONS_IN_BRACKETS: Final = (
    "hook|break|breakdown|tag|coda|vamp|ending|turnaround|theme|prelude|postlude|reprise|finale"
    "|spoken|rap|music|musical|applause|laughs|laughter|repeat|rpt|bis|ter"
    "|introduction|conclusion|v|c|b|pc"
    "|guitar|piano|organ|drums?|bass|sax|saxophone|violin|strings"
    "|wiederholung|répétition|ripetizione|repetición|repetir|repetição|повтор"
)
_BESIDE: Final = (
    "pre|post|pré|repeat|final|last|first|second|third|fourth|extended|short|half|full|double"
    "|one|two|three|four|five|six|i|ii|iii|iv|vi"
)
_BESIDE_IN_BRACKETS: Final = (
    "the|an?|all|to|and|with|next|times?|solo|acoustic"
    "|l|le|la|de|du|da|del|of|fois|mal|veces|vezes|volte|раза|соло"
)

# Chinese, Japanese and Korean marks are runs without spaces.
_RUNS: Final = (
    "预副歌|預副歌|前副歌|大副歌|副歌|主歌|导歌|導歌|桥段|橋段|间奏|間奏|前奏|尾奏|后奏|後奏"
    "|过门|過門|第[0-9一二三四五六七八九十]{1,2}(?:节|節|段)"
    "|大サビ|落ちサビ|ラスサビ|サビ|[a-d]メロ|イントロ|アウトロ|コーラス|ヴァース|ブリッジ|[0-9]番"
    "|후렴구|후렴|간주|전주|후주|브릿지|브리지|프리코러스|코러스|벌스|인트로|아웃트로|[0-9]절"
)
_RUNS_IN_BRACKETS: Final = (
    "重复|重複|反复|反覆|重唱|合唱|齐唱|齊唱|独唱|獨唱|结尾|結尾|尾声|尾聲|终曲|独白|獨白|念白|口白|说唱"
    "|伴奏|音乐|音樂|桥|橋|繰り返し|くりかえし|リフレイン|ソロ|セリフ|台詞|반복|나레이션"
    "|[0-9一二三四五六七八九十两兩]{1,2}(?:遍|次|回|번)"
)
_RUNS_BESIDE: Final = "吉他|钢琴|鋼琴|ギター|ピアノ|最后|最後|男|女|众|眾|[0-9一二三四五六七八九十]"

_REPETITION: Final = r"(?<!\d)[x×*]\s?\d{1,2}(?![^\W_])|\d{1,2}\s?[x×](?![^\W_])"
_NUMBER: Final = r"\d{1,2}(?:st|nd|rd|th|ère|er|[a-eo])?(?![^\W_])"


def _tokens(sections: str, beside: str, runs: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<section>{_REPETITION}|{runs}|\b(?:{sections})(?![^\W\d_]))"
        rf"|(?P<beside>{_NUMBER}|{_RUNS_BESIDE}|\b(?:{beside})(?![^\W\d_]))"
        rf"|[^\W_]"
    )


_ALONE: Final = _tokens(_SECTIONS, _BESIDE, _RUNS)
_IN_BRACKETS: Final = _tokens(
    f"{_SECTIONS}|{_SECTIONS_IN_BRACKETS}",
    f"{_BESIDE}|{_BESIDE_IN_BRACKETS}",
    f"{_RUNS}|{_RUNS_IN_BRACKETS}",
)


def is_mark(text: str) -> bool:
    """Whether a text that stands alone names a section or a repetition, and nothing else."""
    return _names(text, _ALONE)


def is_mark_in_brackets(text: str) -> bool:
    """Whether a text in brackets does: more words are marks there than are alone on a line."""
    return _names(text, _IN_BRACKETS)


def _names(text: str, tokens: re.Pattern[str]) -> bool:
    """Whether all that the text holds is known, and some of it makes the text a mark."""
    named = False
    for token in tokens.finditer(unicodedata.normalize("NFKC", text).casefold()):
        if token["section"]:
            named = True
        elif not token["beside"]:
            return False
    return named
