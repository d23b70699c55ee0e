"""`make run`: the whole service on this machine, staying up until it is told to stop."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.stack import (
    ROOT,
    Plan,
    Ports,
    Stack,
    StackError,
    Stopped,
    free_port,
    is_free,
    make_plan,
    say,
    stop_on_signals,
)

DATA: Final = ROOT / "run" / "data"
"""Where the jobs of `make run` lie, so that they are there the next time."""
LOGS: Final = ROOT / "run" / "logs"
REDIS_PORT: Final = 6379
WATCH_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 20.0
"""How long a worker that is only starting is nothing to tell of."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep a second `make run` away from the same data."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StackError("make run is up already in this folder") from error
        yield


def chosen_port(environment: Mapping[str, str], name: str, default: int) -> int:
    """Read a port from the environment and see that it is free."""
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise StackError(f"{name} must be a port's number, not {text!r}")
    if not is_free(int(text)):
        raise StackError(f"port {text} is taken; choose another: make run {name}={int(text) + 1}")
    return int(text)


def plan_run(environment: Mapping[str, str]) -> Plan:
    """Plan the stack of `make run`."""
    own_redis = not environment.get("SOW_QWEN3_REDIS_URL")
    redis_port = REDIS_PORT if is_free(REDIS_PORT) else free_port()
    ports = Ports(
        api=chosen_port(environment, "API_PORT", 8000),
        flower=chosen_port(environment, "FLOWER_PORT", 5555),
        redis=redis_port if own_redis else None,
    )
    return make_plan(environment, ports, data=DATA, logs=LOGS)


def watch(stack: Stack) -> None:
    """Say when a worker becomes ready and when none is, until a part ends or a signal comes."""
    told: str | None = None
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        stack.check()
        health = stack.health()
        starting = health and health.model in {"absent", "loading"}
        if health and not (starting and time.monotonic() < patience):
            news = f"not ready: {health.reason}" if health.reason else "ready"
            if news != told:
                say(f"worker    {news}")
                told = news
        time.sleep(WATCH_SECONDS)


def run() -> None:
    """Start the stack, say where it is, and watch it."""
    plan = plan_run(os.environ)
    with only_one(plan.data):
        say("starting")
        with Stack(plan) as stack:
            redis = f"127.0.0.1:{plan.ports.redis}" if plan.ports.redis else "SOW_QWEN3_REDIS_URL"
            say(f"aligner   {describe_aligner(plan.settings)}")
            say(f"API       {plan.api_url}   its description: {plan.api_url}/docs")
            say(f"Flower    {plan.flower_url}")
            say(f"Redis     {redis}")
            say(f"logs      {plan.logs}")
            say("Ctrl-C stops everything")
            watch(stack)


def describe_aligner(settings: Mapping[str, str]) -> str:
    """Say in one line which aligner works and why."""
    if settings["SOW_QWEN3_ALIGNER"] == "dtw":
        return "dtw, for clear speech; SOW_QWEN3_MODEL_PATH=… chooses qwen3"
    model = settings.get("SOW_QWEN3_MODEL_PATH", "/models/qwen3-forced-aligner")
    return f"{settings['SOW_QWEN3_ALIGNER']}, model {model}"


def main() -> int:
    """Run until told to stop; give the exit status."""
    stop_on_signals()
    try:
        run()
    except Stopped:
        say("stopped")
        return 0
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
