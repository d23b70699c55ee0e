import csv
import math
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from shared.languages import Language
from tests.support.readings import line_ends, line_starts, play_chords, read
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Samples
from worker.aligners.dtw import DtwAligner

SPEECH = Path(__file__).parents[6] / "shared" / "data" / "speech"

TEXTS = {
    Language.CHINESE: "奇異恩典何等甘甜|我罪已得赦免|前我失喪今被尋回|瞎眼今得看見",
    Language.ENGLISH: "Amazing grace, how sweet the sound|That saved a wretch like me|"
    "I once was lost, but now am found|Was blind, but now I see",
    Language.CANTONESE: "奇異恩典何等甘甜|我罪已得赦免|前我失喪今被尋回|瞎眼今得看見",
    Language.FRENCH: "Grand Dieu, nous te bénissons|Nous célébrons tes louanges|"
    "Éternel, nous t'exaltons|De concert avec les anges",
    Language.GERMAN: "Großer Gott, wir loben dich|Herr, wir preisen deine Stärke|"
    "Vor dir neigt die Erde sich|Und bewundert deine Werke",
    Language.ITALIAN: "Tu scendi dalle stelle|O re del cielo|"
    "E vieni in una grotta|Al freddo e al gelo",
    Language.JAPANESE: "いつくしみ深き友なるイエスは|罪咎憂いを取り去りたもう|"
    "心の嘆きを包まず述べて|などかは下ろさぬ負える重荷を",
    Language.KOREAN: "나 같은 죄인 살리신|주 은혜 놀라워|잃었던 생명 찾았고|광명을 얻었네",
    Language.PORTUGUESE: "Castelo forte é nosso Deus|Espada e bom escudo|"
    "Com seu poder defende os seus|Em todo transe agudo",
    Language.RUSSIAN: "Господь пастырь мой|Я ни в чём не буду нуждаться|"
    "Он покоит меня на злачных пажитях|И водит меня к водам тихим",
    Language.SPANISH: "Castillo fuerte es nuestro Dios|Defensa y buen escudo|"
    "Con su poder nos librará|En todo trance agudo",
}

OTHER_VOICES = [
    # Spoken Han characters and kanji would not be read aright: their readings are.
    (Language.CHINESE, "cmn-latn-pinyin+f2", 140),
    (Language.ENGLISH, "en-gb-scotland+f3", 130),
    (Language.CANTONESE, "yue+f2", 150),
    (Language.FRENCH, "fr-be+m7", 160),
    (Language.GERMAN, "de+klatt3", 130),
    (Language.ITALIAN, "it+f4", 150),
    (Language.JAPANESE, "ja+f2", 150),
    (Language.KOREAN, "ko+m3", 140),
    (Language.PORTUGUESE, "pt+f2", 190),
    (Language.RUSSIAN, "ru+f2", 130),
    (Language.SPANISH, "es+f4", 180),
]

SPELLED = {
    Language.CHINESE: "qi2 yi4 en1 dian3 he2 deng3 gan1 tian2|wo3 zui4 yi3 de2 she4 mian3|"
    "qian2 wo3 shi1 sang4 jin1 bei4 xun2 hui2|xia1 yan3 jin1 de2 kan4 jian4",
    Language.JAPANESE: "いつくしみ ふかき ともなる いえすわ|つみ とが うれいお とりさりたもう|"
    "こころの なげきお つつまず のべて|などかわ おろさぬ おえる おもにお",
}

PAUSES = [0.3, 1.1, 0.2, 0.8]


def split(aligner: DtwAligner, lines: list[str], language: Language) -> list[list[str]]:
    return [aligner.split(line, language) for line in lines]


def align(
    aligner: DtwAligner, samples: Samples, lines: list[list[str]], language: Language
) -> list[AlignedWord]:
    """Align, and hold what every aligner promises."""
    aligned = aligner.align(samples, lines, language, lambda _: None)
    assert [word.text for word in aligned] == [word for line in lines for word in line]
    duration = len(samples) / SAMPLE_RATE
    for word in aligned:
        assert 0 <= word.start <= word.end <= duration
        assert word.score is not None
        assert math.isfinite(word.score)
        assert word.score <= 0
    for before, after in pairwise(aligned):
        assert before.start <= after.start
        assert before.end <= after.end
    return aligned


