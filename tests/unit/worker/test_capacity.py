from pathlib import Path

import pytest

from shared.settings import Settings
from worker.capacity import PROCESS_BYTES, idle_gpus, memory_limit, needed_bytes, refusal


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with weights of two gigabytes, as far as anyone can see."""
    with (tmp_path / "model.safetensors").open("wb") as weights:
        weights.truncate(2_000_000_000)
    return tmp_path


def test_in_bfloat16_the_weights_count_once_and_in_float32_for_every_process(model: Path) -> None:
    settings = Settings(aligner="qwen3", model_path=str(model), max_concurrent=2)
    assert needed_bytes(settings) == 2_000_000_000 + 2 * PROCESS_BYTES
    whole = settings.model_copy(update={"dtype": "float32"})
    assert needed_bytes(whole) == 8_000_000_000 + 2 * PROCESS_BYTES
    assert needed_bytes(settings.model_copy(update={"aligner": "dtw"})) == 0
    assert needed_bytes(settings.model_copy(update={"model_path": "/nothing"})) == 0


def test_processes_that_cannot_fit_are_refused_in_one_line(model: Path) -> None:
    settings = Settings(aligner="qwen3", model_path=str(model), max_concurrent=4, device="cpu")
    line = refusal(settings, 6_000_000_000)
    assert line is not None
    assert line.startswith("SOW_QWEN3_MAX_CONCURRENT=4: ")
    assert "\n" not in line
    assert refusal(settings, 64_000_000_000) is None
    assert refusal(settings, None) is None
    assert refusal(settings.model_copy(update={"device": "cuda"}), 6_000_000_000) is None


def test_the_smaller_of_machine_and_container_is_the_limit(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    assert memory_limit(tmp_path) is None
    (tmp_path / "proc/meminfo").write_text("MemTotal:       1000 kB\nMemFree: 1 kB\n")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert memory_limit(tmp_path) == 1_024_000
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("1000\n")
    assert memory_limit(tmp_path) == 1000


def test_gpus_beyond_the_processes_stay_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    settings = Settings(aligner="qwen3", max_concurrent=2)
    assert idle_gpus(settings) == ["2", "3"]
    assert idle_gpus(settings.model_copy(update={"device": "cpu"})) == []
