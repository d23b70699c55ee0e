import ctypes
from pathlib import Path
from typing import Never

import pytest

from worker.aligners.dtw import DtwAligner, speech
from worker.aligners.dtw.pronunciation import Utterance
from worker.aligners.dtw.speech import speak


def test_every_word_has_a_place_in_order() -> None:
    words = ["In", "the", "year", "1999", "don't", "--stop", "[[h@]]", "of", "the", "I", "am"]
    spoken = speak([Utterance("en-us", words)]).utterances[0]
    assert len(spoken.words) == len(words)
    edges = [edge for place in spoken.words for edge in place]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] == len(spoken.samples)


def test_voices_may_change_between_utterances() -> None:
    spoken = speak([Utterance("cmn-latn-pinyin", ["ni3", "hao3"]), Utterance("en-us", ["hello"])])
    assert [len(utterance.words) for utterance in spoken.utterances] == [2, 1]
    assert all(len(utterance.samples) > 0.2 * spoken.sample_rate for utterance in spoken.utterances)


def test_a_faster_rate_speaks_faster() -> None:
    utterances = [Utterance("de", ["Großer", "Gott", "wir", "loben", "dich"])]
    slow, fast = (len(speak(utterances, rate).utterances[0].samples) for rate in (110, 300))
    assert fast < 0.6 * slow


def test_a_voice_that_is_not_there_is_named() -> None:
    with pytest.raises(RuntimeError, match="no voice nobody"):
        speak([Utterance("nobody", ["hello"])])


def test_a_missing_espeak_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_name: str) -> Never:
        raise OSError("cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with pytest.raises(RuntimeError, match="apt-get install espeak-ng"):
        DtwAligner()


def test_an_espeak_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "hangs.py"
    program.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(speech, "_PROGRAM", program)
    monkeypatch.setattr(speech, "_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(RuntimeError, match="took too long"):
        speak([Utterance("en-us", ["hello"])])
