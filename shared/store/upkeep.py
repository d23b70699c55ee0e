"""What housekeeping asks of the store: who was lost, what was, and whose turn it is."""

from typing import cast

from shared.job import ProblemReport
from shared.problems import WORKER_LOST, Problem
from shared.queue import PRIORITIES, broker_key
from shared.settings import Settings
from shared.store.connection import redis_problems
from shared.store.jobs import JobStore


class Upkeep:
    """Takes back what was lost; each step is atomic, so any number of processes may do it.

    All methods raise `Problem` (`store-away`, `store-full`) when Redis does not do its part.
    """

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def forget_upload(self, reference: str) -> bool:
        """Forget an upload whose job is gone. False: its job is still there, so is its need."""
        with redis_problems():
            job_id = cast("str | None", self._store.redis.hget("sow:uploads", reference))
            if job_id and self._store.redis.exists(f"sow:job:{job_id}"):
                return False
            self._store.redis.hdel("sow:uploads", reference)
        return True

    def take_turn(self, chore: str, seconds: int) -> bool:
        """Take a chore that one process at a time does, once in so many seconds."""
        with redis_problems():
            return bool(self._store.redis.set(f"sow:turn:{chore}", "1", nx=True, ex=seconds))

    def held_messages(self, queue: str) -> int:
        """Count the messages that the broker holds on a queue."""
        with redis_problems():
            pipe = self._store.redis.pipeline(transaction=False)
            for priority in PRIORITIES:
                pipe.llen(broker_key(queue, priority))
            return sum(pipe.execute())

    def reclaim(self, away_seconds: float) -> tuple[list[str], list[str]]:
        """Take back the jobs whose lease has lapsed.

        Where nobody has asked for `away_seconds`, Redis was away and leases could not be renewed
        either: they get a full term then. Returns those that are queued again, to be published,
        and those that failed for good.
        """
        lost = Problem(
            WORKER_LOST,
            f"The worker was lost in each of {self._settings.max_attempts} attempts. "
            "The workers' log says why; this audio may take more memory than they have.",
        )
        with redis_problems():
            again, failed = self._store.scripts.run(
                "reclaim",
                self._settings.lease_seconds,
                away_seconds,
                self._settings.max_attempts,
                ProblemReport.of(lost).model_dump_json(),
                *self._store.terms,
            )
        return again, failed

    def unpublished(self, held: int, after_seconds: float, most: int) -> list[tuple[str, int]]:
        """Name queued jobs that a broker with `held` messages may have lost: id and priority."""
        with redis_problems():
            found = self._store.scripts.run("unpublished", held, after_seconds, most)
        return [(found[i], int(found[i + 1])) for i in range(0, len(found), 2)]
