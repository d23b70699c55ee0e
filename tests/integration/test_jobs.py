"""Jobs over HTTP: submitted, looked at, listed, canceled, deleted, by two APIs alike."""

import time
from pathlib import Path

import httpx
import pytest

from tests.support.recordings import Recording
from tests.support.stack import Api, Stack


def submit(
    api: Api, recording: Recording, headers: dict[str, str] | None = None, **fields: str
) -> httpx.Response:
    with recording.path.open("rb") as song:
        return api.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English", **fields},
            files={"audio": ("a song.mp3", song)},
            headers=headers or {},
        )


@pytest.fixture(scope="module")
def idle(stack: Stack) -> Api:
    """An API in a Redis database that no worker takes jobs from."""
    url = stack.env["SOW_QWEN3_REDIS_URL"].replace("/0", "/5")
    return stack.api(
        SOW_QWEN3_REDIS_URL=url,
        SOW_QWEN3_API_KEYS="app:one,admin:two",
        SOW_QWEN3_MAX_WAITING_JOBS="6",
    )


APP = {"Authorization": "Bearer one"}
ADMIN = {"Authorization": "Bearer two"}


def test_an_upload_is_aligned_and_its_result_had_in_every_format(
    service: Api, recording: Recording
) -> None:
    answer = submit(service, recording, title="Grace", metadata='{"song": 7}')
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert job["metadata"] == {"song": 7}
    done = service.ended(job["id"])
    assert done["state"] == "succeeded", done
    assert done["progress"] == 1
    assert done["attempt"] == 1
    assert done["result"]["lrc_content"].startswith("[ti:Grace]\n[00:0")
    lrc = service.http.get(f"/api/v1/jobs/{job['id']}/result")
    assert lrc.text == done["result"]["lrc_content"]
    assert lrc.headers["content-type"].startswith("text/plain")
    lines = service.http.get(f"/api/v1/jobs/{job['id']}/result?format=json").json()
    assert [line["text"] for line in lines] == recording.lyrics.splitlines()
    details = service.http.get(f"/api/v1/jobs/{job['id']}/result?format=json&details=true").json()
    assert len(details[0]["words"]) == 6


