"""`/api/v1/align`: the synchronous contract, one request and its answer."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from api.health import require_worker
from api.openapi import problems, submission_body
from api.prefer import read_prefer
from api.routes.jobs import Owner, Parts, job_answer
from api.submission import read_submission
from api.submit import Call, submit
from api.wait import wait_for
from shared.job import State
from shared.problems import JOB_CANCELED, URN, Problem, ProblemType
from shared.view import JobView, ResultView, view_result

router = APIRouter(prefix="/api/v1", tags=["align"])


@router.post(
    "/align",
    response_model=ResultView,
    responses={
        202: {"model": JobView, "description": "It takes longer: the job, to be asked for later"},
        **problems(400, 401, 409, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra=submission_body(),
)
async def align(
    request: Request,
    parts: Parts,
    owner: Owner,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    prefer: Annotated[
        list[str] | None, Header(description="`respond-async`: answer 202 with the job at once.")
    ] = None,
) -> Response:
    """Align a song and wait for the result.

    The same request, sent again while the first is unfinished, joins it.
    """
    preference = read_prefer(prefer or [])
    submission, file = await read_submission(request, parts.settings)
    if not preference.respond_async:
        await to_thread.run_sync(require_worker, parts.board)
    call = Call(owner, submission, file, idempotency_key, join=True)
    job = await submit(parts, call)
    wait = parts.settings.sync_wait_seconds
    if preference.wait_seconds is not None:
        wait = min(wait, preference.wait_seconds)
    job = await wait_for(parts.store, job, 0 if preference.respond_async else wait)
    if not job.state.ended or preference.respond_async:
        return job_answer(parts, job, 202)
    if job.problem:
        kind = ProblemType(
            job.problem.type.removeprefix(URN), job.problem.title, job.problem.status
        )
        raise Problem(kind, job.problem.detail)
    if job.state == State.CANCELED:
        raise Problem(JOB_CANCELED, "Somebody canceled the job meanwhile.")
    result = view_result(job, job.request.format)
    assert result is not None, "a job that succeeded has a result"  # noqa: S101 - the type's sake
    return JSONResponse(result.model_dump(mode="json"))
