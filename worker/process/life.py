"""A worker process's life: pin the device, load the aligner once, be ready, stay heard of."""

import os
import sys
import threading
import time
from typing import Any

import structlog
from billiard.process import current_process
from celery import signals

from shared.problems import STAGE_TIMEOUT, Problem
from shared.queue import ALIGN
from shared.settings import Settings, get_settings
from shared.store import JobStore, Process, ProcessBoard
from shared.store.processes import HEARD_SECONDS
from worker.aligners.base import Aligner
from worker.aligners.load import load_aligner
from worker.audio.ffmpeg import require_tools
from worker.capacity import idle_gpus, memory_limit, refusal
from worker.device import pin_to_gpu
from worker.process.hold import Hold
from worker.process.stopping import is_stopping

log = structlog.get_logger()

LONGEST_PAUSE_SECONDS = 60.0
"""The longest pause before a model that could not be loaded is tried again."""

EXIT_OVERDUE = 70
"""The exit status of a process that ended itself over a stage without end (EX_SOFTWARE)."""


class WorkerProcess:
    """This process: what it is made of, and the job that it holds at the moment."""

    def __init__(self, settings: Settings, worker: str, index: int) -> None:
        self.settings = settings
        self.store = JobStore(settings)
        self.hold: Hold | None = None
        self._board = ProcessBoard(self.store.redis)
        self._worker = worker
        self._aligner: Aligner | None = None
        self._heard = True
        self._about = Process(
            worker=worker, index=index, pid=os.getpid(), state="loading", aligner=settings.aligner
        )
        self._pulse_seconds = min(settings.lease_seconds, HEARD_SECONDS) / 3

    @property
    def aligner(self) -> Aligner:
        """The aligner, once the process is ready."""
        assert self._aligner is not None, "no task reaches a process that is not ready"  # noqa: S101 - an invariant
        return self._aligner

    def start(self) -> None:
        """Become ready, however long that takes; returns when the aligner is loaded."""
        threading.Thread(target=self._pulse, name="pulse", daemon=True).start()
        pause = 1.0
        while not self._try_load():
            _pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _try_load(self) -> bool:
        begun = time.monotonic()
        try:
            require_tools()
            aligner = load_aligner(self.settings)
        except Exception as error:
            reason = str(error) or type(error).__name__
            if reason != self._about.reason:
                log.exception("the aligner cannot be loaded; trying again", reason=reason)
            self._say(state="failed", reason=reason)
            return False
        self._aligner = aligner
        self._say(state="ready", reason=None, device=aligner.device, model=aligner.version)
        log.info(
            "ready",
            aligner=aligner.name,
            device=aligner.device,
            seconds=round(time.monotonic() - begun, 2),
        )
        return True

    def _say(self, **news: str | None) -> None:
        self._about = self._about.model_copy(update=news)
        self._be_heard(None)

    def _be_heard(self, hold: Hold | None) -> None:
        try:
            if is_stopping():
                self._board.withdraw(self._about.worker)
            else:
                self._board.post(self._about)
            if hold:
                hold.renew()
        except Problem as problem:
            if self._heard:
                log.warning("Redis does not hear this process", error=problem.detail)
            self._heard = False
        else:
            self._heard = True

    def _pulse(self) -> None:
        while True:
            hold = self.hold
            self._be_heard(hold)
            if hold and hold.overdue:
                self._end_overdue(hold)
            time.sleep(self._pulse_seconds)

    def _end_overdue(self, hold: Hold) -> None:
        """End the process: nothing else ends native code that does not return."""
        log.error("a stage took too long; the process ends", job=hold.job_id, stage=hold.stage)
        problem = Problem(STAGE_TIMEOUT, f"The stage `{hold.stage}` took longer than it may.")
        try:
            self.store.fail(hold.job_id, hold.attempt, problem)
        finally:
            os._exit(EXIT_OVERDUE)


def _pause(seconds: float) -> None:
    """Sleep, but end the process when its worker ends, however that does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_stopping():
            os._exit(0)
        time.sleep(0.2)


_worker_name = ""
_process: WorkerProcess | None = None


def this_process() -> WorkerProcess:
    """Give the process that a task runs in."""
    assert _process is not None, "tasks of the queue `align` run in prefork processes"  # noqa: S101 - an invariant
    return _process


@signals.celeryd_init.connect
def on_worker_init(sender: str, options: dict[str, Any], **_: object) -> None:
    """Keep the worker's name for its processes, and refuse more of them than can fit."""
    global _worker_name  # noqa: PLW0603 - it is the process's own
    _worker_name = sender
    if ALIGN not in str(options.get("queues") or ALIGN):
        return
    settings = get_settings()
    line = refusal(settings, memory_limit())
    if line:
        sys.exit(line)
    idle = idle_gpus(settings)
    if idle:
        log.warning("some GPUs stay idle: start a worker for each", idle=idle)


@signals.worker_process_init.connect
def on_process_init(**_: object) -> None:
    """Make the process ready before Celery gives it work."""
    global _process  # noqa: PLW0603 - it is the process's own
    settings = get_settings()
    index = int(current_process().index)  # type: ignore[attr-defined]  # billiard adds it, untyped
    pin_to_gpu(index)
    _process = WorkerProcess(settings, _worker_name, index)
    _process.start()
