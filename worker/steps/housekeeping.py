"""The chores that keep jobs moving when something died; any worker may do them."""

from typing import Any

import structlog
from celery import bootsteps
from kombu.exceptions import OperationalError

from shared.problems import Problem
from shared.queue import Queue
from shared.settings import get_settings
from shared.storage.uploads import open_uploads
from shared.store import JobStore

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
UNPUBLISHED_SECONDS = 60.0
"""How long a queued job may be unheard of by the broker before it is published again."""
UPLOADS_SWEEP_SECONDS = 600
UPLOAD_GRACE_SECONDS = 3_600
"""How long an upload may be without a job: it is saved before its job is written."""
MOST = 100
"""How many jobs one sweep takes up."""


class Housekeeping(bootsteps.StartStopStep):
    """Sweeps every now and then, each step claimed atomically in Redis."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's worker
        super().__init__(parent, **kwargs)
        settings = get_settings()
        self._settings = settings
        self._store = JobStore(settings)
        self._queue = Queue(settings)
        self._uploads = open_uploads(settings)
        self._away = False
        self._timer: Any = None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's worker
        """Begin to sweep."""
        self._timer = parent.timer.call_repeatedly(SWEEP_SECONDS, self._sweep)

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's worker
        """End sweeping."""
        if self._timer:
            self._timer.cancel()

    def _sweep(self) -> None:
        try:
            self._publish_reclaimed()
            self._publish_unpublished()
            for job_id in self._store.due_deliveries(MOST):
                self._queue.publish_delivery(job_id)
            self._delete_orphans()
        except (Problem, OperationalError) as error:
            if not self._away:
                log.warning("housekeeping waits for Redis", error=str(error))
            self._away = True
        else:
            self._away = False

    def _publish_reclaimed(self) -> None:
        again, failed = self._store.reclaim()
        for job_id in again:
            log.warning("a worker was lost; its job is queued again", job=job_id)
            self._queue.publish_job(job_id, 0)
        for job_id in failed:
            log.error("a job's worker was lost too often; it failed", job=job_id)

    def _publish_unpublished(self) -> None:
        held = self._store.held_messages()
        for job_id, priority in self._store.unpublished(held, UNPUBLISHED_SECONDS, MOST):
            log.warning("the broker holds no message of a queued job; published", job=job_id)
            self._queue.publish_job(job_id, priority)

    def _delete_orphans(self) -> None:
        if not self._store.take_turn("uploads", UPLOADS_SWEEP_SECONDS):
            return
        for upload in self._uploads.stored():
            if upload.age > UPLOAD_GRACE_SECONDS and self._store.forget_upload(upload.reference):
                log.info("an upload whose job is gone is deleted", upload=upload.reference)
                self._uploads.delete(upload.reference)
