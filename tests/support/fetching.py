"""What the tests of fetching share: a song, and what becomes of it."""

import hashlib
from pathlib import Path

import pytest

from shared.problems import (
    Problem,
    ProblemType,
)
from shared.settings import Settings
from worker.audio.fetch import fetch

SONG = bytes(range(256)) * 1_000
SHA256 = hashlib.sha256(SONG).hexdigest()


def refusal(reference: str, settings: Settings, kind: ProblemType) -> str:
    with pytest.raises(Problem) as caught:
        fetch(reference, settings)
    assert caught.value.kind is kind
    return caught.value.detail


def check_song(reference: str, settings: Settings) -> Path:
    with fetch(reference, settings) as audio:
        assert audio.path.read_bytes() == SONG
        assert audio.sha256 == SHA256
        assert audio.size == len(SONG)
        return audio.path
