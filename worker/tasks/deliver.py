"""The task `deliver`: one attempt of a job's webhook, in the worker without a GPU."""

from functools import cache

from shared.queue import DELIVER
from shared.settings import get_settings
from shared.store import JobStore
from worker.app import app
from worker.webhooks.deliver import deliver_job


@cache
def _store() -> JobStore:
    return JobStore(get_settings())


@app.task(name=DELIVER)
def deliver(job_id: str) -> str:
    """Deliver an ended job's event, if that is due; the answer says what came of it."""
    return deliver_job(job_id, _store(), get_settings())
