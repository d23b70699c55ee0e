"""From start to ready: the API and the worker, each against the bare packages it stands on."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.folder import full_size_model
from bench.progress import say
from bench.queue import UNREAD, running_bare_celery
from bench.service import PROCESSES, Service, service
from bench.table import Row, alternate, show_seconds

ROUNDS: Final = 3

BARE_MODEL: Final = """
import sys, numpy, torch
from qwen_asr import Qwen3ForcedAligner
aligner = Qwen3ForcedAligner.from_pretrained(sys.argv[1], dtype=getattr(torch, sys.argv[2]))
aligner.align((numpy.zeros(16000, "float32"), 16000), "la", "English")
"""
"""What anybody does before the first song who has nothing but qwen-asr."""


def rows() -> Iterator[Row]:
    """Start each part and its bare counterpart in turn."""
    with service() as made:
        yield _row(
            "API start",
            "from start to the first 200 of /readyz, against a bare FastAPI application under "
            "uvicorn",
            (lambda: _start_api(made), lambda: _start_api(made, "bench.bare_api:create_app")),
            "imports (FastAPI, pydantic, Celery, boto3), on one core",
        )
    with service(SOW_QWEN3_ALIGNER="dtw") as made:
        made.start_api()
        yield _row(
            "worker start, dtw",
            f"from start until {PROCESSES} processes are ready on /health, against a bare Celery "
            "worker's first task",
            (lambda: _start_worker(made), lambda: _start_bare_celery(made)),
            "imports (Celery, numpy, pydub), on one core, and espeak-ng's first word",
        )
    model = str(full_size_model())
    with service(SOW_QWEN3_MODEL_PATH=model) as made:
        made.start_api()
        yield _row(
            "worker start, qwen3",
            f"from start until {PROCESSES} processes are ready on /health, a full-size model and "
            "its warm-up in each, against one Python that loads it with qwen-asr and aligns a word",
            (lambda: _start_worker(made), lambda: _run_bare_model(model)),
            "importing torch and qwen-asr in every process; the weights are mapped, not read",
        )


def _row(
    name: str, compared: str, sides: tuple[Callable[[], float], Callable[[], float]], limit: str
) -> Row:
    ours_s, bare_s = alternate(*sides, ROUNDS)
    measured = f"{show_seconds(ours_s)} against {show_seconds(bare_s)}"
    say(f"{name}: {measured}")
    return Row(name, compared, measured, ours_s / bare_s, limit)


def _start_api(made: Service, app: str = "api.app:create_app") -> float:
    begun = time.perf_counter()
    program = made.start_api(app)
    made.wait_for("/readyz", program)
    took = time.perf_counter() - begun
    made.end(program)
    return took


def _start_worker(made: Service) -> float:
    made.forget_workers()
    begun = time.perf_counter()
    program = made.start_worker()
    made.wait_for("/health", program, PROCESSES)
    took = time.perf_counter() - begun
    made.end(program)
    return took


def _start_bare_celery(made: Service) -> float:
    begun = time.perf_counter()
    with running_bare_celery(made, 1, UNREAD):
        return time.perf_counter() - begun


def _run_bare_model(model: str) -> float:
    from worker.device import choose_dtype  # noqa: PLC0415 - it imports torch

    dtype = choose_dtype("auto", "cpu")
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603 - the arguments are ours
        [sys.executable, "-W", "ignore", "-c", BARE_MODEL, model, dtype],
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - begun
