from collections.abc import Iterator

import pytest

from shared.settings import Settings
from tests.support.s3 import running_store


@pytest.fixture(scope="session")
def store() -> Iterator[Settings]:
    """Settings that lead to a real S3 server with one bucket."""
    with running_store() as settings:
        yield settings
