"""What can go wrong with an S3 store, told in one error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

PASSING_STATUS: Final = frozenset({408, 425, 429})
"""Answers below 500 that may be different at the next try."""

SERVER_ERROR: Final = 500
"""The lowest status that says that the server failed, not the request."""

REASONS: Final = {
    "404": "there is no such object",
    "NoSuchKey": "there is no such object",
    "NoSuchBucket": "there is no such bucket",
}


class S3Fault(Exception):  # noqa: N818 - a fault is turned into a problem, which callers see
    """A call of the store that failed.

    `passing` says that it may work at the next try; `code` is the store's own name for the
    fault, empty where it gave none.
    """

    def __init__(self, reason: str, *, passing: bool, code: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.passing = passing


@contextmanager
def s3_faults() -> Iterator[None]:
    """Turn every error of boto3 and of the connection under it into an S3Fault."""
    # Imported here, like boto3 itself: it is slow, and not every process needs it.
    from botocore.exceptions import (  # noqa: PLC0415 - boto3 takes 0.2 s and 25 MB; not every process needs it
        BotoCoreError,
        ClientError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.exceptions import (  # noqa: PLC0415 - boto3 takes 0.2 s and 25 MB; not every process needs it
        ConnectionError as StoreConnectionError,
    )
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - boto3 takes 0.2 s and 25 MB; not every process needs it

    try:
        yield
    except ClientError as error:
        raise _refused(error) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise S3Fault("this service has no keys for the store", passing=False) from error
    except (StoreConnectionError, HTTPClientError, IncompleteReadError, HTTPError) as error:
        raise S3Fault("the store does not answer, or broke off", passing=True) from error
    except BotoCoreError as error:
        raise S3Fault("the store cannot be asked for it", passing=False) from error


def _refused(error: "ClientError") -> S3Fault:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    passing = status >= SERVER_ERROR or status in PASSING_STATUS
    reason = REASONS.get(code, f"the store answered {status} {code}".rstrip())
    return S3Fault(reason, passing=passing, code=code)
