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

Attention = Literal["windows", "package"]

CPU_CHUNKS = 4
"""Chunks (of 1 s) that go through the convolutions together on a CPU: what its caches hold."""

MLP_ROWS = 512
"""Positions that go through a layer's MLP together: its inner states stay in the caches."""

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
        chunk = tower.n_window * 2
        hidden, chunk_positions = self._convolve(features, chunk, progress)
        window = chunk_positions * (tower.n_window_infer // chunk)
        for index, layer in enumerate(tower.layers):
            hidden = self._layer(layer, hidden, window)
            done = (index + 1) / len(tower.layers)
            progress(CONVOLVING_SHARE + done * (1 - CONVOLVING_SHARE))
        hidden = tower.act(tower.proj1(tower.ln_post(hidden)))
        projected: Tensor = tower.proj2(hidden)
        return projected

    def _convolve(self, features: Tensor, chunk: int, progress: Progress) -> tuple[Tensor, int]:
        """Convolve chunk by chunk; answers the positions and how many a whole chunk has."""
        tower = self._tower
        frames = features.shape[1]
        width = min(chunk, frames)
        # A recording shorter than a chunk is not padded to one: its end must see no more zeros.
        chunks = F.pad(features, (0, -frames % width)).unflatten(1, (-1, width)).transpose(0, 1)
        together = CPU_CHUNKS if features.device.type == "cpu" else tower.conv_chunksize
        batches = chunks.unsqueeze(1).split(together)
        embedded = []
        for index, batch in enumerate(batches):
            progress(index / len(batches) * CONVOLVING_SHARE)
            convolved = batch.contiguous(memory_format=torch.channels_last)
            for weight, bias in self._convolutions:
                convolved = F.gelu(F.conv2d(convolved, weight, bias, stride=2, padding=1))
            embedded.append(tower.conv_out(convolved.permute(0, 3, 1, 2).flatten(2)))
        positions = torch.cat(embedded)
        known = tower.positional_embedding.positional_embedding[: positions.shape[1]]
        positions = positions + known.to(positions.dtype)
        return positions.flatten(0, 1)[: count_positions(frames)], positions.shape[1]

    def _layer(self, layer: Qwen3ASRAudioEncoderLayer, hidden: Tensor, window: int) -> Tensor:
        attention = layer.self_attn
        normed = layer.self_attn_layer_norm(hidden)
        query, key, value = (
            project(normed).unflatten(1, (attention.num_heads, -1)).transpose(0, 1)
            for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        if self._attention == "windows":
            mixed = attend_in_windows(query, key, value, window)
        else:
            mixed = attend_fully(query, key, value)
        mixed = mixed.transpose(0, 1).flatten(1)
        hidden = hidden + attention.out_proj(mixed)
        for rows in hidden.split(MLP_ROWS):
            inner = layer.activation_fn(layer.fc1(layer.final_layer_norm(rows)))
            rows += layer.fc2(inner)  # noqa: PLW2901 - a view: this writes into `hidden`
        if hidden.dtype == torch.float16:
            limit = torch.finfo(torch.float16).max - 1000
            hidden = hidden.clamp(-limit, limit)
        return hidden


def count_positions(frames: int) -> int:
    """Count the positions that mel frames become: 13 for every 100, and the last, shorter chunk's.

    Source: `_get_feat_extract_output_lengths` of qwen-asr 0.0.6.
    """
    positions, rest = frames // 100 * 13, frames % 100
    for _ in range(3):
        rest = (rest + 1) // 2
    return positions + rest
