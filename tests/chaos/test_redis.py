"""Redis goes away: killed, frozen, robbed of its messages, or out of memory."""

import time

import httpx
import pytest

from shared.job import JobRequest
from shared.languages import Language
from shared.queue import PRIORITIES, Queue, broker_key
from shared.settings import Settings
from shared.storage.uploads import FolderUploads
from shared.store import JobStore
from tests.support.jobs import create
from tests.support.processes import wait_until
from tests.support.recordings import Recording
from tests.support.redis import BreakableRedis
from tests.support.stack import Api, Stack


@pytest.fixture(scope="module", autouse=True)
def workers(stack: Stack, api: Api) -> None:
    stack.worker("-c", "2")
    stack.ready(api, 2)


def submit(api: Api, recording: Recording, **fields: str) -> httpx.Response:
    with recording.path.open("rb") as song:
        return api.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English", **fields},
            files={"audio": song},
        )


def submitted(api: Api, recording: Recording, count: int) -> list[str]:
    return [submit(api, recording, title=str(n)).json()["id"] for n in range(count)]


def aligning(api: Api, job_id: str) -> None:
    wait_until(lambda: api.job(job_id)["stage"] == "aligning", "the job is aligned", 30)


def test_while_redis_is_frozen_every_call_is_told_to_come_again_and_no_job_is_lost(
    api: Api, redis: BreakableRedis, long_recording: Recording
) -> None:
    job_ids = submitted(api, long_recording, 3)
    aligning(api, job_ids[0])
    redis.freeze()
    try:
        answers = [
            api.http.get("/readyz"),
            api.http.get("/health"),
            api.http.get(f"/api/v1/jobs/{job_ids[0]}"),
            submit(api, long_recording, title="another"),
        ]
        assert api.http.get("/livez").status_code == 200
    finally:
        redis.thaw()
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    for job_id in job_ids:
        job = api.ended(job_id)
        assert (job["state"], job["attempt"]) == ("succeeded", 1)


def test_redis_killed_and_started_again_loses_no_job(
    api: Api, redis: BreakableRedis, long_recording: Recording
) -> None:
    job_ids = submitted(api, long_recording, 5)
    aligning(api, job_ids[0])
    redis.kill()
    time.sleep(2)
    redis.start()
    assert {api.ended(job_id)["state"] for job_id in job_ids} == {"succeeded"}


def test_jobs_whose_messages_are_gone_or_never_were_are_published_after_a_while(
    stack: Stack, api: Api, redis: BreakableRedis, recording: Recording, long_recording: Recording
) -> None:
    settings = Settings(redis_url=redis.url, upload_dir=stack.env["SOW_QWEN3_UPLOAD_DIR"])
    with recording.path.open("rb") as song:
        upload = FolderUploads(settings, stack.folder / "uploads").save(song)
    running = submitted(api, long_recording, 2)
    for job_id in running:
        aligning(api, job_id)
    job_ids = submitted(api, recording, 3)
    for priority in PRIORITIES:
        redis.client.delete(broker_key("align", priority))
    store = JobStore(settings)
    request = JobRequest(
        audio=upload.reference, lyrics_text=recording.lyrics, language=Language.ENGLISH
    )
    job_ids.append(create(store, "anybody", request))
    for job_id in job_ids:
        redis.client.hincrbyfloat(f"sow:job:{job_id}", "published_at", -100)
    store.redis.close()
    assert {api.ended(job_id)["state"] for job_id in running + job_ids} == {"succeeded"}


def test_messages_that_come_twice_or_name_no_job_do_nothing(
    api: Api, redis: BreakableRedis, recording: Recording, long_recording: Recording
) -> None:
    queue = Queue(Settings(redis_url=redis.url))
    (job_id,) = submitted(api, long_recording, 1)
    for named in (job_id, job_id, "f" * 32, ""):
        queue.publish_job(named, 0)
    after = submitted(api, recording, 3)
    assert {api.ended(one)["state"] for one in after} == {"succeeded"}
    job = api.ended(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    wait_until(lambda: not redis.client.hlen("unacked"), "all messages are dealt with")


def test_a_result_is_written_when_redis_is_full_and_new_jobs_are_refused(
    api: Api, redis: BreakableRedis, long_recording: Recording
) -> None:
    (job_id,) = submitted(api, long_recording, 1)
    aligning(api, job_id)
    redis.client.config_set("maxmemory", 1_000_000)
    try:
        refused = submit(api, long_recording)
        job = api.ended(job_id)
    finally:
        redis.client.config_set("maxmemory", 0)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
