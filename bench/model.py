"""The model stage against qwen-asr's own `align()`: same weights, same audio, same attention.

python -m bench.model --seconds 60 180
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from qwen_asr import Qwen3ForcedAligner
from rich.console import Console

from bench.folder import full_size_model
from bench.operations import count_operations
from bench.progress import say
from bench.song import HYMN, WORDS_A_MINUTE
from bench.table import Row, at_least, print_table
from tests.support.package_attention import use_windows
from worker.aligners.base import SAMPLE_RATE, Samples
from worker.aligners.qwen3 import Qwen3Aligner
from worker.aligners.qwen3.checkpoint import load_package
from worker.aligners.qwen3.encoder import Attention
from worker.device import choose_device, choose_dtype, threads_per_process

ATTENTIONS: Final[dict[Attention, str]] = {
    "package": "whole-clip attention",
    "windows": "8 s windows",
}
SECONDS: Final = (60.0, 180.0, 300.0)
ROUNDS: Final = 2
EQUALITY_SECONDS: Final = 20.0
"""How long the audio is whose times are compared: float32 is slow."""

AIM: Final = {180.0: at_least(1.5)}

MATRIX_SIDE: Final = 3_072
"""The side of the square matrices that tell the machine's speed: about the model's own."""

MATRIX_REPEATS: Final = 25
"""As many take a second or two: a shorter moment may be a better one than any whole run has."""

FRAMES_A_SECOND: Final = 100
"""Mel frames a second."""


def rows() -> Iterator[Row]:
    """Compare speed at each length, then results, on all usable cores."""
    torch.set_num_threads(threads_per_process(1))
    *shorter, longest = SECONDS
    yield from speed(full_size_model(), shorter, ROUNDS)
    # one round of the longest takes three minutes
    yield from speed(full_size_model(), [longest], 1)
    yield from equality(full_size_model(), EQUALITY_SECONDS)


def speed(folder: Path, seconds: Sequence[float], rounds: int) -> Iterator[Row]:
    """Time both on audio of each length, with both attentions."""
    device = choose_device("auto")
    dtype = choose_dtype("auto", device)
    package, reference = (load_package(folder, device, getattr(torch, dtype)) for _ in range(2))
    warm = Sides(Qwen3Aligner(package, "windows", "bench"), reference, Song.make(2))
    warm.run_ours()
    warm.run_package()
    for length in seconds:
        song = Song.make(length)
        for attention, described in ATTENTIONS.items():
            say(f"model, {length:g} s, {described}")
            _set_attention(reference, attention)
            sides = Sides(Qwen3Aligner(package, attention, "bench"), reference, song)
            multiply = partial(_multiply, reference)
            before, ours, package_s, after = _best(
                (multiply, sides.run_ours, sides.run_package, multiply), rounds
            )
            needed = count_operations(
                package, round(length * FRAMES_A_SECOND), song.words, attention
            )
            machine = MATRIX_REPEATS * 2 * MATRIX_SIDE**3 / min(before, after)
            yield Row.speedup(
                f"model, {length:g} s of audio",
                f"our forward against qwen-asr's align(), both with {described}, {dtype} on "
                f"{device}, {torch.get_num_threads()} threads, {len(song.words)} words",
                ours_s=ours,
                other_s=package_s,
                limit=f"matrix products: {needed / 1e12:.2f} TFLOP that must be done, at "
                f"{needed / ours / machine:.0%} of the {machine / 1e9:.0f} GFLOP/s that the "
                "machine does in this run",
                aim=AIM.get(length),
            )


def equality(folder: Path, seconds: float) -> Iterator[Row]:
    """Count how many times are equal, in float32 and in bfloat16, with both attentions.

    In bfloat16 a random head leaves many bins nearly as likely as the best, and rounding decides,
    in qwen-asr itself too: there, a head that knows the song, as a trained one does, is compared.
    """
    song = Song.make(seconds)
    exact: dict[Attention, np.ndarray] = {}
    for dtype, head in (
        (torch.float32, "random"),
        (torch.bfloat16, "random"),
        (torch.bfloat16, "sure"),
    ):
        package = load_package(folder, "cpu", dtype)
        for attention, described in ATTENTIONS.items():
            say(f"equality in {dtype}, {head} head, {described}")
            _set_attention(package, attention)
            sides = Sides(Qwen3Aligner(package, attention, "bench"), package, song)
            if head == "sure":
                _make_sure(sides)
            ours, theirs = sides.run_ours(), sides.run_package()
            limit = "nothing"
            if dtype == torch.bfloat16 and head == "random":
                shares = [f"{np.mean(times == exact[attention]):.0%}" for times in (ours, theirs)]
                limit = (
                    "rounding between nearly equal bins: of the float32 times "
                    f"ours are {shares[0]}, the package's {shares[1]}"
                )
            exact.setdefault(attention, theirs)
            yield Row(
                f"equal times, {str(dtype).removeprefix('torch.')}, {head} head",
                f"our forward and qwen-asr's align(), both with {described}, {seconds:g} s",
                f"{np.count_nonzero(ours == theirs)} of {len(ours)}",
                float(np.mean(ours == theirs)),
                limit,
            )


def _make_sure(sides: "Sides") -> None:
    """Give the model the head that answers this song's states with evenly spaced times."""
    head = sides.package.model.thinker.lm_head
    seen: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float()))
    sides.run_ours()
    hook.remove()
    (states,) = seen
    bins = torch.arange(len(states)) * 3
    weights = torch.zeros(head.weight.shape)
    weights[bins] = torch.linalg.pinv(states).T
    head.weight = torch.nn.Parameter(weights.to(head.weight.dtype), requires_grad=False)


