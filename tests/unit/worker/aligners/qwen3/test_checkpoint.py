"""A model that cannot be loaded says in one sentence why."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
from qwen_asr import Qwen3ForcedAligner

from shared.settings import Settings
from worker.aligners.qwen3 import Qwen3Aligner, UnusableModelError
from worker.aligners.qwen3.checkpoint import find_checkpoint, fingerprint, load_package

COMMIT = "a" * 40


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoint, to be broken."""
    copy = tmp_path / "model"
    shutil.copytree(checkpoint, copy)
    return copy


def why_unusable(path: Path | str) -> str:
    with pytest.raises(UnusableModelError) as caught:
        Qwen3Aligner.load(Settings(model_path=str(path), device="cpu", dtype="float32"))
    message = str(caught.value)
    assert "\n" not in message
    return message


def change_config(folder: Path, change: dict[str, Any], part: str | None = None) -> None:
    config = json.loads((folder / "config.json").read_text())
    (config[part] if part else config).update(change)
    (folder / "config.json").write_text(json.dumps(config))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = why_unusable(tmp_path / "nowhere")
    assert "nowhere does not exist" in message
    assert "SOW_QWEN3_MODEL_PATH" in message


def test_an_empty_folder_says_that_it_has_no_config(tmp_path: Path) -> None:
    assert "has no config.json" in why_unusable(tmp_path)


def test_a_config_that_is_no_json_cannot_be_read(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    assert "config.json cannot be read" in why_unusable(folder)


def test_another_model_is_named_by_its_type(folder: Path) -> None:
    change_config(folder, {"model_type": "whisper"})
    assert "type 'whisper', not 'qwen3_asr'" in why_unusable(folder)


def test_a_copy_that_transformers_saved_is_refused_for_its_lost_type(
    folder: Path, reference: Qwen3ForcedAligner
) -> None:
    reference.model.config.save_pretrained(folder)
    assert "saved copy" in why_unusable(folder)


def test_weights_that_are_cut_short_are_named(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1_000])
    assert "model.safetensors is broken or not whole" in why_unusable(folder)


@pytest.mark.parametrize("content", [b"", b"\0" * 4, b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]"])
def test_weights_that_are_no_safetensors_are_named(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    assert "model.safetensors is broken or not whole" in why_unusable(folder)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "preprocessor_config.json", "tokenizer_config.json"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name.removeprefix("model") in why_unusable(folder)


def test_weights_of_other_shapes_say_that_the_model_cannot_be_loaded(folder: Path) -> None:
    change_config(folder, {"classify_num": 10}, "thinker_config")
    assert "cannot be loaded" in why_unusable(folder)


def test_weights_that_are_missing_from_the_file_say_so(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["thinker_config"]["text_config"]["num_hidden_layers"] += 1
    (folder / "config.json").write_text(json.dumps(config))
    assert "lacks" in why_unusable(folder)


def test_a_broken_tokenizer_says_that_the_model_cannot_be_loaded(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    assert "cannot be loaded" in why_unusable(folder)


def test_weights_that_are_not_numbers_say_so(folder: Path) -> None:
    from safetensors.torch import load_file, save_file  # noqa: PLC0415 - it imports torch

    weights = load_file(folder / "model.safetensors")
    weights["thinker.model.norm.weight"][:] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArithmeticError, match="not a number"):
        Qwen3Aligner.load(Settings(model_path=str(folder), device="cpu", dtype="float32"))


@pytest.fixture
def hub(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, with the checkpoint as the commit that `main` was, and no way to the hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    model = tmp_path / "models--someone--aligner"
    shutil.copytree(checkpoint, model / "snapshots" / COMMIT)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    return model


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_name_that_was_downloaded_before_needs_no_hub(hub: Path, revision: str | None) -> None:
    assert find_checkpoint("someone/aligner", revision) == hub / "snapshots" / COMMIT


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("name", "revision"), [("someone/aligner", "b" * 40), ("someone/else", None)]
)
def test_a_name_or_revision_that_is_not_to_be_had_is_named(name: str, revision: str | None) -> None:
    with pytest.raises(UnusableModelError) as caught:
        find_checkpoint(name, revision)
    assert name in str(caught.value)
    assert (revision or "main") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_loaded_without_the_network(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address: tried.append(address))
    load_package(checkpoint, "cpu", torch.float32)
    assert tried == []


def test_loading_is_silent(checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_package(checkpoint, "cpu", torch.bfloat16)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_the_version_tells_model_type_and_attention_apart(checkpoint: Path) -> None:
    versions = {
        Qwen3Aligner.load(
            Settings(
                model_path=str(checkpoint), device="cpu", dtype=dtype, encoder_attention=attention
            )
        ).version
        for dtype in ("float32", "bfloat16")
        for attention in ("windows", "package")
    }
    assert len(versions) == 4


def test_the_fingerprint_follows_weights_and_config(folder: Path) -> None:
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-10_000:] = bytes(10_000)
    (folder / "model.safetensors").write_bytes(weights)
    other_weights = fingerprint(folder)
    change_config(folder, {"timestamp_segment_time": 40})
    assert len({before, other_weights, fingerprint(folder)}) == 3


def test_processes_share_the_weights_for_they_lie_in_the_mapped_file(checkpoint: Path) -> None:
    package = load_package(checkpoint, "cpu", torch.bfloat16)
    mapped = [
        range(*(int(end, 16) for end in line.split()[0].split("-")))
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(str(checkpoint / "model.safetensors"))
    ]
    copied = [
        name
        for name, weight in package.model.named_parameters()
        if not any(weight.data_ptr() in addresses for addresses in mapped)
    ]
    assert copied == []
