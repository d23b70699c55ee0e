from shared.job import DeliveryAttempt
from shared.settings import Settings
from shared.store import Deliveries, JobStore
from shared.store.jobs import WEBHOOK_TTL_SECONDS
from tests.support.jobs import REQUEST, create


def test_a_job_with_a_webhook_outlives_its_schedule(redis_url: str) -> None:
    store = JobStore(Settings(redis_url=redis_url, result_ttl_seconds=60))
    deliveries = Deliveries(store)
    request = REQUEST.model_copy(update={"webhook_url": "https://example.com/hook"})
    job_id = create(store, request=request)
    store.cancel(job_id)
    assert store.redis.ttl(f"sow:job:{job_id}") > WEBHOOK_TTL_SECONDS - 60
    assert deliveries.due(60, 10) == [job_id]
    assert deliveries.due(60, 10) == [], "it is published already"
    assert deliveries.begin(job_id, 30) == 1
    assert deliveries.begin(job_id, 30) == 0, "nobody else begins it meanwhile"
    deliveries.end(job_id, DeliveryAttempt(at=1.0, status=500, error=None), "waiting", 3600)
    assert deliveries.due(60, 10) == []
    assert deliveries.again(job_id)
    assert deliveries.begin(job_id, 30) == 1, "a resend begins the schedule anew"
    deliveries.end(job_id, DeliveryAttempt(at=2.0, status=200, error=None), "delivered")
    job = store.get(job_id)
    assert job is not None
    assert job.delivery is not None
    assert [attempt.status for attempt in job.delivery.attempts] == [500, 200]
    assert deliveries.begin(job_id, 30) == 0
    store.redis.close()
