"""kombu's Redis transport, with one client a channel.

kombu 5.7 makes a client for every command, which with redis-py 8 costs more than the command: a
fifth of the processor time that a worker's parent and a publication take. A client is no
connection: each command still takes one from the channel's pool.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    """A channel whose client is made once a pool."""

    _one_client: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - kombu's signature
        make = super()._create_client  # type: ignore[misc]  # its types have no private methods
        if asynchronous:
            return make(asynchronous)
        # kombu drops a channel's pool when the connection was lost, and after a fork
        if self._one_client is None or self._one_client.connection_pool is not self.pool:
            self._one_client = make()
        return self._one_client


class Transport(redis.Transport):
    """Celery's transport to Redis."""

    Channel = Channel


def use_one_client() -> None:
    """Have every `redis://` and `rediss://` broker of this process be spoken to this way.

    By its alias and not by Celery's setting `broker_transport`, which would stand in place of the
    scheme in the broker's address, where Flower looks for the scheme.
    """
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
