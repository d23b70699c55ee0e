import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest

from shared.settings import Settings
from tests.support.s3 import running_store
from tests.support.site import Site, running_site

MakeAudio = Callable[..., Path]


@pytest.fixture
def site() -> Iterator[Site]:
    """A real HTTP server."""
    with running_site() as running:
        yield running


@pytest.fixture
def settings(site: Site, tmp_path: Path) -> Settings:
    """Settings that allow the test's own site, with a cache of the test's own."""
    return Settings(cache_dir=str(tmp_path / "cache"), allowed_hosts=(site.host,))


@pytest.fixture
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """Check after the test that no job's file is left, in the cache or elsewhere."""
    before = own_files(Path(gettempdir()))
    yield
    assert own_files(Path(gettempdir())) == before
    assert list((tmp_path / "cache" / "work").glob("*")) == []


def own_files(folder: Path) -> set[Path]:
    return set(folder.glob("sow-qwen3-audio-*"))


@pytest.fixture(scope="session")
def running_s3() -> Iterator[Settings]:
    with running_store() as settings:
        yield settings


@pytest.fixture
def store(running_s3: Settings, tmp_path: Path) -> Settings:
    """Settings that lead to a real S3 server, with a cache of the test's own."""
    return running_s3.model_copy(update={"cache_dir": str(tmp_path / "cache")})


@pytest.fixture
def make_audio(tmp_path: Path) -> MakeAudio:
    """Make a file of a 1 kHz tone with ffmpeg: its name, its length, and how to encode it."""

    def make(name: str, *options: str, seconds: float = 2, rate: int = 44_100) -> Path:
        path = tmp_path / name
        tone = f"sine=1000:sample_rate={rate}:duration={seconds}"
        sound = ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", tone]
        subprocess.run([*sound, *options, str(path)], check=True)
        return path

    return make
