import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import stack
from scripts.stack import Part, Stack, StackError, free_port, make_plan


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stack, "LOGS", tmp_path)
    return tmp_path


@pytest.fixture
def small_stack(tmp_path: Path) -> Stack:
    ports = {"api_port": free_port(), "flower_port": free_port(), "redis_port": free_port()}
    return Stack(make_plan(os.environ, **ports, data=tmp_path))


def start(running: Stack, name: str, command: Sequence[str]) -> Part:
    running._start_part(name, command)  # noqa: SLF001 - parts of a stack, started alone
    return running._parts[-1]  # noqa: SLF001 - the same


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_part_that_ends_by_itself_is_named_with_the_end_of_its_log(small_stack: Stack) -> None:
    part = start(small_stack, "worker", ["sh", "-c", "echo no model; exit 3"])
    part.process.wait()
    with pytest.raises(StackError, match=r"(?s)worker ended with status 3.*no model"):
        small_stack.check()


def test_stopping_leaves_no_process_behind(small_stack: Stack, logs: Path) -> None:
    child = logs / "child"
    command = ["sh", "-c", f"trap '' TERM; sleep 600 & echo $! >{child}; exit 0"]
    part = start(small_stack, "worker", command)
    part.process.wait()
    pid = int(child.read_text())
    assert is_alive(pid)
    small_stack.stop()
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)
