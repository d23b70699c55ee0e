import csv
import subprocess
import sys
from pathlib import Path

import pytest

from shared.languages import Language
from worker.language import detect_language

TIMINGS = Path(__file__).parents[4] / "shared/data/timings"


@pytest.mark.parametrize(
    ("lyrics", "language"),
    [
        ("奇异恩典 何等甘甜\n我罪已得赦免", Language.CHINESE),
        ("奇異恩典 何等甘甜\n我罪已得赦免\nHallelujah", Language.CHINESE),
        ("我最喜歡の歌 唱給你聽 一直唱到天亮", Language.CHINESE),
        ("你喺邊度呀\n我唔知你去咗邊", Language.CANTONESE),
        ("驚くばかりの恵みなりき\nこの身の汚れを知れる我に", Language.JAPANESE),
        ("ゆめをみて\nlove you forever", Language.JAPANESE),
        ("나 같은 죄인 살리신\n주 은혜 놀라워\nhallelujah", Language.KOREAN),
        ("О благодать, спасён тобой\nЯ из пучины бед", Language.RUSSIAN),
        (
            (
                "Amazing grace, how sweet the sound\nThat saved a wretch like me\n"
                "I once was lost, but now am found"
            ),
            Language.ENGLISH,
        ),
        (
            "Sublime gracia del Señor\nque a un infeliz salvó\nFui ciego mas hoy veo yo",
            Language.SPANISH,
        ),
        (
            "Stille Nacht, heilige Nacht\nAlles schläft, einsam wacht\nNur das traute Paar",
            Language.GERMAN,
        ),
        (
            "Minuit, chrétiens, c'est l'heure solennelle\nOù l'Homme-Dieu descendit jusqu'à nous",
            Language.FRENCH,
        ),
        (
            "Tu scendi dalle stelle, o Re del cielo\ne vieni in una grotta al freddo e al gelo",
            Language.ITALIAN,
        ),
        (
            "Maravilhosa graça, quão doce é o som\nque salvou um pecador como eu\nNão há outro",
            Language.PORTUGUESE,
        ),
        ("[Chorus]\n(Instrumental)\n놀라운 은혜", Language.KOREAN),
        ("1 2 3", Language.ENGLISH),
        ("", Language.ENGLISH),
    ],
)
def test_the_language_is_found_by_script_and_then_by_words(lyrics: str, language: Language) -> None:
    assert detect_language(lyrics) is language


def test_cantonese_that_is_written_as_chinese_is_taken_for_chinese() -> None:
    assert detect_language("今天我寒夜裡看雪飄過\n懷著冷卻了的心窩飄遠方") is Language.CHINESE


@pytest.mark.skipif(not TIMINGS.exists(), reason="the songs with known times are not here")
def test_the_language_of_every_song_with_known_times_is_found() -> None:
    with (TIMINGS / "index.csv").open(newline="") as index:
        songs = list(csv.DictReader(index))
    found = {
        song["name"]: str(detect_language((TIMINGS / f"lyrics/{song['name']}.txt").read_text()))
        for song in songs
    }
    assert found == {song["name"]: song["language"] for song in songs}


def test_the_library_is_loaded_only_when_a_latin_script_needs_it() -> None:
    program = (
        "import sys; from worker.language import detect_language; "
        "detect_language('奇异恩典'); sys.exit('py3langid' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
