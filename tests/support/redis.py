"""A Redis that tests kill, start again, and stop in time, with the data on disk of production."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from tests.support.processes import Program, free_port, listens, wait_until


class BreakableRedis:
    """A running server, and a client that looks into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client = Redis.from_url(self.url, decode_responses=True)
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self._port), "--dir", str(self._folder)]
        self._program = Program(
            [*command, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"],
            self._folder / "redis.log",
        )
        wait_until(lambda: listens(self._port), "Redis listens", 10)

    def kill(self) -> None:
        self._program.kill_all()

    def freeze(self) -> None:
        self._program.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._program.signal(signal.SIGCONT)


@contextmanager
def breakable_redis(folder: Path) -> Iterator[BreakableRedis]:
    """Run such a server; it is ended in whatever state the test left it."""
    redis = BreakableRedis(folder)
    try:
        yield redis
    finally:
        redis.client.close()
        redis.kill()
