"""Turning a submission into a job: saved, recorded, published."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass

import structlog
from anyio import to_thread
from kombu.exceptions import OperationalError
from starlette.datastructures import UploadFile

from api.state import State
from api.submission import Submission
from shared.job import Job
from shared.problems import IDEMPOTENCY_MISMATCH, QUEUE_FULL, STORE_FULL, Problem
from shared.queue import retry_after

log = structlog.get_logger()


def _fingerprint(submission: Submission, audio_hash: str | None) -> str:
    content = submission.model_dump() | {"audio_sha256": audio_hash}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """One call to submit: who sends what, and what to do when it was sent before.

    The same `idempotency_key` with the same content gives the same job; `join` gives the job
    that the owner has unfinished with the same content.
    """

    owner: str
    submission: Submission
    file: UploadFile | None
    idempotency_key: str | None
    join: bool


async def submit(state: State, call: Call) -> Job:
    """Make the job of a call, or find the one that it already has. Raises `Problem`."""
    return await to_thread.run_sync(_submit, state, call)


def _submit(state: State, call: Call) -> Job:
    # the store is asked before an upload is saved: a full one refuses early
    if state.store.memory_share() > state.settings.redis_memory_watermark:
        raise Problem(STORE_FULL, "The job store is nearly full; try again later.", 60)
    if call.file is None:
        return _create(state, call, str(call.submission.audio_url), None)[0]
    upload = state.uploads.save(call.file.file)
    kept = False
    try:
        job, kept = _create(state, call, upload.reference, upload.sha256)
    finally:
        if not kept:
            # what cannot be deleted now is swept later, and must not hide what went wrong
            with suppress(Problem):
                state.uploads.delete(upload.reference)
    return job


def _create(state: State, call: Call, audio: str, audio_hash: str | None) -> tuple[Job, bool]:
    """Give the job, and whether it is a new one."""
    made = state.store.create(
        call.owner,
        call.submission.to_request(audio),
        fingerprint=_fingerprint(call.submission, audio_hash),
        idempotency_key=call.idempotency_key,
        join=call.join,
    )
    if made.what == "full":
        backlog = state.store.backlog()
        raise Problem(
            QUEUE_FULL,
            f"{backlog.waiting} jobs are waiting, as many as may; try again later.",
            retry_after(backlog.waiting, backlog.seconds_a_job),
        )
    if made.job is None:
        raise Problem(
            IDEMPOTENCY_MISMATCH,
            "This Idempotency-Key came with another request before; take a new key.",
        )
    if made.what == "created":
        try:
            state.queue.publish_job(made.job.id, made.priority)
        except OperationalError:
            # the record is the truth: housekeeping publishes what the broker does not hold
            log.warning("a job could not be published yet", job=made.job.id, exc_info=True)
    return made.job, made.what == "created"
