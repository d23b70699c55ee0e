"""A job: what was asked for, and what has become of it."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shared.languages import Language
from shared.problems import Problem
from shared.result import Result


class State(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self not in (State.QUEUED, State.RUNNING)


class Stage(StrEnum):
    """What a running job is at, in this order."""

    FETCHING = "fetching"
    DECODING = "decoding"
    ALIGNING = "aligning"
    WRITING = "writing"


Format = Literal["lrc", "json"]
"""A format that a result can be had in."""


class JobRequest(BaseModel):
    """What a caller asked for, as it is kept on the record."""

    model_config = ConfigDict(frozen=True)

    audio: str
    """Where the audio is: `s3://…`, `https://…`, or `upload:NAME` for an upload."""
    lyrics_text: str
    language: Language | None = None
    """None is `auto`: found from the lyrics."""
    format: Format = "lrc"
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    metadata: dict[str, JsonValue] | None = None
    webhook_url: str | None = None


class ProblemReport(BaseModel):
    """A problem as it is kept on a record and sent to callers (RFC 9457)."""

    type: str = Field(examples=["urn:sow-qwen3:problem:audio-too-long"])
    title: str = Field(examples=["The audio is too long"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["The audio lasts 412.0 s; at most 300 s are taken."])

    @classmethod
    def of(cls, problem: Problem) -> "ProblemReport":
        """Write a problem down."""
        kind = problem.kind
        return cls(type=kind.urn, title=kind.title, status=kind.status, detail=problem.detail)


class DeliveryAttempt(BaseModel):
    """One try to deliver a job's webhook."""

    at: float
    """When it was made (seconds since the epoch)."""
    status: int | None
    """The HTTP status of the answer; None when there was none."""
    error: str | None
    """Why there was no answer."""


class Delivery(BaseModel):
    """A job's webhook: one event to one address."""

    id: str
    """The `webhook-id`, the same over all attempts."""
    state: Literal["waiting", "delivered", "failed"]
    next_at: float | None
    """When the next attempt is due (seconds since the epoch)."""
    attempts: tuple[DeliveryAttempt, ...] = ()


class Job(BaseModel):
    """A job's record. Moments are seconds since the epoch by Redis's clock."""

    id: str
    owner: str
    """The name of the key that submitted it."""
    request: JobRequest
    state: State
    stage: Stage | None = None
    progress: float = 0.0
    """How much of the work is done, 0..1."""
    attempt: int = 0
    """How often a worker has begun it."""
    queue_position: int | None = None
    """1 for the job that is next."""
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    expires_at: float | None = None
    result: Result | None = None
    problem: ProblemReport | None = None
    delivery: Delivery | None = None

    @classmethod
    def from_hash(cls, fields: dict[str, str], rank: int | None) -> "Job":
        """Read a record as it lies in Redis, where an absent value is an absent field.

        `rank` is how many are before it on the queue, None for a job that is not on it.
        """
        values: dict[str, Any] = dict(fields)
        values["request"] = JobRequest.model_validate_json(fields["request"])
        if "result" in fields:
            values["result"] = Result.model_validate_json(fields["result"])
        if "problem" in fields:
            values["problem"] = ProblemReport.model_validate_json(fields["problem"])
        if "delivery_state" in fields:
            values["delivery"] = {
                "id": webhook_id(fields["id"]),
                "state": fields["delivery_state"],
                "next_at": fields.get("delivery_next_at"),
                "attempts": [
                    DeliveryAttempt.model_validate_json(line)
                    for line in filter(None, fields.get("delivery_attempts", "").split("\n"))
                ],
            }
        values["queue_position"] = None if rank is None else rank + 1
        return cls.model_validate(values)


def webhook_id(job_id: str) -> str:
    """Name a job's event: one event a job, the same over retries and resends."""
    return f"msg_{job_id}"
