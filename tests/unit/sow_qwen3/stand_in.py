"""A small HTTP server that stands in for the API.

It speaks the service's contract on a loopback port, from a script, so that the client can be
shown answers and faults that a real service gives only now and then. That the real API speaks the
same is for the integration tests to show.
"""

import json
import threading
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LRC = "[ti:霧]\n[00:01.00] First line\n[00:02.50] 第二行\n"
TIMED = [
    {"start_time": 1.0, "end_time": 2.5, "text": "First line", "newer": 1},
    {"start_time": 2.5, "end_time": 4.0, "text": "第二行", "newer": 1},
]
QUEUED = {"state": "queued", "queue_position": 3}
FETCHING = {"state": "running", "stage": "fetching", "progress": 0.05, "attempt": 1}
ALIGNING = {"state": "running", "stage": "aligning", "progress": 0.4, "attempt": 1}
SUCCEEDED = {
    "state": "succeeded",
    "progress": 1.0,
    "attempt": 1,
    "ended_at": "2031-02-03T04:05:16.5Z",
    "result": {
        "lrc_content": LRC,
        "json_data": None,
        "line_count": 2,
        "duration_seconds": 4.2,
        "newer": "?",
    },
}
FAILED = {
    "state": "failed",
    "problem": {
        "type": "urn:sow-qwen3:problem:audio-too-long",
        "title": "The audio is too long",
        "status": 400,
        "detail": "The audio lasts 412.0 s; at most 300 s are taken.",
    },
}
CANCELED = {"state": "canceled"}

HEALTHY = {
    "status": "healthy",
    "version": "0.1.0",
    "model": "ready",
    "device": "cpu",
    "max_concurrent": 2,
    "workers": [
        {"worker": "align@here", "index": index, "pid": 7, "state": "ready", "device": "cpu"}
        for index in (0, 1)
    ],
    "reason": None,
}


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    route: str
    query: dict[str, str]
    headers: Message
    body: bytes

    def form(self) -> dict[str, Any]:
        """The fields of a multipart body; a file is its name and its bytes."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts()
        fields: dict[str, Any] = {}
        for part in parts:
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            file = part.get_filename()
            fields[name] = (file, content) if file else content.decode()
        return fields


class StandIn:
    """The server; its attributes are the script, and what it saw."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.steps: list[dict[str, Any]] = [SUCCEEDED]
        """How a job stands at its submission and at each look after it; the last one stays."""
        self.faults: dict[str, deque[tuple[int, dict[str, str]] | None]] = {}
        """By route: what is answered instead, once each; None closes the connection."""
        self.silent_route: str | None = None
        """A route that is not answered until the end of the test."""
        self.closing = threading.Event()
        self.health: tuple[int, dict[str, Any]] = (200, HEALTHY)
        self.ready = True
        self.api_key: str | None = None
        self.clock_shift = timedelta()
        self.keep_bodies = True
        self.jobs: dict[str, dict[str, Any]] = {}
        self.changed = threading.Condition()
        stand_in = self

        class Handler(_Handler):
            api = stand_in

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def routes(self) -> list[str]:
        """What was asked for, in order; job ids are `ID`."""
        return [seen.route for seen in self.seen]

    def fail(self, route: str, *answers: tuple[int, dict[str, str]] | None) -> None:
        """Have a route go wrong so many times."""
        self.faults[route] = deque(answers)

    def wait_for(self, route: str, times: int = 1) -> None:
        """Wait until a route was asked for."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.routes().count(route) >= times, 30)

    def close(self) -> None:
        """Stop listening."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add_job(self, **fields: object) -> dict[str, Any]:
        """Put a job there; it stands at the script's first step."""
        job: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "state": "queued",
            "stage": None,
            "progress": 0.0,
            "queue_position": None,
            "attempt": 0,
            "created_at": "2031-02-03T04:05:06.5Z",
            "started_at": None,
            "ended_at": None,
            "expires_at": None,
            "language": "Chinese",
            "format": "lrc",
            "title": None,
            "artist": None,
            "album": None,
            "audio": "upload:x",
            "metadata": None,
            "result": None,
            "problem": None,
            "webhook": None,
            "links": {},
            "a_field_of_a_newer_service": {"?": 1},
            **fields,
            "looks": 0,
        }
        self.jobs[job["id"]] = job
        return job


