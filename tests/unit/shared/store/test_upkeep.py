import time

from shared.settings import Settings
from shared.store import JobStore, Upkeep
from tests.support.jobs import RESULT, claim, create

AWAY = 10.0
"""So long a pause between two sweeps that Redis must have been away."""


def test_a_lapsed_lease_puts_the_job_back_and_too_many_fail_it(
    store: JobStore, settings: Settings
) -> None:
    upkeep = Upkeep(store, settings)
    job_id = create(store)
    upkeep.reclaim(AWAY)
    first = claim(store, job_id)
    assert upkeep.reclaim(AWAY) == ([], [])
    time.sleep(0.6)
    assert upkeep.reclaim(AWAY) == ([job_id], [])
    assert not store.advance(job_id, first)
    second = claim(store, job_id)
    assert second == first + 1
    assert not store.succeed(job_id, first, RESULT)
    time.sleep(0.6)
    assert upkeep.reclaim(AWAY) == ([], [job_id])
    job = store.get(job_id)
    assert job is not None
    assert job.problem is not None
    assert job.problem.type.endswith("worker-lost")


def test_leases_get_a_full_term_after_nobody_could_look(
    store: JobStore, settings: Settings
) -> None:
    upkeep = Upkeep(store, settings)
    job_id = create(store)
    upkeep.reclaim(0.1)
    attempt = claim(store, job_id)
    time.sleep(0.6)
    assert upkeep.reclaim(0.1) == ([], []), "the sweep itself was away"
    assert store.advance(job_id, attempt)


def test_queued_jobs_that_the_broker_lost_are_named_once_a_while(
    store: JobStore, settings: Settings
) -> None:
    upkeep = Upkeep(store, settings)
    ids = [create(store, f"caller {number}") for number in range(3)]
    assert upkeep.unpublished(3, 0.0, 10) == []
    assert upkeep.unpublished(1, 60.0, 10) == [], "they were published just now"
    assert upkeep.unpublished(1, 0.0, 10) == [(ids[0], 0), (ids[1], 0)]
    assert upkeep.unpublished(0, 60.0, 10) == []
    for job_id in ids[1:]:
        store.redis.hincrbyfloat(f"sow:job:{job_id}", "published_at", -100)
    assert upkeep.unpublished(0, 60.0, 1) == [(ids[1], 0)], "what was published is passed over"
    assert upkeep.unpublished(1, 60.0, 10) == [(ids[2], 0)]
