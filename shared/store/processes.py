"""The worker processes and whether each is ready, as each one says of itself."""

import json
from typing import Literal, cast

from pydantic import BaseModel
from redis import Redis

from shared.store.connection import redis_problems

HEARD_SECONDS = 15.0
"""How long a process counts as alive after it was last heard of."""


class Process(BaseModel):
    """What a worker process says of itself."""

    worker: str
    """The worker's name in Celery and Flower, `align@host`."""
    index: int
    """Which of the worker's processes it is, from 0; a replacement has its predecessor's."""
    pid: int
    state: Literal["loading", "ready", "failed"]
    reason: str | None = None
    """Why it is not ready."""
    aligner: str
    device: str | None = None
    model: str | None = None

    @property
    def key(self) -> str:
        """The same for a process and its replacement."""
        return f"{self.worker}/{self.index}"


class ProcessBoard:
    """Where worker processes post what state they are in."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def post(self, process: Process) -> None:
        """Say what state a process is in; it is forgotten unless it says so again in time."""
        with redis_problems():
            self._redis.set(
                f"sow:process:{process.key}",
                process.model_dump_json(),
                px=int(HEARD_SECONDS * 1000),
            )
            self._redis.sadd("sow:processes", process.key)

    def withdraw(self, worker: str) -> None:
        """Forget the processes of a worker that ends."""
        with redis_problems():
            keys = cast("set[str]", self._redis.smembers("sow:processes"))
            own = [key for key in keys if key.rpartition("/")[0] == worker]
            if own:
                self._redis.delete(*(f"sow:process:{key}" for key in own))
                self._redis.srem("sow:processes", *own)

    def read(self) -> list[Process]:
        """Read the processes that were heard of lately, in the order of their names."""
        with redis_problems():
            keys = sorted(cast("set[str]", self._redis.smembers("sow:processes")))
            if not keys:
                return []
            texts = cast(
                "list[str | None]", self._redis.mget([f"sow:process:{key}" for key in keys])
            )
            silent = [key for key, text in zip(keys, texts, strict=True) if text is None]
            if silent:
                self._redis.srem("sow:processes", *silent)
        return [Process.model_validate(json.loads(text)) for text in texts if text]
