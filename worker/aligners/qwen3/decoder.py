"""The text model: embedded tokens in, the last hidden states of the wanted positions out.

Computes what `Qwen3ASRThinkerTextModel.forward` of qwen-asr 0.0.6 computes for one prompt, without
a cache of keys and values, which a single pass never reads.
"""

import torch
from qwen_asr.core.transformers_backend.modeling_qwen3_asr import (
    Qwen3ASRTextRMSNorm,
    Qwen3ASRThinkerTextDecoderLayer,
    Qwen3ASRThinkerTextModel,
)
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own name for it

from worker.aligners.base import Progress
from worker.aligners.qwen3.attention import attend_causally
from worker.aligners.qwen3.parallel import parallel_for

NORM_VALUES = 2**18
"""Values that are normalised together on a CPU: PyTorch does it in float32, in several passes over
memory, which the caches make three to five times faster."""


class Decoder:
    """Runs the text model's modules."""

    def __init__(self, model: Qwen3ASRThinkerTextModel) -> None:
        self._model = model

    def __call__(self, embedded: Tensor, wanted: Tensor, progress: Progress) -> Tensor:
        """Run the layers over a prompt (positions, channels) for the `wanted` positions, rising.

        `progress` is told the share of this model's work that is done, and may raise.
        """
        model = self._model
        hidden = embedded
        positions = torch.arange(len(hidden), device=hidden.device)
        key_rotation = self._rotation(positions, hidden, 1.0)
        query_rotation = self._rotation(positions, hidden, model.layers[0].self_attn.scaling)
        for index, layer in enumerate(model.layers):
            # Nothing reads the other positions' last states: only their keys and values are used.
            asked = wanted if index == len(model.layers) - 1 else positions
            hidden = _layer(layer, hidden, key_rotation, query_rotation, asked)
            progress((index + 1) / len(model.layers))
        return normalise(model.norm, hidden)

    def _rotation(self, positions: Tensor, hidden: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """Make the rotary embedding's tables, scaled, (positions, 1, head size).

        The sine of the first half is negated: `x * cosine + roll(x) * sine` turns x.
        """
        places = positions.float().expand(3, 1, -1)
        cosine, sine = self._model.rotary_emb(hidden.new_empty(0, dtype=torch.float32), places)
        sine = sine.clone()
        sine[..., : sine.shape[-1] // 2].neg_()
        cosine, sine = ((table[0, :, None] * scale).to(hidden.dtype) for table in (cosine, sine))
        return cosine, sine


def _layer(
    layer: Qwen3ASRThinkerTextDecoderLayer,
    hidden: Tensor,
    key_rotation: tuple[Tensor, Tensor],
    query_rotation: tuple[Tensor, Tensor],
    asked: Tensor,
) -> Tensor:
    """Answer the layer's states of the positions that are `asked` for, rising.

    The rotations are the rotary embedding's tables of all positions.
    """
    attention = layer.self_attn
    size = attention.head_dim
    group = attention.num_key_value_groups
    key = hidden.new_empty(attention.k_proj.out_features // size, len(hidden), size)
    value = torch.empty_like(key)
    answer = hidden.new_empty(len(asked), hidden.shape[1])

    def project(start: int, end: int) -> None:
        normed = normalise(layer.input_layernorm, hidden[start:end])
        keys = normalise(attention.k_norm, attention.k_proj(normed).unflatten(1, (-1, size)))
        turned = _rotate(keys, *(table[start:end] for table in key_rotation))
        key[:, start:end] = turned.transpose(0, 1)
        value[:, start:end] = attention.v_proj(normed).unflatten(1, (-1, size)).transpose(0, 1)

    def answer_block(start: int, end: int) -> None:
        positions = asked[start:end]
        states = hidden[positions]
        normed = normalise(layer.input_layernorm, states)
        query = normalise(attention.q_norm, attention.q_proj(normed).unflatten(1, (-1, size)))
        query = _rotate(query, *(table[positions] for table in query_rotation))
        query = query.unflatten(1, (-1, group)).transpose(0, 1)
        mixed = attend_causally(query.contiguous(), key, value, positions)
        states += attention.o_proj(mixed)
        mlp = layer.mlp
        normed = normalise(layer.post_attention_layernorm, states)
        inner = F.silu(mlp.gate_proj(normed), inplace=True).mul_(mlp.up_proj(normed))
        torch.add(states, mlp.down_proj(inner), out=answer[start:end])

    parallel_for(project, len(hidden), hidden.device)
    parallel_for(answer_block, len(asked), hidden.device)
    return answer


def normalise(norm: Qwen3ASRTextRMSNorm, states: Tensor) -> Tensor:
    """Apply a norm of the model over the last dimension, whatever the others are."""
    size = states.shape[-1]
    rows = states.reshape(-1, size)
    together = NORM_VALUES // size if states.device.type == "cpu" else len(rows)
    if len(rows) <= together:
        return F.rms_norm(states, (size,), norm.weight, norm.variance_epsilon)
    normed = torch.empty_like(rows)
    for part, place in zip(rows.split(together), normed.split(together), strict=True):
        place.copy_(F.rms_norm(part, (size,), norm.weight, norm.variance_epsilon))
    return normed.view(states.shape)


def _rotate(states: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn (positions, heads, head size) by their positions."""
    rolled = states.roll(states.shape[-1] // 2, -1)
    return (states * cosine).addcmul_(rolled, sine)
