"""Which device, number type and how many threads a worker's process uses.

Nothing here imports torch before it is called: a worker's parent process must never have it.
"""

import math
import os
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"


def choose_device(wanted: str) -> str:
    """Return the device to compute on: `auto` is CUDA, then MPS, then the CPU.

    Raises `ValueError` where the one asked for by name is not there.
    """
    import torch  # noqa: PLC0415 - not in the worker's parent process

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = [f"cuda:{index}" for index in range(gpus)]
    if torch.backends.mps.is_available():
        there.append("mps")
    there.append("cpu")
    if wanted == "auto":
        return there[0]
    device = "cuda:0" if wanted == "cuda" else wanted
    if device not in there:
        raise ValueError(
            f"SOW_QWEN3_DEVICE={wanted}: there is no such device here, only {', '.join(there)}"
        )
    return device


def choose_dtype(wanted: str, device: str) -> str:
    """Return the name of torch's number type: `auto` is bfloat16 where the hardware has it."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    import torch  # noqa: PLC0415 - not in the worker's parent process

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "mps":
        try:
            torch.ones(1, dtype=torch.bfloat16, device=device)
        except TypeError:  # before macOS 14
            return False
        return True
    return _cpu_has_bfloat16()


def _cpu_has_bfloat16() -> bool:
    """Tell whether the CPU multiplies in bfloat16: without that, float32 is the faster one."""
    import torch  # noqa: PLC0415 - not in the worker's parent process

    has = torch.cpu.get_capabilities()
    return any(has.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def usable_cores() -> float:
    """Count the cores that this process may use: its affinity's, within its cgroup's quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min([float(cores), *cgroup_quotas(Path("/"))])


def threads_per_process(processes: int) -> int:
    """Return how many threads each of so many processes should compute with, at least one."""
    return max(1, math.floor(usable_cores() / processes))


def pin_to_gpu(process_index: int) -> None:
    """Let this process see one GPU of those that the worker sees, chosen by the process's index.

    To be called before torch is imported. An inherited `CUDA_VISIBLE_DEVICES` says which GPUs the
    worker sees; without GPUs nothing changes.
    """
    gpus = visible_gpus()
    if gpus:
        os.environ[VISIBLE] = gpus[process_index % len(gpus)]


def visible_gpus() -> list[str]:
    """Name the NVIDIA GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    inherited = os.environ.get(VISIBLE)
    if inherited is not None:
        return [name.strip() for name in inherited.split(",") if name.strip() not in ("", "-1")]
    # CUDA numbers the GPUs that a container was given from 0 on, whatever their files are called.
    return [str(index) for index, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def cgroup_quotas(root: Path) -> list[float]:
    """Read the CPU quotas (in cores) of this process's cgroup and of those above it.

    `root` is where `/proc` and `/sys` are.

    Sources: the kernel's cgroup-v2.rst (`cpu.max`) and sched-bwc.rst (`cpu.cfs_quota_us`).
    """
    quotas = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # The second version of cgroups names no controllers and lies at the mount's root.
        mount = root / "sys/fs/cgroup" / controllers
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mount):
                break
            if controllers:
                quota, period = (
                    _read(folder / name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
                )
            else:
                quota, _, period = _read(folder / "cpu.max").partition(" ")
            # No limit is "max" in the second version of cgroups and -1 in the first.
            if quota.isdigit() and period.isdigit() and int(period):
                quotas.append(int(quota) / int(period))
    return quotas


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
