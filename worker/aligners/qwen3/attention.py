"""The attention of both towers, without masks in memory and without copies of grouped heads.

On the CPU in bfloat16 PyTorch's own kernel reaches about a sixth of the machine's matrix speed
(docs/performance.md): there, attention is done in blocks of queries by plain matrix products,
which skip the keys that a block cannot see.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

BLOCK_ROWS = 256
"""Rows of scores at a time: few enough for a core's caches, enough for the product."""

WINDOWS = 4
"""Windows at a time, for the same reason."""


def attend_causally(query: Tensor, key: Tensor, value: Tensor, positions: Tensor) -> Tensor:
    """Let every query see the keys up to its position.

    `query` is (key heads, queries, group, head size), already scaled; `key` and `value` are
    (key heads, keys, head size); `positions` is (queries,), rising. Answers (queries, channels).
    """
    heads, queries, group, size = query.shape
    if _in_blocks(query):
        mixed = _attend_in_blocks(query.reshape(heads, -1, size), key, value, positions)
        return mixed.view(heads, queries, group, size).transpose(0, 1).reshape(queries, -1)
    keys = key.shape[1]
    every = queries == keys
    mask = None if every else torch.arange(keys, device=key.device) <= positions[:, None]
    mixed = F.scaled_dot_product_attention(
        query.transpose(1, 2).reshape(1, heads * group, queries, size),
        key[None],
        value[None],
        attn_mask=mask,
        is_causal=every,
        scale=1.0,
        enable_gqa=group > 1,
    )
    return mixed[0].transpose(0, 1).reshape(queries, -1)


def attend_fully(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Let every query see every key. All are (heads, positions, head size), queries unscaled."""
    if _in_blocks(query):
        return _attend_in_blocks(query * query.shape[-1] ** -0.5, key, value, None)
    return _attend_by_sdpa(query, key, value)


def attend_in_windows(query: Tensor, key: Tensor, value: Tensor, window: int) -> Tensor:
    """Let every query see the keys of its own window, the last of which may be shorter.

    Equals attention under a block-diagonal mask. All are (heads, positions, head size).
    """
    heads, length, _ = query.shape
    attend, step = _attend_by_sdpa, length
    if _in_blocks(query):
        attend, step = _attend_by_products, window * WINDOWS
    whole = length - length % window
    spans = [(start, min(start + step, whole), window) for start in range(0, whole, step)]
    if whole < length:
        spans.append((whole, length, length - whole))
    mixed = torch.empty_like(query)
    for start, end, width in spans:
        windows = (
            part[:, start:end].unflatten(1, (-1, width)).flatten(0, 1)
            for part in (query, key, value)
        )
        mixed[:, start:end] = attend(*windows).reshape(heads, end - start, -1)
    return mixed


def _attend_by_sdpa(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    # Only with four dimensions does PyTorch take its fast kernels.
    return F.scaled_dot_product_attention(query[None], key[None], value[None])[0]


def _attend_by_products(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend within each of a batch of windows: (windows, positions, head size)."""
    # PyTorch's softmax is slow along rows as short as a window, and not along columns.
    scores = torch.bmm(key, (query * query.shape[-1] ** -0.5).transpose(1, 2))
    return torch.bmm(torch.softmax(scores, 1).transpose(1, 2), value)


def _in_blocks(query: Tensor) -> bool:
    return query.device.type == "cpu" and query.dtype == torch.bfloat16


def _attend_in_blocks(
    query: Tensor, key: Tensor, value: Tensor, positions: Tensor | None
) -> Tensor:
    """Attend block by block: (heads, rows, size) queries, (heads, keys, size) keys and values.

    Where there are `positions`, rows / positions rows share each one. The blocks are dealt out to
    threads that compute alone: as parallel products of this size they would wait for one another
    thousands of times, which costs more than the work where the cores are not free.
    """
    mixed = torch.empty_like(query)
    threads = torch.get_num_threads()
    if threads == 1:
        _attend_share(query, key, value, positions, mixed, 0, 1)
        return mixed
    pool = _pool(threads)
    shares = [
        pool.submit(_attend_share, query, key, value, positions, mixed, share, threads)
        for share in range(threads)
    ]
    for share in shares:
        share.result()
    return mixed


@torch.inference_mode()
def _attend_share(  # noqa: PLR0913, PLR0917 - one thread's share of one piece of work
    query: Tensor,
    key: Tensor,
    value: Tensor,
    positions: Tensor | None,
    mixed: Tensor,
    share: int,
    shares: int,
) -> None:
    """Write every `shares`-th block of every `shares`-th head into `mixed`."""
    heads, rows, _ = query.shape
    keys = key.shape[1]
    group = 1 if positions is None else rows // len(positions)
    scores = torch.empty(BLOCK_ROWS * keys, dtype=query.dtype)
    for index, start in enumerate(range(0, rows, BLOCK_ROWS)):
        end = min(start + BLOCK_ROWS, rows)
        seen, hidden_from, hiding = keys, keys, None
        if positions is not None:
            last = positions[start // group : end // group].repeat_interleave(group)
            seen, hidden_from = int(last[-1]) + 1, int(last[0]) + 1
            hidden = torch.arange(hidden_from, seen) > last[:, None]
            hiding = query.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))
        block = scores[: (end - start) * seen].view(end - start, seen)
        for head in range((share + index) % shares, heads, shares):
            torch.mm(query[head, start:end], key[head, :seen].t(), out=block)
            if hiding is not None:
                block[:, hidden_from:].add_(hiding)
            torch.mm(torch.softmax(block, -1), value[head, :seen], out=mixed[head, start:end])


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Start threads in each of which PyTorch computes with that thread alone."""
    started = Barrier(threads)

    def start() -> None:
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(threads, "attention", initializer=start)
    for started_thread in [pool.submit(int) for _ in range(threads)]:
        started_thread.result()
    # The last call counts for threads that are yet to come.
    torch.set_num_threads(threads)
    return pool
