"""A job as callers see it, in the API's answers and in webhooks alike."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from shared.formats import to_json_lines, to_lrc
from shared.formats.rounding import rounded_score
from shared.job import Format, Job, ProblemReport, Stage, State


class ResultView(BaseModel):
    """A result in the format that was asked for; the other format's field is null."""

    lrc_content: str | None = Field(examples=["[00:00.00] Amazing grace, how sweet the sound"])
    json_data: list[dict[str, Any]] | None
    """`[{start_time, end_time, text}]`, seconds; more with `details=true`."""
    line_count: int = Field(examples=[1])
    """Every line of the lyrics, blank ones too."""
    duration_seconds: float = Field(examples=[182.4])
    """The audio's length."""


class JobResultView(ResultView):
    """A result on its job."""

    language: str = Field(examples=["English"])
    """What the lyrics were taken for: the caller's language, or what `auto` found."""
    aligner: str = Field(examples=["qwen3"])
    score: float | None
    """The mean of the words' scores (log-probability; 0 is certain), null where there are none."""
    mismatch: bool | None
    """Whether the lyrics seem not to belong to the recording; null where nothing can tell."""


class DeliveryAttemptView(BaseModel):
    """One try to deliver the webhook."""

    at: datetime
    status: int | None
    error: str | None


class WebhookView(BaseModel):
    """The job's webhook and every try to deliver it."""

    url: str
    id: str | None
    """The `webhook-id` header, the same over all tries; null until the job has ended."""
    state: str
    """`pending` until the job has ended, then `waiting`, `delivered` or `failed`."""
    next_attempt_at: datetime | None
    attempts: list[DeliveryAttemptView]


class Links(BaseModel):
    """Where the job is to be had."""

    self: str
    result: str
    cancel: str


class JobView(BaseModel):
    """A job."""

    id: str = Field(examples=["3f0c8a5be2f04b6e9d1c6f0a7a4f1c55"])
    state: State
    stage: Stage | None
    """What a running job is at."""
    progress: float = Field(ge=0, le=1, examples=[0.42])
    queue_position: int | None
    """1 for the queued job that is next."""
    attempt: int
    """How often a worker has begun it."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None
    """When an ended job is forgotten."""
    audio: str
    language: str = Field(examples=["English"])
    format: Format
    title: str | None
    artist: str | None
    album: str | None
    metadata: dict[str, JsonValue] | None
    result: JobResultView | None
    problem: ProblemReport | None
    webhook: WebhookView | None
    links: Links


class Event(BaseModel):
    """What a webhook brings; above 20 kB without `lrc_content` and `json_data`."""

    type: Literal["job.succeeded", "job.failed", "job.canceled"]
    timestamp: datetime
    """When the job ended."""
    data: JobView


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def view_result(job: Job, output: Format, *, details: bool = False) -> ResultView | None:
    """Show a job's result in a format; None while there is none.

    Details are the lines' own, so with them there are lines as JSON whatever the format.
    """
    result, request = job.result, job.request
    if result is None:
        return None
    lrc = output == "lrc"
    return ResultView(
        lrc_content=to_lrc(result, request.title, request.artist, request.album) if lrc else None,
        json_data=None if lrc and not details else to_json_lines(result, details=details),
        line_count=len(result.lines),
        duration_seconds=round(result.duration_seconds, 3),
    )


def view_job(job: Job, public_url: str, *, details: bool = False) -> JobView:
    """Show a job; its links begin with `public_url`."""
    request, result = job.request, job.result
    here = f"{public_url.rstrip('/')}/api/v1/jobs/{job.id}"
    shown = view_result(job, request.format, details=details)
    return JobView(
        id=job.id,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        queue_position=job.queue_position,
        attempt=job.attempt,
        created_at=datetime.fromtimestamp(job.created_at, UTC),
        started_at=_moment(job.started_at),
        ended_at=_moment(job.ended_at),
        expires_at=_moment(job.expires_at),
        audio=request.audio,
        language=request.language or "auto",
        format=request.format,
        title=request.title,
        artist=request.artist,
        album=request.album,
        metadata=request.metadata,
        result=JobResultView(
            **shown.model_dump(),
            language=result.language,
            aligner=result.aligner,
            score=rounded_score(result.score),
            mismatch=result.mismatch,
        )
        if shown and result
        else None,
        problem=job.problem,
        webhook=_view_webhook(job),
        links=Links(self=here, result=f"{here}/result", cancel=f"{here}/cancel"),
    )


def view_event(job: Job, public_url: str) -> Event:
    """Show an ended job's event. It is the same over all tries, so it tells nothing of them."""
    shown = view_job(job, public_url).model_copy(update={"webhook": None})
    values = {"type": f"job.{job.state}", "timestamp": shown.ended_at, "data": shown}
    return Event.model_validate(values)


def _view_webhook(job: Job) -> WebhookView | None:
    url, delivery = job.request.webhook_url, job.delivery
    if url is None:
        return None
    return WebhookView(
        url=url,
        id=delivery.id if delivery else None,
        state=delivery.state if delivery else "pending",
        next_attempt_at=_moment(delivery.next_at) if delivery else None,
        attempts=[
            DeliveryAttemptView(
                at=datetime.fromtimestamp(one.at, UTC), status=one.status, error=one.error
            )
            for one in (delivery.attempts if delivery else ())
        ],
    )
