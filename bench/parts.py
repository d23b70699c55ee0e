"""The parts of the bench, each of which can be measured alone."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final

from bench.table import Row

PARTS: Final = {
    "model": ("bench.model", "rows", "the model stage against qwen-asr's align()"),
    "around": ("bench.around", "rows", "everything around the model against the model"),
    "queue": ("bench.queue", "rows", "queue and HTTP against bare Celery; submit latency"),
    "processes": ("bench.processes", "rows", "two processes against one: time and memory"),
    "starts": ("bench.starts", "rows", "worker and API from start to ready"),
    "dtw": ("bench.dtw", "measure", "the dtw aligner: time and memory"),
}
"""By name: the module and its function that gives the rows, and what the part is about."""


def measure(part: str) -> list[Row]:
    """Measure one part."""
    module, function, _ = PARTS[part]
    rows: Callable[[], Iterable[Row]] = getattr(import_module(module), function)
    return list(rows())
