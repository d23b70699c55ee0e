"""The job records: the only truth about every job."""

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import Literal, cast

from redis import Redis

from shared.job import Job, JobRequest, ProblemReport, Stage, State
from shared.problems import Problem
from shared.result import Result
from shared.settings import Settings
from shared.storage.uploads import SCHEME
from shared.store.connection import connect, redis_problems
from shared.store.scripts import Scripts

WEBHOOK_TTL_SECONDS = 20 * 3_600
"""The least term of an ended job with a webhook: its schedule of retries takes 17.6 hours,
with jitter under 19.4."""

MEMORY_SECONDS = 1.0
"""How long an answer about Redis's memory is good for."""

PAGE_SCAN = 100
"""How many records one step of a filtered listing looks at."""


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a submission: a new job, or the one that it already is."""

    what: Literal["created", "joined", "mismatch", "full"]
    priority: int
    """A new job's priority on the queue; 0 is first."""
    job: Job | None
    """The job, new or joined."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is waiting, and how long a job takes to leave the queue at the present speed."""

    waiting: int
    seconds_a_job: float | None
    """None while too few jobs have ended to tell."""


def _read(record: tuple[list[str], int | None]) -> Job:
    """Read a record as a script gives it: its fields, flat, and its rank on the queue."""
    fields, rank = record
    pairs = iter(fields)
    return Job.from_hash(dict(zip(pairs, pairs, strict=True)), rank)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class JobStore:
    """Reads and writes job records; every change is one atomic step.

    All methods raise `Problem` (`store-away`, `store-full`) when Redis does not do its part.
    """

    def __init__(self, settings: Settings, redis: Redis | None = None) -> None:
        self.redis = redis or connect(settings)
        self._settings = settings
        self.scripts = Scripts(self.redis)
        ttl = settings.result_ttl_seconds
        # how long an ended job is kept, without and with a webhook (seconds)
        self.terms = (ttl, max(ttl, WEBHOOK_TTL_SECONDS))
        self._memory_share = 0.0
        self._memory_read_at = -MEMORY_SECONDS

    def create(
        self,
        owner: str,
        request: JobRequest,
        *,
        fingerprint: str,
        idempotency_key: str | None = None,
        join: bool = False,
    ) -> Created:
        """Write a new job and put it on the queue, unless the request already has one.

        `fingerprint` stands for the request's whole content, the audio's too. With an
        `idempotency_key` the same key and content give the same job; with `join` the same
        content gives the job that the same owner has unfinished.
        """
        idempotency = (
            f"sow:idempotency:{owner}:{_digest(idempotency_key)}" if idempotency_key else ""
        )
        joined = f"sow:join:{owner}:{fingerprint}" if join else ""
        with redis_problems():
            what, priority, *record = self.scripts.run(
                "create",
                uuid.uuid4().hex,
                owner,
                request.model_dump_json(exclude_none=True),
                "1" if request.webhook_url else "",
                fingerprint,
                self._settings.max_waiting_jobs,
                request.audio if request.audio.startswith(SCHEME) else "",
                keys=(idempotency, joined),
            )
        return Created(what, priority, _read(record[0]) if record else None)

    def get(self, job_id: str) -> Job | None:
        """Read a record; None when there is none (any more)."""
        with redis_problems():
            pipe = self.redis.pipeline(transaction=False)
            pipe.hgetall(f"sow:job:{job_id}")
            pipe.zrank("sow:queued", job_id)
            fields, rank = pipe.execute()
        if "request" not in fields:
            return None
        return Job.from_hash(fields, rank)

    def state(self, job_id: str) -> State | None:
        """Read a job's state alone."""
        with redis_problems():
            state = self.redis.hget(f"sow:job:{job_id}", "state")
        return State(cast("str", state)) if state else None

    def list_owned(
        self, owner: str, state: State | None, limit: int, before: int | None
    ) -> tuple[list[Job], int | None]:
        """List an owner's jobs, the newest first, from below the cursor `before`.

        Returns the jobs and the cursor of the next page, None on the last.
        """
        index = f"sow:jobs:{owner}"
        jobs: list[Job] = []
        while True:
            top = "+inf" if before is None else f"({before}"
            with redis_problems():
                page = cast(
                    "list[tuple[str, float]]",
                    self.redis.zrevrangebyscore(
                        index, top, "-inf", start=0, num=PAGE_SCAN, withscores=True
                    ),
                )
                pipe = self.redis.pipeline(transaction=False)
                for job_id, _ in page:
                    pipe.hget(f"sow:job:{job_id}", "state")
                states = pipe.execute()
                gone = [
                    job_id for (job_id, _), known in zip(page, states, strict=True) if not known
                ]
                if gone:
                    self.redis.zrem(index, *gone)
            for (job_id, sequence), known in zip(page, states, strict=True):
                if not known or (state and known != state):
                    before = int(sequence)
                    continue
                if len(jobs) == limit:
                    return jobs, before
                job = self.get(job_id)
                if job:
                    jobs.append(job)
                before = int(sequence)
            if len(page) < PAGE_SCAN:
                return jobs, None

    def claim(self, job_id: str) -> Job | None:
        """Begin a queued job's next attempt, leased to the caller, at the stage of fetching.

        Returns the job, or None when it is not queued: done, canceled, another's.
        """
        with redis_problems():
            record = self.scripts.run("claim", job_id, self._settings.lease_seconds)
        return _read(record) if record else None

    def advance(
        self, job_id: str, attempt: int, stage: Stage | None = None, progress: float | None = None
    ) -> bool:
        """Renew an attempt's lease, and write where it is. False: the job is no longer its."""
        with redis_problems():
            return bool(
                self.scripts.run(
                    "advance",
                    job_id,
                    attempt,
                    self._settings.lease_seconds,
                    stage or "",
                    "" if progress is None else f"{progress:.4f}",
                )
            )

    def succeed(self, job_id: str, attempt: int, result: Result, key: str | None = None) -> bool:
        """Commit an attempt's result, and keep it under a key for others that ask the same.

        False: the job is no longer its, and nothing was written.
        """
        ending = (State.SUCCEEDED, "result", result.stored(), key or "")
        return self._finish(job_id, attempt, *ending)

    def fail(self, job_id: str, attempt: int, problem: Problem) -> bool:
        """End an attempt and its job with a problem. False: the job is no longer its."""
        report = ProblemReport.of(problem).model_dump_json()
        return self._finish(job_id, attempt, State.FAILED, "problem", report, "")

    def _finish(self, job_id: str, attempt: int, *ending: str) -> bool:
        terms = (*self.terms, self._settings.result_cache_bytes)
        with redis_problems():
            return bool(self.scripts.run("finish", job_id, attempt, *terms, *ending))

    def kept_result(self, key: str) -> Result | None:
        """Give the result that a job left under a key; None where there is none."""
        with redis_problems():
            text = cast("str | None", self.redis.get(f"sow:result:{key}"))
        return Result.model_validate_json(text) if text else None

    def cancel(self, job_id: str) -> bool:
        """Cancel a job. False: it has ended already."""
        with redis_problems():
            return bool(self.scripts.run("cancel", job_id, *self.terms))

    def delete(self, job_id: str) -> bool:
        """Forget an ended job. False: it has not ended."""
        with redis_problems():
            return bool(self.scripts.run("delete", job_id))

    def release(self, job_id: str, attempt: int) -> bool:
        """Give a running attempt back to the queue. False: the job is no longer its."""
        with redis_problems():
            return bool(self.scripts.run("release", job_id, attempt))

    def backlog(self) -> Backlog:
        """Measure the queue: its length, and its speed over the last hundred jobs."""
        with redis_problems():
            pipe = self.redis.pipeline(transaction=False)
            pipe.zcard("sow:queued")
            pipe.lindex("sow:ended", 0)
            pipe.lindex("sow:ended", -1)
            pipe.llen("sow:ended")
            waiting, newest, oldest, ended = pipe.execute()
        if ended < 2:  # noqa: PLR2004 - a span needs two ends
            return Backlog(waiting, None)
        return Backlog(waiting, (float(newest) - float(oldest)) / (ended - 1))

    def memory_share(self) -> float:
        """Tell how much of its `maxmemory` Redis uses, 0..1; 0 when it has no limit.

        It is asked once a second: the answer costs Redis as much as writing a job does.
        """
        if time.monotonic() - self._memory_read_at >= MEMORY_SECONDS:
            with redis_problems():
                info = cast("dict[str, int]", self.redis.info("memory"))
            most = info["maxmemory"]
            self._memory_share = info["used_memory"] / most if most else 0.0
            self._memory_read_at = time.monotonic()
        return self._memory_share

    def ping(self) -> None:
        """Ask Redis for a sign of life; raises when there is none."""
        with redis_problems():
            self.redis.ping()
