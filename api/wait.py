"""Waiting for a job to end."""

import time

import anyio
from anyio import to_thread

from shared.job import Job
from shared.problems import NOT_FOUND, Problem
from shared.store import JobStore

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5


async def wait_for(store: JobStore, job: Job, seconds: float) -> Job:
    """Give a job once it has ended, or as it is after so many seconds.

    It asks the store now and then, at growing intervals: that holds no connection and works
    across any number of APIs. Raises `not-found` when the job is deleted meanwhile.
    """
    if seconds <= 0 or job.state.ended:
        return job
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        state = await to_thread.run_sync(store.state, job.id)
        if state is None or state.ended:
            break
        await anyio.sleep(min(pause, left))
        pause = min(pause * 1.3, LONGEST_PAUSE_SECONDS)
    now = await to_thread.run_sync(store.get, job.id)
    if now is None:
        raise Problem(NOT_FOUND, "The job was deleted.")
    return now
