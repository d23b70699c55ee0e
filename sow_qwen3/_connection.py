"""What both clients tell httpx, and what it tells them."""

import re
from typing import Any

import httpx

from sow_qwen3.errors import Error

DEFAULT_URL = "http://127.0.0.1:8000"
"""Where `make run` and compose put the API."""
CONNECT_SECONDS = 10.0
"""How long a connection may take to come about."""


def settings(url: str, api_key: str | None, timeout: float) -> dict[str, Any]:
    """Make the arguments of `httpx.Client` and `httpx.AsyncClient`; Error for a wrong one."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Error(f"{url!r} is no address of a service: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Error(f"{url!r} is no address of a service; one begins with http:// or https://")
    headers = {"User-Agent": "sow-qwen3"}
    if api_key:
        # httpx's own complaint about such a header would print the key
        if not (api_key.isascii() and api_key.isprintable()):
            raise Error("the API key holds a character that no key may have")
        headers["Authorization"] = f"Bearer {api_key}"
    return {
        "base_url": parsed,
        "headers": headers,
        "timeout": httpx.Timeout(timeout, connect=CONNECT_SECONDS),
    }


def reason(error: httpx.RequestError) -> str:
    """Say why there was no answer; httpx leaves it empty for some timeouts."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
