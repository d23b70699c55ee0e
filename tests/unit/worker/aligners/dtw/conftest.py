import pytest

from worker.aligners.dtw import DtwAligner


@pytest.fixture(scope="session")
def aligner() -> DtwAligner:
    return DtwAligner()
