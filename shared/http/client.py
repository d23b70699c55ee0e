"""An httpx client that connects only to addresses that were checked.

The name is resolved once, every answer is checked, and the connection goes to a checked answer:
a name that changes its mind in between (DNS rebinding) gains nothing. The host's name still goes
into the `Host` header, TLS's server name and the certificate's check.
"""

import socket
import time
from collections.abc import Iterable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address
from ssl import SSLContext
from threading import Thread
from typing import Any, Final, TypeVar

import httpcore
import httpx

from shared.http.address import check_address, is_listed, literal, not_public
from shared.http.public import is_public
from shared.settings import Settings

CONNECT_SECONDS: Final = 5.0
"""The longest one try to connect, or TLS's handshake, may take (seconds)."""

READ_SECONDS: Final = 10.0
"""The longest pause within an answer (seconds)."""

Cause = TypeVar("Cause", bound=BaseException)


def guarded_client(settings: Settings, seconds: float) -> httpx.Client:
    """Make a client all of whose work ends within `seconds`, however slowly a server drips.

    It follows no redirects, takes no proxy and no password from the environment, and raises
    Problem (ADDRESS_NOT_ALLOWED) for what may not be reached, besides httpx's own errors. Read
    what a stranger's server sends through `stream()`, with a cap: only the time is bounded here.
    """
    return httpx.Client(
        transport=GuardedTransport(settings, time.monotonic() + seconds),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": "sow-qwen3"},
        follow_redirects=False,
        trust_env=False,
    )


def caused_by(error: BaseException, cause: type[Cause]) -> Cause | None:
    """Find the error of a given type that led to this one."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, cause):
            return link
        link = link.__cause__ or link.__context__
    return None


class GuardedTransport(httpx.HTTPTransport):
    """Checks each request's address and connects through a `GuardedBackend`."""

    def __init__(self, settings: Settings, deadline: float) -> None:
        context: SSLContext = httpx.create_ssl_context()
        super().__init__(verify=context)
        self._settings = settings
        # httpx has no public way to give its pool another network backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=GuardedBackend(settings, deadline)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose address has the form of one that may be reached."""
        check_address(str(request.url), self._settings)
        return super().handle_request(request)


class GuardedBackend(httpcore.SyncBackend):
    """Connects to checked addresses alone, and to nothing after its deadline.

    `deadline` is on `time.monotonic`'s clock.
    """

    def __init__(self, settings: Settings, deadline: float) -> None:
        self._settings = settings
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        addresses = _resolve(host, port, _within(self._deadline, timeout, httpcore.ConnectTimeout))
        if not is_listed(host.lower(), port, self._settings) and not all(map(is_public, addresses)):
            raise not_public(host)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = super().connect_tcp(
                    str(address),
                    port,
                    _within(self._deadline, timeout, httpcore.ConnectTimeout),
                    local_address,
                    socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlineStream(stream, self._deadline)
        raise failure


class DeadlineStream(httpcore.NetworkStream):
    """A stream on which nothing waits past a deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come, at most `max_bytes`."""
        left = _within(self._deadline, timeout, httpcore.ReadTimeout)
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        self._stream.write(buffer, _within(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Speak TLS from here on."""
        left = _within(self._deadline, timeout, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        """Pass on what httpcore asks of a stream."""
        return self._stream.get_extra_info(info)


def _within(deadline: float, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Shorten a timeout to what is left until the deadline (seconds)."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the time for all of it is over")
    return left if timeout is None else min(timeout, left)


def _resolve(host: str, port: int, timeout: float) -> list[IPv4Address | IPv6Address]:
    """Ask the resolver for a host's addresses; it may hang, so it is given `timeout` seconds."""
    address = literal(host)
    if address is not None:
        return [address]
    asked: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            asked.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - the thread passes on whatever it is
            asked.set_exception(error)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = asked.result(timeout)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"the resolver did not answer for {host}") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return [ip_address(socket_address[0]) for *_, socket_address in answer]
