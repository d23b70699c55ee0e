"""The client's behaviour, written once for both clients.

A flow is a generator: it yields the calls and the pauses that it needs and gets the answers sent
in, so that the same code runs with and without asyncio. `Client` and `AsyncClient` carry out what
a flow yields. The idea is httpx's own, whose `auth_flow` serves both of its clients.
"""

import json
import math
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from sow_qwen3._connection import reason
from sow_qwen3.errors import (
    ConnectionFailed,
    JobCanceled,
    JobFailed,
    ProblemError,
    UnexpectedAnswer,
    WaitTimeout,
)
from sow_qwen3.models import Health, Job, JobPage, Problem
from sow_qwen3.options import Format, Options

T = TypeVar("T")

QUICK_PAUSES = (0.25, 1.0)
"""Pauses before a call is tried again after a lost connection (seconds)."""
SLOW_PAUSE = 2.0
"""The same once those are used up, and before a busy service is asked again (seconds)."""
PATIENCE = 60.0
"""How long a wait without an end of its own puts up with a service that is away (seconds)."""
FIRST_POLL = 0.25
"""The pause after the first look at a job; later ones grow to `SLOWEST_POLL` (seconds)."""
SLOWEST_POLL = 2.0
"""The longest pause between two looks at a job (seconds)."""
POLL_GROWTH = 1.5
"""How much longer each pause between two looks is than the one before."""

BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers that another try may turn into a better one: ours, and a proxy's while the API is new."""

Progress = Callable[[Job], object]
"""Told how the job stands at every look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. A `repeatable` one does no harm when it arrives twice."""

    method: str
    path: str
    repeatable: bool = False
    read_seconds: float | None = None
    """How long the answer may take; None is the client's own."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What else `httpx.Client.request` takes: params, headers, json, data, files."""

    def to_httpx(self, timeout: httpx.Timeout) -> dict[str, Any]:
        """Make the arguments of `httpx.Client.request`, for a client with this timeout."""
        allowed = timeout.as_dict()
        allowed["read"] = max(self.read_seconds or 0.0, allowed["read"] or 0.0)
        return {
            "method": self.method,
            "url": self.path,
            "timeout": httpx.Timeout(**allowed),
            **self.arguments,
        }


@dataclass(frozen=True, slots=True)
class Pause:
    """A rest before the next step."""

    seconds: float


Flow = Generator[Call | Pause, httpx.Response | None, T]
"""Steps that end in a `T`; a call that fails comes back as httpx's own error, thrown in."""


def submit(audio: str | Path, lyrics: str, wait: float | None, options: Options) -> Flow[Job]:
    """Submit a job; with a `wait` (seconds) the service may answer with the ended one."""
    fields: dict[str, Any] = {"lyrics_text": lyrics, **options}
    headers = {"Idempotency-Key": fields.pop("idempotency_key", None) or str(uuid.uuid4())}
    if wait is not None:
        headers["Prefer"] = f"wait={math.ceil(wait)}"
    busy_until = time.monotonic() + (wait or 0.0)
    with _body(audio, fields) as body:
        call = Call(
            method="POST",
            path="/api/v1/jobs",
            repeatable=True,
            read_seconds=None if wait is None else wait + 30,
            arguments={"headers": headers, **body},
        )
        answer = yield from _send(call, busy_until=busy_until)
    return _read(Job.from_json, answer)


def align(
    audio: str | Path,
    lyrics: str,
    wait: float | None,
    progress: Progress | None,
    options: Options,
) -> Flow[Job]:
    """Submit a job and wait for its end."""
    started = time.monotonic()
    job = yield from submit(audio, lyrics, None, options)
    left = None if wait is None else max(0.0, wait - (time.monotonic() - started))
    return (yield from wait_for(job.id, left, progress))


def wait_for(job_id: str, seconds: float | None, progress: Progress | None) -> Flow[Job]:
    """Look at a job until it has ended; None waits without end."""
    until = math.inf if seconds is None else time.monotonic() + seconds
    pause = FIRST_POLL
    while True:
        patient_until = time.monotonic() + PATIENCE if seconds is None else until
        call = Call(method="GET", path=_job_path(job_id), repeatable=True)
        answer = yield from _send(call, busy_until=patient_until, lost_until=patient_until)
        job = _read(Job.from_json, answer)
        if progress is not None:
            progress(job)
        if job.ended:
            return _succeeded(job)
        left = until - time.monotonic()
        if left <= 0:
            raise WaitTimeout(job)
        yield Pause(min(pause, left))
        pause = min(pause * POLL_GROWTH, SLOWEST_POLL)


def job(job_id: str) -> Flow[Job]:
    """Look at a job."""
    answer = yield from _send(Call(method="GET", path=_job_path(job_id), repeatable=True))
    return _read(Job.from_json, answer)


def jobs(status: str | None, limit: int | None, cursor: str | None) -> Flow[JobPage]:
    """List one page of jobs."""
    asked = {"status": status, "limit": limit, "cursor": cursor}
    params = {name: value for name, value in asked.items() if value is not None}
    call = Call(method="GET", path="/api/v1/jobs", repeatable=True, arguments={"params": params})
    return _read(JobPage.from_json, (yield from _send(call)))


