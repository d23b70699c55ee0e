"""Workers hang, freeze, and are told to stop more than once."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.processes import Program, wait_until
from tests.support.recordings import Recording
from tests.support.stack import Api, Stack


def submit(api: Api, recording: Recording, **fields: str) -> str:
    with recording.path.open("rb") as song:
        answer = api.http.post(
            "/api/v1/jobs",
            data={"lyrics_text": recording.lyrics, "language": "English", **fields},
            files={"audio": song},
        )
    return str(answer.json()["id"])


def aligning(api: Api, job_id: str) -> None:
    wait_until(lambda: api.job(job_id)["stage"] == "aligning", "the job is aligned", 30)


def busy_process(worker: Program) -> int:
    """Give a worker's only process."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return int(children[-1])


@pytest.fixture
def worker(stack: Stack) -> Program:
    started = stack.worker("-c", "1", REMAP_SIGTERM="SIGQUIT")
    wait_until(lambda: "taking jobs" in started.output(), "the worker takes jobs")
    return started


def test_a_stage_without_end_fails_its_job_and_the_next_one_is_done(
    stack: Stack, api: Api, recording: Recording, long_recording: Recording
) -> None:
    hasty = stack.worker("-c", "1", SOW_QWEN3_ALIGN_TIMEOUT_SECONDS="0.1")
    wait_until(lambda: "taking jobs" in hasty.output(), "the worker takes jobs")
    stuck = api.ended(submit(api, long_recording))
    assert (stuck["state"], stuck["attempt"]) == ("failed", 1)
    assert stuck["problem"]["type"].endswith("stage-timeout")
    assert api.ended(submit(api, recording))["state"] == "succeeded"
    hasty.kill_all()


def test_what_a_frozen_process_still_does_changes_nothing(
    stack: Stack, api: Api, worker: Program, long_recording: Recording
) -> None:
    job_id = submit(api, long_recording)
    aligning(api, job_id)
    frozen = busy_process(worker)
    os.kill(frozen, signal.SIGSTOP)
    other = stack.worker("-c", "1")
    done = api.ended(job_id)
    os.kill(frozen, signal.SIGCONT)
    assert (done["state"], done["attempt"]) == ("succeeded", 2)
    wait_until(lambda: "no longer this attempt's" in worker.output(), "the late one gives up")
    assert api.job(job_id) == done
    other.kill_all()
    worker.kill_all()


def test_a_worker_that_is_told_to_stop_twice_or_killed_meanwhile_loses_no_job(
    api: Api, stack: Stack, worker: Program, long_recording: Recording
) -> None:
    told = submit(api, long_recording)
    aligning(api, told)
    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGTERM)
    worker.process.wait(30)
    doomed = stack.worker("-c", "1", REMAP_SIGTERM="SIGQUIT")
    wait_until(lambda: "taking jobs" in doomed.output(), "the worker takes jobs")
    killed = submit(api, long_recording, title="another")
    wait_until(
        lambda: "aligning" in (api.job(told)["stage"], api.job(killed)["stage"]), "a job runs", 30
    )
    doomed.signal(signal.SIGTERM)
    doomed.kill_all()
    stack.worker("-c", "2")
    assert [api.ended(job_id)["state"] for job_id in (told, killed)] == ["succeeded"] * 2
