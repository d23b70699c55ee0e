from pathlib import Path

import pytest

from scripts.demo import chosen_language, chosen_song
from scripts.stack import StackError


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    named = {"AUDIO": tmp_path / "my song.mp3", "LYRICS": tmp_path / "my song.txt"}
    for path in named.values():
        path.touch()
    return {name: str(path) for name, path in named.items()}


def test_nothing_named_is_the_demos_own_song() -> None:
    assert chosen_song({}) is None


def test_files_with_spaces_in_their_names_are_taken_as_they_are(files: dict[str, str]) -> None:
    song = chosen_song(files)
    assert song is not None
    assert song.audio.name == "my song.mp3"
    assert song.lyrics.name == "my song.txt"


def test_a_song_without_lyrics_is_refused_with_the_command_to_write(files: dict[str, str]) -> None:
    with pytest.raises(StackError, match=r"LYRICS is missing: make demo AUDIO="):
        chosen_song({"AUDIO": files["AUDIO"]})


def test_a_file_that_is_not_there_is_named(files: dict[str, str]) -> None:
    with pytest.raises(StackError, match=r"AUDIO: there is no file nowhere\.mp3"):
        chosen_song({**files, "AUDIO": "nowhere.mp3"})


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "auto"),
        ({"DEMO_LANGUAGE": "zh"}, "zh"),
        ({"LANGUAGE": "German"}, "German"),
        ({"LANGUAGE": "en_US:en"}, "auto"),
        ({"LANGUAGE": "en"}, "auto"),
        ({"LANGUAGE": ""}, "auto"),
    ],
)
def test_gettexts_list_of_languages_is_not_taken_for_the_songs(
    environment: dict[str, str], language: str
) -> None:
    assert chosen_language(environment) == language
