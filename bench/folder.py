"""The folder that keeps what the bench makes once a machine: songs, and a full-size model."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.progress import say

FOLDER: Final = Path(__file__).parents[1] / "run" / "bench"


def cached(name: str, make: Callable[[Path], object]) -> Path:
    """Give what is kept under a name, made first where it is not there.

    `make` writes to the path that it is given, which gets its name only when it is whole.
    """
    kept = FOLDER / name
    if not kept.exists():
        say(f"making {name}")
        FOLDER.mkdir(parents=True, exist_ok=True)
        half = FOLDER / f"{name}.part"
        make(half)
        half.rename(kept)
    return kept


def full_size_model() -> Path:
    """Give a checkpoint of the published shapes with random weights (1.8 GB, made in a minute)."""
    from tests.support.checkpoint import make_checkpoint  # noqa: PLC0415 - it imports torch

    return cached("full-size-model", lambda folder: make_checkpoint(folder, "full"))
