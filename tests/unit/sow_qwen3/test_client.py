import asyncio
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from sow_qwen3 import (
    AsyncClient,
    Client,
    ConnectionFailed,
    Error,
    Job,
    JobCanceled,
    JobFailed,
    JobPage,
    ProblemError,
    TimedLine,
    UnexpectedAnswer,
    WaitTimeout,
)
from tests.unit.sow_qwen3 import stand_in
from tests.unit.sow_qwen3.stand_in import StandIn

Call = Callable[..., Any]


@pytest.fixture(params=["Client", "AsyncClient"])
def call(request: pytest.FixtureRequest, api: StandIn) -> Call:
    """Call a method of either client by its name: both must behave the same."""

    def call_client(method: str, *arguments: object, **options: object) -> object:
        with Client(api.url, api.api_key) as client:
            answer = getattr(client, method)(*arguments, **options)
            return list(answer) if method == "jobs" else answer

    def call_async_client(method: str, *arguments: object, **options: object) -> object:
        async def run() -> object:
            async with AsyncClient(api.url, api.api_key) as client:
                answer = getattr(client, method)(*arguments, **options)
                return [page async for page in answer] if method == "jobs" else await answer

        return asyncio.run(run())

    return call_client if request.param == "Client" else call_async_client


def test_a_file_is_uploaded_with_its_name_and_every_field(
    api: StandIn, call: Call, song: Path
) -> None:
    call(
        "submit",
        song,
        "First line\n第二行",
        language="English",
        format="json",
        title="霧",
        artist="A",
        album="B",
        metadata={"song": 7, "名": ["x"]},
        webhook_url="https://example.org/hook",
        idempotency_key="mine",
    )
    sent = api.seen[0]
    assert sent.headers["Idempotency-Key"] == "mine"
    assert sent.form() == {
        "audio": (song.name, song.read_bytes()),
        "lyrics_text": "First line\n第二行",
        "language": "English",
        "format": "json",
        "title": "霧",
        "artist": "A",
        "album": "B",
        "metadata": '{"song": 7, "名": ["x"]}',
        "webhook_url": "https://example.org/hook",
    }


@pytest.mark.parametrize("address", ["s3://songs/a b.mp3", "https://example.org/a.mp3"])
def test_an_address_is_sent_as_json_with_nothing_that_was_not_given(
    api: StandIn, call: Call, address: str
) -> None:
    job = call("submit", address, "one", metadata={"a": 1})
    assert isinstance(job, Job)
    assert api.seen[0].headers["Content-Type"] == "application/json"
    assert api.seen[0].body.decode() == (
        '{"audio_url":"' + address + '","lyrics_text":"one","metadata":{"a":1}}'
    )


def test_a_job_is_read_with_its_times_and_result_and_newer_fields_are_ignored(
    api: StandIn, call: Call
) -> None:
    job = call("submit", "s3://songs/a.mp3", "one")
    assert job.state == "succeeded"
    assert job.created_at == datetime(2031, 2, 3, 4, 5, 6, 500_000, UTC)
    assert job.started_at is None
    assert job.result.lrc_content == stand_in.LRC
    assert job.result.duration_seconds == 4.2
    api.steps = [
        stand_in.SUCCEEDED
        | {"result": {"json_data": stand_in.TIMED, "line_count": 2, "duration_seconds": 4.2}}
    ]
    assert call("job", job.id).result.json_data == (
        TimedLine(start_time=1.0, end_time=2.5, text="First line"),
        TimedLine(start_time=2.5, end_time=4.0, text="第二行"),
    )


def test_align_tells_every_step_and_gives_the_finished_job(api: StandIn, call: Call) -> None:
    api.steps = [stand_in.QUEUED, stand_in.FETCHING, stand_in.ALIGNING, stand_in.SUCCEEDED]
    told: list[str] = []
    job = call("align", "s3://songs/a.mp3", "one", progress=lambda job: told.append(job.doing))
    assert told == ["running: fetching, 5%", "running: aligning, 40%", "succeeded"]
    assert job.result.line_count == 2


def test_a_job_that_fails_raises_its_problem(api: StandIn, call: Call) -> None:
    api.steps = [stand_in.QUEUED, stand_in.FAILED]
    with pytest.raises(JobFailed, match="at most 300 s are taken") as caught:
        call("align", "s3://songs/a.mp3", "one")
    assert caught.value.job.problem.type == "urn:sow-qwen3:problem:audio-too-long"


