"""The S3 client, and `s3://` addresses."""

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings, variable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10
TRIES: Final = 3

BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""A bucket's name, after S3's rules for general purpose buckets."""

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

MAX_KEY_BYTES: Final = 1_024
"""The longest key that S3 takes (bytes of UTF-8)."""


@dataclass(frozen=True, slots=True)
class S3Address:
    """An object in a bucket."""

    bucket: str
    key: str


def check_s3_address(url: str, settings: Settings) -> S3Address:
    """Read `s3://bucket/key` and check that the operator allows the bucket.

    Raises Problem (ADDRESS_NOT_ALLOWED) that says what to change.
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not BUCKET.fullmatch(bucket):
        raise Problem(
            ADDRESS_NOT_ALLOWED, "The address names no valid bucket: write s3://bucket/key."
        )
    if not _is_key(key):
        raise Problem(
            ADDRESS_NOT_ALLOWED,
            f"The key after s3://{bucket}/ is empty, longer than {MAX_KEY_BYTES} bytes, or has "
            "control characters or the steps . or .. in it: write s3://bucket/key.",
        )
    if bucket not in {settings.r2_bucket, *settings.allowed_buckets}:
        raise Problem(
            ADDRESS_NOT_ALLOWED,
            f"The bucket {bucket} is not one that this service reads: use another, or let the "
            f"operator set {variable('r2_bucket')} or add it to {variable('allowed_buckets')}.",
        )
    return S3Address(bucket, key)


def _is_key(key: str) -> bool:
    """Tell whether this can be an object's key, and leads nowhere else in a URL's path."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return False
    return (
        0 < size <= MAX_KEY_BYTES
        and not CONTROL.search(key)
        and not {".", ".."} & set(key.split("/"))
    )


@lru_cache(maxsize=1)
def s3_client(settings: Settings) -> "S3Client":
    """Make the client for the store of the settings, once a process; it is thread-safe."""
    import boto3  # noqa: PLC0415 - boto3 takes 0.2 s and 25 MB; not every process needs it
    from botocore.config import Config  # noqa: PLC0415 - it comes with boto3

    endpoint = settings.r2_endpoint_url
    key_id, secret = settings.r2_access_key_id, settings.r2_secret_access_key
    # A session of its own: boto3's common one is not safe when two threads make a client at once.
    return boto3.Session().client(
        "s3",
        endpoint_url=endpoint,
        # Stores of one region take this name for theirs, R2 too (its documentation says so of its
        # own `auto`). Without an endpoint boto3 looks for the region in its usual places.
        region_name="us-east-1" if endpoint else None,
        aws_access_key_id=key_id.get_secret_value() if key_id else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Stores other than Amazon's do not all know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


# A forked child must not speak on its parent's connections.
os.register_at_fork(after_in_child=s3_client.cache_clear)
