"""Everything around the model: whole jobs, less the time that the model's towers take."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import torch

from bench.folder import full_size_model
from bench.progress import say
from bench.service import service
from bench.song import make_lyrics, make_song
from bench.table import Row, at_most, show_seconds
from shared.job import JobRequest
from shared.languages import Language
from shared.log import configure_logging
from shared.settings import Settings
from shared.storage.uploads import open_uploads
from worker.aligners.qwen3 import Qwen3Aligner
from worker.audio.decode import load_samples
from worker.audio.fetch import fetch
from worker.audio.probe import probe
from worker.process.life import WorkerProcess
from worker.tasks.align import align

SECONDS: Final = 180
JOBS: Final = 3
PART_ROUNDS: Final = 5
TOWERS: Final = ("_encoder", "_decoder")


def rows() -> Iterator[Row]:
    """Do whole jobs on a Redis of the bench's own, with the towers timed within them."""
    song, lyrics = make_song(SECONDS), make_lyrics(SECONDS)
    model = full_size_model()
    with service() as beside:
        settings = Settings.model_validate(
            {
                "redis_url": beside.redis_url,
                "upload_dir": beside.settings["SOW_QWEN3_UPLOAD_DIR"],
                "model_path": str(model),
                "max_concurrent": 1,
                "log_level": "warning",
            }
        )
        configure_logging(settings)
        process = WorkerProcess(settings, "bench", 0)
        process.start()
        jobs = [_do_job(process, song, lyrics) for _ in range(JOBS)]
        around = statistics.median(job.around_s for job in jobs)
        parts = _time_parts(process, song, around)
    device = process.aligner.device
    yield Row(
        "around the model",
        f"a whole job from claim to result ({SECONDS} s of stereo mp3, "
        f"{len(lyrics.split())} words) less the model's two towers, against these alone "
        f"({device}, {torch.get_num_threads()} threads, median of {JOBS} jobs)",
        f"{show_seconds(around)} against {show_seconds(statistics.median(j.model_s for j in jobs))}"
        f"; {around * 3600 / SECONDS:.0f} s an hour of audio",
        statistics.median(job.around_s / job.model_s for job in jobs),
        parts,
        at_most(0.05) if device == "cpu" else None,
    )


@dataclass(frozen=True, slots=True)
class Timed:
    """How long one job took: the model, and all else (seconds)."""

    model_s: float
    around_s: float


def _do_job(process: WorkerProcess, song: Path, lyrics: str) -> Timed:
    """Do a job by the worker's own task."""
    process.store.redis.flushdb()  # else the result cache knows the second job's answer
    with song.open("rb") as file:
        upload = open_uploads(process.settings).save(file)
    request = JobRequest(audio=upload.reference, lyrics_text=lyrics, language=Language.ENGLISH)
    made = process.store.create("bench", request, fingerprint="bench")
    assert made.job is not None  # noqa: S101 - nothing was made before it
    in_model = _Stopwatch()
    aligner: Any = process.aligner
    with ExitStack() as patches:
        for tower in TOWERS:
            timed = in_model.around(getattr(aligner, tower))
            patches.enter_context(patch.object(aligner, tower, timed))
        patches.enter_context(patch("worker.tasks.align.this_process", lambda: process))
        begun = time.perf_counter()
        state = align(made.job.id)
        whole_s = time.perf_counter() - begun
    if state != "succeeded":
        raise RuntimeError(f"the job {state}")
    say(f"a job: {whole_s:.2f} s, of it {in_model.seconds:.2f} s in the model")
    return Timed(in_model.seconds, whole_s - in_model.seconds)


class _Stopwatch:
    """Adds up the time that calls take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:  # noqa: ANN401 - whatever the call takes and gives
            begun = _now()
            answer = call(*args)
            self.seconds += _now() - begun
            return answer

        return timed


def _now() -> float:
    """Tell the time when all that was asked of a GPU is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _time_parts(process: WorkerProcess, song: Path, around_s: float) -> str:
    """Time by themselves the parts that are worth a name, and say what is left."""
    settings, aligner = process.settings, process.aligner
    assert isinstance(aligner, Qwen3Aligner)  # noqa: S101 - it is the settings' default
    with song.open("rb") as file:
        upload = open_uploads(settings).save(file)
    samples = load_samples(song, settings).samples
    parts: dict[str, Callable[[], object]] = {
        "fetch and hash": lambda: fetch(upload.reference, settings),
        "ffprobe": lambda: probe(song, settings.decode_timeout_seconds),
        "ffprobe and ffmpeg": lambda: load_samples(song, settings),
        "mel features": lambda: aligner._features(samples),  # noqa: SLF001 - the part itself
    }
    took = {name: _median_time(part) for name, part in parts.items()}
    took["ffmpeg"] = took.pop("ffprobe and ffmpeg") - took["ffprobe"]
    took["all else (words, head, repair, lines, Redis)"] = around_s - sum(took.values())
    return ", ".join(f"{name} {show_seconds(seconds)}" for name, seconds in took.items())


def _median_time(part: Callable[[], object]) -> float:
    times = []
    for _ in range(PART_ROUNDS):
        begun = _now()
        part()
        times.append(_now() - begun)
    return statistics.median(times)
