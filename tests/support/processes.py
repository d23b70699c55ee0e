"""Starting the real programs that the tests talk to, and ending them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Give a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(done: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until something is so; fails saying what was waited for."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Tell whether something takes connections on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A program that runs, with its output in a file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # a group of its own, so that a test can end a worker with all its processes
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill_all(self) -> None:
        """End it and its children at once, as a machine that dies does."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds: float = 30) -> int:
        """Ask it to end, and insist after a while; gives its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return -9
        finally:
            self.kill_all()

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def redis_server(folder: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """Run a Redis of the test's own; gives its address."""
    port = port or free_port()
    command = ["redis-server", "--port", str(port), "--dir", str(folder), "--save", ""]
    program = Program([*command, *options], folder / "redis.log")
    try:
        wait_until(lambda: listens(port), "Redis listens", 10)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        program.stop()


def python(*arguments: str) -> list[str]:
    """Give the command that runs a module with this Python."""
    return [sys.executable, "-m", *arguments]