def test_a_job_that_somebody_cancels_raises_that(api: StandIn, call: Call) -> None:
    api.steps = [stand_in.QUEUED, stand_in.CANCELED]
    with pytest.raises(JobCanceled):
        call("align", "s3://songs/a.mp3", "one")


def test_a_wait_that_is_over_says_how_the_job_stands(api: StandIn, call: Call) -> None:
    api.steps = [stand_in.QUEUED, stand_in.ALIGNING]
    with pytest.raises(WaitTimeout, match=r"not done yet \(running: aligning, 40%\)") as caught:
        call("align", "s3://songs/a.mp3", "one", wait=0.3)
    assert caught.value.job.progress == 0.4


def test_a_submission_with_a_wait_asks_the_service_to_wait(api: StandIn, call: Call) -> None:
    call("submit", "s3://songs/a.mp3", "one", wait=2.5)
    call("submit", "s3://songs/a.mp3", "one")
    assert [seen.headers["Prefer"] for seen in api.seen] == ["wait=3", None]


def test_a_submission_that_loses_its_connection_is_sent_again_under_the_same_key(
    api: StandIn, call: Call, song: Path
) -> None:
    api.fail("POST /api/v1/jobs", None, None)
    call("submit", song, "one")
    assert api.routes() == ["POST /api/v1/jobs"] * 3
    assert len({seen.headers["Idempotency-Key"] for seen in api.seen}) == 1
    assert {seen.form()["audio"] for seen in api.seen} == {(song.name, song.read_bytes())}


def test_every_submission_has_a_key_of_its_own(api: StandIn, call: Call) -> None:
    first, second = (call("submit", "s3://songs/a.mp3", "one") for _ in range(2))
    assert first.id != second.id
    assert api.seen[0].headers["Idempotency-Key"] != api.seen[1].headers["Idempotency-Key"]


def test_a_connection_that_is_lost_again_and_again_fails(api: StandIn, call: Call) -> None:
    api.fail("POST /api/v1/jobs", None, None, None)
    with pytest.raises(ConnectionFailed, match=api.url):
        call("submit", "s3://songs/a.mp3", "one")
    assert len(api.seen) == 3


def test_a_deletion_that_loses_its_connection_is_not_sent_twice(api: StandIn, call: Call) -> None:
    api.fail("DELETE /api/v1/jobs/ID", None)
    with pytest.raises(ConnectionFailed):
        call("delete", api.add_job()["id"])
    assert len(api.seen) == 1


def test_nothing_listening_fails_with_the_address(api: StandIn, call: Call) -> None:
    api.close()
    with pytest.raises(ConnectionFailed, match=f"no answer from {api.url}"):
        call("job", "a")