@dataclass(frozen=True)
class Song:
    """Something to align: sounds that change every half second, and a song's number of words."""

    samples: Samples
    words: list[str]

    @classmethod
    def make(cls, seconds: float) -> Self:
        """Make one of that length, always the same."""
        random = np.random.default_rng(0)
        moments = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        syllable = (moments * 2).astype(int)
        pitch = random.uniform(80, 2_000, syllable.max() + 1)[syllable]
        loudness = random.uniform(0, 0.5, syllable.max() + 1)[syllable]
        sound = np.sin(2 * np.pi * pitch * moments) * loudness
        noise = random.standard_normal(len(moments)) * 0.02
        words = islice(cycle(HYMN), round(seconds * WORDS_A_MINUTE / 60))
        return cls((sound + noise).astype(np.float32), list(words))


@dataclass(frozen=True)
class Sides:
    """Both sides of a comparison, ready to run; each answers its times (seconds)."""

    ours: Qwen3Aligner
    package: Qwen3ForcedAligner
    song: Song

    def run_ours(self) -> np.ndarray:
        """Align with our forward."""
        times, _ = self.ours.place(self.song.samples, self.song.words, lambda _: None)
        return np.array(times) / 1000

    def run_package(self) -> np.ndarray:
        """Align with the package's `align()`."""
        sound = (self.song.samples, SAMPLE_RATE)
        (items,) = self.package.align(sound, " ".join(self.song.words), "English")
        return np.array([time for item in items for time in (item.start_time, item.end_time)])


def _set_attention(package: Qwen3ForcedAligner, attention: Attention) -> None:
    if attention == "windows":
        use_windows(package)
    else:
        package.model.thinker.audio_tower.set_attn_implementation("sdpa")


def _multiply(package: Qwen3ForcedAligner) -> None:
    matrix = torch.ones(
        MATRIX_SIDE, MATRIX_SIDE, dtype=package.model.dtype, device=package.model.device
    )
    for _ in range(MATRIX_REPEATS):
        matrix @ matrix
    float(matrix[0, 0])  # waits for a GPU


def _best(runs: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Time the runs in turn, so many times; give each one's best, the least disturbed."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            begun = time.perf_counter()
            run()
            best[index] = min(best[index], time.perf_counter() - begun)
    return best


def main() -> None:
    """Print the rows that the command line asks for."""
    parser = argparse.ArgumentParser(description="the model stage against qwen-asr's align()")
    parser.add_argument("--seconds", type=float, nargs="*", default=SECONDS, help="audio lengths")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=threads_per_process(1))
    parser.add_argument("--equality", type=float, help="compare times on audio of that length too")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    found = list(speed(full_size_model(), chosen.seconds, chosen.rounds))
    if chosen.equality:
        found += equality(full_size_model(), chosen.equality)
    print_table(found, f"torch {torch.__version__}", Console())


if __name__ == "__main__":
    main()
