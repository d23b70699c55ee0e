"""The API keys: who is calling."""

import hmac
import re

from fastapi import Request

from api.state import state_of
from shared.problems import UNAUTHORIZED, Problem
from shared.settings import Settings, variable

ANYBODY = "anybody"
"""The owner of jobs where no keys are set."""


def read_keys(settings: Settings) -> dict[str, str]:
    """Read the keys: name to secret; empty when everybody may call.

    Raises `ValueError`, naming the setting, for one that is not of the form `name:secret,…`.
    """
    keys: dict[str, str] = {}
    if settings.api_key and settings.api_key.get_secret_value():
        keys["default"] = settings.api_key.get_secret_value()
    listed = settings.api_keys.get_secret_value() if settings.api_keys else ""
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        name, _, secret = entry.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) or not secret:
            raise ValueError(
                f"{variable('api_keys')}: write name:secret,name:secret; "
                "a name has letters, digits, - and _ alone"
            )
        keys[name] = secret
    return keys


async def get_owner(request: Request) -> str:
    """Name the caller by the key it sent; raises `unauthorized` for none or a wrong one."""
    keys = (await state_of(request)).keys
    if not keys:
        return ANYBODY
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    sent_bytes = sent.strip(" ").encode("latin-1")  # as Starlette has decoded them
    owner = None
    for name, secret in keys.items():
        # every key is compared, each in constant time: how long it takes says nothing
        if hmac.compare_digest(secret.encode(), sent_bytes):
            owner = name
    if scheme.lower() != "bearer" or owner is None:
        raise Problem(UNAUTHORIZED, "Send `Authorization: Bearer KEY` with a key that is set here.")
    return owner
