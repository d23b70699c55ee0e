import os

import pytest

from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings
from shared.storage.address import check_audio_address
from shared.storage.s3 import S3Address, check_s3_address, s3_client

SETTINGS = Settings(r2_bucket="songs", allowed_buckets=("more.songs",))


def test_an_address_in_the_bucket_is_read() -> None:
    assert check_s3_address("s3://songs/a/b c/歌\u3000声.mp3", SETTINGS) == S3Address(
        "songs", "a/b c/歌\u3000声.mp3"
    )


def test_further_buckets_may_be_listed() -> None:
    assert check_s3_address("s3://more.songs/a.mp3", SETTINGS).bucket == "more.songs"


def test_another_bucket_is_refused_with_the_settings_that_would_allow_it() -> None:
    for settings in (SETTINGS, Settings()):
        with pytest.raises(Problem) as caught:
            check_s3_address("s3://others/a.mp3", settings)
        assert caught.value.kind is ADDRESS_NOT_ALLOWED
        assert "others" in caught.value.detail
        assert "SOW_QWEN3_R2_BUCKET" in caught.value.detail
        assert "SOW_QWEN3_ALLOWED_BUCKETS" in caught.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3:///a.mp3",
        "s3://songs",
        "s3://songs/",
        "s3://SONGS/a.mp3",
        "s3://songs@elsewhere/a.mp3",
        "s3://songs/../others/a.mp3",
        "s3://songs/a/./b.mp3",
        "s3://songs/a\nb.mp3",
        "s3://songs/\ud800.mp3",
        "s3://songs/" + "歌" * 342,
        "S3://songs/a.mp3",
    ],
)
def test_what_is_no_address_of_an_object_is_refused(url: str) -> None:
    with pytest.raises(Problem) as caught:
        check_s3_address(url, SETTINGS)
    assert caught.value.kind is ADDRESS_NOT_ALLOWED
    assert "s3://bucket/key" in caught.value.detail


def test_audio_may_be_in_a_bucket_or_behind_https() -> None:
    check_audio_address("s3://songs/a.mp3", SETTINGS)
    check_audio_address("https://example.com/a.mp3", SETTINGS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.mp3",
        "file:///etc/passwd",
        "upload:0123456789abcdef0123456789abcdef",
        "s3://others/a.mp3",
        "http://example.com/a.mp3",
        "https://127.0.0.1/a.mp3",
    ],
)
def test_audio_from_anywhere_else_is_refused(url: str) -> None:
    with pytest.raises(Problem) as caught:
        check_audio_address(url, SETTINGS)
    assert caught.value.kind is ADDRESS_NOT_ALLOWED


def test_the_client_is_made_once_for_its_settings(store: Settings) -> None:
    assert s3_client(store) is s3_client(store)


def test_a_forked_process_does_not_speak_on_its_parents_connections(store: Settings) -> None:
    parents = s3_client(store)
    child = os.fork()
    if child == 0:
        os._exit(3 if s3_client(store) is parents else 0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert s3_client(store) is parents


def test_the_store_of_the_settings_is_reached(store: Settings) -> None:
    assert [bucket["Name"] for bucket in s3_client(store).list_buckets()["Buckets"]] == ["songs"]
