import hashlib
import os
import re
import socket
import time
from io import BytesIO
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.problems import AUDIO_TOO_LARGE, UPLOAD_STORE_AWAY, UPLOAD_UNAVAILABLE, Problem
from shared.settings import Settings
from shared.storage.s3 import s3_client
from shared.storage.uploads import BucketUploads, FolderUploads, Uploads, open_uploads

SONG = bytes(range(256)) * 10_000


@pytest.fixture(params=["bucket", "folder"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "folder":
        return Settings(upload_dir=str(tmp_path / "not" / "made" / "yet"))
    settings: Settings = request.getfixturevalue("store")
    return settings


@pytest.fixture
def uploads(settings: Settings) -> Uploads:
    return open_uploads(settings)


def kept_bytes(uploads: Uploads, settings: Settings, reference: str) -> bytes:
    if isinstance(uploads, FolderUploads):
        return uploads.path(reference).read_bytes()
    assert isinstance(uploads, BucketUploads)
    address = uploads.address(reference)
    return s3_client(settings).get_object(Bucket=address.bucket, Key=address.key)["Body"].read()


def references(uploads: Uploads) -> set[str]:
    return {stored.reference for stored in uploads.stored()}


def test_a_saved_file_is_there_whole_with_its_hash_and_size(
    uploads: Uploads, settings: Settings
) -> None:
    upload = uploads.save(BytesIO(SONG))
    assert upload.sha256 == hashlib.sha256(SONG).hexdigest()
    assert upload.size == len(SONG)
    assert kept_bytes(uploads, settings, upload.reference) == SONG


def test_a_file_that_was_read_before_is_saved_from_its_start(
    uploads: Uploads, settings: Settings
) -> None:
    file = BytesIO(SONG)
    file.read()
    assert kept_bytes(uploads, settings, uploads.save(file).reference) == SONG


def test_each_upload_has_a_name_that_nobody_can_guess(uploads: Uploads) -> None:
    first, second = uploads.save(BytesIO(SONG)), uploads.save(BytesIO(SONG))
    assert first.reference != second.reference
    assert re.fullmatch("upload:[0-9a-f]{32}", first.reference)


def test_uploads_are_listed_with_their_age_until_they_are_deleted(uploads: Uploads) -> None:
    one, other = (uploads.save(BytesIO(SONG)).reference for _ in range(2))
    assert {one, other} <= references(uploads)
    # the store's clock counts whole seconds
    assert all(-1 <= stored.age < 300 for stored in uploads.stored())
    uploads.delete(one)
    assert one not in references(uploads)
    assert other in references(uploads)


def test_deleting_an_upload_twice_is_fine(uploads: Uploads) -> None:
    reference = uploads.save(BytesIO(SONG)).reference
    uploads.delete(reference)
    uploads.delete(reference)
    assert reference not in references(uploads)


@pytest.mark.parametrize(
    "reference",
    [
        "upload:../../etc/passwd",
        "upload:/etc/passwd",
        "upload:" + "0" * 31 + "/",
        "upload:" + "0" * 33,
        "upload:",
        "0" * 32,
        "s3://songs/a.mp3",
    ],
)
def test_a_reference_leads_nowhere_but_to_an_upload(uploads: Uploads, reference: str) -> None:
    with pytest.raises(ValueError, match="no reference"):
        uploads.delete(reference)


def test_a_file_above_the_limit_is_refused_and_not_kept(
    settings: Settings, uploads: Uploads
) -> None:
    before = references(uploads)
    small = settings.model_copy(update={"max_audio_bytes": len(SONG) - 1})
    with pytest.raises(Problem) as caught:
        open_uploads(small).save(BytesIO(SONG))
    assert caught.value.kind is AUDIO_TOO_LARGE
    assert str(len(SONG) - 1) in caught.value.detail
    assert references(uploads) == before


def test_other_objects_in_the_bucket_are_no_uploads(store: Settings) -> None:
    for key in ("song.mp3", "uploads/song.mp3", "uploads/0123456789abcdef0123456789abcdef/x"):
        s3_client(store).put_object(Bucket="songs", Key=key, Body=b"la")
    listed = {name.removeprefix("upload:") for name in references(open_uploads(store))}
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in listed)


def test_other_files_in_the_folder_are_no_uploads(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"la")
    assert references(open_uploads(Settings(upload_dir=str(tmp_path)))) == set()


def test_what_a_save_that_died_left_is_listed_and_can_be_deleted(tmp_path: Path) -> None:
    uploads = open_uploads(Settings(upload_dir=str(tmp_path)))
    half = tmp_path / ("0" * 32 + ".part")
    half.write_bytes(b"la")
    os.utime(half, (time.time() - 7_200,) * 2)
    (stored,) = uploads.stored()
    assert stored.age > 7_000
    uploads.delete(stored.reference)
    assert not half.exists()


def test_a_save_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    class Broken(BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads > 5:
                raise OSError(5, "Input/output error")
            return super().read(size)

    uploads = open_uploads(Settings(upload_dir=str(tmp_path)))
    with pytest.raises(Problem) as caught:
        uploads.save(Broken(b"la" * (1 << 20)))
    assert caught.value.kind is UPLOAD_UNAVAILABLE
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_says_which_setting_to_see_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    uploads = open_uploads(Settings(upload_dir=str(tmp_path / "file" / "folder")))
    with pytest.raises(Problem) as caught:
        uploads.save(BytesIO(SONG))
    assert caught.value.kind is UPLOAD_UNAVAILABLE
    assert "SOW_QWEN3_UPLOAD_DIR" in caught.value.detail
    assert str(tmp_path) not in caught.value.detail


def test_with_no_place_for_uploads_a_file_is_refused_with_what_to_set() -> None:
    uploads = open_uploads(Settings())
    with pytest.raises(Problem) as caught:
        uploads.save(BytesIO(SONG))
    assert caught.value.kind is UPLOAD_UNAVAILABLE
    assert "SOW_QWEN3_R2_BUCKET" in caught.value.detail
    assert "SOW_QWEN3_UPLOAD_DIR" in caught.value.detail
    uploads.delete("upload:" + "0" * 32)
    assert list(uploads.stored()) == []


def test_the_bucket_is_taken_before_the_folder(store: Settings, tmp_path: Path) -> None:
    both = store.model_copy(update={"upload_dir": str(tmp_path)})
    open_uploads(both).save(BytesIO(SONG))
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_not_there_is_told_from_a_store_that_is_away(store: Settings) -> None:
    missing = store.model_copy(update={"r2_bucket": "never-made"})
    with pytest.raises(Problem) as caught:
        open_uploads(missing).save(BytesIO(SONG))
    assert caught.value.kind is UPLOAD_UNAVAILABLE
    assert "SOW_QWEN3_R2_BUCKET" in caught.value.detail

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = store.model_copy(
            update={"r2_endpoint_url": f"http://127.0.0.1:{unused.getsockname()[1]}"}
        )
        with pytest.raises(Problem) as caught:
            open_uploads(away).save(BytesIO(SONG))
    assert caught.value.kind is UPLOAD_STORE_AWAY


def test_a_store_without_keys_says_so(
    store: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    keyless = store.model_copy(update={"r2_access_key_id": None, "r2_secret_access_key": None})
    with pytest.raises(Problem) as caught:
        open_uploads(keyless).save(BytesIO(SONG))
    assert caught.value.kind is UPLOAD_UNAVAILABLE
    assert "keys" in caught.value.detail


def test_a_secret_is_never_in_what_is_told(store: Settings) -> None:
    wrong = store.model_copy(
        update={"r2_bucket": "never-made", "r2_secret_access_key": SecretStr("hush-hush")}
    )
    with pytest.raises(Problem) as caught:
        open_uploads(wrong).save(BytesIO(SONG))
    assert "hush-hush" not in caught.value.detail
