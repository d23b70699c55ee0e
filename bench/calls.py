"""Sending calls to the API from threads, each over one connection that stays open."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Lock
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.02
"""How long a caller waits before it asks again for what is not there yet."""


class CallRefusedError(Exception):
    """The API answered with a status that was not expected."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `body` is JSON."""

    method: str
    path: str
    body: bytes | None
    expected: int
    later: int | None = None
    """The status that means: not yet, ask again."""


class Caller:
    """One connection to the API."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = HTTPConnection(address.hostname or "", address.port, timeout=30)

    def send(self, call: Call) -> bytes:
        """Send a call and give the answer's body, when it is there; raises `CallRefusedError`."""
        headers = {"Content-Type": "application/json"} if call.body else {}
        while True:
            self._connection.request(call.method, call.path, call.body, headers)
            answer = self._connection.getresponse()
            body = answer.read()
            if answer.status == call.expected:
                return body
            if answer.status != call.later:
                raise CallRefusedError(f"{call.method} {call.path}: {answer.status} {body[:300]!r}")
            time.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def send_all(url: str, calls: list[Call], connections: int) -> list[bytes]:
    """Send calls as fast as they are answered over so many connections; gives the bodies."""
    shares = [calls[start::connections] for start in range(connections)]

    def work(share: list[Call]) -> list[bytes]:
        caller = Caller(url)
        try:
            return [caller.send(call) for call in share]
        finally:
            caller.close()

    with ThreadPoolExecutor(connections) as threads:
        return [body for bodies in threads.map(work, shares) for body in bodies]


def latencies(url: str, call: Call, rate: float, seconds: float, connections: int) -> list[float]:
    """Send a call at a steady rate (a second); gives every answer's time (seconds).

    A call's time counts from when it was due, so that a slow answer is not excused by the calls
    that waited behind it.
    """
    begun = time.monotonic()
    due = iter([begun + number / rate for number in range(round(rate * seconds))])
    turn = Lock()

    def work(_: int) -> Iterator[float]:
        caller = Caller(url)
        try:
            while True:
                with turn:
                    at = next(due, None)
                if at is None:
                    return
                time.sleep(max(0.0, at - time.monotonic()))
                caller.send(call)
                yield time.monotonic() - at
        finally:
            caller.close()

    with ThreadPoolExecutor(connections) as threads:
        found = threads.map(lambda number: list(work(number)), range(connections))
        return [one for several in found for one in several]
