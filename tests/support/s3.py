"""moto's S3 server, spoken to over HTTP like any other store."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from shared.settings import Settings
from shared.storage.s3 import s3_client

BUCKET = "songs"


@contextmanager
def running_store() -> Iterator[Settings]:
    """Run a store with one empty bucket, and give the settings that lead to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = Settings(
        r2_bucket=BUCKET,
        r2_endpoint_url=f"http://{host}:{port}",
        r2_access_key_id=SecretStr("id"),
        r2_secret_access_key=SecretStr("secret"),
    )
    s3_client(settings).create_bucket(Bucket=BUCKET)
    try:
        yield settings
    finally:
        server.stop()