class _Handler(BaseHTTPRequestHandler):
    api: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        assert timestamp is None
        return format_datetime(datetime.now(UTC) + self.api.clock_shift, usegmt=True)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._read_body()
        address = urlsplit(self.path)
        parts = address.path.split("/")
        job_id = parts[4] if len(parts) > 4 else None
        if job_id is not None:
            parts[4] = "ID"
        route = f"{self.command} {'/'.join(parts)}"
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        seen = Seen(route, query, self.headers, body)
        with self.api.changed:
            self.api.seen.append(seen)
            self.api.changed.notify_all()
        if route == self.api.silent_route:
            self.api.closing.wait()
            self.close_connection = True
            return
        if faults := self.api.faults.get(route):
            fault = faults.popleft()
            if fault is None:
                self.close_connection = True
                return
            self._problem(fault[0], "busy", "Come back later.", fault[1])
            return
        key = self.api.api_key
        if "/api/" in route and key and self.headers["Authorization"] != f"Bearer {key}":
            self._problem(401, "unauthorized", "Send a valid key.")
            return
        if job_id is not None and job_id not in self.api.jobs:
            self._problem(404, "not-found", "There is no such job.")
            return
        self._dispatch(seen, self.api.jobs.get(job_id or ""))

    def _dispatch(self, seen: Seen, job: dict[str, Any] | None) -> None:
        if job is None:
            routes = {
                "GET /livez": lambda: self._json(200, {"status": "alive"}),
                "GET /readyz": self._ready,
                "GET /health": lambda: self._json(*self.api.health),
                "POST /api/v1/jobs": lambda: self._submit(seen),
                "GET /api/v1/jobs": lambda: self._list(seen),
            }
        else:
            routes = {
                "GET /api/v1/jobs/ID": lambda: self._json(200, self._look(job)),
                "GET /api/v1/jobs/ID/result": lambda: self._result(seen, job),
                "POST /api/v1/jobs/ID/cancel": lambda: self._cancel(job),
                "POST /api/v1/jobs/ID/webhook/resend": lambda: self._json(202, job),
                "DELETE /api/v1/jobs/ID": lambda: self._delete(job),
            }
        routes.get(seen.route, lambda: self._send(404, "<h1>Not here</h1>", "text/html"))()

    def _ready(self) -> None:
        if self.api.ready:
            self._json(200, {"status": "ready"})
        else:
            self._problem(503, "store-away", "Redis does not answer.")

    def _result(self, seen: Seen, job: dict[str, Any]) -> None:
        asked = seen.query.get("format", job["format"])
        self._send(200, LRC if asked == "lrc" else json.dumps(TIMED), "text/plain")

    def _cancel(self, job: dict[str, Any]) -> None:
        if job["state"] == "succeeded":
            self._problem(409, "job-ended", "The job has succeeded already.")
        else:
            job.update(CANCELED, steps=[])
            self._json(200, job)

    def _delete(self, job: dict[str, Any]) -> None:
        del self.api.jobs[job["id"]]
        self._send(204, "", "text/plain")

    def _submit(self, seen: Seen) -> None:
        key = seen.headers["Idempotency-Key"]
        for job in self.api.jobs.values():
            if job["key"] == key:
                self._json(202, job)
                return
        job = self.api.add_job(key=key)
        self._json(202, self._look(job))

    def _look(self, job: dict[str, Any]) -> dict[str, Any]:
        steps = job.get("steps", self.api.steps)
        if steps:
            job.update(steps[min(job["looks"], len(steps) - 1)])
            job["looks"] += 1
        return job

    def _list(self, seen: Seen) -> None:
        wanted = seen.query.get("status")
        jobs = [job for job in self.api.jobs.values() if wanted in (None, job["state"])]
        first = int(seen.query.get("cursor", 0))
        last = first + int(seen.query.get("limit", 20))
        cursor = str(last) if last < len(jobs) else None
        self._json(200, {"jobs": jobs[first:last], "next_cursor": cursor})

    def _read_body(self) -> bytes:
        left = int(self.headers.get("Content-Length", 0))
        body = b""
        while left:
            chunk = self.rfile.read(min(left, 1_000_000))
            left -= len(chunk)
            if self.api.keep_bodies:
                body += chunk
        return body

    def _json(self, status: int, data: object) -> None:
        self._send(status, json.dumps(data), "application/json")

    def _problem(
        self, status: int, name: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        problem = {
            "type": f"urn:sow-qwen3:problem:{name}",
            "title": name.capitalize(),
            "status": status,
            "detail": detail,
        }
        self._send(status, json.dumps(problem), "application/problem+json", headers)

    def _send(
        self, status: int, text: str, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
