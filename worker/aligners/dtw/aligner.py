"""The `dtw` aligner: speaks the lyrics and warps them onto the recording; no weights."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from shared.languages import Language
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Progress, Samples
from worker.aligners.dtw.features import cepstra, find_speech, mel_energies
from worker.aligners.dtw.pronunciation import Utterance, pronounce
from worker.aligners.dtw.score import NO_MATCH, scores
from worker.aligners.dtw.speech import FASTEST_RATE, NORMAL_RATE, SLOWEST_RATE, speak
from worker.aligners.dtw.track import SpokenFrames, frame_speech
from worker.aligners.dtw.warp import Match, warp
from worker.aligners.dtw.words import split

_REVISION = 2
"""Grows with every change here that moves times or scores."""

_HOP_SECONDS = 0.02
_MOST_FRAMES = 20_000
"""Longer recordings get longer hops, so that memory stays under 0.6 GB whatever their length."""

_READERS = ("nagisa", "pykakasi", "pypinyin")
"""The packages that decide what is spoken."""


class DtwAligner:
    """Puts words in time by what espeak-ng would sound like saying them.

    Good for clear speech in any of the languages, poor where a band plays over the voice.
    Making one raises RuntimeError where espeak-ng is not installed or does not work.
    """

    name = "dtw"
    device = "cpu"

    def __init__(self) -> None:
        first_words = [Utterance("en-us", ["Hallelujah"])]
        readers = [f"{package}-{_version(package)}" for package in _READERS]
        espeak = f"espeak-ng-{speak(first_words).espeak_version}"
        self.version = ";".join([f"dtw-{_REVISION}", espeak, *readers])

    def split(self, line: str, language: Language) -> list[str]:
        """Split one line into words; see `words.split` for the rules."""
        return split(line, language)

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,
        progress: Progress,
    ) -> list[AlignedWord]:
        """Place every word of every line; see `base.Aligner.align`.

        A word's score is the logarithm of the share of wrongly placed words that would match
        worse (see `score.py`); the model's scores and these are not on one scale.
        """
        progress(0.0)
        words = [word for line in lines for word in line]
        duration = len(samples) / SAMPLE_RATE
        hop = max(_HOP_SECONDS, duration / _MOST_FRAMES)
        energies = mel_energies(samples, SAMPLE_RATE, hop)
        has_speech = find_speech(energies)
        recording = cepstra(energies, has_speech)
        spoken = _speak_at_pace(lines, language, hop, int(has_speech.sum()))
        if not len(spoken.words):
            places = _places({}, hop, len(words), duration)
            return _aligned(words, places, [NO_MATCH] * len(words))
        matches = warp(
            recording,
            has_speech,
            spoken.fit(len(recording)),
            lambda done: progress(0.1 + 0.7 * done),
        )
        by_chance = warp(
            recording[::2],
            has_speech[::2],
            spoken.in_reverse_order().fit(len(recording[::2])),
            lambda done: progress(0.8 + 0.2 * done),
        )
        places = _places(matches, hop, len(words), duration)
        progress(1.0)
        return _aligned(words, places, _scores(matches, by_chance, len(words)))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _speak_at_pace(
    lines: Sequence[Sequence[str]], language: Language, hop_seconds: float, speech_frames: int
) -> SpokenFrames:
    """Speak the lines about as fast as the recording does, which has so many frames of speech."""
    utterances = [utterance for line in lines for utterance in pronounce(line, language)]
    spoken = frame_speech(speak(utterances), hop_seconds)
    pace = NORMAL_RATE * len(spoken.words) / max(1, speech_frames)
    rate = round(min(max(pace, SLOWEST_RATE), FASTEST_RATE))
    return frame_speech(speak(utterances, rate), hop_seconds)


def _aligned(
    words: Sequence[str], places: Sequence[tuple[float, float]], scores: Sequence[float]
) -> list[AlignedWord]:
    return [
        AlignedWord(word, start, end, score)
        for word, (start, end), score in zip(words, places, scores, strict=True)
    ]


def _scores(matches: dict[int, Match], by_chance: dict[int, Match], words: int) -> list[float]:
    chance_gains = [match.gain for match in by_chance.values()]
    scored = scores([match.gain for match in matches.values()], chance_gains)
    of_word = dict(zip(matches, scored, strict=True))
    return [of_word.get(word, NO_MATCH) for word in range(words)]


def _places(
    matches: dict[int, Match], hop_seconds: float, words: int, duration: float
) -> list[tuple[float, float]]:
    """Turn matches into the start and end of every word (seconds).

    Words without a match have no length, and are spread evenly between their neighbours.
    """
    places: list[tuple[float, float]] = []
    end = 0.0
    for word in range(words + 1):
        if word == words:
            start, next_end = duration, duration
        elif word in matches:
            start = min(matches[word].first * hop_seconds, duration)
            next_end = min(matches[word].end * hop_seconds, duration)
        else:
            continue
        lost = word - len(places)
        for index in range(1, lost + 1):
            at = end + (start - end) * index / (lost + 1)
            places.append((at, at))
        if word < words:
            places.append((start, next_end))
        end = next_end
    return places
