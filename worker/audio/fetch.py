"""Fetching a job's audio into a local file."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkstemp
from types import TracebackType
from typing import Self

import structlog

from shared.settings import Settings, variable
from shared.storage.s3 import check_s3_address
from shared.storage.uploads import SCHEME, BucketUploads, FolderUploads, open_uploads
from worker.audio.cache import AudioCache
from worker.audio.faults import not_fetched, store_away, too_large
from worker.audio.https import HttpsSource
from worker.audio.s3 import S3Source
from worker.audio.source import Content, Source, Unchanged

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FetchedAudio:
    """A local file with the audio, its content's SHA-256 (hex) and size (bytes).

    Close it when it was read, or use it in a `with`: its file may be the job's own.
    """

    path: Path
    sha256: str
    size: int
    own: bool = True

    def close(self) -> None:
        """Remove the file if it is the job's own."""
        if self.own:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def fetch(reference: str, settings: Settings) -> FetchedAudio:
    """Fetch `s3://bucket/key`, `https://…` or `upload:NAME`, within the limits of the settings.

    Raises Problem: ADDRESS_NOT_ALLOWED, AUDIO_NOT_FETCHED, AUDIO_TOO_LARGE, AUDIO_STORE_AWAY.
    A cache that cannot be used is told once in the log, and costs only a download.
    """
    if reference.startswith(SCHEME):
        kept = open_uploads(settings)
        if isinstance(kept, FolderUploads):
            return _read_in_place(kept.path(reference))
        if not isinstance(kept, BucketUploads):
            raise not_fetched(
                f"this worker knows no place for uploads; the operator must set "
                f"{variable('r2_bucket')} or {variable('upload_dir')} as on the API"
            )
        source: Source = S3Source(kept.address(reference), settings)
    elif reference.startswith("s3://"):
        source = S3Source(check_s3_address(reference, settings), settings)
    else:
        source = HttpsSource(reference, settings)
    deadline = time.monotonic() + settings.fetch_timeout_seconds
    if settings.cache_bytes > 0:
        audio_cache = AudioCache(Path(settings.cache_dir), settings.cache_bytes)
        try:
            return _fetch_cached(source, audio_cache, settings.max_audio_bytes, deadline)
        except OSError as error:
            _warn_of_cache(settings.cache_dir, error.strerror)
    try:
        return _fetch_anew(source, settings.max_audio_bytes, deadline)
    except OSError as error:
        raise store_away(f"this worker cannot keep it ({error.strerror})") from error


def _fetch_cached(
    source: Source, audio_cache: AudioCache, limit: int, deadline: float
) -> FetchedAudio:
    known = audio_cache.known(source.key)
    if known is not None:
        try:
            return _fetch_into(audio_cache, source, known.validator, limit, deadline)
        except Unchanged:
            path = audio_cache.take(known.sha256)
            if path is not None:
                with _removed_on_failure(path):
                    return _within_limit(path, known.sha256, limit)
    return _fetch_into(audio_cache, source, None, limit, deadline)


def _within_limit(path: Path, sha256: str, limit: int) -> FetchedAudio:
    """Check a file that an earlier, laxer limit may have let in."""
    size = path.stat().st_size
    if size > limit:
        raise too_large(limit)
    return FetchedAudio(path, sha256, size)


def _fetch_into(
    audio_cache: AudioCache, source: Source, known: str | None, limit: int, deadline: float
) -> FetchedAudio:
    with source.open(known, deadline) as content:
        audio = _download(content, audio_cache.new_file(), limit)
        with _removed_on_failure(audio.path):
            audio_cache.add(audio.path, audio.sha256, source.key, content.validator)
        return audio


def _fetch_anew(source: Source, limit: int, deadline: float) -> FetchedAudio:
    with source.open(None, deadline) as content:
        handle, name = mkstemp(prefix="sow-qwen3-audio-")
        os.close(handle)
        return _download(content, Path(name), limit)


def _download(content: Content, path: Path, limit: int) -> FetchedAudio:
    """Write the content to a file, within the size limit (bytes)."""
    digest = hashlib.sha256()
    size = 0
    with _removed_on_failure(path), path.open("wb") as file:
        if content.length is not None and content.length > limit:
            raise too_large(limit)
        for chunk in content.chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            digest.update(chunk)
            file.write(chunk)
    return FetchedAudio(path, digest.hexdigest(), size)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@cache
def _warn_of_cache(folder: str, reason: str) -> None:
    """Say so once a process, not at every job."""
    log.warning("audio cache not usable", folder=folder, reason=reason)


def _read_in_place(path: Path) -> FetchedAudio:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return FetchedAudio(path, sha256, os.fstat(file.fileno()).st_size, own=False)
    except FileNotFoundError:
        raise not_fetched(
            "its upload is not there; API and workers must share the folder that "
            f"{variable('upload_dir')} names"
        ) from None
    except OSError as error:
        raise not_fetched(f"its upload cannot be read ({error.strerror})") from error
