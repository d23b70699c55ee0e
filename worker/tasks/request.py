"""What the worker's parent knows of a task that one of its processes does."""

from typing import Any

import structlog
from celery.worker.request import Request

from shared.problems import Problem
from shared.settings import get_settings
from shared.store import JobStore

log = structlog.get_logger()


class AlignRequest(Request):
    """Gives the job back when the worker ends before its process is done with it.

    Celery gives back the message by itself; without this, the job would be running, by its
    record, until its lease has lapsed, and would count as lost.
    """

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - Celery's signature
        """End the task in its process, and put its job back on the queue."""
        super().cancel(pool, signal, emit_retry)
        store = JobStore(get_settings())
        try:
            job = store.get(self.id)
            if job and store.release(self.id, job.attempt):
                log.info("the worker ends; its job is queued again", job=self.id)
        except Problem as problem:
            log.warning("a job could not be given back", job=self.id, error=problem.detail)
