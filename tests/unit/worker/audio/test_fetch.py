import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.problems import (
    AUDIO_NOT_FETCHED,
    AUDIO_STORE_AWAY,
)
from shared.settings import Settings
from shared.storage.uploads import open_uploads
from tests.support.fetching import SONG, check_song, refusal
from tests.support.site import Site, content

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


# from an upload


def test_an_upload_in_the_bucket_is_fetched(store: Settings) -> None:
    check_song(open_uploads(store).save(BytesIO(SONG)).reference, store)


def test_an_upload_in_a_folder_is_read_in_place_and_stays(tmp_path: Path) -> None:
    settings = Settings(upload_dir=str(tmp_path / "uploads"), cache_dir=str(tmp_path / "cache"))
    path = check_song(open_uploads(settings).save(BytesIO(SONG)).reference, settings)
    assert path.read_bytes() == SONG


def test_an_upload_that_is_gone_is_final(store: Settings, tmp_path: Path) -> None:
    gone = "upload:" + "0" * 32
    refusal(gone, store, AUDIO_NOT_FETCHED)
    folder = Settings(upload_dir=str(tmp_path / "uploads"))
    assert "SOW_QWEN3_UPLOAD_DIR" in refusal(gone, folder, AUDIO_NOT_FETCHED)


def test_a_worker_that_knows_no_place_for_uploads_says_so() -> None:
    detail = refusal("upload:" + "0" * 32, Settings(), AUDIO_NOT_FETCHED)
    assert "SOW_QWEN3_UPLOAD_DIR" in detail


# with a cache that cannot be used


def test_without_a_cache_a_song_is_fetched_all_the_same(
    site: Site, settings: Settings, tmp_path: Path
) -> None:
    site.answers["/song.mp3"] = content(SONG, ETag='"one"')
    none = settings.model_copy(update={"cache_bytes": 0})
    check_song(site.url("/song.mp3"), none)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_to_fails_no_job_and_is_told_once(
    site: Site, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    site.answers["/song.mp3"] = content(SONG, ETag='"one"')
    broken = settings.model_copy(update={"cache_dir": str(tmp_path / "file" / "cache")})
    with capture_logs() as logs:
        for _ in range(2):
            check_song(site.url("/song.mp3"), broken)
    assert [line["event"] for line in logs] == ["audio cache not usable"]


@contextmanager
def disk_full_after(size: int) -> Iterator[None]:
    """Let every write past a size in a file fail, as on a disk that is full."""
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old_limit[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)


def test_a_disk_without_room_may_have_some_later(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG)
    with disk_full_after(1_000):
        assert "keep" in refusal(site.url("/song.mp3"), settings, AUDIO_STORE_AWAY)
    assert list((Path(settings.cache_dir) / "audio").iterdir()) == []