def mean_score(aligned: list[AlignedWord]) -> float:
    return float(np.mean([word.score for word in aligned if word.score is not None]))


@pytest.mark.parametrize(("language", "voice", "words_a_minute"), OTHER_VOICES)
def test_lines_start_where_another_voice_begins_them(
    aligner: DtwAligner, language: Language, voice: str, words_a_minute: int
) -> None:
    spoken = SPELLED.get(language, TEXTS[language]).split("|")
    reading = read(spoken, voice, words_a_minute=words_a_minute, pauses=PAUSES)
    lines = split(aligner, TEXTS[language].split("|"), language)
    aligned = align(aligner, reading.samples, lines, language)
    errors = np.abs(line_starts(aligned, lines) - reading.starts)
    assert np.median(errors) < 0.1
    assert errors.max() < 0.5
    assert np.abs(line_ends(aligned, lines) - reading.ends).max() < 0.8


def test_words_start_where_another_voice_begins_them(aligner: DtwAligner) -> None:
    words = [
        "Holy",
        "holy",
        "holy",
        "merciful",
        "and",
        "mighty",
        "early",
        "in",
        "the",
        "morning",
        "our",
        "song",
    ]
    reading = read(words, "en-us+f4", pauses=[0.05] * len(words))
    aligned = align(aligner, reading.samples, [words], Language.ENGLISH)
    errors = np.abs(np.array([word.start for word in aligned]) - reading.starts)
    assert np.median(errors) < 0.06
    assert errors.max() < 0.3


@pytest.mark.parametrize("gap", [5, 20, 60])
@pytest.mark.parametrize("level", [0.0, 0.1], ids=["silence", "music"])
def test_lines_are_not_pulled_into_gaps(aligner: DtwAligner, gap: float, level: float) -> None:
    texts = TEXTS[Language.GERMAN].split("|")
    reading = read(texts, "de+f2", pauses=[0.4, gap, 0.4, gap], lead=gap)
    samples = reading.samples
    if level:
        samples = samples + play_chords(len(samples) / SAMPLE_RATE, level)[: len(samples)]
    lines = split(aligner, texts, Language.GERMAN)
    aligned = align(aligner, samples, lines, Language.GERMAN)
    assert np.abs(line_starts(aligned, lines) - reading.starts).max() < 0.4
    assert np.abs(line_ends(aligned, lines) - reading.ends).max() < 0.8


def test_a_chorus_sung_again_is_found_again(aligner: DtwAligner) -> None:
    verse, chorus = (
        TEXTS[Language.ENGLISH].split("|"),
        ["Praise the Lord, praise the Lord", "Let the earth hear his voice"],
    )
    texts = [*chorus, *verse, *chorus, *chorus]
    reading = read(texts, "en-us+f3", pauses=[0.3] * len(texts))
    lines = split(aligner, texts, Language.ENGLISH)
    aligned = align(aligner, reading.samples, lines, Language.ENGLISH)
    assert np.abs(line_starts(aligned, lines) - reading.starts).max() < 0.3


