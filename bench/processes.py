"""One worker process against two on the same cores: time for eight songs, and memory."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.folder import full_size_model
from bench.progress import say
from bench.service import service, submit_song
from bench.song import make_lyrics, make_song
from bench.table import Row, at_most

SONGS: Final = 8
SECONDS: Final = {"cpu": 20, "cuda": 180}
"""The songs' length by device: long enough to tell, short enough to wait for."""
ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run gave: time for the songs, and the worker processes' memory after them."""

    seconds: float
    memory: int
    """PSS in bytes: what processes share is shared out among them. What is mapped from the model's
    file is counted whole and once: others on this machine may have it mapped too."""
    weights: int
    """Of these, the bytes that are mapped from the model's file."""


def rows() -> Iterator[Row]:
    """Compare on the CPU, and on a GPU where there is one."""
    one, two = _compare("cpu")
    yield _time_row("two processes", "cpu", one, two)
    one_bytes, two_bytes = (statistics.median(run.memory for run in side) for side in (one, two))
    weights = statistics.median(run.weights for run in two)
    yield Row(
        "memory of two",
        "PSS of both worker processes on the CPU after their songs, against that of one alone",
        f"{two_bytes / 1e6:.0f} MB against {one_bytes / 1e6:.0f} MB",
        two_bytes / one_bytes,
        f"each process's own: Python, torch and what the last song left; {weights / 1e6:.0f} MB "
        "are the mapped weights, which both share",
        at_most(1.5),
    )
    name = "two processes on a GPU"
    if _has_gpu():
        yield _time_row(name, "cuda", *_compare("cuda"))
    else:
        yield Row(name, _what("cuda"), "no GPU here", None, "")


def _has_gpu() -> bool:
    import torch  # noqa: PLC0415 - as little as possible is imported before the CPU's rows

    return bool(torch.cuda.is_available())


def _what(device: str) -> str:
    return (
        f"{SONGS} songs of {SECONDS[device]} s through the whole service on {device}: two worker "
        "processes against one on the same cores (threads = cores / processes)"
    )


def _time_row(name: str, device: str, one: list[Measured], two: list[Measured]) -> Row:
    return Row.speedup(
        name,
        _what(device),
        ours_s=statistics.median(run.seconds for run in two),
        other_s=statistics.median(run.seconds for run in one),
        limit="the cores: on a CPU one process with all of them is as fast, but for the gaps that "
        "fetching, decoding and Redis leave"
        if device == "cpu"
        else "the GPU, which one process leaves idle while it fetches, decodes and writes",
    )


def _compare(device: str) -> tuple[list[Measured], list[Measured]]:
    """Run one process and two in turn, each in a worker of its own."""
    runs = [(_run(device, 1), _run(device, 2)) for _ in range(ROUNDS)]
    return [one for one, _ in runs], [two for _, two in runs]


def _run(device: str, processes: int) -> Measured:
    song, lyrics = make_song(SECONDS[device]), make_lyrics(SECONDS[device])
    settings = {
        "SOW_QWEN3_MODEL_PATH": str(full_size_model()),
        "SOW_QWEN3_DEVICE": device,
        "SOW_QWEN3_MAX_CONCURRENT": str(processes),
        "SOW_QWEN3_RESULT_CACHE_BYTES": "0",
    }
    with service(**settings) as made:
        made.wait_for("/readyz", made.start_api())
        health = made.wait_for("/health", made.start_worker(), processes)
        begun = perf_counter()
        jobs = [submit_song(made.url, song, lyrics) for _ in range(SONGS)]
        made.wait_for_jobs(jobs)
        seconds = perf_counter() - begun
        memory = [_read_memory(int(worker["pid"])) for worker in health["workers"]]
    say(f"{device}, {processes} processes: {SONGS} songs in {seconds:.1f} s")
    weights = max(mapped for _, mapped in memory)
    return Measured(seconds, sum(own for own, _ in memory) + weights, weights)


def _read_memory(pid: int) -> tuple[int, int]:
    """Read a process's PSS without the model's file, and what it has mapped of that (bytes).

    Source: proc_pid_smaps(5).
    """
    own, weights, in_weights = 0, 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if not name.isidentifier():
            in_weights = line.endswith(".safetensors")
        elif in_weights and name == "Rss":
            weights += int(value.split()[0]) * 1024
        elif not in_weights and name == "Pss":
            own += int(value.split()[0]) * 1024
    return own, weights
