"""The package's own aligner and ours, on the same small checkpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from qwen_asr import Qwen3ForcedAligner

from worker.aligners.qwen3 import Qwen3Aligner
from worker.aligners.qwen3.checkpoint import load_package


@pytest.fixture(scope="session")
def package(checkpoint: Path) -> Qwen3ForcedAligner:
    """qwen-asr's aligner, for ours to use. Float32: its rounding cannot change a choice of bin."""
    torch.set_num_threads(1)
    return load_package(checkpoint, "cpu", torch.float32)


@pytest.fixture(scope="session")
def reference(checkpoint: Path) -> Qwen3ForcedAligner:
    """Another one of qwen-asr, with its own attention, to compare with."""
    return load_package(checkpoint, "cpu", torch.float32)


@pytest.fixture(scope="session")
def aligner(package: Qwen3ForcedAligner) -> Qwen3Aligner:
    return Qwen3Aligner(package, "windows", "test")


@pytest.fixture(scope="session")
def silent() -> Callable[[float], None]:
    """A progress that nobody follows."""
    return lambda _: None
