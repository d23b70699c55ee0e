"""`/api/v1/jobs`: submitting jobs, and all that can be done with them."""

import json
import re
from contextlib import suppress
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel

from api.keys import get_owner
from api.openapi import problems, submission_body
from api.prefer import read_prefer
from api.state import State, state_of
from api.submission import read_submission
from api.submit import Call, submit
from api.wait import wait_for
from shared import job as jobs
from shared.formats import MEDIA_TYPES
from shared.problems import (
    INVALID_REQUEST,
    JOB_ENDED,
    JOB_NOT_ENDED,
    NO_RESULT,
    NO_WEBHOOK,
    NOT_FOUND,
    Problem,
)
from shared.storage.uploads import SCHEME
from shared.store import Deliveries
from shared.view import JobView, view_job, view_result

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

ID = re.compile("[0-9a-f]{32}")
"""What a job's id looks like; nothing else is looked up."""

Owner = Annotated[str, Depends(get_owner)]
Parts = Annotated[State, Depends(state_of)]
JobId = Annotated[str, Path(description="A job's `id`.")]
Details = Annotated[bool, Query(description="Also words, scores and flags of every line.")]


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[JobView]
    next_cursor: str | None
    """What to send as `cursor` for the next page; null on the last."""


def job_answer(parts: State, job: jobs.Job, status: int, *, details: bool = False) -> Response:
    """Answer with a job and its place."""
    view = view_job(job, parts.settings.public_url, details=details)
    place = {"Location": f"/api/v1/jobs/{job.id}"}
    return Response(view.model_dump_json(), status, place, media_type="application/json")


def owned_job(parts: State, owner: str, job_id: str) -> jobs.Job:
    """Give an owner's job; another's is as good as none: `not-found`."""
    job = parts.store.get(job_id) if ID.fullmatch(job_id) else None
    if job is None or job.owner != owner:
        raise Problem(
            NOT_FOUND, "There is no such job: it was deleted, its time is up, or it never was."
        )
    return job


@router.post(
    "",
    status_code=202,
    response_model=JobView,
    responses={
        200: {"model": JobView, "description": "With `Prefer: wait`: the job, which has ended"},
        **problems(400, 401, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra=submission_body(),
)
async def submit_job(
    request: Request,
    parts: Parts,
    owner: Owner,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    prefer: Annotated[
        list[str] | None, Header(description="`wait=N`: wait up to N seconds for the job to end.")
    ] = None,
) -> Response:
    """Submit a song and its lyrics.

    The same `Idempotency-Key` with the same content gives the same job.
    """
    submission, file = await read_submission(request, parts.settings)
    call = Call(owner, submission, file, idempotency_key, join=False)
    job = await submit(parts, call)
    wait = read_prefer(prefer or []).wait_seconds or 0
    job = await wait_for(parts.store, job, min(wait, parts.settings.sync_wait_seconds))
    return job_answer(parts, job, 200 if wait and job.state.ended else 202)


@router.get("", responses=problems(401, 422, 500, 503))
def list_jobs(
    parts: Parts,
    owner: Owner,
    status: Annotated[jobs.State | None, Query(description="Only jobs in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,15}$")] = None,
) -> JobPage:
    """List your jobs, the newest first."""
    found, before = parts.store.list_owned(owner, status, limit, int(cursor) if cursor else None)
    return JobPage(
        jobs=[view_job(job, parts.settings.public_url) for job in found],
        next_cursor=None if before is None else str(before),
    )


@router.get("/{job_id}", responses=problems(401, 404, 422, 500, 503))
def get_job(parts: Parts, owner: Owner, job_id: JobId, *, details: Details = False) -> JobView:
    """Look at a job."""
    job = owned_job(parts, owner, job_id)
    return view_job(job, parts.settings.public_url, details=details)


@router.get(
    "/{job_id}/result",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "The file"},
        **problems(401, 404, 409, 422, 500, 503),
    },
)
def get_result(
    parts: Parts,
    owner: Owner,
    job_id: JobId,
    output: Annotated[
        jobs.Format | None,
        Query(alias="format", description="The one that was asked for at submission, or any."),
    ] = None,
    *,
    details: Details = False,
) -> Response:
    """Get the timed lyrics as a file, in any format; nothing is aligned again."""
    job = owned_job(parts, owner, job_id)
    if not job.state.ended:
        raise Problem(JOB_NOT_ENDED, f"The job is {job.state}; ask again when it has ended.")
    output = output or job.request.format
    if details and output != "json":
        raise Problem(INVALID_REQUEST, "`details` needs `format=json`: LRC has no place for them.")
    shown = view_result(job, output, details=details)
    if shown is None:
        raise Problem(NO_RESULT, f"The job {job.state}: there is no result.")
    content = shown.lrc_content
    if content is None:
        content = json.dumps(shown.json_data, ensure_ascii=False, indent=1)
    return Response(
        content,
        media_type=MEDIA_TYPES[output],
        headers={"Content-Disposition": f'attachment; filename="{job.id}.{output}"'},
    )


@router.post("/{job_id}/cancel", responses=problems(401, 404, 409, 422, 500, 503))
def cancel_job(parts: Parts, owner: Owner, job_id: JobId) -> JobView:
    """Cancel a job: a queued one never starts, a running one stops at its next check."""
    job = owned_job(parts, owner, job_id)
    canceled = parts.store.cancel(job_id)
    job = owned_job(parts, owner, job_id)
    if not canceled and job.state != jobs.State.CANCELED:
        raise Problem(JOB_ENDED, f"The job has {job.state} already.")
    return view_job(job, parts.settings.public_url)


@router.post(
    "/{job_id}/webhook/resend", status_code=202, responses=problems(401, 404, 409, 422, 500, 503)
)
def resend_webhook(parts: Parts, owner: Owner, job_id: JobId) -> JobView:
    """Deliver an ended job's event again, with the same `webhook-id`."""
    job = owned_job(parts, owner, job_id)
    if job.request.webhook_url is None:
        raise Problem(NO_WEBHOOK, "The job was submitted without a `webhook_url`.")
    if not Deliveries(parts.store).again(job_id):
        raise Problem(JOB_NOT_ENDED, f"The job is {job.state}; its event comes when it has ended.")
    return view_job(owned_job(parts, owner, job_id), parts.settings.public_url)


@router.delete("/{job_id}", status_code=204, responses=problems(401, 404, 409, 422, 500, 503))
async def delete_job(parts: Parts, owner: Owner, job_id: JobId) -> None:
    """Forget an ended job and its upload."""

    def delete() -> None:
        job = owned_job(parts, owner, job_id)
        if not parts.store.delete(job_id):
            raise Problem(JOB_NOT_ENDED, f"The job is {job.state}; cancel it first.")
        if job.request.audio.startswith(SCHEME):
            # the job is gone; what cannot be deleted with it now is swept later
            with suppress(Problem):
                parts.uploads.delete(job.request.audio)

    await to_thread.run_sync(delete)
