"""Makes checkpoint folders in the published layout of Qwen3-ForcedAligner, with random weights.

The layout is that of Qwen3-ForcedAligner-0.6B on the Hugging Face hub: `config.json`, one
`model.safetensors` in bfloat16, a byte-level BPE tokenizer and a Whisper feature extractor. Two
sizes: `small` (about 1 MB) for tests, `full` (the published shapes, 1.8 GB) for the bench.

    python -m tests.support.checkpoint FOLDER --size small
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

Size = Literal["small", "full"]

BINS = 5_000
BIN_MS = 80
FAVOURED_BINS = 250
"""The random weights answer mostly with the bins before this one (20 s)."""
GAIN = {"small": 3.0, "full": 1.5}
"""What a random layer multiplies its input by: at 1 the audio is lost on the way."""
FOCUS = {"small": 6.0, "full": 3.0}
"""How sharply random attention chooses: an even one gives every word the same time."""
AUDIO_START, AUDIO_END, AUDIO_PAD = "<|audio_start|>", "<|audio_end|>", "<|audio_pad|>"
TIMESTAMP, END_OF_TEXT = "<timestamp>", "<|endoftext|>"

PUBLISHED_IDS = {
    END_OF_TEXT: 151_643,
    AUDIO_START: 151_669,
    AUDIO_END: 151_670,
    AUDIO_PAD: 151_676,
    TIMESTAMP: 151_705,
}

LYRICS = """
Amazing grace how sweet the sound That saved a wretch like me
I once was lost but now am found Was blind but now I see
Through many dangers toils and snares I have already come
'Tis grace hath brought me safe thus far And grace will lead me home
奇異恩典 何等甘甜 我罪已得赦免 前我失喪 今被尋回 瞎眼今得看見
"""
"""A public-domain hymn. Each of its words is one token, as common words are as published."""

# The regular expression that Qwen2's published tokenizer.json splits text with.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def make_checkpoint(folder: Path | str, size: Size = "small", seed: int = 0) -> Path:
    """Write a checkpoint of that size into a folder, made where it is missing; return it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ids = _write_tokenizer(folder, size)
    config = _config(size, ids)
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "preprocessor_config.json",
        {
            "chunk_length": 30,
            "dither": 0.0,
            "feature_extractor_type": "WhisperFeatureExtractor",
            "feature_size": 128,
            "hop_length": 160,
            "n_fft": 400,
            "n_samples": 480_000,
            "nb_max_frames": 3_000,
            "padding_side": "right",
            "padding_value": 0.0,
            "processor_class": "Qwen3ASRProcessor",
            "return_attention_mask": True,
            "sampling_rate": 16_000,
        },
    )
    # Written last and moved into place: a folder that has it is whole.
    unfinished = folder / "model.safetensors.part"
    save_file(_weights(config, size, seed), unfinished, metadata={"format": "pt"})
    unfinished.rename(folder / "model.safetensors")
    return folder


def _config(size: Size, ids: dict[str, int]) -> dict[str, Any]:
    small = size == "small"
    audio = {
        "model_type": "qwen3_asr_audio_encoder",
        "activation_function": "gelu",
        "conv_chunksize": 500,
        "d_model": 32 if small else 1_024,
        "downsample_hidden_size": 8 if small else 480,
        "encoder_attention_heads": 2 if small else 16,
        "encoder_ffn_dim": 64 if small else 4_096,
        "encoder_layers": 2 if small else 24,
        "max_source_positions": 1_500,
        "n_window": 50,
        "n_window_infer": 800,
        "num_mel_bins": 128,
        "output_dim": 64 if small else 1_024,
        "scale_embedding": False,
    }
    text = {
        "model_type": "qwen3_asr_text",
        "attention_bias": False,
        "head_dim": 32 if small else 128,
        "hidden_act": "silu",
        "hidden_size": 64 if small else 1_024,
        "intermediate_size": 128 if small else 3_072,
        "max_position_embeddings": 65_536,
        "num_attention_heads": 4 if small else 16,
        "num_hidden_layers": 2 if small else 28,
        "num_key_value_heads": 2 if small else 8,
        "rms_norm_eps": 1e-6,
        "rope_scaling": {
            "interleaved": True,
            "mrope_interleaved": True,
            "mrope_section": [6, 5, 5] if small else [24, 20, 20],
            "rope_type": "default",
            "type": "default",
        },
        "rope_theta": 1_000_000,
        "tie_word_embeddings": False,
        "use_cache": True,
        "vocab_size": max(ids.values()) + 1 if small else 152_064,
    }
    return {
        "architectures": ["Qwen3ASRForConditionalGeneration"],
        "model_type": "qwen3_asr",
        "support_languages": [],
        "thinker_config": {
            "model_type": "qwen3_forced_aligner",
            "audio_config": audio,
            "audio_end_token_id": ids[AUDIO_END],
            "audio_start_token_id": ids[AUDIO_START],
            "audio_token_id": ids[AUDIO_PAD],
            "classify_num": BINS,
            "dtype": "bfloat16",
            "initializer_range": 0.02,
            "text_config": text,
        },
        "timestamp_segment_time": BIN_MS,
        "timestamp_token_id": ids[TIMESTAMP],
        "transformers_version": "4.57.1",
    }


