"""Gives qwen-asr's own model its audio tower's windows, which it has under FlashAttention 2 only.

Through transformers' registry of attention functions: nothing of the package is patched.
"""

import torch
from qwen_asr import Qwen3ForcedAligner
from torch.nn import functional as F  # noqa: N812 - torch's own documentation calls it so
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from worker.aligners.qwen3.attention import attend_in_windows
from worker.aligners.qwen3.parallel import parallel_for


def use_windows(package: Qwen3ForcedAligner) -> None:
    """Let the package's audio tower attend window by window, as fast as our own does."""
    package.model.thinker.audio_tower.set_attn_implementation("windows")


def use_block_mask(package: Qwen3ForcedAligner) -> None:
    """Let the package's audio tower attend under a block-diagonal mask: what windows equal."""
    package.model.thinker.audio_tower.set_attn_implementation("block-mask")


def _windows(
    _: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    cu_seq_lens_q: torch.Tensor,
    **__: object,
) -> tuple[torch.Tensor, None]:
    mixed = torch.empty_like(query[0])

    def attend(start: int, end: int) -> None:
        window = int(cu_seq_lens_q[1])
        mixed[:, start:end] = attend_in_windows(
            query[0, :, start:end], key[0], value[0], window, start
        )

    parallel_for(attend, query.shape[2], query.device)
    return mixed.transpose(0, 1)[None], None


def _block_mask(
    _: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    cu_seq_lens_q: torch.Tensor,
    **__: object,
) -> tuple[torch.Tensor, None]:
    positions = torch.arange(query.shape[2])
    window = torch.bucketize(positions, cu_seq_lens_q, right=True)
    mask = window[:, None] == window[None, :]
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2), None


ALL_ATTENTION_FUNCTIONS.register("windows", _windows)
ALL_ATTENTION_FUNCTIONS.register("block-mask", _block_mask)
