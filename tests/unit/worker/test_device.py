"""Device, number type, threads and GPU: chosen by what is there, without torch in the parent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from worker import device


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [
        (True, True, "cuda:0"),
        (True, False, "cuda:0"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_auto_is_cuda_then_mps_then_the_cpu(
    monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device.choose_device("auto") == chosen


def test_a_gpu_is_found_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose_device("cuda") == "cuda:0"
    assert device.choose_device("cuda:1") == "cuda:1"
    with pytest.raises(ValueError, match="SOW_QWEN3_DEVICE=cuda:2: there is no such device"):
        device.choose_device("cuda:2")


@pytest.mark.parametrize("wanted", ["cuda", "cuda:0", "mps", "tpu", "cuda:x", "cpu:1:2", ""])
def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: wanted == "cuda:x")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"SOW_QWEN3_DEVICE={wanted}: "):
        device.choose_device(wanted)


def test_a_number_type_that_is_asked_for_is_taken() -> None:
    assert device.choose_dtype("float16", "cpu") == "float16"


@pytest.mark.parametrize(
    ("capabilities", "chosen"),
    [
        ({"avx2": True}, "float32"),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"neon": True, "bf16": True}, "bfloat16"),
    ],
)
def test_auto_is_bfloat16_on_a_cpu_that_multiplies_in_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], chosen: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert device.choose_dtype("auto", "cpu") == chosen


@pytest.mark.parametrize(("native", "chosen"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_bfloat16_on_a_gpu_that_has_it_in_hardware(
    monkeypatch: pytest.MonkeyPatch, *, native: bool, chosen: str
) -> None:
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: native or including_emulation
    )
    assert device.choose_dtype("auto", "cuda:0") == chosen


def test_a_process_gets_its_share_of_the_cores_and_at_least_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "usable_cores", lambda: 5.5)
    assert [device.threads_per_process(count) for count in (1, 2, 3, 8)] == [5, 2, 1, 1]


def test_cores_follow_the_process_s_affinity() -> None:
    program = "from worker.device import usable_cores; print(usable_cores())"
    first = min(os.sched_getaffinity(0))
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {first}),
    )
    assert 0 < float(found.stdout) <= 1


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_the_quota_of_a_container_is_read(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "150000 100000\n")
    assert device.cgroup_quotas(tmp_path) == [1.5]


def test_no_quota_is_no_limit(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/user\n")
    write(tmp_path / "sys/fs/cgroup/user/cpu.max", "max 100000\n")
    assert device.cgroup_quotas(tmp_path) == []
    assert device.cgroup_quotas(tmp_path / "nothing-here") == []


def test_a_service_is_held_by_the_quotas_of_the_slices_above_it(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/system.slice/worker.service\n")
    write(tmp_path / "sys/fs/cgroup/system.slice/worker.service/cpu.max", "400000 100000\n")
    write(tmp_path / "sys/fs/cgroup/system.slice/cpu.max", "200000 100000\n")
    assert sorted(device.cgroup_quotas(tmp_path)) == [2.0, 4.0]


def test_the_first_version_of_cgroups_is_read_too(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/docker/1\n0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "250000\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    assert device.cgroup_quotas(tmp_path) == [2.5]


def test_processes_spread_over_the_gpus_that_the_worker_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinned = []
    for index in range(4):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5f,7")
        device.pin_to_gpu(index)
        pinned.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert pinned == ["2", "GPU-5f", "7", "2"]


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_gpus_that_were_hidden_stay_hidden(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    device.pin_to_gpu(0)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == hidden


def test_nothing_of_this_imports_torch_in_the_parent() -> None:
    program = (
        "import sys; from worker import device; "
        "device.pin_to_gpu(0), device.visible_gpus(), device.threads_per_process(2); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
