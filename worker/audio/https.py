"""Audio from `https://` addresses, through the guarded client."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import httpx

from shared.http.client import caused_by, guarded_client
from shared.problems import Problem
from shared.settings import Settings
from worker.audio.faults import not_fetched, store_away
from worker.audio.source import Content, Unchanged

MAX_REDIRECTS: Final = 5

PASSING: Final = frozenset({408, 425, 429})
"""Answers below 500 that may be different at the next try."""


class HttpsSource:
    """Audio behind an `https://` address (or `http://`, on a host that the operator lists)."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.key = url
        self._url = url
        self._settings = settings

    @contextmanager
    def open(self, known: str | None, deadline: float) -> Iterator[Content]:
        """Open the address, following redirects, each of which is checked like the first."""
        with (
            _faults(),
            guarded_client(self._settings, deadline - time.monotonic()) as client,
        ):
            request = client.build_request("GET", self._url, headers=_headers(known))
            for _ in range(MAX_REDIRECTS + 1):
                response = client.send(request, stream=True)
                if response.next_request is None:
                    break
                response.close()
                request = response.next_request
            else:
                raise not_fetched(f"the address redirects more than {MAX_REDIRECTS} times")
            with closing(response):
                yield _content(response, known)


def _headers(known: str | None) -> dict[str, str]:
    # Compressed content could grow past every cap, and audio gains nothing from it.
    headers = {"Accept-Encoding": "identity"}
    if known is not None:
        name, _, value = known.partition(" ")
        headers[CONDITIONS[name]] = value
    return headers


CONDITIONS: Final = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""The request header that asks for content only if it is another version than this one."""


def _validator(response: httpx.Response) -> str | None:
    for name in CONDITIONS:
        if name in response.headers:
            return f"{name} {response.headers[name]}"
    return None


def _content(response: httpx.Response, known: str | None) -> Content:
    status = response.status_code
    if status == httpx.codes.NOT_MODIFIED and known is not None:
        raise Unchanged
    if status in PASSING or response.is_server_error:
        raise store_away(f"the server answered {status}")
    if status != httpx.codes.OK:
        raise not_fetched(f"the server answered {status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise not_fetched("the server sends it compressed though asked not to")
    length = response.headers.get("Content-Length")
    return Content(
        chunks=response.iter_raw(),
        length=int(length) if length is not None else None,
        validator=_validator(response),
    )


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _problem(error) from error


def _problem(error: httpx.HTTPError | httpx.InvalidURL) -> Problem:
    unknown_name = caused_by(error, socket.gaierror)
    if unknown_name is not None and unknown_name.errno == socket.EAI_NONAME:
        return not_fetched("the host's name is not known")
    if caused_by(error, ssl.SSLCertVerificationError) is not None:
        return not_fetched("the server's certificate is not valid for it")
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return not_fetched("the address, or one it redirects to, is not a valid URL")
    if isinstance(error, httpx.TimeoutException):
        return store_away("the server took too long")
    return store_away("the server does not answer, or broke off")
