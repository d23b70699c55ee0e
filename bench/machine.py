"""The machine that the bench runs on, in one line."""

import os
import platform
from pathlib import Path

from worker.device import usable_cores


def describe_machine() -> str:
    """Name the processor, the cores that may be used, the load before the run, and the GPU."""
    parts = [
        _processor(),
        f"{usable_cores():g} cores",
        f"load {os.getloadavg()[0]:.1f} before the run",
        f"Python {platform.python_version()}",
        *_torch(),
    ]
    return ", ".join(parts)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _torch() -> list[str]:
    import torch  # noqa: PLC0415 - it takes seconds, and `--help` does without

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU here"
    return [f"torch {torch.__version__}", gpu]
