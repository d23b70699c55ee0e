"""Files that callers upload: kept in the bucket, or in a folder that API and workers share."""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from shared.problems import AUDIO_TOO_LARGE, UPLOAD_STORE_AWAY, UPLOAD_UNAVAILABLE, Problem
from shared.settings import Settings, variable
from shared.storage.faults import S3Fault, s3_faults
from shared.storage.s3 import S3Address, s3_client

PREFIX: Final = "uploads/"
"""Where uploads lie in the bucket."""

SCHEME: Final = "upload:"
"""How a reference to an upload begins; an opaque name follows."""

NAME: Final = re.compile(r"[0-9a-f]{32}")
HALF: Final = ".part"
"""How the name of a file ends while it is being written."""

CHUNK: Final = 1 << 20

RETRY_SECONDS: Final = 10
"""When it is worth trying again after the bucket did not answer."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A kept file: its reference (`upload:NAME`), its content's SHA-256 (hex) and size (bytes)."""

    reference: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file found among the uploads, and how long ago it was put there (seconds)."""

    reference: str
    age: float


def open_uploads(settings: Settings) -> "Uploads":
    """Choose where uploads are kept: in the bucket, else in the folder, else nowhere."""
    if settings.r2_bucket is not None:
        return BucketUploads(settings, settings.r2_bucket)
    if settings.upload_dir is not None:
        return FolderUploads(settings, Path(settings.upload_dir))
    return NoUploads()


class BucketUploads:
    """Uploads under `uploads/` in the bucket; names are random, never the caller's.

    Where the bucket cannot be used, every method raises Problem: UPLOAD_STORE_AWAY when that may
    pass, else UPLOAD_UNAVAILABLE.
    """

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._settings = settings
        self._bucket = bucket

    def address(self, reference: str) -> S3Address:
        """Tell where an upload lies."""
        return S3Address(self._bucket, PREFIX + _name(reference))

    def save(self, file: BinaryIO) -> Upload:
        """Keep a seekable file, whole; the store shows an object only when all of it is there.

        Raises Problem (AUDIO_TOO_LARGE) above the size limit.
        """
        upload = _describe(file, self._settings)
        address = self.address(upload.reference)
        with _bucket_faults():
            s3_client(self._settings).put_object(
                Bucket=address.bucket, Key=address.key, Body=file, ContentLength=upload.size
            )
        return upload

    def delete(self, reference: str) -> None:
        """Forget an upload; one that is not there is fine."""
        address = self.address(reference)
        with _bucket_faults():
            s3_client(self._settings).delete_object(Bucket=address.bucket, Key=address.key)

    def stored(self) -> Iterator[StoredUpload]:
        """List all that is kept, in no order."""
        with _bucket_faults():
            pages = s3_client(self._settings).get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=PREFIX):
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(PREFIX)
                    if NAME.fullmatch(name):
                        age = time.time() - item["LastModified"].timestamp()
                        yield StoredUpload(SCHEME + name, age)


class FolderUploads:
    """Uploads in a folder; names are random, never the caller's."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def path(self, reference: str) -> Path:
        """Tell where an upload lies."""
        return self._folder / _name(reference)

    def save(self, file: BinaryIO) -> Upload:
        """Keep a seekable file, whole; it gets its name only when all of it is there.

        Raises Problem: AUDIO_TOO_LARGE above the size limit, UPLOAD_UNAVAILABLE where the folder
        cannot be written to.
        """
        upload = _describe(file, self._settings)
        path = self.path(upload.reference)
        half = path.with_suffix(HALF)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with half.open("xb") as out:
                shutil.copyfileobj(file, out, CHUNK)
                out.flush()
                os.fsync(out.fileno())
            half.rename(path)
        except OSError as error:
            with suppress(OSError):
                half.unlink()
            raise Problem(
                UPLOAD_UNAVAILABLE,
                f"The upload could not be kept ({error.strerror}): send audio_url, or let the "
                f"operator see to the folder that {variable('upload_dir')} names.",
            ) from error
        return upload

    def delete(self, reference: str) -> None:
        """Forget an upload, or what a save that died left of it; nothing there is fine."""
        path = self.path(reference)
        path.unlink(missing_ok=True)
        path.with_suffix(HALF).unlink(missing_ok=True)

    def stored(self) -> Iterator[StoredUpload]:
        """List all that is kept, and what a save that died left behind, in no order."""
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                name = entry.name.removesuffix(HALF)
                if NAME.fullmatch(name):
                    with suppress(FileNotFoundError):
                        yield StoredUpload(SCHEME + name, time.time() - entry.stat().st_mtime)


class NoUploads:
    """Uploads where the operator set no place for them."""

    def save(self, file: BinaryIO) -> Upload:
        """Refuse a file: raises Problem (UPLOAD_UNAVAILABLE)."""
        del file
        raise Problem(
            UPLOAD_UNAVAILABLE,
            f"This service keeps no uploads: send audio_url, or let the operator set "
            f"{variable('r2_bucket')} or {variable('upload_dir')}.",
        )

    def delete(self, reference: str) -> None:
        """Do nothing: there is nothing to forget."""

    def stored(self) -> Iterator[StoredUpload]:
        """List nothing."""
        return iter(())


Uploads = BucketUploads | FolderUploads | NoUploads
"""Where uploads are kept."""


def _name(reference: str) -> str:
    """Take the name out of a reference, which can lead nowhere else."""
    name = reference.removeprefix(SCHEME)
    if not reference.startswith(SCHEME) or not NAME.fullmatch(name):
        raise ValueError(f"{reference!r} is no reference to an upload")
    return name


def _describe(file: BinaryIO, settings: Settings) -> Upload:
    """Give a file a name, its hash and its size, and leave it at its start."""
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size > settings.max_audio_bytes:
            raise Problem(
                AUDIO_TOO_LARGE,
                f"The audio file is larger than {settings.max_audio_bytes} bytes: send a smaller "
                "one.",
            )
    file.seek(0)
    return Upload(SCHEME + secrets.token_hex(16), digest.hexdigest(), size)


@contextmanager
def _bucket_faults() -> Iterator[None]:
    try:
        with s3_faults():
            yield
    except S3Fault as fault:
        if fault.passing:
            raise Problem(
                UPLOAD_STORE_AWAY,
                f"Uploads cannot be kept just now ({fault.reason}): try again.",
                RETRY_SECONDS,
            ) from fault
        raise Problem(
            UPLOAD_UNAVAILABLE,
            f"Uploads cannot be kept ({fault.reason}): send audio_url, or let the operator see to "
            f"{variable('r2_bucket')}, {variable('r2_endpoint_url')} and its keys.",
        ) from fault
