"""Webhooks as a receiver sees them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.support.processes import wait_until
from tests.support.recordings import Recording
from tests.support.stack import Api, Stack

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Receiver:
    """An HTTP server that writes down what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((headers, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}/hook"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    Thread(target=receiver.server.serve_forever, daemon=True).start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(scope="module")
def service(stack: Stack, receiver: Receiver) -> Api:
    stack.env.update(
        SOW_QWEN3_WEBHOOK_SECRET=f"{SECRET} {NEW_SECRET}", SOW_QWEN3_ALLOWED_HOSTS=receiver.host
    )
    api = stack.api()
    stack.worker("-c", "1")
    stack.webhook_worker()
    stack.ready(api)
    return api


def submit(api: Api, recording: Recording, url: str, **fields: str) -> str:
    with recording.path.open("rb") as song:
        answer = api.http.post(
            "/api/v1/jobs",
            data={
                "lyrics_text": recording.lyrics,
                "language": "English",
                "webhook_url": url,
                **fields,
            },
            files={"audio": song},
        )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def delivered(api: Api, job_id: str, state: str = "delivered") -> dict[str, Any]:
    wait_until(lambda: api.job(job_id)["webhook"]["state"] == state, f"the webhook is {state}", 60)
    webhook: dict[str, Any] = api.job(job_id)["webhook"]
    return webhook


def test_an_event_comes_signed_with_the_result_in_it(
    service: Api, receiver: Receiver, recording: Recording
) -> None:
    receiver.requests.clear()
    job_id = submit(service, recording, receiver.url, metadata='{"song": 7}')
    webhook = delivered(service, job_id)
    ((headers, body),) = receiver.requests
    for secret in (SECRET, NEW_SECRET):
        event = Webhook(secret).verify(body, headers)
    assert event["type"] == "job.succeeded"
    assert event["data"]["id"] == job_id
    assert event["data"]["metadata"] == {"song": 7}
    assert event["data"]["result"]["lrc_content"].startswith("[00:")
    assert headers["webhook-id"] == webhook["id"]
    assert [attempt["status"] for attempt in webhook["attempts"]] == [204]


def test_a_delivery_that_failed_is_tried_again_and_every_try_is_on_the_record(
    service: Api, receiver: Receiver, recording: Recording
) -> None:
    receiver.requests.clear()
    receiver.answers = [500, 302]
    job_id = submit(service, recording, receiver.url)
    wait_until(lambda: len(receiver.requests) >= 2, "it was tried twice", 60)
    webhook = service.job(job_id)["webhook"]
    assert [attempt["status"] for attempt in webhook["attempts"]][:1] == [500]
    ids = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert len(ids) == 1
    resent = service.http.post(f"/api/v1/jobs/{job_id}/webhook/resend")
    assert resent.status_code == 202
    webhook = delivered(service, job_id)
    assert [attempt["status"] for attempt in webhook["attempts"]] == [500, 302, 204]
    assert receiver.requests[-1][0]["webhook-id"] in ids
    Webhook(SECRET).verify(receiver.requests[-1][1], receiver.requests[-1][0])


def test_gone_ends_the_delivery(service: Api, receiver: Receiver, recording: Recording) -> None:
    receiver.answers = [410]
    job_id = submit(service, recording, receiver.url)
    webhook = delivered(service, job_id, "failed")
    assert [attempt["status"] for attempt in webhook["attempts"]] == [410]
    assert webhook["next_attempt_at"] is None


def test_a_result_too_large_for_an_event_is_left_out(
    service: Api, receiver: Receiver, recording: Recording
) -> None:
    receiver.requests.clear()
    receiver.answers = []
    lyrics = recording.lyrics + "\n[Coda]" * 2_500
    job_id = submit(service, recording, receiver.url, lyrics_text=lyrics)
    delivered(service, job_id)
    data = json.loads(receiver.requests[-1][1])["data"]
    assert data["result"]["lrc_content"] is None
    assert data["result"]["line_count"] == 2_504
    assert data["links"]["result"].endswith(f"/api/v1/jobs/{job_id}/result")


def test_a_failed_job_is_told_too(service: Api, receiver: Receiver, recording: Recording) -> None:
    receiver.requests.clear()
    answer = service.http.post(
        "/api/v1/jobs",
        json={
            "audio_url": f"http://{receiver.host}/song.mp3",
            "lyrics_text": recording.lyrics,
            "language": "English",
            "webhook_url": receiver.url,
        },
    )
    job_id = answer.json()["id"]
    delivered(service, job_id)
    event = json.loads(receiver.requests[-1][1])
    assert event["type"] == "job.failed"
    assert event["data"]["problem"]["type"] == "urn:sow-qwen3:problem:audio-not-fetched"


def test_a_webhook_to_a_private_address_is_refused(service: Api, recording: Recording) -> None:
    answer = service.http.post(
        "/api/v1/jobs",
        json={
            "audio_url": "https://example.com/song.mp3",
            "lyrics_text": recording.lyrics,
            "webhook_url": "https://10.0.0.1/hook",
        },
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:sow-qwen3:problem:address-not-allowed"
