"""Callers send too much, too often, and what no caller should."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.recordings import Recording
from tests.support.redis import BreakableRedis
from tests.support.stack import Api, Stack, running_stack

SONG = {"audio_url": "s3://songs/a.mp3", "lyrics_text": "la la"}

LYRICS = {
    "control characters": "Amazing\0 gr\x07ace\x1b[31m\nhow sweet\x7f",
    "options": "-v --help\n-w /tmp/sound",
    "markup": "<break time='9000s'/> grace & <mark>\n$(reboot) `id` %s {0}",
    "marks": "[[Amazing]] grace\n[00:01.00]how sweet",
    "odd characters": "\u202eAmazing\u202c \u200bgra\ufeffce \ufffe\n𝔸𝕞𝕒𝕫 👩‍👩‍👧 สวัสดี a"
    + "\u0301" * 300,
}

MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\nx\r\n'
    b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n--B--\r\n'
)

BODIES = {
    "NaN": ("application/json", json.dumps({**SONG, "metadata": {"a": float("nan")}}).encode()),
    "half a character": ("application/json", rb'{"lyrics_text": "\ud800"}'),
    "deep": ("application/json", b'{"metadata":' + b"[" * 100_000),
    "large": ("application/json", b'{"lyrics_text":"' + b"a" * 2_000_000 + b'"}'),
    "no object": ("application/json", b"[]"),
    "not UTF-8": ("application/json", b'{"lyrics_text": "\xff"}'),
    "metadata that is half a character": (
        "multipart/form-data; boundary=B",
        MULTIPART % (b"metadata", rb'{"a": "\ud800"}'),
    ),
    "deep metadata": (
        "multipart/form-data; boundary=B",
        MULTIPART % (b"metadata", b"[" * 80_000 + b"]" * 80_000),
    ),
    "a charset that makes half characters": (
        "multipart/form-data; boundary=B; charset=utf-7",
        MULTIPART % (b"lyrics_text", b"+2AA-"),
    ),
    "a charset that the body is not in": (
        "multipart/form-data; boundary=B; charset=punycode",
        MULTIPART % (b"lyrics_text", b"\xff"),
    ),
    "no boundary": ("multipart/form-data", MULTIPART % (b"lyrics_text", b"la")),
    "a boundary that never comes": ("multipart/form-data; boundary=C", b"--B\r\n"),
}


@pytest.fixture(scope="module")
def small_stack(tmp_path_factory: pytest.TempPathFactory, redis: BreakableRedis) -> Iterator[Stack]:
    """A stack that lets three jobs wait."""
    with running_stack(
        tmp_path_factory.mktemp("small"),
        SOW_QWEN3_REDIS_URL=redis.url,
        SOW_QWEN3_ALLOWED_BUCKETS="songs",
        SOW_QWEN3_MAX_WAITING_JOBS="3",
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def apis(small_stack: Stack) -> tuple[Api, Api]:
    return small_stack.api(), small_stack.api()


def kept_uploads(stack: Stack) -> int:
    return len(list(Path(stack.env["SOW_QWEN3_UPLOAD_DIR"]).iterdir()))


def submit(api: Api, recording: Recording, key: str | None = None, **fields: str) -> httpx.Response:
    with recording.path.open("rb") as song:
        return api.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English", **fields},
            files={"audio": song},
            headers={"Idempotency-Key": key} if key else {},
        )


def test_twenty_submissions_with_one_key_at_two_apis_make_one_job(
    small_stack: Stack, apis: tuple[Api, Api], recording: Recording
) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: submit(apis[n % 2], recording, "one"), range(20)))
    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["id"] for answer in answers}
    assert kept_uploads(small_stack) == 1
    apis[0].http.post(f"/api/v1/jobs/{job_id}/cancel")
    assert apis[1].http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert kept_uploads(small_stack) == 0


def test_a_full_queue_keeps_nothing_of_what_it_refuses_and_has_room_again(
    small_stack: Stack, apis: tuple[Api, Api], recording: Recording
) -> None:
    job_ids = [submit(apis[0], recording).json()["id"] for _ in range(3)]
    refused = submit(apis[1], recording)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert kept_uploads(small_stack) == 3
    for job_id in job_ids:
        apis[0].http.post(f"/api/v1/jobs/{job_id}/cancel")
    again = submit(apis[1], recording)
    assert again.status_code == 202
    apis[0].http.post(f"/api/v1/jobs/{again.json()['id']}/cancel")


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_a_job_is_refused_with_a_problem(
    apis: tuple[Api, Api], kind: str, body: bytes
) -> None:
    answer = apis[0].http.post("/api/v1/jobs", content=body, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_odd_headers_and_cursors_break_nothing(apis: tuple[Api, Api]) -> None:
    api = apis[0]
    odd = {"Idempotency-Key": "é☃".encode(), "Prefer": b"wait=\xff, wait=1e9;;, wait=-1"}
    made = api.http.post("/api/v1/jobs", json=SONG, headers=odd)
    assert made.status_code == 202
    api.http.post(f"{made.headers['location']}/cancel")
    for cursor in ("-1", "9" * 16, "%00", "１"):
        assert api.http.get(f"/api/v1/jobs?cursor={cursor}").status_code == 422
    for job_id in ("x" * 5_000, "%00", "%ff", "a" * 32 + "%0a"):
        assert api.http.get(f"/api/v1/jobs/{job_id}").status_code == 404


def test_any_lyrics_come_back_as_they_were_sent(
    stack: Stack, api: Api, recording: Recording
) -> None:
    stack.worker("-c", "2")
    stack.ready(api, 2)
    made = {
        text: submit(
            api,
            recording,
            lyrics_text=text,
            title=text[:400],
            language="auto",
            metadata=json.dumps({"text": text}),
        ).json()["id"]
        for text in LYRICS.values()
    }
    for text, job_id in made.items():
        job = api.ended(job_id)
        assert job["state"] == "succeeded"
        assert job["metadata"] == {"text": text}
        lines = api.http.get(f"/api/v1/jobs/{job_id}/result?format=json").json()
        assert "\n".join(line["text"] for line in lines) == text
        lrc = api.http.get(f"/api/v1/jobs/{job_id}/result?format=lrc").text
        assert len(lrc.split("\n")) == 1 + len(lines), "the title's tag, and a line a line"