def test_prefer_wait_answers_with_the_ended_job(service: Api, recording: Recording) -> None:
    answer = submit(service, recording, {"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "succeeded"


def test_two_apis_serve_one_anothers_jobs(stack: Stack, service: Api, recording: Recording) -> None:
    other = stack.api()
    job_id = submit(service, recording).json()["id"]
    assert other.ended(job_id)["state"] == "succeeded"
    assert other.http.get(f"/api/v1/jobs/{job_id}/result").status_code == 200
    assert other.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert service.http.get(f"/api/v1/jobs/{job_id}").status_code == 404


def test_the_language_may_be_found_from_the_lyrics(service: Api, recording: Recording) -> None:
    answer = submit(service, recording, {"Prefer": "wait=60"}, language="auto")
    assert answer.status_code == 200, answer.text
    job = answer.json()
    assert job["language"] == "auto"
    assert job["result"]["language"] == "English"


def test_a_file_that_is_no_audio_fails_its_job_with_the_reason(
    service: Api, tmp_path: Path
) -> None:
    text = tmp_path / "song.mp3"
    text.write_text("these are words, not sounds " * 100)
    job = submit(service, Recording(text, "la la", (0.0,), 0.0)).json()
    done = service.ended(job["id"])
    assert done["state"] == "failed"
    assert done["problem"]["type"] == "urn:sow-qwen3:problem:audio-unreadable"
    assert done["progress"] < 0.5, "nothing was aligned"
    answer = service.http.get(f"/api/v1/jobs/{job['id']}/result")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:sow-qwen3:problem:no-result"


def test_a_queued_job_has_a_position_and_never_starts_once_canceled(
    idle: Api, recording: Recording
) -> None:
    first = submit(idle, recording, APP).json()
    second = submit(idle, recording, APP).json()
    assert (first["queue_position"], second["queue_position"]) == (1, 2)
    canceled = idle.http.post(f"/api/v1/jobs/{first['id']}/cancel", headers=APP).json()
    assert canceled["state"] == "canceled"
    again = idle.http.post(f"/api/v1/jobs/{first['id']}/cancel", headers=APP)
    assert again.status_code == 200
    job = idle.http.get(f"/api/v1/jobs/{second['id']}", headers=APP).json()
    assert job["queue_position"] == 1
    assert idle.http.get(f"/api/v1/jobs/{second['id']}/result", headers=APP).status_code == 409
    assert idle.http.delete(f"/api/v1/jobs/{second['id']}", headers=APP).status_code == 409
    idle.http.post(f"/api/v1/jobs/{second['id']}/cancel", headers=APP)
    assert idle.http.delete(f"/api/v1/jobs/{second['id']}", headers=APP).status_code == 204
    assert idle.http.get(f"/api/v1/jobs/{second['id']}", headers=APP).status_code == 404


def test_another_keys_job_is_not_found(idle: Api, recording: Recording) -> None:
    job_id = submit(idle, recording, APP).json()["id"]
    paths = [("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("POST", "/webhook/resend")]
    for method, path in [*paths, ("DELETE", "")]:
        answer = idle.http.request(method, f"/api/v1/jobs/{job_id}{path}", headers=ADMIN)
        assert answer.status_code == 404
    assert idle.http.get("/api/v1/jobs", headers=ADMIN).json()["jobs"] == []
    assert idle.http.post(f"/api/v1/jobs/{job_id}/cancel", headers=APP).status_code == 200


def test_an_idempotency_key_gives_the_same_job_for_the_same_content(
    idle: Api, recording: Recording
) -> None:
    headers = {**APP, "Idempotency-Key": "once"}
    first = submit(idle, recording, headers)
    second = submit(idle, recording, headers)
    assert first.json()["id"] == second.json()["id"]
    other = submit(idle, recording, headers, title="Another")
    assert other.status_code == 422
    assert other.json()["type"] == "urn:sow-qwen3:problem:idempotency-mismatch"
    elsewhere = submit(idle, recording, {**ADMIN, "Idempotency-Key": "once"})
    assert elsewhere.json()["id"] != first.json()["id"]
    for job, key in ((first, APP), (elsewhere, ADMIN)):
        idle.http.post(f"/api/v1/jobs/{job.json()['id']}/cancel", headers=key)


def test_jobs_are_listed_newest_first_page_by_page(idle: Api, recording: Recording) -> None:
    for job in idle.http.get("/api/v1/jobs?limit=100", headers=APP).json()["jobs"]:
        idle.http.post(f"/api/v1/jobs/{job['id']}/cancel", headers=APP)
        idle.http.delete(f"/api/v1/jobs/{job['id']}", headers=APP)
    ids = [submit(idle, recording, APP).json()["id"] for _ in range(5)]
    idle.http.post(f"/api/v1/jobs/{ids[1]}/cancel", headers=APP)
    found, cursor = [], ""
    while cursor is not None:
        page = idle.http.get(f"/api/v1/jobs?limit=2{cursor}", headers=APP).json()
        found += [job["id"] for job in page["jobs"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert found == ids[::-1]
    canceled = idle.http.get("/api/v1/jobs?status=canceled", headers=APP).json()["jobs"]
    assert [job["id"] for job in canceled] == [ids[1]]
    for job_id in ids:
        idle.http.post(f"/api/v1/jobs/{job_id}/cancel", headers=APP)


def test_a_full_queue_refuses_and_says_when_to_try_again(idle: Api, recording: Recording) -> None:
    answers = [submit(idle, recording, APP) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [202] * 6 + [429]
    assert answers[-1].json()["type"] == "urn:sow-qwen3:problem:queue-full"
    assert int(answers[-1].headers["retry-after"]) > 0
    for answer in answers[:-1]:
        idle.http.post(f"/api/v1/jobs/{answer.json()['id']}/cancel", headers=APP)


def test_what_a_form_leaves_empty_was_not_given(idle: Api, recording: Recording) -> None:
    answer = submit(idle, recording, APP, webhook_url="", title="", metadata="")
    assert answer.status_code == 202, answer.text
    assert answer.json()["title"] is None
    idle.http.post(f"/api/v1/jobs/{answer.json()['id']}/cancel", headers=APP)


def test_a_webhook_without_a_secret_is_refused_at_submission(
    idle: Api, recording: Recording
) -> None:
    answer = submit(idle, recording, APP, webhook_url="https://example.com/hook")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:sow-qwen3:problem:webhook-unavailable"


def test_progress_moves_while_a_job_runs(service: Api, recording: Recording) -> None:
    lyrics = recording.lyrics + "\nasked for the first time"
    job_id = submit(service, recording, lyrics_text=lyrics).json()["id"]
    seen: list[tuple[str | None, float]] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = service.job(job_id)
        seen.append((job["stage"], job["progress"]))
        if job["state"] == "succeeded":
            break
    progress = [fraction for _, fraction in seen]
    assert progress == sorted(progress)
    assert len(set(progress)) > 2
    assert {"aligning"} <= {stage for stage, _ in seen}


def test_the_same_song_again_is_not_aligned_again(
    stack: Stack, service: Api, recording: Recording
) -> None:
    lyrics = recording.lyrics + "\nasked for twice"
    (worker,) = (program for program in stack.programs if "worker" in program.log.name)
    results = []
    for _ in range(2):
        before = worker.output().count("the same was asked before")
        job_id = submit(service, recording, lyrics_text=lyrics).json()["id"]
        results.append(service.ended(job_id)["result"])
    assert results[0] == results[1]
    assert worker.output().count("the same was asked before") == before + 1
