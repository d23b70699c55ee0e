"""The task `align`: one attempt at one job."""

import time
from contextlib import suppress

import structlog
from celery import Task
from kombu.exceptions import OperationalError

from shared.job import Job
from shared.problems import ALIGNMENT_FAILED, Problem
from shared.queue import ALIGN, DELIVER
from shared.store import JobStore
from worker.app import app
from worker.pipeline import Outcome, align_job
from worker.process.hold import Hold, NotOursError
from worker.process.life import WorkerProcess, this_process

log = structlog.get_logger()

COMMIT_SECONDS = 300.0
"""How long a result is kept in hand while Redis is away, or full."""


class JobFailedError(Exception):
    """The job failed; its record says why. It makes the task a failed one in Flower too."""


class AlignTask(Task):  # type: ignore[type-arg]  # not generic at run time
    """A task whose job goes back to the queue when its worker ends before it is done."""

    Request = "worker.tasks.request:AlignRequest"


@app.task(name=ALIGN, base=AlignTask, throws=(JobFailedError,))
def align(job_id: str) -> str:
    """Do a job; the answer is the state it ended in, for Flower's eyes."""
    process = this_process()
    job = process.store.claim(job_id)
    if job is None:
        return "nothing to do"
    with structlog.contextvars.bound_contextvars(job=job_id, attempt=job.attempt):
        hold = Hold(process.store, job_id, job.attempt)
        process.hold = hold
        try:
            return _attempt(process, hold, job)
        except NotOursError:
            log.info("the job is no longer this attempt's", stage=hold.stage)
            return "canceled"
        finally:
            process.hold = None


def _attempt(process: WorkerProcess, hold: Hold, job: Job) -> str:
    begun = time.monotonic()
    outcome = _outcome(process, hold, job)
    hold.end_stage()
    _commit(process.store, hold, outcome)
    if job.request.webhook_url:
        # one that cannot be published now is found due by housekeeping
        with suppress(OperationalError):
            app.send_task(DELIVER, args=[job.id])
    seconds = round(time.monotonic() - begun, 2)
    if isinstance(outcome, Problem):
        log.warning("failed", problem=outcome.kind.name, detail=outcome.detail, seconds=seconds)
        raise JobFailedError(f"{outcome.kind.name}: {outcome.detail}")
    audio_seconds = round(outcome.result.duration_seconds, 1)
    log.info("succeeded", seconds=seconds, audio_seconds=audio_seconds)
    return "succeeded"


def _outcome(process: WorkerProcess, hold: Hold, job: Job) -> Outcome | Problem:
    try:
        return align_job(job.request, process.aligner, process.settings, process.store, hold)
    except Problem as problem:
        return problem
    except NotOursError:
        raise
    except Exception:
        log.exception("the alignment failed")
        return Problem(
            ALIGNMENT_FAILED, "The aligner failed on this audio; the worker's log says more."
        )


def _commit(store: JobStore, hold: Hold, outcome: Outcome | Problem) -> None:
    """Write the outcome, waiting for Redis; raises `NotOursError` when it is too late."""
    deadline = time.monotonic() + COMMIT_SECONDS
    while True:
        try:
            if isinstance(outcome, Problem):
                written = store.fail(hold.job_id, hold.attempt, outcome)
            else:
                written = store.succeed(hold.job_id, hold.attempt, *outcome)
        except Problem:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)
        else:
            if not written:
                raise NotOursError
            return
