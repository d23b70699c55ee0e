"""The body of a webhook."""

from shared.job import Job
from shared.view import Event, view_event

MOST_BYTES = 20_000
"""Above this the result is left out; Standard Webhooks 1.0 asks for bodies under 20 kB."""


def event_body(job: Job, public_url: str) -> bytes:
    """Write an ended job's event, the result in it if it fits."""
    event = view_event(job, public_url)
    body = _encode(event)
    if len(body) > MOST_BYTES and event.data.result is not None:
        event.data.result.lrc_content = event.data.result.json_data = None
        body = _encode(event)
    return body


def _encode(event: Event) -> bytes:
    return event.model_dump_json().encode()
