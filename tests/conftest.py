"""What all tests share."""

from pathlib import Path

import pytest

from tests.support.checkpoint import make_checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder in the published layout, small, with random weights."""
    folder = tmp_path_factory.mktemp("checkpoint")
    make_checkpoint(folder)
    return folder
