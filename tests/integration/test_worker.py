"""A worker's life: ready, replaced, without its model, killed, stopped."""

import os
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import pytest

from tests.support.processes import Program, redis_server, wait_until
from tests.support.recordings import LINES, Recording, make_recording
from tests.support.site import content, running_site
from tests.support.stack import Api, Stack, running_stack

SHORT_LEASE = {"SOW_QWEN3_LEASE_SECONDS": "3"}


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack on a Redis of the test's own: these tests break things."""
    with (
        redis_server(tmp_path) as url,
        running_stack(tmp_path, SOW_QWEN3_REDIS_URL=url, **SHORT_LEASE) as stack,
    ):
        yield stack


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A reading whose alignment takes long enough to be interrupted."""
    return make_recording(tmp_path_factory.mktemp("long"), LINES * 15)


def submit(api: Api, recording: Recording, **fields: str) -> str:
    with recording.path.open("rb") as song:
        answer = api.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English", **fields},
            files={"audio": song},
        )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def process_pids(api: Api) -> set[int]:
    return {
        process["pid"]
        for process in api.http.get("/health").json()["workers"]
        if process["state"] == "ready"
    }


def mapped_files(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def running(api: Api, job_id: str) -> None:
    wait_until(lambda: api.job(job_id)["state"] == "running", "the job runs", 30)


def test_a_replaced_process_comes_up_ready(own_stack: Stack, recording: Recording) -> None:
    api = own_stack.api()
    worker = own_stack.worker("-c", "2")
    own_stack.ready(api, 2)
    # until it takes messages, Celery ends a worker one of whose first processes dies
    wait_until(lambda: "taking jobs" in worker.output(), "the worker takes jobs")
    before = process_pids(api)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    wait_until(
        lambda: len(process_pids(api)) == 2 and victim not in process_pids(api),
        "a new process is ready in the killed one's place",
    )
    job_ids = [submit(api, recording) for _ in range(3)]
    assert [api.ended(job_id)["state"] for job_id in job_ids] == ["succeeded"] * 3


def test_neither_the_api_nor_the_workers_parent_maps_torch(
    own_stack: Stack, checkpoint: Path, recording: Recording
) -> None:
    api = own_stack.api()
    worker = own_stack.worker(
        "-c", "1", SOW_QWEN3_ALIGNER="qwen3", SOW_QWEN3_MODEL_PATH=str(checkpoint)
    )
    own_stack.ready(api)
    assert api.ended(submit(api, recording))["state"] == "succeeded"
    (child,) = process_pids(api)
    assert "libtorch" in mapped_files(child)
    assert "libtorch" not in mapped_files(worker.pid)
    assert "libtorch" not in mapped_files(api.program.pid)


def test_without_its_model_a_worker_says_why_and_jobs_wait_until_it_is_there(
    own_stack: Stack, checkpoint: Path, recording: Recording, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    api = own_stack.api()
    own_stack.worker("-c", "1", SOW_QWEN3_ALIGNER="qwen3", SOW_QWEN3_MODEL_PATH=str(model))
    wait_until(
        lambda: api.http.get("/health").json()["model"] == "failed", "the reason is known", 60
    )
    health = api.http.get("/health")
    assert health.status_code == 503
    assert str(model) in health.json()["reason"]
    assert api.http.get("/readyz").status_code == 200
    job_id = submit(api, recording)
    assert api.job(job_id)["state"] == "queued"
    model.symlink_to(checkpoint)
    assert api.ended(job_id, 90)["state"] == "succeeded"
    assert api.http.get("/health").status_code == 200


def test_a_worker_that_waits_for_its_model_ends_when_it_is_told_to(
    own_stack: Stack, tmp_path: Path
) -> None:
    api = own_stack.api()
    worker = own_stack.worker(
        *("-c", "1"),
        SOW_QWEN3_ALIGNER="qwen3",
        SOW_QWEN3_MODEL_PATH=str(tmp_path / "nothing"),
        REMAP_SIGTERM="SIGQUIT",
    )
    wait_until(
        lambda: api.http.get("/health").json()["model"] == "failed", "the reason is known", 60
    )
    assert worker.stop(20) != -9


def test_a_killed_workers_job_is_done_by_another(
    own_stack: Stack, long_recording: Recording
) -> None:
    api = own_stack.api()
    first = own_stack.worker("-c", "1")
    own_stack.ready(api)
    job_id = submit(api, long_recording)
    running(api, job_id)
    first.kill_all()
    own_stack.worker("-c", "1")
    done = api.ended(job_id, 90)
    assert done["state"] == "succeeded"
    assert done["attempt"] == 2


def test_a_worker_that_is_told_to_stop_loses_no_job(
    own_stack: Stack, long_recording: Recording, recording: Recording
) -> None:
    api = own_stack.api()
    first: Program = own_stack.worker("-c", "1", REMAP_SIGTERM="SIGQUIT")
    own_stack.ready(api)
    job_ids = [submit(api, long_recording), *(submit(api, recording) for _ in range(3))]
    running(api, job_ids[0])
    first.stop(60)
    assert api.http.get("/health").json()["workers"] == [], "nobody counts on it any more"
    assert "running" not in {api.job(job_id)["state"] for job_id in job_ids}
    own_stack.worker("-c", "1")
    assert [api.ended(job_id, 90)["state"] for job_id in job_ids] == ["succeeded"] * 4


def test_a_job_longer_than_the_workers_grace_is_given_back_at_once(
    own_stack: Stack, recording: Recording
) -> None:
    held = Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        held.wait(60)
        content(recording.path.read_bytes())(handler)

    with running_site() as site:
        site.answers["/song.mp3"] = answer
        # a lease that cannot lapse within this test
        env = {"SOW_QWEN3_ALLOWED_HOSTS": site.host, "SOW_QWEN3_LEASE_SECONDS": "300"}
        api = own_stack.api(**env)
        first = own_stack.worker("-c", "1", REMAP_SIGTERM="SIGQUIT", **env)
        own_stack.ready(api)
        body = {"audio_url": site.url("/song.mp3"), "lyrics_text": recording.lyrics}
        job_id = api.http.post("/api/v1/jobs", json={**body, "language": "English"}).json()["id"]
        running(api, job_id)
        assert first.stop(60) != -9
        job = api.job(job_id)
        assert (job["state"], job["attempt"]) == ("queued", 1)
        held.set()
        own_stack.worker("-c", "1", **env)
        done = api.ended(job_id)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)


def test_a_running_job_that_is_canceled_stops_and_its_process_lives_on(
    own_stack: Stack, long_recording: Recording, recording: Recording
) -> None:
    api = own_stack.api()
    own_stack.worker("-c", "1")
    own_stack.ready(api)
    before = process_pids(api)
    job_id = submit(api, long_recording)
    running(api, job_id)
    assert api.http.post(f"/api/v1/jobs/{job_id}/cancel").json()["state"] == "canceled"
    assert api.ended(submit(api, recording))["state"] == "succeeded"
    assert api.job(job_id)["state"] == "canceled"
    assert process_pids(api) == before


def test_a_job_that_kills_its_worker_each_time_fails_in_the_end(
    own_stack: Stack, long_recording: Recording
) -> None:
    api = own_stack.api(SOW_QWEN3_MAX_ATTEMPTS="2")
    own_stack.worker("-c", "1", SOW_QWEN3_MAX_ATTEMPTS="2")
    own_stack.ready(api)
    job_id = submit(api, long_recording)
    for attempt in (1, 2):
        wait_until(
            lambda attempt=attempt: (
                api.job(job_id)["state"] == "running" and api.job(job_id)["attempt"] == attempt
            ),
            f"attempt {attempt} runs",
        )
        for pid in process_pids(api):
            os.kill(pid, signal.SIGKILL)
    done = api.ended(job_id)
    assert done["state"] == "failed"
    assert done["problem"]["type"] == "urn:sow-qwen3:problem:worker-lost"
