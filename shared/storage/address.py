"""Checking where a song's address leads, before anything is fetched."""

from shared.http.address import check_address
from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings
from shared.storage.s3 import check_s3_address


def check_audio_address(url: str, settings: Settings) -> None:
    """Check the form of `s3://bucket/key` or `https://…`; nothing is resolved or reached.

    Raises Problem (ADDRESS_NOT_ALLOWED) that says what to change.
    """
    scheme, _, _ = url.partition("://")
    if scheme == "s3":
        check_s3_address(url, settings)
    elif scheme.lower() in ("https", "http"):
        check_address(url, settings)
    else:
        raise Problem(ADDRESS_NOT_ALLOWED, "The audio's address must begin with s3:// or https://.")
