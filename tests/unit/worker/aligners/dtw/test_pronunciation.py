from shared.languages import Language
from worker.aligners.dtw.pronunciation import Utterance, pronounce


def test_mandarin_is_spelled_in_pinyin_by_its_neighbours() -> None:
    for line, syllables in (("长大", ["zhang3", "da4"]), ("长江女", ["chang2", "jiang1", "nü3"])):
        (utterance,) = pronounce(list(line), Language.CHINESE)
        assert utterance == Utterance("cmn-latn-pinyin", syllables)


def test_a_character_without_a_reading_keeps_its_place() -> None:
    (utterance,) = pronounce(["我", "\U0002a6d0", "\U0002a6d1", "你"], Language.CHINESE)
    assert len(utterance.words) == 4
    assert (utterance.words[0], utterance.words[3]) == ("wo3", "ni3")


def test_latin_words_among_han_characters_are_english() -> None:
    utterances = pronounce(["我", "Hallelujah", "Amen", "主"], Language.CHINESE)
    assert [(each.voice, len(each.words)) for each in utterances] == [
        ("cmn-latn-pinyin", 1),
        ("en-us", 2),
        ("cmn-latn-pinyin", 1),
    ]


def test_japanese_is_spelled_in_kana() -> None:
    assert pronounce(["友", "なる", "イエス"], Language.JAPANESE) == [
        Utterance("ja", ["とも", "なる", "いえす"])
    ]


def test_cantonese_and_korean_are_read_as_they_are() -> None:
    assert pronounce(["你", "好"], Language.CANTONESE) == [Utterance("yue", ["你", "好"])]
    assert pronounce(["주", "하나님"], Language.KOREAN) == [Utterance("ko", ["주", "하나님"])]
