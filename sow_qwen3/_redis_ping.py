"""One PING to Redis over a plain socket, so that the client needs no Redis library.

The protocol is RESP: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import socket
import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 6379
SILENCE_SECONDS = 3.0
"""How long Redis may take to connect and to answer (seconds)."""


class RedisRefused(Exception):  # noqa: N818 - what happened, as it reads after `except`
    """Redis answered, but not with PONG; the text is its own."""


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """Where Redis is and how to log in: the parts of `redis[s]://[user]:[password]@host:port/0`."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take an address apart; ValueError, which never quotes it, where it is of no use."""
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError(
                "SOW_QWEN3_REDIS_URL does not begin with redis://HOST or rediss://HOST"
            )
        try:
            port = parts.port or DEFAULT_PORT
        except ValueError:
            raise ValueError("SOW_QWEN3_REDIS_URL has no valid port") from None
        return cls(
            host=parts.hostname,
            port=port,
            tls=parts.scheme == "rediss",
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )

    @property
    def shown(self) -> str:
        """The address without its password."""
        return f"{self.host}:{self.port}"


def ping(address: RedisUrl) -> None:
    """Log in and PING; OSError where nothing answers, RedisRefused where Redis says no."""
    with socket.create_connection((address.host, address.port), SILENCE_SECONDS) as plain:
        if not address.tls:
            _converse(plain, address)
            return
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=address.host) as secured:
            _converse(secured, address)


def _converse(connection: socket.socket, address: RedisUrl) -> None:
    with connection.makefile("rb") as answers:
        if address.password is not None:
            login = [address.username, address.password] if address.username else [address.password]
            connection.sendall(_command("AUTH", *login))
            _expect(b"+OK", answers.readline(1024))
        connection.sendall(_command("PING"))
        _expect(b"+PONG", answers.readline(1024))


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    strings = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
    return b"*%d\r\n%s" % (len(encoded), strings)


def _expect(wanted: bytes, line: bytes) -> None:
    if line.rstrip() == wanted:
        return
    if line.startswith(b"-"):
        raise RedisRefused(line[1:].decode(errors="replace").strip())
    raise ConnectionError("it does not speak Redis's protocol")