def test_a_human_reading_is_in_time(aligner: DtwAligner) -> None:
    recording = SPEECH / "sonnet001.mp3"
    if not recording.exists():
        pytest.skip("the recordings are not on this machine")
    decode = ["ffmpeg", "-v", "error", "-i", str(recording)]
    form = ["-f", "f32le", "-ac", "1", "-ar", str(SAMPLE_RATE), "pipe:1"]
    sound = subprocess.run([*decode, *form], capture_output=True, check=True).stdout
    texts = recording.with_suffix(".txt").read_text("utf-8").splitlines()
    with recording.with_name("sonnet001.reference.csv").open(encoding="utf-8") as file:
        expected = [float(row["start_time"]) for row in csv.DictReader(file)]
    lines = split(aligner, texts, Language.ENGLISH)
    aligned = align(aligner, np.frombuffer(sound, np.float32), lines, Language.ENGLISH)
    firsts = np.cumsum([0, *map(len, lines)])[:-1]
    errors = np.abs([aligned[first].start for first in firsts] - np.array(expected))
    assert np.median(errors) < 0.1
    assert errors.max() < 1


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.GERMAN, Language.SPANISH])
def test_the_right_words_score_better_than_others(aligner: DtwAligner, language: Language) -> None:
    voice = {voice_language: voice for voice_language, voice, _ in OTHER_VOICES}[language]
    texts = TEXTS[language].split("|")
    reading = read(texts, voice, pauses=PAUSES)
    others = {
        Language.ENGLISH: ["When peace like a river attendeth my way", "It is well with my soul"],
        Language.GERMAN: ["Stille Nacht, heilige Nacht", "Alles schläft, einsam wacht"],
        Language.SPANISH: ["Noche de paz, noche de amor", "Todo duerme en derredor"],
    }[language]
    right = align(aligner, reading.samples, split(aligner, texts, language), language)
    wrong = align(aligner, reading.samples, split(aligner, others * 2, language), language)
    assert mean_score(right) > -0.5
    assert mean_score(wrong) < -0.6


SOUNDS = {
    "no sound": np.zeros(0, np.float32),
    "less than a frame": np.full(10, 0.1, np.float32),
    "a moment of silence": np.zeros(1_600, np.float32),
    "silence": np.zeros(10 * SAMPLE_RATE, np.float32),
    "a constant": np.ones(2 * SAMPLE_RATE, np.float32),
    "noise": np.random.default_rng(0).normal(0, 0.1, 5 * SAMPLE_RATE).astype(np.float32),
    "faint noise": np.random.default_rng(0).normal(0, 1e-6, SAMPLE_RATE).astype(np.float32),
}


@pytest.mark.parametrize("samples", SOUNDS.values(), ids=SOUNDS.keys())
@pytest.mark.parametrize(
    "lines",
    [
        [["Hallelujah"]],
        [["'"], ["''''"]],
        [["sing", "to", "the", "Lord"], ["1999"], ["愛", "Привет", "사랑"]],
        [["a" * 5_000], ["and"] * 50],
        [[f"word{number}" for number in range(400)]],
    ],
    ids=["one word", "nothing to say", "strange words", "a long word", "very many words"],
)
def test_whatever_is_heard_every_word_gets_a_place(
    aligner: DtwAligner, samples: Samples, lines: list[list[str]]
) -> None:
    align(aligner, samples, lines, Language.ENGLISH)


def test_markup_is_not_obeyed(aligner: DtwAligner) -> None:
    texts = ['--help [[h@l\'oU]] <break time="60s"/> grace and peace']
    lines = split(aligner, texts, Language.ENGLISH)
    reading = read([" ".join(lines[0])], "en-us+f3", pauses=[1.0])
    aligned = align(aligner, reading.samples, lines, Language.ENGLISH)
    assert aligned[-1].end == pytest.approx(reading.ends[0], abs=0.3)
    assert mean_score(aligned) > -1


def test_progress_grows_from_nothing_to_all(aligner: DtwAligner) -> None:
    told: list[float] = []
    noise = SOUNDS["noise"]
    aligner.align(np.tile(noise, 12), [["grace"] * 20], Language.ENGLISH, told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) >= 8


def test_progress_is_told_of_between_all_that_takes_long(aligner: DtwAligner) -> None:
    told: list[float] = []
    lines = [["grace", "and", "peace"]] * 100
    aligner.align(np.tile(SOUNDS["noise"], 12), lines, Language.ENGLISH, told.append)
    assert max(later - before for before, later in pairwise(told)) < 0.2


def test_progress_may_end_the_alignment(aligner: DtwAligner) -> None:
    class CanceledError(Exception):
        pass

    def cancel(done: float) -> None:
        if done > 0.3:
            raise CanceledError

    with pytest.raises(CanceledError):
        aligner.align(np.tile(SOUNDS["noise"], 12), [["grace"]], Language.ENGLISH, cancel)


def test_the_version_names_the_voice_and_the_readings(aligner: DtwAligner) -> None:
    assert "espeak-ng-1" in aligner.version
    assert "pypinyin-" in aligner.version
