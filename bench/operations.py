"""Counts the arithmetic of one alignment that cannot be left out."""

from qwen_asr import Qwen3ForcedAligner
from transformers import PretrainedConfig

from worker.aligners.qwen3.encoder import Attention, count_positions


def count_operations(
    package: Qwen3ForcedAligner, frames: int, words: list[str], attention: Attention
) -> float:
    """Count the operations of the matrix products; a multiplication and an addition are two.

    Not counted: keys that causality or a window hides, and what the text model's last layer does
    for the positions that nobody asks about.
    """
    heard = count_positions(frames)
    prompt = "".join(f"{word}<timestamp><timestamp>" for word in words)
    tokens = heard + 2 + len(package.processor.tokenizer(prompt)["input_ids"])
    config = package.model.config.thinker_config
    return 2.0 * float(
        _count_encoder(config.audio_config, frames, heard, attention)
        + _count_decoder(config.text_config, tokens, heard, 2 * len(words))
        + 2 * len(words) * config.text_config.hidden_size * config.classify_num
    )


def _count_encoder(
    config: PretrainedConfig, frames: int, heard: int, attention: Attention
) -> float:
    chunk = config.n_window * 2
    mels, width, channels = config.num_mel_bins, chunk, config.downsample_hidden_size
    convolved = 0.0
    for inputs in (1, channels, channels):
        mels, width = (mels + 1) // 2, (width + 1) // 2
        convolved += frames / chunk * mels * width * channels * inputs * 9
    size = config.d_model
    window = width * (config.n_window_infer // chunk) if attention == "windows" else heard
    pairs = heard // window * window**2 + (heard % window) ** 2
    layer = heard * (4 * size**2 + 2 * size * config.encoder_ffn_dim) + 2 * pairs * size
    around = heard * size * (channels * mels + size + config.output_dim)
    return float(convolved + config.encoder_layers * layer + around)


def _count_decoder(config: PretrainedConfig, tokens: int, heard: int, asked: int) -> float:
    queries = config.num_attention_heads * config.head_dim
    keys = config.num_key_value_heads * config.head_dim
    per_key = 2 * config.hidden_size * keys
    per_query = 2 * config.hidden_size * queries + 3 * config.hidden_size * config.intermediate_size
    every_layer = tokens * per_key
    inner_layer = tokens * per_query + tokens * (tokens + 1) * queries
    # Those asked about lie in the text, after the audio, evenly.
    last_layer = asked * per_query + asked * (heard + tokens) * queries
    layers = config.num_hidden_layers
    return float(layers * every_layer + (layers - 1) * inner_layer + last_layer)
