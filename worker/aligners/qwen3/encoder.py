"""The audio tower: mel features in, one vector for every 80 ms out.

Computes what `Qwen3ASRAudioEncoder.forward` of qwen-asr 0.0.6 computes for one recording.
"""

from typing import Literal

import torch
from qwen_asr.core.transformers_backend.modeling_qwen3_asr import (
    Qwen3ASRAudioEncoder,
    Qwen3ASRAudioEncoderLayer,
)
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

from worker.aligners.base import Progress
from worker.aligners.qwen3.attention import attend_fully, attend_in_windows
from worker.aligners.qwen3.parallel import parallel_for

Attention = Literal["windows", "package"]

CHUNKS = 4
"""Chunks (of 1 s) that a CPU's thread convolves together: what the caches hold."""

CONVOLVING_SHARE = 0.35
"""The convolutions' share of this tower's time, measured on a CPU."""


class Encoder:
    """Runs the audio tower's modules.

    With the attention `windows` a position attends within its window (8 s), as the model was
    trained and as qwen-asr does under FlashAttention 2; with `package` over the whole recording,
    as qwen-asr does elsewhere (QwenLM/Qwen3-ASR, issue 213).
    """

    def __init__(self, tower: Qwen3ASRAudioEncoder, attention: Attention) -> None:
        self._tower = tower
        self._attention = attention
        # Convolutions are faster with the channels last; these are 8 MB of the model's 1.8 GB.
        self._convolutions = [
            (convolution.weight.contiguous(memory_format=torch.channels_last), convolution.bias)
            for convolution in (tower.conv2d1, tower.conv2d2, tower.conv2d3)
        ]

    def __call__(self, features: Tensor, progress: Progress) -> Tensor:
        """Encode mel features (mels, frames); answers (positions, channels).

        `progress` is told the share of this tower's work that is done, and may raise.
        """
        tower = self._tower
        progress(0.0)
        chunk = tower.n_window * 2
        hidden, chunk_positions = self._convolve(features, chunk)
        progress(CONVOLVING_SHARE)
        window = chunk_positions * (tower.n_window_infer // chunk)
        for index, layer in enumerate(tower.layers):
            hidden = self._layer(layer, hidden, window)
            done = (index + 1) / len(tower.layers)
            progress(CONVOLVING_SHARE + done * (1 - CONVOLVING_SHARE))
        hidden = tower.act(tower.proj1(tower.ln_post(hidden)))
        projected: Tensor = tower.proj2(hidden)
        return projected

    def _convolve(self, features: Tensor, chunk: int) -> tuple[Tensor, int]:
        """Convolve chunk by chunk; answers the positions and how many a whole chunk has."""
        tower = self._tower
        frames = features.shape[1]
        width = min(chunk, frames)
        # A recording shorter than a chunk is not padded to one: its end must see no more zeros.
        chunks = F.pad(features, (0, -frames % width)).unflatten(1, (-1, width)).transpose(0, 1)
        positions = features.new_empty(
            len(chunks), count_positions(width), tower.conv_out.out_features
        )

        def convolve(start: int, end: int) -> None:
            convolved = chunks[start:end, None].contiguous(memory_format=torch.channels_last)
            for weight, bias in self._convolutions:
                convolved = F.gelu(F.conv2d(convolved, weight, bias, stride=2, padding=1))
            positions[start:end] = tower.conv_out(convolved.permute(0, 3, 1, 2).flatten(2))

        parallel_for(convolve, len(chunks), features.device, CHUNKS, 1)
        known = tower.positional_embedding.positional_embedding[: positions.shape[1]]
        positions += known.to(positions.dtype)
        return positions.flatten(0, 1)[: count_positions(frames)], positions.shape[1]

    def _layer(self, layer: Qwen3ASRAudioEncoderLayer, hidden: Tensor, window: int) -> Tensor:
        attention = layer.self_attn
        shape = (attention.num_heads, -1)
        query, key, value = hidden.new_empty(
            3, attention.num_heads, len(hidden), attention.head_dim
        )
        answer = torch.empty_like(hidden)

        def project(start: int, end: int) -> None:
            normed = layer.self_attn_layer_norm(hidden[start:end])
            projections = attention.q_proj, attention.k_proj, attention.v_proj
            for projection, place in zip(projections, (query, key, value), strict=True):
                place[:, start:end] = projection(normed).unflatten(1, shape).transpose(0, 1)

        def answer_block(start: int, end: int) -> None:
            asking = query[:, start:end]
            if self._attention == "windows":
                mixed = attend_in_windows(asking, key, value, window, start)
            else:
                mixed = attend_fully(asking, key, value)
            states = hidden[start:end] + attention.out_proj(mixed.transpose(0, 1).flatten(1))
            inner = layer.activation_fn(layer.fc1(layer.final_layer_norm(states)))
            states += layer.fc2(inner)
            if states.dtype == torch.float16:
                limit = torch.finfo(torch.float16).max - 1000
                states.clamp_(-limit, limit)
            answer[start:end] = states

        parallel_for(project, len(hidden), hidden.device)
        parallel_for(answer_block, len(hidden), hidden.device)
        return answer


def count_positions(frames: int) -> int:
    """Count the positions that mel frames become: 13 for every 100, and the last, shorter chunk's.

    Source: `_get_feat_extract_output_lengths` of qwen-asr 0.0.6.
    """
    positions, rest = frames // 100 * 13, frames % 100
    for _ in range(3):
        rest = (rest + 1) // 2
    return positions + rest
