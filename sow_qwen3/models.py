"""What the service answers, as plain values. Fields that a newer service adds are ignored.

Each `from_json` reads one JSON object of the service and raises KeyError, TypeError or ValueError
where it is not of that kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

ENDED = frozenset({"succeeded", "failed", "canceled"})
"""The states in which a job will not change any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedLine:
    """One line of the lyrics with its place in the audio, in seconds."""

    start_time: float
    end_time: float
    text: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read one entry of `json_data`."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a job made: the LRC or the lines, whichever format was asked for."""

    line_count: int
    """Lines in the lyrics, blank ones too."""
    duration_seconds: float
    """How long the audio lasts."""
    lrc_content: str | None = None
    json_data: tuple[TimedLine, ...] | None = None
    language: str | None = None
    """What the lyrics were taken for: the language asked for, or what `auto` found."""
    aligner: str | None = None
    score: float | None = None
    """The mean of the words' scores (log-probability; 0 is certain), None where there are none."""
    mismatch: bool | None = None
    """Whether the lyrics seem not to belong to the recording; None where nothing can tell."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a job's `result`."""
        values = _known(cls, data)
        if (lines := values.get("json_data")) is not None:
            values["json_data"] = tuple(TimedLine.from_json(line) for line in lines)
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong (RFC 9457): `type` is stable, `detail` says what to change."""

    type: str
    title: str
    status: int
    detail: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a problem+json body, or a job's `problem`."""
        return cls(**_known(cls, data))

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A job's webhook: one event to one address, with every attempt to deliver it."""

    url: str
    id: str | None = None
    """The `webhook-id`, the same over all attempts; None until the job has ended."""
    state: str
    """`pending` until the job has ended, then `waiting`, `delivered` or `failed`."""
    attempts: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a job's `webhook`."""
        values = _known(cls, data)
        return cls(**{**values, "attempts": tuple(values.get("attempts") or ())})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stood when the service answered."""

    id: str
    state: str
    """`queued`, `running`, `succeeded`, `failed` or `canceled`."""
    stage: str | None = None
    """What a running job is at: `fetching`, `decoding`, `aligning` or `writing`."""
    progress: float = 0.0
    """How much of the work is done, 0..1."""
    queue_position: int | None = None
    """1 for the job that is next; None once it runs."""
    attempt: int = 0
    """How often a worker has begun it."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    """When the service forgets the job."""
    language: str = ""
    format: str = ""
    title: str | None = None
    artist: str | None = None
    album: str | None = None
    audio: str = ""
    """`s3://…`, `https://…`, or `upload:NAME`."""
    metadata: Mapping[str, Any] | None = None
    """What was sent with the job, untouched."""
    result: Result | None = None
    problem: Problem | None = None
    """Why the job failed."""
    webhook: Webhook | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a job, as a call answers it or a webhook carries it in `data`."""
        values = _known(cls, data)
        readers: dict[str, Callable[[Any], object]] = {
            "created_at": datetime.fromisoformat,
            "started_at": datetime.fromisoformat,
            "ended_at": datetime.fromisoformat,
            "expires_at": datetime.fromisoformat,
            "result": Result.from_json,
            "problem": Problem.from_json,
            "webhook": Webhook.from_json,
        }
        for name, read in readers.items():
            if values.get(name) is not None:
                values[name] = read(values[name])
        return cls(**values)

    @property
    def ended(self) -> bool:
        """Whether the job will not change any more."""
        return self.state in ENDED

    @property
    def doing(self) -> str:
        """What the job is at, in words: `queued, position 3`, `running: aligning, 40 %`."""
        if self.state == "queued" and self.queue_position is not None:
            return f"queued, position {self.queue_position}"
        if self.state == "running" and self.stage is not None:
            return f"running: {self.stage}, {self.progress:.0%}"
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, newest first; `next_cursor` leads to older ones, None where there are none."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read an answer of `GET /api/v1/jobs`."""
        jobs = tuple(Job.from_json(job) for job in data["jobs"])
        return cls(jobs=jobs, next_cursor=data.get("next_cursor"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker process, as it last told of itself."""

    worker: str
    """The name of its worker in Celery and Flower, `align@host`."""
    index: int
    """Which of the worker's processes it is, from 0."""
    state: str
    """`loading`, `ready` or `failed`."""
    reason: str | None = None
    """Why it is not ready."""
    aligner: str | None = None
    device: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read one entry of a health answer's `workers`."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether jobs get done: `healthy` when a worker has its model loaded."""

    healthy: bool
    version: str
    model: str
    """`ready`, `loading`, `failed` or `absent`."""
    device: str | None = None
    """Where the first ready process computes."""
    max_concurrent: int = 0
    """How many jobs can be done at a time now."""
    workers: tuple[Worker, ...] = ()
    reason: str | None = None
    """Why nothing is ready, in the service's words."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read an answer of `GET /health`, healthy or not."""
        values = _known(cls, data)
        values["healthy"] = data["status"] == "healthy"
        values["workers"] = tuple(Worker.from_json(worker) for worker in data["workers"])
        return cls(**values)


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the fields that a dataclass has."""
    return {field.name: data[field.name] for field in fields(kind) if field.name in data}
