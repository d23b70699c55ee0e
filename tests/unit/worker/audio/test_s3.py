from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from shared.problems import (
    ADDRESS_NOT_ALLOWED,
    AUDIO_NOT_FETCHED,
    AUDIO_STORE_AWAY,
    AUDIO_TOO_LARGE,
)
from shared.settings import Settings
from shared.storage.s3 import s3_client
from tests.support.fetching import SONG, check_song, refusal
from tests.support.site import Site, content, status
from worker.audio.fetch import fetch

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def put(store: Settings, key: str, body: bytes = SONG) -> str:
    s3_client(store).put_object(Bucket="songs", Key=key, Body=body)
    return f"s3://songs/{key}"


def test_a_song_in_the_bucket_is_fetched(store: Settings) -> None:
    check_song(put(store, "a folder/歌 1.mp3"), store)


def test_a_song_in_the_bucket_that_did_not_change_is_not_sent_again(
    store: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="werkzeug")
    reference = put(store, "again.mp3")
    for _ in range(2):
        check_song(reference, store)
    asked = [line for line in caplog.messages if "GET /songs/again.mp3" in line]
    assert [line.rsplit(" ", 2)[1].rstrip('"') for line in asked] == ["200", "304"]


def test_a_song_in_the_bucket_that_changed_is_fetched_again(store: Settings) -> None:
    reference = put(store, "changed.mp3", b"an older song")
    fetch(reference, store).close()
    put(store, "changed.mp3")
    check_song(reference, store)


def test_a_song_that_is_not_in_the_bucket_is_final(store: Settings) -> None:
    assert "no such object" in refusal("s3://songs/none.mp3", store, AUDIO_NOT_FETCHED)
    more = store.model_copy(update={"allowed_buckets": ("never-made",)})
    assert "no such bucket" in refusal("s3://never-made/a.mp3", more, AUDIO_NOT_FETCHED)


def test_a_bucket_that_is_not_listed_is_not_read(store: Settings) -> None:
    refusal("s3://others/a.mp3", store, ADDRESS_NOT_ALLOWED)


def test_an_object_above_the_limit_is_refused(store: Settings) -> None:
    reference = put(store, "large.mp3")
    refusal(reference, store.model_copy(update={"max_audio_bytes": len(SONG) - 1}), AUDIO_TOO_LARGE)


def at_site(site: Site, tmp_path: Path, **more: object) -> Settings:
    """Settings whose store is the test's own site, which answers as a bad store would."""
    settings = Settings.model_validate(
        {
            "r2_bucket": "songs",
            "r2_endpoint_url": f"http://{site.host}",
            "r2_access_key_id": "id",
            "r2_secret_access_key": "secret",
            "cache_dir": str(tmp_path / "cache"),
        }
    )
    return settings.model_copy(update=more)


def test_a_store_in_trouble_may_be_tried_again(site: Site, tmp_path: Path) -> None:
    site.answers["/songs/a.mp3"] = status(503)
    refusal("s3://songs/a.mp3", at_site(site, tmp_path), AUDIO_STORE_AWAY)
    assert len(site.asked) == 3


def test_a_store_that_refuses_us_is_final(site: Site, tmp_path: Path) -> None:
    site.answers["/songs/a.mp3"] = status(403)
    assert "403" in refusal("s3://songs/a.mp3", at_site(site, tmp_path), AUDIO_NOT_FETCHED)


def test_a_store_that_breaks_off_may_be_tried_again(site: Site, tmp_path: Path) -> None:
    site.answers["/songs/a.mp3"] = content(SONG, Content_Length=str(len(SONG) + 1))
    refusal("s3://songs/a.mp3", at_site(site, tmp_path), AUDIO_STORE_AWAY)


def test_a_store_that_drips_is_left_when_the_time_is_over(site: Site, tmp_path: Path) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not site.closing.wait(0.05):
            handler.wfile.write(b".")

    site.answers["/songs/a.mp3"] = slow
    hasty = at_site(site, tmp_path, fetch_timeout_seconds=0.5)
    assert "too long" in refusal("s3://songs/a.mp3", hasty, AUDIO_STORE_AWAY)