def _weights(config: dict[str, Any], size: Size, seed: int) -> dict[str, torch.Tensor]:
    """Draw weights that carry the signal through every layer, so that the times depend on it."""
    from qwen_asr.core.transformers_backend import (  # noqa: PLC0415 - it takes seconds to import
        Qwen3ASRConfig,
        Qwen3ASRForConditionalGeneration,
    )

    with torch.device("meta"):
        model = Qwen3ASRForConditionalGeneration(Qwen3ASRConfig(**config))
    random = torch.Generator().manual_seed(seed)
    weights = {}
    for name, parameter in model.state_dict().items():
        if name.endswith("q_norm.weight"):
            mean, spread = FOCUS[size], 0.1
        elif parameter.ndim == 1:
            mean = 1.0 if name.endswith("norm.weight") or "ln_post.weight" in name else 0.0
            spread = 0.1
        elif "embed_tokens" in name:
            # Small beside what the layers add: else every timestamp token answers alike.
            mean, spread = 0.0, 0.1
        else:
            fan_in = math.prod(parameter.shape[1:])
            mean, spread = 0.0, GAIN[size] / math.sqrt(fan_in)
        drawn = torch.empty(parameter.shape, dtype=torch.bfloat16)
        weights[name] = drawn.normal_(mean, spread, generator=random)
    # A trained model hardly ever answers with a bin past the audio's end: favour the first ones.
    weights["thinker.lm_head.weight"][FAVOURED_BINS:] *= 0.5
    return weights


def _write_tokenizer(folder: Path, size: Size) -> dict[str, int]:
    """Write the tokenizer's files; return its special tokens' ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = Sequence(
        [
            Split(Regex(SPLIT), behavior="isolated"),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=10_000,
        initial_alphabet=ByteLevel.alphabet(),
        min_frequency=1,
        show_progress=False,
    )
    words = LYRICS.split()
    tokenizer.train_from_iterator([*words, *"".join(words)], trainer)

    described = json.loads(tokenizer.to_str())
    vocabulary: dict[str, int] = described["model"]["vocab"]
    ids = (
        PUBLISHED_IDS
        if size == "full"
        else {token: len(vocabulary) + i for i, token in enumerate(PUBLISHED_IDS)}
    )
    unused = set(range(max(ids.values()))) - set(vocabulary.values()) - set(ids.values())
    vocabulary.update(ids)
    # The library prints every id that a vocabulary leaves out.
    vocabulary.update({f"<|unused_{token_id}|>": token_id for token_id in sorted(unused)})
    # Added by hand: the library would give the special tokens ids of its own.
    described["added_tokens"] = [
        {
            "id": token_id,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for token, token_id in ids.items()
    ]
    _write_json(folder / "tokenizer.json", described)
    _write_json(folder / "vocab.json", vocabulary)
    merges = "\n".join(" ".join(pair) for pair in described["model"]["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    _write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "audio_bos_token": AUDIO_START,
            "audio_eos_token": AUDIO_END,
            "audio_token": AUDIO_PAD,
            "eos_token": END_OF_TEXT,
            "extra_special_tokens": {
                "audio_bos_token": AUDIO_START,
                "audio_eos_token": AUDIO_END,
                "audio_token": AUDIO_PAD,
            },
            "model_max_length": 131_072,
            "pad_token": END_OF_TEXT,
            "processor_class": "Qwen3ASRProcessor",
            "tokenizer_class": "Qwen2Tokenizer",
            "unk_token": END_OF_TEXT,
        },
    )
    return ids


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--size", choices=("small", "full"), default="small")
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    make_checkpoint(chosen.folder, chosen.size, chosen.seed)
