"""The body of a webhook."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.job import Job
from shared.view import view_job

MOST_BYTES = 20_000
"""Above this the result is left out; Standard Webhooks 1.0 asks for bodies under 20 kB."""


def event_body(job: Job, public_url: str) -> bytes:
    """Write an ended job's event: `{type, timestamp, data: job}`, the result in it if it fits."""
    ended_at = datetime.fromtimestamp(job.ended_at or 0, UTC)
    event: dict[str, Any] = {
        "type": f"job.{job.state}",
        "timestamp": ended_at.isoformat().replace("+00:00", "Z"),
        # the body is the same over all tries, so it tells nothing of them
        "data": view_job(job, public_url).model_dump(mode="json") | {"webhook": None},
    }
    body = _encode(event)
    if len(body) > MOST_BYTES and event["data"]["result"] is not None:
        for part in ("lrc_content", "json_data"):
            event["data"]["result"][part] = None
        body = _encode(event)
    return body


def _encode(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
