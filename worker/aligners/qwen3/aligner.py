"""The `qwen3` aligner: Qwen3-ForcedAligner's weights, its package's processors, our own forward."""

from collections.abc import Sequence
from itertools import chain
from typing import Self

import numpy as np
import torch
from qwen_asr import Qwen3ForcedAligner
from torch import Tensor

from shared.languages import Language
from shared.problems import AUDIO_TOO_LONG, Problem
from shared.settings import Settings
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Progress, Samples
from worker.aligners.qwen3.checkpoint import find_checkpoint, fingerprint, load_package
from worker.aligners.qwen3.decoder import Decoder
from worker.aligners.qwen3.encoder import Attention, Encoder, count_positions
from worker.aligners.qwen3.repair import repair
from worker.device import choose_device, choose_dtype, threads_per_process

ENCODER_SHARE = 0.3
"""The audio tower's share of the time that an alignment takes; the text model has the rest.

Measured on a CPU with songs of 60 to 300 s.
"""

SHORTEST_SAMPLES = 201
"""What a shorter recording is padded to with silence: the spectrum needs as many."""


class Qwen3Aligner:
    """Places words with Qwen3-ForcedAligner (one forward pass, no generation).

    Gives the words and times that `Qwen3ForcedAligner.align` of qwen-asr 0.0.6 gives on the same
    weights and attention, except that none lies past the audio's end. A word's score is the mean
    of the log-probabilities of the bins (80 ms) that the model chose for its start and its end,
    before the times were repaired.
    """

    name = "qwen3"

    def __init__(self, package: Qwen3ForcedAligner, attention: Attention, version: str) -> None:
        model = package.model
        self.device = str(model.device)
        self.version = version
        self._torch_device = model.device
        self._dtype = model.dtype
        self._text = package.aligner_processor
        self._tokenizer = package.processor.tokenizer
        self._extractor = package.processor.feature_extractor
        self._audio_token = model.thinker.config.audio_token_id
        self._timestamp_token = package.timestamp_token_id
        self._bin_ms = package.timestamp_segment_time
        self._embed = model.thinker.model.embed_tokens
        self._encoder = Encoder(model.thinker.audio_tower, attention)
        self._decoder = Decoder(model.thinker.model)
        self._head = model.thinker.lm_head

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Load the model that the settings name, and align once, so that no job finds it cold.

        Takes the process's share of the cores. Raises `UnusableModelError` for the model and
        `ValueError` for the device, each of which says in one sentence what is wrong.
        """
        torch.set_num_threads(threads_per_process(settings.max_concurrent))
        folder = find_checkpoint(settings.model_path, settings.model_revision)
        device = choose_device(settings.device)
        dtype = choose_dtype(settings.dtype, device)
        package = load_package(folder, device, getattr(torch, dtype))
        attention = settings.encoder_attention
        version = f"qwen3-{fingerprint(folder)}-{dtype}-{attention}"
        aligner = cls(package, attention, version)
        aligner.warm_up()
        return aligner

    def warm_up(self) -> None:
        """Align a word to a second of silence: maps the weights, fills the devices' caches."""
        self.align(
            np.zeros(SAMPLE_RATE, dtype=np.float32), [["la"]], Language.ENGLISH, lambda _: None
        )

    def split(self, line: str, language: Language) -> list[str]:
        """Split one line of lyrics (NFC) into words, as qwen-asr does for that language."""
        words: list[str]
        words, _ = self._text.encode_timestamp(line, language.value)
        # qwen-asr keeps apostrophes: a line of nothing else has nothing to sing.
        return words if "".join(words).strip("'") else []

    def align(
        self,
        samples: Samples,
        lines: Sequence[Sequence[str]],
        language: Language,  # noqa: ARG002 - it only chooses the splitter, which has done its work
        progress: Progress,
    ) -> list[AlignedWord]:
        """Place every word of every line; see `Aligner.align`.

        Raises `Problem` (`audio-too-long`) for audio that is longer than the model has bins for.
        """
        words = list(chain.from_iterable(lines))
        if not words:
            return []
        duration = len(samples) / SAMPLE_RATE
        longest = self._head.out_features * self._bin_ms / 1000
        if duration > longest:
            raise Problem(
                AUDIO_TOO_LONG,
                f"the aligner places words in the first {longest:g} s only, and the audio has "
                f"{duration:.0f} s: send a shorter part",
            )
        times, scores = self.place(samples, words, progress)
        seconds = [min(time / 1000, duration) for time in times]
        return [
            AlignedWord(word, start, end, score)
            for word, start, end, score in zip(
                words, seconds[::2], seconds[1::2], scores, strict=True
            )
        ]

    @torch.inference_mode()
    def place(
        self, samples: Samples, words: Sequence[str], progress: Progress
    ) -> tuple[list[int], list[float]]:
        """Answer the starts and ends (two times a word, whole milliseconds) and a score a word.

        The times are the model's own, repaired, and may lie past the audio's end.
        """
        features = self._features(samples)
        heard = self._encoder(features, lambda done: progress(done * ENCODER_SHARE))
        tokens = self._prompt(words, count_positions(features.shape[1]))
        embedded = self._embed(tokens)
        embedded[tokens == self._audio_token] = heard.to(embedded.dtype)
        wanted = (tokens == self._timestamp_token).nonzero()[:, 0]
        hidden = self._decoder(
            embedded,
            wanted,
            lambda done: progress(ENCODER_SHARE + done * (1 - ENCODER_SHARE)),
        )
        bins, scores = _choose(self._head(hidden))
        return repair([chosen * self._bin_ms for chosen in bins]), scores

    def _features(self, samples: Samples) -> Tensor:
        """Make the log-mel features (mels, frames) with the package's own extractor."""
        if len(samples) < SHORTEST_SAMPLES:
            samples = np.pad(samples, (0, SHORTEST_SAMPLES - len(samples)))
        extracted = self._extractor(
            samples,
            sampling_rate=SAMPLE_RATE,
            padding=True,
            truncation=False,
            return_attention_mask=False,
            return_tensors="pt",
            # Apple's GPUs lack parts of the Fourier transform.
            device=self.device if self._torch_device.type == "cuda" else "cpu",
        )
        features: Tensor = extracted["input_features"][0].to(self._torch_device, self._dtype)
        return features

    def _prompt(self, words: Sequence[str], audio_positions: int) -> Tensor:
        """Make the prompt's token ids as qwen-asr does: the audio, then two timestamps a word."""
        text = "<|audio_start|><|audio_pad|><|audio_end|>" + "".join(
            f"{word}<timestamp><timestamp>" for word in words
        )
        ids = self._tokenizer(text)["input_ids"]
        audio = ids.index(self._audio_token)
        ids[audio : audio + 1] = [self._audio_token] * audio_positions
        return torch.tensor(ids, device=self._torch_device)


def _choose(logits: Tensor) -> tuple[list[int], list[float]]:
    """Choose the likeliest bins (two a word) and score them (one score a word)."""
    likelihoods = torch.log_softmax(logits.float(), -1)
    bins = logits.argmax(-1)
    chosen = likelihoods.gather(1, bins[:, None])[:, 0]
    if not chosen.isfinite().all():
        raise ArithmeticError(
            "the model's answer is not a number: its weights are broken, or its number type "
            "(SOW_QWEN3_DTYPE) is too small for them"
        )
    scores: list[float] = chosen.view(-1, 2).mean(1).tolist()
    found: list[int] = bins.tolist()
    return found, scores