def result(job_id: str, file_format: Format | None, *, details: bool) -> Flow[str]:
    """Fetch a job's file, in the format asked for at submission where none is named."""
    params: dict[str, Any] = {} if file_format is None else {"format": file_format}
    if details:
        params["details"] = "true"
    call = Call(
        method="GET",
        path=_job_path(job_id, "/result"),
        repeatable=True,
        arguments={"params": params},
    )
    answer = yield from _send(call)
    return answer.content.decode()


def cancel(job_id: str) -> Flow[Job]:
    """Cancel a job."""
    call = Call(method="POST", path=_job_path(job_id, "/cancel"), repeatable=True)
    answer = yield from _send(call)
    return _read(Job.from_json, answer)


def delete(job_id: str) -> Flow[None]:
    """Forget a job."""
    yield from _send(Call(method="DELETE", path=_job_path(job_id)))


def resend(job_id: str) -> Flow[Job]:
    """Deliver a job's event again."""
    answer = yield from _send(Call(method="POST", path=_job_path(job_id, "/webhook/resend")))
    return _read(Job.from_json, answer)


def health() -> Flow[Health]:
    """Ask whether jobs get done; a service without a ready worker is an answer, no error."""
    answer = yield from _exchange(Call(method="GET", path="/health", repeatable=True), 0.0)
    told = "problem" not in answer.headers.get("Content-Type", "")
    if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or not told:
        _check(answer)
    return _read(Health.from_json, answer)


def _send(call: Call, *, busy_until: float = 0.0, lost_until: float = 0.0) -> Flow[httpx.Response]:
    """Make a call until it is answered well; a busy service is asked again at its own time."""
    while True:
        answer = yield from _exchange(call, lost_until)
        if answer.is_success:
            return answer
        pause = _retry_after(answer)
        rest = SLOW_PAUSE if pause is None else pause
        if answer.status_code not in BUSY or time.monotonic() + rest > busy_until:
            _check(answer)
        yield Pause(rest)


def _exchange(call: Call, lost_until: float) -> Flow[httpx.Response]:
    """Make a call until something answers it."""
    tries = 0
    while True:
        try:
            answer = yield call
        except httpx.RequestError as error:
            pause = QUICK_PAUSES[tries] if tries < len(QUICK_PAUSES) else SLOW_PAUSE
            in_time = tries < len(QUICK_PAUSES) or time.monotonic() + pause <= lost_until
            if not (in_time and _may_repeat(call, error)):
                raise _connection_failed(error) from error
        else:
            if answer is None:
                raise TypeError("a call must be answered")
            return answer
        tries += 1
        yield Pause(pause)


def _may_repeat(call: Call, error: httpx.RequestError) -> bool:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return True  # nothing was sent
    return call.repeatable and isinstance(
        error, httpx.TimeoutException | httpx.NetworkError | httpx.RemoteProtocolError
    )


def _connection_failed(error: httpx.RequestError) -> ConnectionFailed:
    url = error.request.url
    return ConnectionFailed(f"no answer from {url.scheme}://{url.netloc.decode()}: {reason(error)}")


def _check(answer: httpx.Response) -> None:
    """Raise the answer's problem unless it is a success."""
    if answer.is_success:
        return
    try:
        problem = Problem.from_json(answer.json())
    except (ValueError, TypeError, KeyError):
        moved_to = answer.headers.get("Location")
        problem = Problem(
            type="about:blank",
            title=f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip(),
            status=answer.status_code,
            detail=f"use {moved_to} instead" if moved_to else "",
        )
    raise ProblemError(problem, _retry_after(answer))


def _read(reader: Callable[[Mapping[str, Any]], T], answer: httpx.Response) -> T:
    try:
        return reader(answer.json())
    except (ValueError, TypeError, KeyError) as error:
        url = answer.request.url
        raise UnexpectedAnswer(
            f"what answers at {url.scheme}://{url.netloc.decode()} is not this service: "
            f"its HTTP {answer.status_code} for {url.path} cannot be read"
        ) from error


def _retry_after(answer: httpx.Response) -> float | None:
    """Read a Retry-After header, which holds seconds or a date (RFC 9110, section 10.2.3)."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _succeeded(job: Job) -> Job:
    if job.state == "failed":
        raise JobFailed(job)
    if job.state == "canceled":
        raise JobCanceled(job)
    return job


def _job_path(job_id: str, rest: str = "") -> str:
    return f"/api/v1/jobs/{quote(job_id, safe='')}{rest}"


@contextmanager
def _body(audio: str | Path, fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Build what httpx sends: JSON for an address, a streamed multipart form for a file."""
    if isinstance(audio, str) and "://" in audio:
        yield {"json": {"audio_url": audio, **fields}}
        return
    if "metadata" in fields:
        fields = {**fields, "metadata": json.dumps(fields["metadata"], ensure_ascii=False)}
    path = Path(audio)
    # a file's name may hold bytes that are no text, which Python carries as lone surrogates
    name = path.name.encode(errors="replace").decode()
    with path.open("rb") as file:
        yield {"data": fields, "files": {"audio": (name, file)}}
