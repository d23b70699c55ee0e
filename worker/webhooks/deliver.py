"""One attempt of a job's delivery.

As Standard Webhooks 1.0 has it: the `webhook-id` is the same over all tries, the timestamp and
the signatures are fresh; an answer of 2xx is success and nothing else is; redirects are not
followed; 410 ends the delivery, everything else is tried again on the schedule.
"""

import time
from datetime import UTC, datetime
from typing import Literal

import httpx
import structlog

from shared.http.client import guarded_client
from shared.job import DeliveryAttempt, Job, webhook_id
from shared.problems import Problem
from shared.settings import Settings
from shared.store import Deliveries, JobStore
from shared.webhook_secrets import read_signers
from worker.webhooks.body import event_body
from worker.webhooks.schedule import next_delay, read_retry_after

log = structlog.get_logger()

TRY_SECONDS = 15.0
"""The longest a try may take."""
LEASE_SECONDS = 2 * TRY_SECONDS
"""When a try whose worker died is due again."""


def deliver_job(job_id: str, store: JobStore, settings: Settings) -> str:
    """Try to deliver an ended job's event, if that is due; says what came of it."""
    deliveries = Deliveries(store)
    tries = deliveries.begin(job_id, LEASE_SECONDS)
    if not tries:
        return "nothing due"
    job = store.get(job_id)
    if job is None or job.request.webhook_url is None:
        return "nothing due"
    attempt, retry_after = _try(job, job.request.webhook_url, settings)
    delay = next_delay(tries, retry_after)
    state: Literal["waiting", "delivered", "failed"]
    if attempt.status is not None and httpx.codes.is_success(attempt.status):
        state, delay = "delivered", None
    elif attempt.status == httpx.codes.GONE or delay is None:
        state, delay = "failed", None
    else:
        state = "waiting"
    deliveries.end(job_id, attempt, state, delay or 0.0)
    log.info(
        "webhook",
        job=job_id,
        tries=tries,
        outcome=state,
        status=attempt.status,
        error=attempt.error,
        next_in_seconds=delay and round(delay),
    )
    return state


def _try(job: Job, url: str, settings: Settings) -> tuple[DeliveryAttempt, float | None]:
    """Post the event once: what came of it, and the receiver's `Retry-After` (seconds)."""
    body = event_body(job, settings.public_url)
    now = datetime.now(UTC)
    message_id = webhook_id(job.id)
    signatures = [signer.sign(message_id, now, body.decode()) for signer in read_signers(settings)]
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    at = time.time()
    try:
        with (
            guarded_client(settings, TRY_SECONDS) as client,
            # what a receiver writes back is not read: nothing here needs it
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            status, header = response.status_code, response.headers.get("retry-after")
    except Problem as problem:
        return DeliveryAttempt(at=at, status=None, error=problem.detail), None
    except httpx.HTTPError as error:
        reason = f"{type(error).__name__}: {error}"[:200].rstrip(": ")
        return DeliveryAttempt(at=at, status=None, error=reason), None
    except Exception as error:
        # a try that cannot be made is one of the schedule's too, else there is no end to them
        log.exception("a webhook cannot be sent", job=job.id)
        return DeliveryAttempt(at=at, status=None, error=type(error).__name__), None
    return DeliveryAttempt(at=at, status=status, error=None), read_retry_after(header, time.time())
