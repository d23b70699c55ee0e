"""Why nothing would run, in plain words: the checks of `sow-qwen3 doctor`.

What only concerns the machine that runs the service (Redis, programs, disk) is looked at only
where the service is on this machine.
"""

import ipaddress
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx

from sow_qwen3 import _connection
from sow_qwen3._redis_ping import RedisRefused, RedisUrl, ping
from sow_qwen3.models import Health

FREE_BYTES = 1_000_000_000
"""Free space below which a folder is a problem: ten songs of the largest size (bytes)."""
CLOCK_SECONDS = 30.0
"""How far the clocks may be apart; signatures of webhooks and stores allow minutes (seconds)."""
SILENCE_SECONDS = 5.0
"""How long the API may take to answer a check (seconds)."""

DEFAULT_REDIS = "redis://127.0.0.1:6379/0"
DEFAULT_CACHE = "/cache"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `remedy` says what to do about a problem."""

    verdict: Literal["ok", "problem", "skipped"]
    subject: str
    said: str
    remedy: str = ""


def examine(url: str, api_key: str | None) -> Iterator[Finding]:
    """Make every check, in the order in which a job meets the parts."""
    here = is_local(url)
    yield check_redis(os.environ.get("SOW_QWEN3_REDIS_URL"))
    yield from check_service(url, api_key)
    if here:
        yield from check_programs()
        yield from check_disk(FREE_BYTES)
    else:
        yield Finding(
            "skipped", "machine", "ffmpeg, espeak-ng and disk: the service is on another machine"
        )


def is_local(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_redis(url: str | None) -> Finding:
    """Ask Redis for a PONG; without an address only where one answers at the default."""
    try:
        address = RedisUrl.parse(url or DEFAULT_REDIS)
    except ValueError as error:
        return Finding("problem", "Redis", str(error), "correct SOW_QWEN3_REDIS_URL")
    try:
        ping(address)
    except RedisRefused as error:
        return Finding(
            "problem",
            "Redis",
            f"{address.shown} answers, but refuses: {error}",
            "put its password into SOW_QWEN3_REDIS_URL: redis://:PASSWORD@HOST:PORT/0",
        )
    except OSError as error:
        if url is None:
            said = f"SOW_QWEN3_REDIS_URL is not set and nothing answers at {address.shown}"
            return Finding("skipped", "Redis", said)
        return Finding(
            "problem",
            "Redis",
            f"{address.shown} does not answer: {error.strerror or error}",
            "start redis-server there, or correct SOW_QWEN3_REDIS_URL",
        )
    return Finding("ok", "Redis", f"answers at {address.shown}")


def check_service(url: str, api_key: str | None) -> Iterator[Finding]:
    """Ask the API: is it up, can it take requests and this key, who does the work, what time."""
    with httpx.Client(**_connection.settings(url, api_key, SILENCE_SECONDS)) as http:
        try:
            alive = http.get("/livez")
        except httpx.RequestError as error:
            yield Finding(
                "problem",
                "API",
                f"{url} does not answer: {_connection.reason(error)}",
                "start it (make run, or docker compose up), or correct SOW_QWEN3_URL",
            )
            yield Finding("skipped", "workers", "model and clock too: only the API knows of them")
            return
        if not alive.is_success:
            yield Finding(
                "problem",
                "API",
                f"what answers at {url} is not this service (HTTP {alive.status_code})",
                "correct SOW_QWEN3_URL",
            )
            return
        try:
            yield _check_ready(http, url)
            yield from _check_workers(http.get("/health"))
        except httpx.RequestError as error:
            yield Finding(
                "problem",
                "API",
                f"{url} stopped answering: {_connection.reason(error)}",
                "look into its log",
            )
        yield check_clock(alive.headers.get("Date"))


def _check_ready(http: httpx.Client, url: str) -> Finding:
    ready = http.get("/readyz")
    if not ready.is_success:
        return Finding(
            "problem",
            "API",
            f"{url} is up but takes no jobs: {_detail(ready)}",
            "start Redis, or correct SOW_QWEN3_REDIS_URL where the API runs",
        )
    listed = http.get("/api/v1/jobs", params={"limit": 1})
    if listed.status_code == httpx.codes.UNAUTHORIZED:
        return Finding(
            "problem",
            "API",
            f"{url} refuses the key: {_detail(listed)}",
            "set SOW_QWEN3_API_KEY to a key of the service",
        )
    if not listed.is_success:
        return Finding(
            "problem", "API", f"{url} cannot list jobs: {_detail(listed)}", "look into its log"
        )
    return Finding("ok", "API", f"takes jobs at {url}")


def _check_workers(answer: httpx.Response) -> Iterator[Finding]:
    try:
        health = Health.from_json(answer.json())
    except (ValueError, TypeError, KeyError):
        yield Finding("skipped", "workers", f"model too: /health says: {_detail(answer)}")
        return
    if not health.workers:
        yield Finding(
            "problem",
            "workers",
            "no worker process has been heard of",
            "start a worker on the API's Redis (make run, or docker compose up worker)",
        )
        yield Finding("skipped", "model", "workers load it")
        return
    ready = sum(worker.state == "ready" for worker in health.workers)
    yield Finding("ok", "workers", f"processes heard of: {len(health.workers)}, ready: {ready}")
    if health.healthy:
        yield Finding("ok", "model", f"ready on {health.device or 'a device without a name'}")
    elif health.model == "loading":
        yield Finding("problem", "model", "is being loaded", "wait a little, and ask again")
    else:
        yield Finding(
            "problem",
            "model",
            health.reason or "no worker says why it is not ready",
            "put it where the worker's SOW_QWEN3_MODEL_PATH says, or set SOW_QWEN3_ALIGNER=dtw; "
            "workers try again by themselves",
        )


def check_clock(date: str | None) -> Finding:
    """Compare the API's Date header with the clock here."""
    try:
        apart = (datetime.now(UTC) - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return Finding("skipped", "clock", "the API does not say what time it has")
    if abs(apart) <= CLOCK_SECONDS:
        return Finding("ok", "clock", "agrees with the API's")
    side = "ahead of" if apart > 0 else "behind"
    return Finding(
        "problem",
        "clock",
        f"this machine is {abs(apart):.0f} s {side} the API's",
        "set both by NTP (timedatectl set-ntp true)",
    )


def check_programs() -> Iterator[Finding]:
    """Look for the programs that a worker runs."""
    if found := shutil.which("ffmpeg"):
        yield Finding("ok", "ffmpeg", found)
    else:
        yield Finding(
            "problem",
            "ffmpeg",
            "is not on PATH",
            "install it where workers run (apt install ffmpeg); images bring their own",
        )
    if found := shutil.which("espeak-ng"):
        yield Finding("ok", "espeak-ng", found)
    elif os.environ.get("SOW_QWEN3_ALIGNER") == "dtw":
        yield Finding(
            "problem",
            "espeak-ng",
            "is not on PATH, and the dtw aligner speaks with it",
            "install it where workers run (apt install espeak-ng); images bring their own",
        )
    else:
        yield Finding("ok", "espeak-ng", "is not on PATH; only the dtw aligner needs it")


def check_disk(needed: int) -> Iterator[Finding]:
    """See whether the folders that the service writes to have `needed` bytes free."""
    cache = os.environ.get("SOW_QWEN3_CACHE_DIR")
    if cache is None and Path(DEFAULT_CACHE).is_dir():
        cache = DEFAULT_CACHE
    for folder in (cache, os.environ.get("SOW_QWEN3_UPLOAD_DIR"), tempfile.gettempdir()):
        if not folder:
            continue
        path = Path(folder).absolute()
        existing = next(place for place in (path, *path.parents) if place.exists())
        free = shutil.disk_usage(existing).free
        said = f"{free / 1e9:.1f} GB free in {folder}"
        if free >= needed:
            yield Finding("ok", "disk", said)
        else:
            yield Finding(
                "problem",
                "disk",
                f"only {said}",
                f"free some: {needed / 1e9:.0f} GB are needed to work safely",
            )


def _detail(answer: httpx.Response) -> str:
    """Take what a problem+json says, or the bare status."""
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem["title"])
    except (ValueError, AttributeError, KeyError):
        return f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip()
