"""Blocks are all positions, once each, whoever computes them."""

from collections.abc import Iterator
from threading import current_thread

import pytest
import torch

from tests.support.threads import torch_threads
from worker.aligners.qwen3.parallel import BLOCK, MULTIPLE, parallel_for

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, params=[1, 2, 3, 5])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    number: int = request.param
    with torch_threads(number):
        yield number


@pytest.mark.parametrize("length", [1, 63, 64, 65, BLOCK, 1_013, 3 * BLOCK + 7])
def test_blocks_are_all_positions_once(length: int, threads: int) -> None:
    spans: list[tuple[int, int]] = []
    parallel_for(lambda start, end: spans.append((start, end)), length, CPU)
    covered = [position for start, end in sorted(spans) for position in range(start, end)]
    assert covered == list(range(length))
    assert all(end - start <= BLOCK + MULTIPLE for start, end in spans)
    assert torch.get_num_threads() == threads


def test_elsewhere_than_on_a_cpu_it_is_one_block() -> None:
    spans: list[tuple[int, int]] = []
    parallel_for(lambda start, end: spans.append((start, end)), 10_000, torch.device("meta"))
    assert spans == [(0, 10_000)]


def test_every_thread_computes_alone_however_often_it_is_asked(threads: int) -> None:
    """PyTorch gives a thread the process's number at its first operation."""
    seen: list[tuple[str, int]] = []

    def work(_: int, __: int) -> None:
        torch.softmax(torch.ones(1_000, 100), -1)
        seen.append((current_thread().name, torch.get_num_threads()))

    for _ in range(3):
        parallel_for(work, threads * 64 * 4, CPU, 64)
    assert {number for _, number in seen} == {1}
    assert len({name for name, _ in seen}) <= threads


def test_a_failure_in_a_thread_is_the_caller_s() -> None:
    def fail(_: int, __: int) -> None:
        raise ArithmeticError("not a number")

    with pytest.raises(ArithmeticError, match="not a number"):
        parallel_for(fail, 10 * BLOCK, CPU)


def test_the_caller_s_mode_is_the_threads() -> None:
    modes: list[bool] = []

    def work(_: int, __: int) -> None:
        modes.append(torch.is_inference_mode_enabled())

    with torch.inference_mode():
        parallel_for(work, 10 * BLOCK, CPU)
    assert all(modes)
    parallel_for(work, 10 * BLOCK, CPU)
    assert not all(modes)
