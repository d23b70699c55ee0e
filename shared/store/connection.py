"""The connection to Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, RedisError
from redis.retry import Retry

from shared.problems import STORE_AWAY, STORE_FULL, Problem
from shared.settings import Settings

TIMEOUT_SECONDS = 2.0
"""How long Redis may take to answer: all that is asked of it takes milliseconds."""


def connect(settings: Settings) -> Redis:
    """Make a client; it connects when it is first used, and again after Redis was away."""
    return Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # one more try at once, for a connection that Redis closed while it was idle; none where
        # it does not answer: that would only take twice as long
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


@contextmanager
def redis_problems() -> Iterator[None]:
    """Turn what Redis raises into the problem that a caller can act on."""
    try:
        yield
    except OutOfMemoryError as error:
        raise Problem(STORE_FULL, "The job store is full; try again later.", 60) from error
    except RedisError as error:
        raise Problem(STORE_AWAY, "The job store does not answer; try again shortly.", 5) from error
