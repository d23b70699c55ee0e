from collections.abc import Iterator

import pytest

from shared.settings import Settings
from shared.store import JobStore
from tests.support.processes import redis_server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis_url=redis_url, lease_seconds=0.5, max_attempts=2, max_waiting_jobs=600)


@pytest.fixture
def store(settings: Settings) -> Iterator[JobStore]:
    store = JobStore(settings)
    store.redis.flushall()
    yield store
    store.redis.close()
