"""Results that are kept for the next job that asks the same."""

import hashlib
import json
from contextlib import suppress
from typing import cast

from shared.problems import Problem
from shared.result import Result
from shared.settings import Settings
from shared.store.connection import redis_problems
from shared.store.jobs import JobStore


def result_key(*parts: str | float | None) -> str:
    """Name a result by all that it depends on."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ResultCache:
    """Keeps results within a budget of bytes, and each for a job's term at most.

    A result belongs to the job that left it: deleting that job forgets it.
    """

    def __init__(self, store: JobStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def get(self, key: str) -> Result | None:
        """Give a result that is kept; None where there is none, or Redis does not say."""
        try:
            with redis_problems():
                text = cast("str | None", self._store.redis.get(f"sow:result:{key}"))
        except Problem:
            return None
        return Result.model_validate_json(text) if text else None

    def put(self, key: str, job_id: str, result: Result) -> None:
        """Keep a job's result for others; where Redis cannot, nothing is lost."""
        with suppress(Problem), redis_problems():
            self._store.scripts.run(
                "remember",
                key,
                job_id,
                result.stored(),
                self._settings.result_cache_bytes,
                self._settings.result_ttl_seconds,
            )
