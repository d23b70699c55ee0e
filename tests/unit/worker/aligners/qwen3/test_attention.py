"""Each attention equals plain attention under the mask that it stands for."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own documentation calls it so

from worker.aligners.qwen3.attention import (
    SCORE_ROWS,
    attend_causally,
    attend_fully,
    attend_in_windows,
)

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2}
TYPES = sorted(TOLERANCE, key=str)


def draw(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def masked(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scale: float) -> Tensor:
    """Attention as it is written in the books, in float64."""
    scores = query.double() @ key.double().transpose(-1, -2) * scale
    return scores.masked_fill(~mask, -torch.inf).softmax(-1) @ value.double()


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.double(), expected, atol=TOLERANCE[found.dtype], rtol=0)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("length", [1, 103, 104, 105, 208, 250])
def test_windows_equal_a_block_diagonal_mask(length: int, dtype: torch.dtype) -> None:
    query, key, value = (draw(2, length, 16, dtype=dtype, seed=seed) for seed in range(3))
    window = torch.arange(length) // 104
    expected = masked(query, key, value, window[:, None] == window, 16**-0.5)
    assert_close(attend_in_windows(query, key, value, 104), expected)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("start", "end"), [(0, 104), (0, 50), (50, 90), (50, 104), (100, 110), (100, 245), (208, 250)]
)
def test_windows_are_the_same_for_a_part_of_the_queries(
    start: int, end: int, dtype: torch.dtype
) -> None:
    query, key, value = (draw(2, 250, 16, dtype=dtype, seed=seed) for seed in range(3))
    window = torch.arange(250) // 104
    expected = masked(query, key, value, window[:, None] == window, 16**-0.5)[:, start:end]
    assert_close(attend_in_windows(query[:, start:end], key, value, 104, start), expected)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("length", [1, 50, SCORE_ROWS + 7])
def test_full_attention_sees_every_key(length: int, dtype: torch.dtype) -> None:
    query, key, value = (draw(2, length, 16, dtype=dtype, seed=seed) for seed in range(3))
    every = torch.ones(length, length, dtype=torch.bool)
    assert_close(attend_fully(query, key, value), masked(query, key, value, every, 16**-0.5))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("asked", ["every", "some"])
@pytest.mark.parametrize("length", [1, 60, SCORE_ROWS // 2, SCORE_ROWS + 7])
def test_causal_attention_sees_no_later_key(length: int, asked: str, dtype: torch.dtype) -> None:
    heads, group, size = 2, 2, 16
    positions = torch.arange(length) if asked == "every" else torch.arange(length // 2, length, 3)
    query = draw(heads, len(positions), group, size, dtype=dtype, seed=0)
    key, value = (draw(heads, length, size, dtype=dtype, seed=seed) for seed in (1, 2))
    found = attend_causally(query * size**-0.5, key, value, positions)
    seen = torch.arange(length) <= positions[:, None]
    expected = masked(query.transpose(1, 2), key[:, None], value[:, None], seen, size**-0.5)
    assert_close(found, expected.flatten(0, 1).transpose(0, 1).flatten(1))


def test_plain_attention_of_the_books_is_pytorch_s() -> None:
    query, key, value = (draw(2, 9, 16, dtype=torch.float32, seed=seed) for seed in range(3))
    every = torch.ones(9, 9, dtype=torch.bool)
    expected = F.scaled_dot_product_attention(query, key, value)
    assert_close(expected, masked(query, key, value, every, 16**-0.5))
