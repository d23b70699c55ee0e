"""The job in a process's hands: its lease, its stage, its progress."""

import time

from shared.job import Stage
from shared.problems import Problem
from shared.store import JobStore

WRITE_SECONDS = 0.5
"""Progress is written, and cancellation looked for, at most this often."""

SHARES = {
    Stage.FETCHING: (0.0, 0.05),
    Stage.DECODING: (0.05, 0.1),
    Stage.ALIGNING: (0.1, 0.98),
    Stage.WRITING: (0.98, 1.0),
}
"""Where each stage begins and ends in a job's progress: the aligning is nearly all of it."""


class NotOursError(Exception):
    """The job is no longer this attempt's: canceled, deleted, or given to another worker."""


class Hold:
    """One attempt at one job, which the claim has put at fetching.

    The working thread moves it on; the process's pulse renews the lease and looks at `overdue`.
    """

    def __init__(self, store: JobStore, job_id: str, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.stage = Stage.FETCHING
        self.lost = False
        self._store = store
        self._deadline: float | None = None
        self._written_at = time.monotonic()

    def move_to(self, stage: Stage, limit_seconds: float | None = None) -> None:
        """Begin a stage, which may take so long; raises `NotOursError` when the job is gone."""
        self.stage = stage
        self._deadline = None if limit_seconds is None else time.monotonic() + limit_seconds
        self._write(0.0, stage)

    def end_stage(self) -> None:
        """Have the time limit end with the stage: writing an outcome may wait for Redis."""
        self._deadline = None

    def progress(self, fraction: float) -> None:
        """Say how much of the stage is done, 0..1; raises `NotOursError` when the job is gone."""
        if self.lost:
            raise NotOursError
        if time.monotonic() - self._written_at >= WRITE_SECONDS:
            self._write(fraction)

    def renew(self) -> None:
        """Renew the lease, from any thread; a job that is gone is noted for the working one."""
        if not self._store.advance(self.job_id, self.attempt):
            self.lost = True

    @property
    def overdue(self) -> bool:
        """Whether the stage has taken longer than it may."""
        deadline = self._deadline
        return deadline is not None and time.monotonic() > deadline

    def _write(self, fraction: float, stage: Stage | None = None) -> None:
        start, end = SHARES[self.stage]
        self._written_at = time.monotonic()
        done = start + (end - start) * min(max(fraction, 0.0), 1.0)
        try:
            ours = self._store.advance(self.job_id, self.attempt, stage, done)
        except Problem:
            # Redis is away: the work goes on, and its outcome waits until Redis is back
            return
        if not ours:
            self.lost = True
            raise NotOursError
