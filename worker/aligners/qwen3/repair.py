"""Repairs times that run backwards, as qwen-asr does but in O(n log n)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

SHORT_RUN = 2
"""A run of up to this many wrong times is snapped to its neighbours, a longer one interpolated."""


def repair(times: Sequence[float]) -> list[int]:
    """Make times non-decreasing, changing as few of them as possible.

    The longest non-decreasing subsequence is kept; what lies between is snapped or interpolated.
    Gives what `Qwen3ForceAlignProcessor.fix_timestamp` of qwen-asr 0.0.6 gives, whose search is
    quadratic, down to which of several longest subsequences is kept. Milliseconds in, whole
    milliseconds out.
    """
    kept = _longest_non_decreasing(times)
    repaired = list(times)
    gap_start = 0
    for index in [*kept, len(times)]:
        if gap_start < index:
            _fill(repaired, gap_start, index)
        gap_start = index + 1
    return [int(time) for time in repaired]


def _longest_non_decreasing(times: Sequence[float]) -> list[int]:
    """Find the indices of the subsequence that `fix_timestamp` keeps.

    An element's rank is the length of the longest non-decreasing subsequence that ends in it.
    Elements of one rank come in strictly falling order, else the later would rank higher: so the
    first predecessor that fits, which is the one that qwen-asr takes, is found by bisection.
    """
    falling: list[list[float]] = []  # by rank: the negated times of that rank, rising
    indices: list[list[int]] = []  # by rank: where those times are
    last: list[float] = []  # by rank: the smallest time of that rank so far, rising
    parents: list[int] = []
    for index, time in enumerate(times):
        rank = bisect_right(last, time)
        if rank == len(last):
            falling.append([])
            indices.append([])
            last.append(time)
        falling[rank].append(-time)
        indices[rank].append(index)
        last[rank] = time
        if rank == 0:
            parents.append(-1)
        else:
            parents.append(indices[rank - 1][bisect_left(falling[rank - 1], -time)])
    kept = []
    index = indices[-1][0] if indices else -1
    while index != -1:
        kept.append(index)
        index = parents[index]
    return kept[::-1]


def _fill(times: list[float], start: int, end: int) -> None:
    """Replace the run `start:end` by what the kept times at its sides say."""
    left = times[start - 1] if start > 0 else None
    right = times[end] if end < len(times) else None
    if left is None or right is None:
        only = right if left is None else left
        if only is None:
            raise ValueError("a run of wrong times has a kept one at its side")
        times[start:end] = [only] * (end - start)
    elif end - start <= SHORT_RUN:
        for index in range(start, end):
            times[index] = left if index - (start - 1) <= end - index else right
    else:
        step = (right - left) / (end - start + 1)
        for index in range(start, end):
            times[index] = left + step * (index - start + 1)
