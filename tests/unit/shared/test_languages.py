from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages import Language, parse_language
from shared.problems import LANGUAGE_UNKNOWN, Problem


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Chinese", Language.CHINESE),
        ("zh", Language.CHINESE),
        ("zh-CN", Language.CHINESE),
        ("zh_Hant_TW", Language.CHINESE),
        ("cmn", Language.CHINESE),
        ("cmn-Hans", Language.CHINESE),
        ("Mandarin", Language.CHINESE),
        ("yue", Language.CANTONESE),
        ("zh-yue", Language.CANTONESE),
        ("zh-HK", Language.CANTONESE),
        ("en-US", Language.ENGLISH),
        (" english ", Language.ENGLISH),
        ("ENG", Language.ENGLISH),
        ("ger", Language.GERMAN),
        ("deu", Language.GERMAN),
        ("pt-BR", Language.PORTUGUESE),
        ("es-419", Language.SPANISH),
        ("ja", Language.JAPANESE),
        ("kor", Language.KOREAN),
        ("fre", Language.FRENCH),
        ("it", Language.ITALIAN),
        ("ru-RU", Language.RUSSIAN),
    ],
)
def test_a_language_is_known_by_its_name_and_its_codes(text: str, language: Language) -> None:
    assert parse_language(text) is language


@given(st.sampled_from(Language), st.randoms(use_true_random=False))
def test_every_name_is_known_in_any_case(language: Language, random: Random) -> None:
    text = "".join(random.choice([str.upper, str.lower])(letter) for letter in language.value)
    assert parse_language(text) is language


@pytest.mark.parametrize("text", ["auto", "AUTO", " Auto "])
def test_auto_leaves_the_language_to_be_found(text: str) -> None:
    assert parse_language(text) is None


@pytest.mark.parametrize("text", ["", "Klingon", "tlh", "english please", "en-", "e", "auto-en"])
def test_what_is_not_known_is_refused_with_a_list_of_what_is(text: str) -> None:
    with pytest.raises(Problem) as refused:
        parse_language(text)
    assert refused.value.kind is LANGUAGE_UNKNOWN
    for language in Language:
        assert language.value in refused.value.detail
    assert "auto" in refused.value.detail
