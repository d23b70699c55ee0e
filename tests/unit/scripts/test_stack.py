import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from scripts.stack import Part, Ports, Stack, StackError, free_port, make_plan


@pytest.fixture
def small_stack(tmp_path: Path) -> Stack:
    ports = Ports(api=free_port(), flower=free_port(), redis=free_port())
    return Stack(make_plan(os.environ, ports, data=tmp_path, logs=tmp_path))


def start(running: Stack, name: str, command: Sequence[str]) -> Part:
    running._start_part(name, command)  # noqa: SLF001 - parts of a stack, started alone
    return running._parts[-1]  # noqa: SLF001 - parts of a stack, started alone


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_part_that_ends_by_itself_is_named_with_the_end_of_its_log(small_stack: Stack) -> None:
    part = start(small_stack, "worker", ["sh", "-c", "echo no model; exit 3"])
    part.process.wait()
    with pytest.raises(StackError, match=r"(?s)worker ended with status 3.*no model"):
        small_stack.check()


def within_ten_seconds(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def test_stopping_leaves_no_process_behind(small_stack: Stack, tmp_path: Path) -> None:
    child = tmp_path / "child"
    command = ["sh", "-c", f"sleep 600 & echo $! >{child}"]
    part = start(small_stack, "worker", command)
    part.process.wait()
    pid = int(child.read_text())
    assert within_ten_seconds(lambda: is_alive(pid))
    small_stack.stop()
    assert within_ten_seconds(lambda: not is_alive(pid))
