"""Audio from `s3://` addresses and from uploads in the bucket."""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final, cast

from shared.settings import Settings
from shared.storage.faults import S3Fault, s3_faults
from shared.storage.s3 import S3Address, s3_client
from worker.audio.faults import not_fetched, store_away
from worker.audio.source import Content, Unchanged

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

CHUNK: Final = 1 << 16
"""The most that is read at once (bytes)."""

NOT_MODIFIED: Final = "304"
"""The error code that botocore gives an object that is still the version named."""


class S3Source:
    """Audio in a bucket that was checked before."""

    def __init__(self, address: S3Address, settings: Settings) -> None:
        self.key = json.dumps([settings.r2_endpoint_url, address.bucket, address.key])
        self._address = address
        self._settings = settings

    @contextmanager
    def open(self, known: str | None, deadline: float) -> Iterator[Content]:
        """Open the object."""
        try:
            with s3_faults():
                client = s3_client(self._settings)
                bucket, key = self._address.bucket, self._address.key
                if known is None:
                    answer = client.get_object(Bucket=bucket, Key=key)
                else:
                    answer = client.get_object(Bucket=bucket, Key=key, IfNoneMatch=known)
                # Entering gives urllib3's response, whatever the stubs say.
                with cast("AbstractContextManager[BaseHTTPResponse]", answer["Body"]) as body:
                    length = answer["ContentLength"]
                    yield Content(_chunks(body, length, deadline), length, answer.get("ETag"))
        except S3Fault as fault:
            if fault.code == NOT_MODIFIED and known is not None:
                raise Unchanged from fault
            make = store_away if fault.passing else not_fetched
            raise make(fault.reason) from fault


def _chunks(body: "BaseHTTPResponse", length: int, deadline: float) -> Iterator[bytes]:
    """Read what has come, piece by piece: waiting for whole chunks could pass the deadline."""
    missing = length
    while missing > 0 and (chunk := body.read1(CHUNK)):
        missing -= len(chunk)
        yield chunk
        if time.monotonic() > deadline:
            raise store_away("the store took too long")
    if missing > 0:
        raise store_away("the store broke off")
