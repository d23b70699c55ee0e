"""The synchronous contract, as the client that exists today uses it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.support.recordings import Recording
from tests.support.stack import Api, Stack

STAMP = re.compile(r"\[(\d{2}):(\d{2}\.\d{2})\](.*)")
"""How the client that exists today reads the LRC."""

KEY = {"Authorization": "Bearer s3cret"}


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def store(s3_url: str) -> dict[str, str]:
    """The settings of a bucket and a key."""
    return {
        "SOW_QWEN3_R2_BUCKET": "songs",
        "SOW_QWEN3_R2_ENDPOINT_URL": s3_url,
        "SOW_QWEN3_R2_ACCESS_KEY_ID": "id",
        "SOW_QWEN3_R2_SECRET_ACCESS_KEY": "secret",
        "SOW_QWEN3_API_KEY": "s3cret",
    }


@pytest.fixture(scope="module")
def service(stack: Stack, s3_url: str, store: dict[str, str], recording: Recording) -> Api:
    """A service whose songs lie in a bucket, behind a key."""
    bucket = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    )
    bucket.create_bucket(Bucket="songs")
    bucket.upload_file(str(recording.path), "songs", "hash/audio.mp3")
    api = stack.api(**store)
    stack.worker("-c", "1", **store)
    stack.ready(api)
    return api


def body(recording: Recording, **changes: str) -> dict[str, str]:
    """What the client that exists today posts."""
    return {
        "audio_url": "s3://songs/hash/audio.mp3",
        "lyrics_text": recording.lyrics,
        "language": "English",
        "format": "lrc",
        **changes,
    }


def test_a_song_in_the_bucket_comes_back_as_lrc(service: Api, recording: Recording) -> None:
    answer = service.http.post("/api/v1/align", json=body(recording), headers=KEY)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert set(result) == {"lrc_content", "json_data", "line_count", "duration_seconds"}
    assert result["json_data"] is None
    assert result["line_count"] == len(recording.starts)
    assert result["duration_seconds"] == pytest.approx(recording.seconds, abs=0.2)
    lines = [STAMP.fullmatch(line) for line in result["lrc_content"].splitlines()]
    assert [line and line[3].strip() for line in lines] == recording.lyrics.splitlines()
    starts = [int(line[1]) * 60 + float(line[2]) for line in lines if line]
    errors = [abs(a - b) for a, b in zip(starts, recording.starts, strict=True)]
    assert median(errors) < 0.4
    assert max(errors) < 2.5


def test_the_other_format_leaves_the_lrc_out(service: Api, recording: Recording) -> None:
    answer = service.http.post("/api/v1/align", json=body(recording, format="json"), headers=KEY)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert result["lrc_content"] is None
    assert [line["text"] for line in result["json_data"]] == recording.lyrics.splitlines()
    assert all(set(line) == {"start_time", "end_time", "text"} for line in result["json_data"])


@pytest.mark.parametrize(
    ("changes", "key", "status", "problem"),
    [
        ({"audio_url": "s3://songs/nothing/here.mp3"}, KEY, 400, "audio-not-fetched"),
        ({"audio_url": "s3://other/audio.mp3"}, KEY, 400, "address-not-allowed"),
        ({"audio_url": "ftp://songs/audio.mp3"}, KEY, 400, "address-not-allowed"),
        ({"audio_url": "https://127.0.0.1/audio.mp3"}, KEY, 400, "address-not-allowed"),
        ({"lyrics_text": " \n\n"}, KEY, 400, "lyrics-empty"),
        ({"language": "Klingon"}, KEY, 422, "language-unknown"),
        ({"tempo": "90"}, KEY, 422, "invalid-request"),
        ({}, {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ({}, {}, 401, "unauthorized"),
    ],
)
def test_what_is_wrong_is_told_as_a_problem(
    service: Api,
    recording: Recording,
    changes: dict[str, str],
    key: dict[str, str],
    status: int,
    problem: str,
) -> None:
    answer = service.http.post("/api/v1/align", json=body(recording, **changes), headers=key)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    report = answer.json()
    assert report["type"] == f"urn:sow-qwen3:problem:{problem}"
    assert report["status"] == status
    assert report["detail"]
    assert str(service.program.log.parent) not in answer.text
    assert "Traceback" not in answer.text


def test_the_same_request_joins_the_one_that_is_unfinished(
    service: Api, recording: Recording
) -> None:
    request = body(recording, lyrics_text=recording.lyrics + "\n" + recording.lyrics)
    headers = {**KEY, "Prefer": "respond-async"}

    def submit(_: int) -> str:
        answer = service.http.post("/api/v1/align", json=request, headers=headers)
        assert answer.status_code == 202
        return str(answer.json()["id"])

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(submit, range(4)))
    assert len(ids) == 1


def test_no_ready_worker_is_said_at_once(stack: Stack, recording: Recording) -> None:
    # a Redis database of its own, where no worker was ever heard of
    api = stack.api(SOW_QWEN3_REDIS_URL=stack.env["SOW_QWEN3_REDIS_URL"].replace("/0", "/9"))
    with recording.path.open("rb") as song:
        answer = api.http.post(
            "/api/v1/align",
            data={"lyrics_text": recording.lyrics, "language": "English"},
            files={"audio": song},
        )
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:sow-qwen3:problem:no-worker"
    assert "No worker is running" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert api.http.get("/api/v1/jobs").json()["jobs"] == []


def test_past_the_wait_the_answer_is_the_job(
    stack: Stack, service: Api, store: dict[str, str], recording: Recording
) -> None:
    hasty = stack.api(SOW_QWEN3_SYNC_WAIT_SECONDS="0.05", **store)
    hasty.http.headers.update(KEY)
    lyrics = recording.lyrics + "\nthat nobody has asked for yet"
    answer = hasty.http.post("/api/v1/align", json=body(recording, lyrics_text=lyrics))
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] in {"queued", "running"}
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
    assert hasty.ended(answer.json()["id"])["state"] == "succeeded"
    assert service.http.get(answer.headers["location"], headers=KEY).status_code == 200
