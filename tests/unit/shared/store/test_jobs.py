import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.job import Stage, State
from shared.problems import AUDIO_UNREADABLE, STORE_AWAY, Problem
from shared.settings import Settings
from shared.store import JobStore
from tests.support.jobs import REQUEST, RESULT, claim, create, created


def test_a_record_is_read_back_as_it_was_written(store: JobStore) -> None:
    job = store.get(create(store))
    assert job is not None
    assert job.request == REQUEST
    assert (job.state, job.attempt, job.queue_position) == (State.QUEUED, 0, 1)
    assert job.created_at == pytest.approx(time.time(), abs=5)


def test_of_many_claims_of_one_job_one_succeeds(store: JobStore, settings: Settings) -> None:
    job_id = create(store)
    start = threading.Barrier(8)

    def try_to_claim(_: int) -> bool:
        own = JobStore(settings)
        start.wait()
        try:
            return own.claim(job_id) is not None
        finally:
            own.redis.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(try_to_claim, range(8))) == [False] * 7 + [True]


def test_a_result_is_committed_once_and_only_by_the_attempt_that_holds_the_job(
    store: JobStore,
) -> None:
    job_id = create(store)
    attempt = claim(store, job_id)
    assert not store.succeed(job_id, attempt + 1, RESULT)
    assert store.succeed(job_id, attempt, RESULT)
    assert not store.fail(job_id, attempt, Problem(AUDIO_UNREADABLE, "too late"))
    job = store.get(job_id)
    assert job is not None
    assert job.state == State.SUCCEEDED
    assert job.result == RESULT
    assert job.progress == 1


def test_a_canceled_job_is_nobodys(store: JobStore) -> None:
    job_id = create(store)
    attempt = claim(store, job_id)
    assert store.advance(job_id, attempt, Stage.ALIGNING, 0.5)
    assert store.cancel(job_id)
    assert not store.advance(job_id, attempt)
    assert not store.succeed(job_id, attempt, RESULT)
    assert not store.cancel(job_id)
    job = store.get(job_id)
    assert job is not None
    assert job.state == State.CANCELED
    assert job.stage is None


def test_a_released_job_is_first_again_and_counts_no_loss(store: JobStore) -> None:
    job_id = create(store)
    others = [create(store, "other") for _ in range(3)]
    for _ in range(3):
        attempt = claim(store, job_id)
        assert store.release(job_id, attempt)
    job, other = store.get(job_id), store.get(others[0])
    assert job is not None
    assert other is not None
    assert (job.state, job.queue_position, job.attempt) == (State.QUEUED, 1, 3)
    assert other.queue_position == 2


def test_a_flood_by_one_caller_does_not_starve_another(store: JobStore) -> None:
    for _ in range(300):
        create(store, "flood")
    made = store.create("quiet", REQUEST, fingerprint="f")
    job = made.job
    assert made.priority == 0
    assert job is not None
    assert job.queue_position == 2
    assert store.create("flood", REQUEST, fingerprint="f").priority == 9


def test_an_ended_job_is_forgotten_after_its_term(store: JobStore) -> None:
    job_id = create(store)
    store.cancel(job_id)
    assert 86_000 < store.redis.ttl(f"sow:job:{job_id}") <= 86_400
    assert store.redis.ttl(f"sow:job:{create(store)}") == -1


def test_the_same_content_joins_while_unfinished_and_not_after(store: JobStore) -> None:
    def submit(owner: str = "app") -> str:
        return created(store.create(owner, REQUEST, fingerprint="f", join=True))

    first = submit()
    assert submit() == first
    assert submit("other") != first
    store.cancel(first)
    assert submit() != first


def test_redis_away_is_a_problem_that_passes() -> None:
    store = JobStore(Settings(redis_url="redis://127.0.0.1:1/0"))
    with pytest.raises(Problem) as caught:
        store.get("0" * 32)
    assert caught.value.kind is STORE_AWAY


def succeed(store: JobStore, key: str) -> str:
    """Have a job leave its result under a key; gives the job's id."""
    job_id = create(store)
    assert store.succeed(job_id, claim(store, job_id), RESULT, key)
    return job_id


def test_a_result_is_given_again_until_its_job_is_deleted(store: JobStore) -> None:
    assert store.kept_result("key") is None
    job_id = succeed(store, "key")
    assert store.kept_result("key") == RESULT
    store.delete(job_id)
    assert store.kept_result("key") is None
    assert store.redis.get("sow:results:bytes") == "0"


def test_a_result_that_came_too_late_is_not_given_again(store: JobStore) -> None:
    job_id = create(store)
    attempt = claim(store, job_id)
    store.cancel(job_id)
    assert not store.succeed(job_id, attempt, RESULT, "key")
    assert store.kept_result("key") is None


def test_kept_results_stay_within_their_budget_the_oldest_out_first(
    store: JobStore, redis_url: str
) -> None:
    size = len(RESULT.stored())
    small = JobStore(Settings(redis_url=redis_url, result_cache_bytes=2 * size + 1))
    for key in ("a", "b", "a", "c"):
        succeed(small, key)
    assert [store.kept_result(key) is not None for key in ("a", "b", "c")] == [True, False, True]
    none = JobStore(Settings(redis_url=redis_url, result_cache_bytes=0))
    succeed(none, "d")
    assert store.kept_result("d") is None
    for other in (small, none):
        other.redis.close()


def test_a_submission_asked_again_as_its_answer_was_lost_is_the_same_job(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = uuid.uuid4()
    monkeypatch.setattr("uuid.uuid4", lambda: identity)
    made = [
        store.create("app", REQUEST, fingerprint="f", idempotency_key="k", join=True)
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert made[0].what == "created"
    assert store.backlog().waiting == 1


def test_an_owners_list_does_not_grow_with_jobs_that_are_forgotten(store: JobStore) -> None:
    for _ in range(30):
        job_id = create(store)
        store.cancel(job_id)
        store.redis.delete(f"sow:job:{job_id}")
    assert store.redis.zcard("sow:jobs:app") == 1


def test_deleting_a_job_leaves_the_key_that_another_has_taken_over(store: JobStore) -> None:
    def submit() -> str:
        return created(store.create("app", REQUEST, fingerprint="f", idempotency_key="k"))

    first = submit()
    store.cancel(first)
    (key,) = store.redis.keys("sow:idempotency:*")
    store.redis.delete(key)
    second = submit()
    assert second != first
    assert store.delete(first)
    assert submit() == second


def test_nothing_is_left_of_a_deleted_job(store: JobStore) -> None:
    request = REQUEST.model_copy(update={"audio": "upload:" + "a" * 32})
    made = store.create("app", request, fingerprint="f", idempotency_key="k", join=True)
    store.cancel(created(made))
    assert store.delete(created(made))
    assert set(store.redis.keys()) == {"sow:sequence"}
