"""The deliveries of ended jobs' events, on the jobs' own records."""

from typing import Literal

from shared.job import DeliveryAttempt
from shared.store.connection import redis_problems
from shared.store.jobs import JobStore


class Deliveries:
    """Says which deliveries are due, and writes down what comes of them.

    All methods raise `Problem` (`store-away`, `store-full`) when Redis does not do its part.
    """

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def begin(self, job_id: str, seconds: float) -> int:
        """Begin a due attempt of a job's delivery, which may take some seconds.

        Returns which try since it was (last) asked for this is, or 0 when none is due.
        """
        with redis_problems():
            return int(self._store.scripts.run("deliver_begin", job_id, seconds))

    def end(
        self,
        job_id: str,
        attempt: DeliveryAttempt,
        state: Literal["waiting", "delivered", "failed"],
        next_in_seconds: float = 0.0,
    ) -> None:
        """Write an attempt of a delivery down; a `waiting` one is due again after a while."""
        with redis_problems():
            self._store.scripts.run(
                "deliver_end", job_id, state, attempt.model_dump_json(), next_in_seconds
            )

    def again(self, job_id: str) -> bool:
        """Make an ended job's delivery due at once. False: it has not ended, or no webhook."""
        with redis_problems():
            return bool(self._store.scripts.run("deliver_again", job_id, self._store.terms[1]))

    def due(self, again_seconds: float, most: int) -> list[str]:
        """Name jobs whose delivery is due, to be published; each once in `again_seconds`."""
        with redis_problems():
            return list(self._store.scripts.run("deliver_due", again_seconds, most))
