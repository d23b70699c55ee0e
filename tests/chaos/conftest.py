"""What the chaos tests share: a stack that each module may break, on a Redis of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.recordings import LINES, Recording, make_recording
from tests.support.redis import BreakableRedis, breakable_redis
from tests.support.stack import Api, Stack, running_stack


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A short reading."""
    return make_recording(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A reading whose alignment takes seconds, so that it can be interrupted."""
    return make_recording(tmp_path_factory.mktemp("long"), LINES * 15)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BreakableRedis]:
    with breakable_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, redis: BreakableRedis) -> Iterator[Stack]:
    """An empty stack whose leases are short, and in which every job is really done."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with running_stack(
        folder,
        SOW_QWEN3_REDIS_URL=redis.url,
        SOW_QWEN3_LEASE_SECONDS="3",
        SOW_QWEN3_RESULT_CACHE_BYTES="0",
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    return stack.api()
