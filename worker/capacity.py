"""Whether a worker's processes fit on its machine, looked at before any of them starts.

Nothing here imports torch: the worker's parent process asks.
"""

from pathlib import Path

from shared.settings import Settings, variable
from worker.device import visible_gpus

PROCESS_BYTES = 1_100_000_000
"""What a process takes beside its weights: libraries, and an alignment of five minutes of audio.

Measured with the `qwen3` aligner on a CPU: 2.9 GB at the most, 1.84 GB of it weights.
"""


def needed_bytes(settings: Settings) -> int:
    """Estimate the least memory that the processes of a worker need on a CPU; 0 where unknown.

    In bfloat16 the weights are mapped from their file, once for all processes; in float32 each
    process has its own, twice as large. `auto` counts as the smaller one.
    """
    if settings.aligner != "qwen3":
        return 0
    weights = sum(file.stat().st_size for file in Path(settings.model_path).glob("*.safetensors"))
    if not weights:
        return 0
    copies = 2 * settings.max_concurrent if settings.dtype == "float32" else 1
    return copies * weights + settings.max_concurrent * PROCESS_BYTES


def memory_limit(root: Path = Path("/")) -> int | None:
    """Read how much memory this machine, or this container, may use; None where it is not told.

    `root` is where `/proc` and `/sys` are. Source: the kernel's cgroup-v2.rst (`memory.max`) and
    cgroup-v1's memory.rst (`memory.limit_in_bytes`).
    """
    limits = []
    for path in ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _read(root / path)
        if text.isdigit():
            limits.append(int(text))
    for line in _read(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemTotal":
            limits.append(int(rest.split()[0]) * 1024)
    return min(limits, default=None)


def refusal(settings: Settings, limit: int | None) -> str | None:
    """Say in one line why the processes cannot fit; None when they can, or nobody can tell."""
    on_cpu = settings.device == "cpu" or (settings.device == "auto" and not visible_gpus())
    needed = needed_bytes(settings)
    if not on_cpu or limit is None or needed <= limit:
        return None
    return (
        f"{variable('max_concurrent')}={settings.max_concurrent}: so many processes with this "
        f"model need about {needed / 1e9:.1f} GB, and there are {limit / 1e9:.1f} GB: take fewer, "
        "or give the worker more memory"
    )


def idle_gpus(settings: Settings) -> list[str]:
    """Name the GPUs that no process of this worker uses."""
    if settings.aligner != "qwen3" or not settings.device.startswith(("auto", "cuda")):
        return []
    return visible_gpus()[settings.max_concurrent :]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