def test_a_wait_outlives_a_service_that_is_away_for_a_while(api: StandIn, call: Call) -> None:
    api.steps = [stand_in.QUEUED, stand_in.SUCCEEDED]
    api.fail("GET /api/v1/jobs/ID", None, None, None, (503, {"Retry-After": "0"}))
    assert call("align", "s3://songs/a.mp3", "one").state == "succeeded"
    assert api.routes().count("GET /api/v1/jobs/ID") == 5


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_at_its_own_time_within_the_wait(
    api: StandIn, call: Call, status: int
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    api.fail("POST /api/v1/jobs", (status, {"Retry-After": "1"}), (status, {"Retry-After": soon}))
    assert call("submit", "s3://songs/a.mp3", "one", wait=20).state == "succeeded"
    assert len(api.seen) == 3
    assert len({seen.headers["Idempotency-Key"] for seen in api.seen}) == 1


@pytest.mark.parametrize("wait", [None, 30])
def test_a_busy_service_is_a_problem_where_its_time_is_past_the_wait(
    api: StandIn, call: Call, wait: float | None
) -> None:
    api.fail("POST /api/v1/jobs", (429, {"Retry-After": "3600"}))
    with pytest.raises(ProblemError) as caught:
        call("submit", "s3://songs/a.mp3", "one", wait=wait)
    assert caught.value.retry_after == 3600
    assert len(api.seen) == 1


def test_a_refusal_carries_the_problem(call: Call) -> None:
    with pytest.raises(ProblemError, match="There is no such job") as caught:
        call("job", "no/such job")
    problem = caught.value
    assert problem.type == "urn:sow-qwen3:problem:not-found"
    assert (problem.title, problem.status) == ("Not-found", 404)
    assert problem.detail == "There is no such job."
    assert isinstance(problem, Error)


def test_a_key_is_sent_and_a_wrong_one_is_a_problem(api: StandIn, call: Call) -> None:
    api.api_key = "secret"
    assert call("jobs") == [JobPage(jobs=())]
    with Client(api.url, "wrong") as client, pytest.raises(ProblemError) as caught:
        next(client.jobs())
    assert caught.value.status == 401


def test_another_server_at_the_address_is_told_apart(api: StandIn, call: Call) -> None:
    api.health = (200, {"hello": "world"})
    with pytest.raises(UnexpectedAnswer, match="is not this service"):
        call("health")


def test_an_error_without_a_problem_says_its_status_and_where_to_go(
    api: StandIn, call: Call
) -> None:
    with Client(f"{api.url}/elsewhere") as client, pytest.raises(ProblemError, match="HTTP 404"):
        client.health()
    api.health = (308, {})
    with pytest.raises(ProblemError, match="HTTP 308"):
        call("health")


def test_jobs_come_in_pages_until_the_last(api: StandIn, call: Call) -> None:
    made = [api.add_job(state=state) for state in ("failed", "queued", "failed", "failed")]
    pages = call("jobs", status="failed", limit=2)
    ids = [[job.id for job in page.jobs] for page in pages]
    assert ids == [[made[0]["id"], made[2]["id"]], [made[3]["id"]]]
    assert [seen.query for seen in api.seen] == [
        {"status": "failed", "limit": "2"},
        {"status": "failed", "limit": "2", "cursor": "2"},
    ]
    rest = call("jobs", status="failed", limit=2, cursor=pages[0].next_cursor)
    assert [job.id for job in rest[0].jobs] == [made[3]["id"]]


def test_a_result_is_the_text_of_the_file(api: StandIn, call: Call) -> None:
    job_id = api.add_job()["id"]
    assert call("result", job_id) == stand_in.LRC
    assert call("result", job_id, format="json", details=True).startswith('[{"start_time": 1.0')
    assert [seen.query for seen in api.seen] == [{}, {"format": "json", "details": "true"}]


def test_a_job_can_be_canceled_resent_and_deleted(api: StandIn, call: Call) -> None:
    job_id = api.add_job(webhook={"url": "https://example.org", "id": None, "state": "pending"})[
        "id"
    ]
    assert call("cancel", job_id).state == "canceled"
    assert call("resend", job_id).webhook.state == "pending"
    assert call("delete", job_id) is None
    assert api.jobs == {}


def test_health_is_an_answer_also_when_nothing_is_ready(api: StandIn, call: Call) -> None:
    health = call("health")
    assert health.healthy
    assert [worker.state for worker in health.workers] == ["ready", "ready"]
    worker = {"worker": "align@here", "index": 0, "state": "failed", "reason": "No folder."}
    api.health = (
        503,
        stand_in.HEALTHY
        | {"status": "unhealthy", "model": "failed", "workers": [worker], "reason": "No folder."},
    )
    health = call("health")
    assert not health.healthy
    assert health.reason == health.workers[0].reason == "No folder."


def test_health_of_a_service_without_its_store_is_a_problem(api: StandIn, call: Call) -> None:
    api.fail("GET /health", (503, {}))
    with pytest.raises(ProblemError) as caught:
        call("health")
    assert caught.value.status == 503


def test_an_upload_is_streamed(api: StandIn, call: Call, tmp_path: Path) -> None:
    api.keep_bodies = False
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(60_000_000)
    tracemalloc.start()
    call("submit", large, "one")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert int(api.seen[0].headers["Content-Length"]) > 60_000_000
    assert peak < 20_000_000


def test_a_missing_file_is_an_os_error_before_anything_is_sent(
    api: StandIn, call: Call, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        call("submit", tmp_path / "none.mp3", "one")
    assert api.seen == []


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://example.org", "http://", "http://a:b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Error, match="is no address"):
        Client(url)


def test_a_key_that_no_header_can_hold_is_refused_without_being_shown() -> None:
    with pytest.raises(Error) as caught:
        Client(api_key="secret\n")
    assert "secret" not in str(caught.value)
