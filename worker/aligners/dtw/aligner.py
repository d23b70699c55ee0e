"""The `dtw` aligner: speaks the lyrics and warps them onto the recording; no weights."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared.languages import Language
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Progress, Samples
from worker.aligners.dtw.features import Frames, cepstra, find_speech, mel_energies
from worker.aligners.dtw.pronunciation import Utterance, pronounce
from worker.aligners.dtw.score import scores
from worker.aligners.dtw.speech import FASTEST_RATE, NORMAL_RATE, SLOWEST_RATE, speak
from worker.aligners.dtw.track import frame_speech
from worker.aligners.dtw.voice import Voice, get_to_know
from worker.aligners.dtw.warp import Match, warp
from worker.aligners.dtw.words import split

_REVISION = 3
"""Grows with every change here that moves times or scores."""

_HOP_SECONDS = 0.02
_MOST_FRAMES = 20_000
"""Longer recordings get longer hops, so that a warp stays under 0.6 GB whatever their length."""
_LEAST_VOICE_SECONDS = 1.0
"""Less than this of a voice is too little to normalise a recording by."""

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

        A word's score is the log-probability that it and its neighbours match for being right
        and not by chance (see `score.py`); the model's scores and these are not on one scale.
        """
        progress(0.0)
        utterances = [utterance for line in lines for utterance in pronounce(line, language)]
        duration = len(samples) / SAMPLE_RATE
        hop = max(_HOP_SECONDS, duration / _MOST_FRAMES)
        energies = mel_energies(samples, SAMPLE_RATE, hop)
        has_speech = find_speech(energies)
        recording = cepstra(energies, has_speech)
        progress(0.02)
        voice = _voice_of(
            recording, has_speech, utterances, hop, lambda done: progress(0.02 + 0.43 * done)
        )
        if voice is None:
            return _aligned(lines, {}, [], hop, duration)
        rate = round(min(max(NORMAL_RATE * voice.pace, SLOWEST_RATE), FASTEST_RATE))
        spoken = frame_speech(speak(utterances, rate), hop, voice.raised)
        if voice.frames.sum() * hop >= _LEAST_VOICE_SECONDS:
            recording = cepstra(energies, voice.frames)
        matches = warp(
            recording,
            has_speech,
            spoken.fit(len(recording)),
            lambda done: progress(0.5 + 0.2 * done),
        )
        in_reverse_order = warp(
            recording,
            has_speech,
            spoken.in_reverse_order().fit(len(recording)),
            lambda done: progress(0.7 + 0.15 * done),
        )
        backwards = warp(
            recording,
            has_speech,
            spoken.backwards().fit(len(recording)),
            lambda done: progress(0.85 + 0.15 * done),
        )
        by_chance = [*in_reverse_order.values(), *backwards.values()]
        progress(1.0)
        return _aligned(lines, matches, [match.gain for match in by_chance], hop, duration)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _voice_of(
    recording: Frames,
    has_speech: NDArray[np.bool_],
    utterances: Sequence[Utterance],
    hop_seconds: float,
    progress: Progress,
) -> Voice | None:
    """Get to know the recording's voice; None where the lyrics have nothing to say."""
    speech = speak(utterances)
    progress(0.1)
    return get_to_know(
        recording,
        has_speech,
        lambda raised: frame_speech(speech, hop_seconds, raised),
        lambda done: progress(0.1 + 0.9 * done),
    )


def _aligned(
    lines: Sequence[Sequence[str]],
    matches: dict[int, Match],
    chance_gains: Sequence[float],
    hop_seconds: float,
    duration: float,
) -> list[AlignedWord]:
    words = [word for line in lines for word in line]
    gains = [matches[word].gain if word in matches else None for word in range(len(words))]
    scored = scores(gains, chance_gains)
    places = _places(matches, hop_seconds, lines, duration)
    return [
        AlignedWord(word, start, end, score)
        for word, (start, end), score in zip(words, places, scored, strict=True)
    ]


def _places(
    matches: dict[int, Match], hop_seconds: float, lines: Sequence[Sequence[str]], duration: float
) -> list[tuple[float, float]]:
    """Turn matches into the start and end of every word (seconds).

    Words without a match have no length. They stand by the word next to them that is of their
    line; where there is none, or one on either side, they are spread evenly between the two.
    """
    line_of = [number for number, line in enumerate(lines) for _ in line]
    found = [
        (word, min(match.first * hop_seconds, duration), min(match.end * hop_seconds, duration))
        for word, match in matches.items()
    ]
    around = [(-1, 0.0, 0.0), *found, (len(line_of), duration, duration)]
    line_of += [-1]  # of what is around the words, at -1 and after the last
    places: list[tuple[float, float]] = []
    for (before, _, end), (after, start, next_end) in pairwise(around):
        for word in range(before + 1, after):
            of_before = line_of[word] == line_of[before]
            of_after = line_of[word] == line_of[after]
            share = (word - before) / (after - before) if of_before == of_after else float(of_after)
            at = end + (start - end) * share
            places.append((at, at))
        places.append((start, next_end))
    return places[:-1]
