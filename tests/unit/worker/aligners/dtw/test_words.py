import importlib.util
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages import Language
from worker.aligners.dtw.words import split


@pytest.mark.parametrize(
    ("line", "language", "words"),
    [
        ("Amazing grace, how sweet!", Language.ENGLISH, ["Amazing", "grace", "how", "sweet"]),
        ("It's well-known: 3.14 — ’tis", Language.ENGLISH, ["It's", "wellknown", "314", "tis"]),
        ("l'été, où ça?", Language.FRENCH, ["l'été", "où", "ça"]),
        ("Großer Gott, wir", Language.GERMAN, ["Großer", "Gott", "wir"]),
        ("¿Quién es?", Language.SPANISH, ["Quién", "es"]),
        ("perché no", Language.ITALIAN, ["perché", "no"]),
        ("coração são", Language.PORTUGUESE, ["coração", "são"]),
        ("Господь — пастырь", Language.RUSSIAN, ["Господь", "пастырь"]),
        ("我愛你,Jesus主啊3次", Language.CHINESE, ["我", "愛", "你", "Jesus", "主", "啊", "3次"]),
        ("你係 我嘅", Language.CANTONESE, ["你", "係", "我", "嘅"]),
        ("주 하나님, 지으신", Language.KOREAN, ["주", "하나님", "지으신"]),
        ("主よ、御許に", Language.JAPANESE, ["主", "よ", "御許", "に"]),
        ("…—!", Language.ENGLISH, []),
        ("", Language.CHINESE, []),
        (" 、 ", Language.JAPANESE, []),
    ],
)
def test_a_line_is_split_into_its_words(line: str, language: Language, words: list[str]) -> None:
    expected = [part for word in words for part in (["3", "次"] if word == "3次" else [word])]
    assert split(line, language) == expected


@pytest.mark.skipif(
    importlib.util.find_spec("qwen_asr") is None, reason="qwen-asr is not installed"
)
@pytest.mark.parametrize(
    "language", [language for language in Language if language is not Language.KOREAN]
)
def test_the_words_are_those_of_qwen_asr(language: Language) -> None:
    from qwen_asr.inference.qwen3_forced_aligner import (  # noqa: PLC0415 - may not be there
        Qwen3ForceAlignProcessor,
    )

    processor = Qwen3ForceAlignProcessor()

    @given(st.text(st.characters(codec="utf-8"), max_size=40))
    def check(line: str) -> None:
        if language is Language.JAPANESE:
            expected = processor.tokenize_japanese(line)
        else:
            expected = processor.tokenize_space_lang(line)
        assert split(line, language) == expected

    check()


def test_only_japanese_pays_for_nagisa() -> None:
    program = (
        "import sys; from shared.languages import Language; from worker.aligners.dtw import"
        " DtwAligner; DtwAligner().split('a b', Language.ENGLISH);"
        " sys.exit(bool({'nagisa', 'torch', 'pypinyin', 'pykakasi'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
