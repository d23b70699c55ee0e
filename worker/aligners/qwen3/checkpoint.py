"""Finds the model's folder, checks it, and loads it with qwen-asr."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars
from qwen_asr import Qwen3ForcedAligner
from transformers.utils import logging as transformers_logging

FILES = ("*.json", "*.txt", "*.safetensors")
"""What a checkpoint on the hub is made of."""


SAMPLES, SAMPLE_BYTES = 256, 64
"""How many places of a weights' file go into a checkpoint's fingerprint, and how much of each."""


class UnusableModelError(Exception):
    """The model cannot be loaded; the message says in one sentence what to change."""


def find_checkpoint(path: str, revision: str | None) -> Path:
    """Return the folder of a checkpoint: `path` itself, or what the hub has by that name.

    A folder is never looked up on the hub; a name that was downloaded before is taken from the
    hub's cache where the hub cannot be reached. Raises `UnusableModelError`.
    """
    folder = Path(path)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or path.startswith((".", "~")) or path.count("/") != 1:
        raise UnusableModelError(
            f"the model folder {path} does not exist: put Qwen3-ForcedAligner there, "
            "or set SOW_QWEN3_MODEL_PATH to its folder or its name on the hub"
        )
    try:
        with silenced():
            return Path(snapshot_download(path, revision=revision, allow_patterns=list(FILES)))
    except Exception as error:
        raise UnusableModelError(
            f"the model {path} (revision {revision or 'main'}) is neither a folder nor to be had "
            f"from the hub ({type(error).__name__}): set SOW_QWEN3_MODEL_PATH to a folder with "
            "Qwen3-ForcedAligner"
        ) from error


def check_checkpoint(folder: Path) -> set[str]:
    """Return the names of a checkpoint's weights.

    Raises `UnusableModelError` where a folder holds no whole forced aligner.
    """
    config = _read_config(folder)
    if config.get("model_type") != "qwen3_asr":
        raise UnusableModelError(
            f"{folder}/config.json describes a model of type {config.get('model_type')!r}, "
            "not 'qwen3_asr': put Qwen3-ForcedAligner there"
        )
    thinker = config.get("thinker_config")
    kind = thinker.get("model_type") if isinstance(thinker, dict) else None
    if kind != "qwen3_forced_aligner":
        # A model saved again by transformers loses this: another head would be built, unnoticed.
        raise UnusableModelError(
            f"{folder}/config.json has the thinker_config.model_type {kind!r}, not "
            "'qwen3_forced_aligner': this is Qwen3-ASR itself or a saved copy; put the published "
            "Qwen3-ForcedAligner there"
        )
    for name in ("preprocessor_config.json", "tokenizer_config.json"):
        if not (folder / name).is_file():
            raise UnusableModelError(f"{folder} lacks {name}: copy the whole model there")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UnusableModelError(f"{folder} has no *.safetensors: copy the whole model there")
    return set().union(*(_read_names(file) for file in weights))


def load_package(folder: Path, device: str, dtype: torch.dtype) -> Qwen3ForcedAligner:
    """Load the model and its processors with qwen-asr.

    On the CPU in the file's own number type, weights are mapped: processes share their pages.
    Raises `UnusableModelError`.
    """
    try:
        names = check_checkpoint(folder)
    except OSError as error:
        raise UnusableModelError(
            f"{error.filename} cannot be read ({error.strerror}): let the worker's user read the "
            "whole folder, with chmod -R a+rX"
        ) from error
    try:
        with silenced():
            package = Qwen3ForcedAligner.from_pretrained(
                str(folder), dtype=dtype, device_map=device, local_files_only=True
            )
            # The Korean splitter is only imported and built when it is first used.
            package.aligner_processor.encode_timestamp("가", "Korean")
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise UnusableModelError(
            f"the model in {folder} cannot be loaded ({type(error).__name__}: {reason}): "
            "copy the whole Qwen3-ForcedAligner there again"
        ) from error
    # transformers fills what it does not find with random numbers.
    missing = sorted(package.model.state_dict().keys() - names)
    if missing:
        raise UnusableModelError(
            f"the model in {folder} lacks {len(missing)} of its weights (the first is "
            f"{missing[0]}): copy the whole Qwen3-ForcedAligner there again"
        )
    package.model.eval()
    return package


def fingerprint(folder: Path) -> str:
    """Name a checkpoint by what can be read at once.

    That is its config, and of each weights' file the name, the length, the header and a few bytes
    from all over it, which tell apart models of one shape.
    """
    digest = sha256((folder / "config.json").read_bytes())
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name}:{size}".encode())
        with file.open("rb") as content:
            digest.update(content.read(8 + _header_length(content)))
            for sample in range(SAMPLES):
                content.seek(size * sample // SAMPLES)
                digest.update(content.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]


@contextmanager
def silenced() -> Iterator[None]:
    """Keep transformers and the hub's client from warning and from drawing progress bars.

    What they warn of here is either checked by us or nothing that a user can change.
    """
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        transformers_logging.enable_progress_bar()
        enable_progress_bars()


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnusableModelError(
            f"{folder} has no config.json: put Qwen3-ForcedAligner there"
        ) from error
    except (OSError, ValueError) as error:
        raise UnusableModelError(
            f"{folder}/config.json cannot be read: copy the whole model there again"
        ) from error
    if not isinstance(config, dict):
        raise UnusableModelError(
            f"{folder}/config.json is no JSON object: copy the whole model there again"
        )
    return config


def _header_length(content: BinaryIO) -> int:
    length = int.from_bytes(content.read(8), "little")
    content.seek(0)
    return length


def _read_names(file: Path) -> set[str]:
    """Read the names of a safetensors file's weights; raise where the file is not whole.

    The format: 8 bytes with the header's length, the JSON header, then the weights' bytes.
    """
    whole = f"{file} is broken or not whole: copy it there again"
    size = file.stat().st_size
    with file.open("rb") as content:
        length = _header_length(content)
        content.seek(8)
        if length > size - 8:
            raise UnusableModelError(whole)
        try:
            header = json.loads(content.read(length))
            ends = {
                name: described["data_offsets"][1]
                for name, described in header.items()
                if name != "__metadata__"
            }
        except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
            raise UnusableModelError(whole) from error
    if size != 8 + length + max(ends.values(), default=0):
        raise UnusableModelError(whole)
    return set(ends)
