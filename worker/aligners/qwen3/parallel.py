"""Runs a step of the forward pass on its positions, in parallel.

On a CPU blocks of positions are dealt out to threads that compute alone. PyTorch's own threads
share every single operation instead and wait for one another after each, and what one operation
leaves for the next passes through memory.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from threading import Barrier

import torch

BLOCK = 512
"""Positions in a block, about: few enough for a core's caches, enough for its products."""

MULTIPLE = 64
"""Blocks begin at multiples of this: matrix products are slow with fewer rows."""


def parallel_for(
    work: Callable[[int, int], None],
    length: int,
    device: torch.device,
    block: int = BLOCK,
    multiple: int = MULTIPLE,
) -> None:
    """Call `work(start, end)` for spans that together are `length` positions.

    On a CPU these are about `block` long or less, equally many for each of PyTorch's threads, and
    the last come first: where a position attends to those before it, they take longest. Elsewhere
    it is one span.
    """
    if device.type != "cpu":
        work(0, length)
        return
    threads = torch.get_num_threads()
    units = -(-length // multiple)
    blocks = min(units, threads * -(-length // (threads * block)))
    edges = [units * index // blocks * multiple for index in range(blocks)] + [length]
    spans = list(pairwise(edges))
    if threads == 1 or len(spans) == 1:
        for start, end in spans:
            work(start, end)
        return
    inference = torch.is_inference_mode_enabled()
    not_taken = reversed(spans)

    def run() -> None:
        with torch.inference_mode(inference):
            for start, end in not_taken:
                work(start, end)

    runs = [_pool(threads).submit(run) for _ in range(threads)]
    for finished in runs:
        finished.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start threads in each of which PyTorch computes with that thread alone."""
    started = Barrier(threads)

    def start() -> None:
        # The first question sets the thread's number to the process's; only then does ours stay.
        torch.get_num_threads()
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(threads, "aligner", initializer=start)
    for started_thread in [pool.submit(int) for _ in range(threads)]:
        started_thread.result()
    # The last call counts for threads that are yet to come.
    torch.set_num_threads(threads)
    return pool
