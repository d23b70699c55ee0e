"""The parts that the integration tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import redis_server
from tests.support.recordings import Recording, make_recording
from tests.support.stack import Api, Stack, running_stack


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A short reading with known times."""
    return make_recording(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Stack]:
    """An empty stack on a Redis of the module's own."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with running_stack(folder, SOW_QWEN3_REDIS_URL=redis_url) as stack:
        yield stack


@pytest.fixture(scope="module")
def service(stack: Stack) -> Api:
    """An API with a worker that is ready."""
    api = stack.api()
    stack.worker("-c", "1")
    stack.ready(api)
    return api
