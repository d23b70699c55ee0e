"""Fetched audio, kept by its content's hash; several processes may use one folder.

`audio/` holds the files, each under its SHA-256; `known/` says which file a source had at last,
in small JSON files; `work/` holds what jobs are fetching or reading. A job never reads a file
under its name in `audio/`, only through a link of its own in `work/`, so another process may throw
the file out at any time. A file enters `audio/` by a link, whole.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, disk_usage
from tempfile import mkstemp
from typing import Final

MAX_KNOWN: Final = 10_000
"""How many sources are remembered."""

ABANDONED_SECONDS: Final = 3_600
"""The age at which a file in `work/` is a dead job's; fetching and decoding take minutes."""


@dataclass(frozen=True, slots=True)
class Known:
    """The version of a source that was fetched last, and its content's SHA-256 (hex)."""

    validator: str
    sha256: str


class AudioCache:
    """The folder and what it may hold (bytes). Methods raise OSError where it is not usable."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._audio = folder / "audio"
        self._known = folder / "known"
        self._work = folder / "work"
        self._limit = limit

    def new_file(self) -> Path:
        """Make an empty file for a job to write to; the job removes it."""
        for folder in (self._audio, self._known, self._work):
            folder.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(dir=self._work)
        os.close(handle)
        return Path(name)

    def known(self, source: str) -> Known | None:
        """Tell which version of a source is here."""
        try:
            known = Known(**json.loads(self._known_file(source).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return known if (self._audio / known.sha256).exists() else None

    def take(self, sha256: str) -> Path | None:
        """Give a job a file of its own with this content, None where it is not here any more.

        The content is checked against its hash, so that a file that a crash of the machine left
        half-written is thrown out here.
        """
        kept = self._audio / sha256
        own = self.new_file()
        own.unlink()
        try:
            self._link(kept, own)
        except FileNotFoundError:
            return None
        with own.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                own.unlink()
                kept.unlink(missing_ok=True)
                return None
        _touch(kept)
        return own

    def add(self, file: Path, sha256: str, source: str, validator: str | None) -> None:
        """Keep a job's file, remember where it came from, and throw out what is too much."""
        kept = self._audio / sha256
        with suppress(FileExistsError):
            self._link(file, kept)
        _touch(kept)
        if validator is not None:
            half = self.new_file()
            half.write_text(json.dumps({"validator": validator, "sha256": sha256}))
            half.replace(self._known_file(source))
        self._sweep()

    def _link(self, old: Path, new: Path) -> None:
        """Give a file a second name, or make a copy, whole, where the disk has no links."""
        try:
            new.hardlink_to(old)
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError:
            half = self.new_file()
            copyfile(old, half)
            half.replace(new)

    def _known_file(self, source: str) -> Path:
        return self._known / hashlib.sha256(source.encode()).hexdigest()

    def _sweep(self) -> None:
        """Throw out the least recently used audio, the oldest memories and dead jobs' files.

        The cache never takes more than half of what the disk has for it, whatever its limit.
        """
        files = sorted(_stats(self._audio), key=lambda stat: stat[1].st_mtime)
        total = sum(stat.st_size for _, stat in files)
        limit = min(self._limit, (total + disk_usage(self._audio).free) // 2)
        for path, stat in files:
            if total <= limit:
                break
            path.unlink(missing_ok=True)
            total -= stat.st_size
        memories = sorted(_stats(self._known), key=lambda stat: stat[1].st_mtime)
        for path, _ in memories[:-MAX_KNOWN]:
            path.unlink(missing_ok=True)
        for path, stat in _stats(self._work):
            if time.time() - max(stat.st_mtime, stat.st_ctime) > ABANDONED_SECONDS:
                path.unlink(missing_ok=True)


def _touch(path: Path) -> None:
    """Say that a file was used just now, if another process has not thrown it out."""
    with suppress(FileNotFoundError):
        os.utime(path)


def _stats(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            yield Path(entry.path), entry.stat()
