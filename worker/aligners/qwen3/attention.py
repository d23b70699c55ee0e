"""The attention of both towers, without masks in memory and without copies of grouped heads.

On the CPU in bfloat16 PyTorch's own kernel reaches about a sixth of the machine's matrix speed
(docs/performance.md): there, attention is done in blocks of queries by plain matrix products,
which skip the keys that a block cannot see.
"""

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

SCORE_ROWS = 256
"""Rows of scores at a time: few enough for a core's caches, enough for the product."""


def attend_causally(query: Tensor, key: Tensor, value: Tensor, positions: Tensor) -> Tensor:
    """Let every query see the keys up to its position.

    `query` is (key heads, queries, group, head size), already scaled; `key` and `value` are
    (key heads, keys, head size); `positions` is (queries,), rising. Answers (queries, channels).
    """
    heads, queries, group, size = query.shape
    if _by_products(query):
        mixed = _attend_by_products(query.reshape(heads, -1, size), key, value, positions)
        return mixed.view(heads, queries, group, size).transpose(0, 1).reshape(queries, -1)
    # Elsewhere than on a CPU the question would wait for the device.
    seen = int(positions[-1]) + 1 if query.device.type == "cpu" else key.shape[1]
    every = queries == seen
    mask = None if every else torch.arange(seen, device=key.device) <= positions[:, None]
    mixed = F.scaled_dot_product_attention(
        query.transpose(1, 2).reshape(1, heads * group, queries, size),
        key[None, :, :seen],
        value[None, :, :seen],
        attn_mask=mask,
        is_causal=every,
        scale=1.0,
        enable_gqa=group > 1,
    )
    return mixed[0].transpose(0, 1).reshape(queries, -1)


def attend_fully(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Let every query see every key. All are (heads, positions, head size), queries unscaled."""
    if _by_products(query):
        return _attend_by_products(query * query.shape[-1] ** -0.5, key, value, None)
    return _attend_by_sdpa(query, key, value)


def attend_in_windows(
    query: Tensor, key: Tensor, value: Tensor, window: int, first: int = 0
) -> Tensor:
    """Let every query see the keys of its own window, the last of which may be shorter.

    Equals attention under a block-diagonal mask. All are (heads, positions, head size); the
    queries are those from position `first` on.
    """
    heads, queries, _ = query.shape
    end = first + queries
    attend = _attend_in_columns if _by_products(query) else _attend_by_sdpa
    whole = min(-(-first // window) * window, end)
    rest = max(end // window * window, whole)
    mixed = torch.empty_like(query)
    for low, high in ((first, whole), (whole, rest), (rest, end)):
        if low == high:
            continue
        windows = max(1, (high - low) // window)
        seen = slice(low // window * window, min(-(-high // window) * window, key.shape[1]))
        asked = slice(low - first, high - first)
        parts = (
            part.unflatten(1, (windows, -1)).flatten(0, 1)
            for part in (query[:, asked], key[:, seen], value[:, seen])
        )
        mixed[:, asked] = attend(*parts).reshape(heads, high - low, -1)
    return mixed


def _attend_by_sdpa(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    # Only with four dimensions does PyTorch take its fast kernels.
    return F.scaled_dot_product_attention(query[None], key[None], value[None])[0]


def _attend_in_columns(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend within each of a batch of windows: (windows, positions, head size)."""
    # PyTorch's softmax is slow along rows as short as a window, and not along columns.
    scores = torch.bmm(key, (query * query.shape[-1] ** -0.5).transpose(1, 2))
    return torch.bmm(torch.softmax(scores, 1).transpose(1, 2), value)


def _by_products(query: Tensor) -> bool:
    return query.device.type == "cpu" and query.dtype == torch.bfloat16


def _attend_by_products(
    query: Tensor, key: Tensor, value: Tensor, positions: Tensor | None
) -> Tensor:
    """Attend by plain products: (heads, rows, size) queries, (heads, keys, size) keys and values.

    Where there are `positions`, rows / positions rows share each one.
    """
    mixed = torch.empty_like(query)
    heads, rows, _ = query.shape
    keys = key.shape[1]
    group = 1 if positions is None else rows // len(positions)
    scores = query.new_empty(SCORE_ROWS * keys)
    for start in range(0, rows, SCORE_ROWS):
        end = min(start + SCORE_ROWS, rows)
        seen, hidden_from, hiding = keys, keys, None
        if positions is not None:
            last = positions[start // group : end // group].repeat_interleave(group)
            seen, hidden_from = int(last[-1]) + 1, int(last[0]) + 1
            hidden = torch.arange(hidden_from, seen) > last[:, None]
            hiding = query.new_zeros(hidden.shape).masked_fill_(hidden, float("-inf"))
        block = scores[: (end - start) * seen].view(end - start, seen)
        for head in range(heads):
            torch.mm(query[head, start:end], key[head, :seen].t(), out=block)
            if hiding is not None:
                block[:, hidden_from:].add_(hiding)
            torch.mm(torch.softmax(block, -1), value[head, :seen], out=mixed[head, start:end])
    return mixed
