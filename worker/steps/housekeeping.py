"""The chores that keep jobs moving when something died; any worker may do them."""

from typing import Any

import structlog
from celery import bootsteps
from kombu.exceptions import OperationalError

from shared.problems import Problem
from shared.queue import ALIGN, WEBHOOKS, Queue
from shared.settings import get_settings
from shared.storage.uploads import open_uploads
from shared.store import Deliveries, JobStore, Upkeep

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
PUBLISH_SECONDS = 60.0
"""How long what was published may be unheard of before it is published again."""
UPLOADS_SWEEP_SECONDS = 600
UPLOAD_GRACE_SECONDS = 3_600
"""How long an upload may be without a job: it is saved before its job is written."""
MOST = 100
"""How many jobs one sweep takes up, and how many messages may wait for the webhook worker before
none is added."""


class Housekeeping(bootsteps.StartStopStep):
    """Sweeps every now and then, each step claimed atomically in Redis.

    It is a step of the consumer, which starts anew with every connection to the broker: Celery
    forgets all that is on the worker's timer when a connection is lost.
    """

    requires = ("celery.worker.consumer:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's consumer
        super().__init__(parent, **kwargs)
        settings = get_settings()
        self._settings = settings
        store = JobStore(settings)
        self._upkeep = Upkeep(store, settings)
        self._deliveries = Deliveries(store)
        self._queue = Queue(settings)
        self._uploads = open_uploads(settings)
        self._away = False
        self._timer: Any = None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's consumer
        """Begin to sweep."""
        self._timer = parent.timer.call_repeatedly(SWEEP_SECONDS, self._sweep)

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's consumer
        """End sweeping."""
        if self._timer:
            self._timer.cancel()

    def _sweep(self) -> None:
        try:
            self._publish_reclaimed()
            self._publish_unpublished()
            self._publish_due_deliveries()
            self._delete_orphans()
        except (Problem, OperationalError) as error:
            if not self._away:
                log.warning("housekeeping waits for Redis", error=str(error))
            self._away = True
        else:
            self._away = False

    def _publish_reclaimed(self) -> None:
        # no sweep in half a term means that renewals may have been missed too
        away_seconds = max(self._settings.lease_seconds / 2, 3 * SWEEP_SECONDS)
        again, failed = self._upkeep.reclaim(away_seconds)
        for job_id in again:
            log.warning("a worker was lost; its job is queued again", job=job_id)
            self._queue.publish_job(job_id, 0)
        for job_id in failed:
            log.error("a job's worker was lost too often; it failed", job=job_id)

    def _publish_unpublished(self) -> None:
        held = self._upkeep.held_messages(ALIGN)
        for job_id, priority in self._upkeep.unpublished(held, PUBLISH_SECONDS, MOST):
            log.warning("the broker holds no message of a queued job; published", job=job_id)
            self._queue.publish_job(job_id, priority)

    def _publish_due_deliveries(self) -> None:
        # where nobody delivers, messages must not pile up for each time that somebody could have
        if self._upkeep.held_messages(WEBHOOKS) < MOST:
            for job_id in self._deliveries.due(PUBLISH_SECONDS, MOST):
                self._queue.publish_delivery(job_id)

    def _delete_orphans(self) -> None:
        if not self._upkeep.take_turn("uploads", UPLOADS_SWEEP_SECONDS):
            return
        for upload in self._uploads.stored():
            if upload.age > UPLOAD_GRACE_SECONDS and self._upkeep.forget_upload(upload.reference):
                log.info("an upload whose job is gone is deleted", upload=upload.reference)
                self._uploads.delete(upload.reference)
