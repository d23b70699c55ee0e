"""The processor time that programs use."""

import os
from pathlib import Path
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
GROUP, USER, SYSTEM = 2, 11, 12
"""Where a process's group and its times stand in `/proc/PID/stat`, counted after its name."""


def cpu_seconds(group: int) -> float:
    """Add up what the living processes of a group have used (seconds); 0 where there is no /proc.

    Source: proc(5).
    """
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[GROUP]) == group:
            ticks += int(fields[USER]) + int(fields[SYSTEM])
    return ticks / TICKS_A_SECOND
