"""The webhook worker is away, there are two of it, and receivers answer nonsense."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.processes import wait_until
from tests.support.redis import BreakableRedis
from tests.support.stack import Api, Stack, running_stack


class Receiver(ThreadingHTTPServer):
    """Takes events, and answers as a test wants it to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.job_ids: list[str] = []
        self.status, self.retry_after, self.seconds = 200, "", 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.job_ids.append(event["data"]["id"])
        time.sleep(self.server.seconds)
        self.send_response(self.server.status)
        self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory, redis: BreakableRedis) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("hooked")
    with running_stack(
        folder,
        SOW_QWEN3_REDIS_URL=redis.url,
        SOW_QWEN3_WEBHOOK_SECRET="whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        SOW_QWEN3_ALLOWED_HOSTS="127.0.0.1",
        SOW_QWEN3_ALLOWED_BUCKETS="songs",
    ) as stack:
        stack.worker("-c", "1")
        yield stack


@pytest.fixture(scope="module")
def hooked_api(hooked: Stack) -> Api:
    return hooked.api()


def ended(api: Api, receiver: Receiver) -> str:
    """Submit a job and cancel it, unless it has failed by then: both make its webhook due."""
    song = {"audio_url": "s3://songs/a.mp3", "lyrics_text": "la la", "webhook_url": receiver.url}
    job_id = str(api.http.post("/api/v1/jobs", json=song).json()["id"])
    assert api.http.post(f"/api/v1/jobs/{job_id}/cancel").status_code in (200, 409)
    return job_id


def test_events_wait_for_a_webhook_worker_and_two_of_it_deliver_each_once(
    hooked: Stack, hooked_api: Api, redis: BreakableRedis, receiver: Receiver
) -> None:
    kept = [ended(hooked_api, receiver) for _ in range(10)]
    deleted = ended(hooked_api, receiver)
    wait_until(lambda: redis.client.llen("webhooks") >= len(kept), "all are published")
    assert hooked_api.http.delete(f"/api/v1/jobs/{deleted}").status_code == 204
    # several sweeps of housekeeping
    time.sleep(5)
    assert redis.client.llen("webhooks") == len(kept) + 1, "no message is published twice"
    receiver.seconds = 0.5
    for _ in range(2):
        hooked.webhook_worker()
    wait_until(
        lambda: all(hooked_api.job(one)["webhook"]["state"] == "delivered" for one in kept),
        "all are delivered",
    )
    assert sorted(receiver.job_ids) == sorted(kept)


@pytest.mark.parametrize("retry_after", ["²", "9" * 400, "Mon, 01 Jan 0001 00:00:00 GMT", "soon"])
def test_a_try_that_is_answered_with_nonsense_is_written_down_like_any_other(
    hooked_api: Api, receiver: Receiver, retry_after: str
) -> None:
    receiver.status, receiver.retry_after = 503, retry_after
    job_id = ended(hooked_api, receiver)
    wait_until(lambda: hooked_api.job(job_id)["webhook"]["attempts"], "the try is written down")
    webhook = hooked_api.job(job_id)["webhook"]
    assert (webhook["state"], webhook["attempts"][0]["status"]) == ("waiting", 503)
