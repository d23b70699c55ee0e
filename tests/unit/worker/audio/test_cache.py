import hashlib
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker.audio import cache as cache_module
from worker.audio.cache import AudioCache, Known


def keep(cache: AudioCache, content: bytes, source: str, validator: str | None = "one") -> str:
    """Put content into the cache as a job does, and give its hash."""
    own = cache.new_file()
    own.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    cache.add(own, sha256, source, validator)
    own.unlink()
    return sha256


def age(folder: Path, sha256: str, seconds: float) -> None:
    """Make a kept file one that was used so long ago."""
    os.utime(folder / "audio" / sha256, (time.time() - seconds,) * 2)


def test_what_was_kept_is_found_by_its_source_and_taken_by_its_hash(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    sha256 = keep(cache, b"la la", "source")
    assert cache.known("source") == Known("one", sha256)
    own = cache.take(sha256)
    assert own is not None
    assert own.read_bytes() == b"la la"


def test_nothing_is_known_of_other_sources(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    assert cache.known("source") is None
    keep(cache, b"la la", "source")
    assert cache.known("sourc") is None


def test_content_without_a_name_for_its_version_is_kept_but_not_known(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    sha256 = keep(cache, b"la la", "source", validator=None)
    assert cache.known("source") is None
    assert cache.take(sha256) is not None


def test_the_same_content_from_two_sources_is_kept_once(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    assert keep(cache, b"la la", "one") == keep(cache, b"la la", "other")
    assert len(list((tmp_path / "audio").iterdir())) == 1


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 250)
    first, second = keep(cache, b"a" * 100, "a"), keep(cache, b"b" * 100, "b")
    age(tmp_path, first, 300)
    age(tmp_path, second, 200)
    used = cache.take(first)
    third = keep(cache, b"c" * 100, "c")
    assert {path.name for path in (tmp_path / "audio").iterdir()} == {first, third}
    assert cache.known("b") is None
    assert cache.take(second) is None
    assert used is not None


def test_what_a_job_is_reading_is_not_taken_away_when_it_is_thrown_out(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 150)
    first = keep(cache, b"a" * 100, "a")
    own = cache.take(first)
    age(tmp_path, first, 300)
    keep(cache, b"b" * 100, "b")
    assert cache.take(first) is None
    assert own is not None
    assert own.read_bytes() == b"a" * 100


def test_content_larger_than_the_whole_cache_is_not_kept(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 99)
    keep(cache, b"a" * 100, "a")
    assert list((tmp_path / "audio").iterdir()) == []


def test_the_cache_takes_no_more_than_half_of_what_the_disk_has_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AudioCache(tmp_path, 10**15)
    kept = [keep(cache, letter * 100, letter.decode()) for letter in (b"a", b"b", b"c")]
    for number, sha256 in enumerate(kept):
        age(tmp_path, sha256, 300 - number)
    # with a fourth 400 bytes are kept and 100 free: the cache may have 250 of these 500
    monkeypatch.setattr(cache_module, "disk_usage", lambda _: SimpleNamespace(free=100))
    fourth = keep(cache, b"d" * 100, "d")
    assert {path.name for path in (tmp_path / "audio").iterdir()} == {kept[2], fourth}


def test_a_file_that_is_half_written_is_never_given_out(tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    sha256 = keep(cache, b"la la", "source")
    (tmp_path / "audio" / sha256).write_bytes(b"la")
    assert cache.take(sha256) is None
    assert cache.known("source") is None


@pytest.mark.parametrize("memory", [b"", b"{", b"[]", b'{"validator": 1}', b"\xff"])
def test_a_memory_that_cannot_be_read_is_none(memory: bytes, tmp_path: Path) -> None:
    cache = AudioCache(tmp_path, 1_000)
    keep(cache, b"la la", "source")
    (file,) = (tmp_path / "known").iterdir()
    file.write_bytes(memory)
    assert cache.known("source") is None


def test_only_so_many_sources_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "MAX_KNOWN", 3)
    cache = AudioCache(tmp_path, 1_000)
    for number in range(5):
        keep(cache, b"la la", str(number))
    assert len(list((tmp_path / "known").iterdir())) == 3
    assert cache.known("4") is not None


def test_what_dead_jobs_left_is_swept_and_what_live_ones_have_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AudioCache(tmp_path, 1_000)
    left = cache.new_file()
    keep(cache, b"la", "a")
    assert left.exists()
    monkeypatch.setattr(cache_module, "ABANDONED_SECONDS", -1)
    with suppress(FileNotFoundError):  # its own file counts as left too
        keep(cache, b"la la", "b")
    assert not left.exists()


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    cache = AudioCache(tmp_path, 1_000)
    own = cache.take(keep(cache, b"la la", "source"))
    assert own is not None
    assert own.read_bytes() == b"la la"


CROWD = """
import hashlib, random, sys
from pathlib import Path
from worker.audio.cache import AudioCache
cache = AudioCache(Path(sys.argv[1]), 400_000)
for turn in range(150):
    content = bytes([random.randrange(8)]) * 100_000
    sha256 = hashlib.sha256(content).hexdigest()
    own = cache.take(sha256)
    if own is None:
        own = cache.new_file()
        own.write_bytes(content)
        cache.add(own, sha256, f"source {content[0]}", "one")
    assert own.read_bytes() == content
    own.unlink()
"""


def test_many_processes_share_one_cache_and_none_reads_anything_half_written(
    tmp_path: Path,
) -> None:
    crowd = [subprocess.Popen([sys.executable, "-c", CROWD, tmp_path]) for _ in range(4)]
    assert [process.wait() for process in crowd] == [0, 0, 0, 0]
    assert sum(path.stat().st_size for path in (tmp_path / "audio").iterdir()) <= 500_000
    assert list((tmp_path / "work").iterdir()) == []
