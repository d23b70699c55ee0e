"""The service's parts as processes of this machine: started, watched and stopped together."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, NoReturn, Self

import httpx
from redis import Redis
from redis.exceptions import RedisError

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
HOST: Final = "127.0.0.1"

START_SECONDS: Final = 60.0
"""How long Redis and the API may take to answer."""
STOP_SECONDS: Final = 30.0
"""How long a part may take to stop; a worker hands a running job back within half of it."""


class StackError(Exception):
    """Why the stack cannot be, in words for whoever started it."""


class Stopped(BaseException):
    """Whoever started the stack wants it to stop."""


def say(text: str) -> None:
    """Print a line at once, also where the output is no terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stop_on_signals() -> None:
    """Let an interrupt, a termination and a closed terminal raise `Stopped`."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise Stopped(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # under nohup it is ignored, and stays so
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)


def free_port() -> int:
    """Find a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a TCP port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, on this machine only."""

    api: int
    flower: int
    redis: int | None
    """Where to start a Redis; none where the settings name one that runs already."""


@dataclass(frozen=True)
class Plan:
    """What a stack is to be: where it listens, where its data lie, and its settings."""

    ports: Ports
    data: Path
    logs: Path
    settings: Mapping[str, str]
    """The environment of the parts."""

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://{HOST}:{self.ports.api}"

    @property
    def flower_url(self) -> str:
        """Where Flower answers."""
        return f"http://{HOST}:{self.ports.flower}"


def make_plan(environment: Mapping[str, str], ports: Ports, *, data: Path, logs: Path) -> Plan:
    """Fill in the settings that the environment leaves open."""
    model_named = bool(environment.get("SOW_QWEN3_MODEL_PATH"))
    chosen = {
        "SOW_QWEN3_ALIGNER": "qwen3" if model_named else "dtw",
        "SOW_QWEN3_PUBLIC_URL": f"http://{HOST}:{ports.api}",
        "SOW_QWEN3_UPLOAD_DIR": str(data / "uploads"),
        "SOW_QWEN3_CACHE_DIR": str(data / "cache"),
        "SOW_QWEN3_LOG_FORMAT": "console",
    }
    given = {name: value for name, value in environment.items() if value}
    settings = {
        **chosen,
        **given,
        "PYTHONUNBUFFERED": "1",
        # a worker that is told to stop finishes a short job and hands a long one back
        "REMAP_SIGTERM": "SIGQUIT",
    }
    if ports.redis is not None:
        settings["SOW_QWEN3_REDIS_URL"] = f"redis://{HOST}:{ports.redis}/0"
    return Plan(ports, data, logs, settings)


@dataclass(frozen=True)
class Health:
    """What the API says of its workers."""

    model: str
    """`ready`, `loading`, `failed` or `absent`."""
    reason: str | None
    """Why no worker is ready."""


class Part:
    """One process of the stack and its log."""

    def __init__(self, name: str, command: Sequence[str], plan: Plan) -> None:
        self.name = name
        self.log = plan.logs / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the commands are this module's
                command,
                cwd=ROOT,
                env=plan.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # a Ctrl-C in the terminal goes to this program, which stops its parts in order
                start_new_session=True,
            )

    def end_of_log(self, lines: int = 20) -> str:
        """Give the last lines that the part has written."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def kill(self) -> None:
        """End what is left of the part: its process and those that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Stack:
    """The running parts. Leaving its context stops them all."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._parts: list[Part] = []

    def __enter__(self) -> Self:
        """Start every part and wait until the API answers."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop every part."""
        self.stop()

    def _start(self) -> None:
        plan = self.plan
        plan.logs.mkdir(parents=True, exist_ok=True)
        for folder in ("redis", "uploads", "cache"):
            (plan.data / folder).mkdir(parents=True, exist_ok=True)
        if plan.ports.redis is not None:
            self._start_redis(plan.ports.redis)
        self._wait("Redis", self._redis_answers)
        python = str(BIN / "python")
        celery = [python, "-m", "celery", "-A"]
        concurrency = plan.settings.get("SOW_QWEN3_MAX_CONCURRENT", "2")
        level = plan.settings.get("SOW_QWEN3_LOG_LEVEL", "info")
        worker = [*celery, "worker.app", "worker", "-E", "--loglevel", level]
        align = ["-Q", "align", "-n", "align@%h", "--pool", "prefork", "--concurrency", concurrency]
        webhooks = [
            "-Q",
            "webhooks",
            "-n",
            "webhooks@%h",
            "--pool",
            "threads",
            "--concurrency",
            "8",
        ]
        api = [python, "-m", "uvicorn", "api.app:create_app", "--factory", "--host", HOST]
        self._start_part("api", [*api, "--port", str(plan.ports.api)])
        self._start_part("worker", [*worker, *align])
        self._start_part("webhooks", [*worker, *webhooks])
        flower = ["shared.monitor", "flower", f"--address={HOST}", f"--port={plan.ports.flower}"]
        self._start_part("flower", [*celery, *flower])
        self._wait("the API", self._api_answers)

    def _start_redis(self, port: int) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise StackError("redis-server is not installed; scripts/setup.sh says how to")
        options = {
            "--port": str(port),
            "--bind": HOST,
            "--dir": str(self.plan.data / "redis"),
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
        }
        self._start_part("redis", [program, *(word for pair in options.items() for word in pair)])

    def _start_part(self, name: str, command: Sequence[str]) -> None:
        self._parts.append(Part(name, command, self.plan))

    def _redis_answers(self) -> bool:
        with Redis.from_url(self.plan.settings["SOW_QWEN3_REDIS_URL"], socket_timeout=2) as redis:
            try:
                return bool(redis.ping())
            except RedisError:
                return False

    def _api_answers(self) -> bool:
        try:
            return httpx.get(self.plan.api_url + "/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def _wait(self, what: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            self.check()
            if time.monotonic() > deadline:
                raise StackError(
                    f"{what} did not answer within {START_SECONDS:.0f} s; see {self.plan.logs}"
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise `StackError`, with the end of its log, where a part has ended by itself."""
        for part in self._parts:
            status = part.process.poll()
            if status is not None:
                raise StackError(
                    f"{part.name} ended with status {status}; the end of {part.log}:\n"
                    + part.end_of_log()
                )

    def health(self) -> Health | None:
        """Ask whether a worker is ready; none where nobody answers."""
        try:
            answer = httpx.get(self.plan.api_url + "/health", timeout=10)
        except httpx.TransportError:
            return None
        body = answer.json()
        return Health(body.get("model", "absent"), body.get("reason"))

    def stop(self) -> None:
        """Stop every part, Redis last; a second signal ends them at once."""
        redis = [part for part in self._parts if part.name == "redis"]
        others = [part for part in self._parts if part.name != "redis"]
        self._parts = []
        try:
            for group in (others, redis):
                _terminate(group)
        except Stopped:
            say("ending everything at once")
        finally:
            for part in [*others, *redis]:
                part.kill()


def _terminate(parts: Sequence[Part]) -> None:
    for part in parts:
        if part.process.poll() is None:
            part.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for part in parts:
        with suppress(subprocess.TimeoutExpired):
            part.process.wait(max(0.0, deadline - time.monotonic()))
