"""A bare Celery application with a task that does nothing: what the queue is measured against."""

import os

from celery import Celery

BROKER_VARIABLE = "BENCH_BROKER_URL"
RESULTS_VARIABLE = "BENCH_RESULTS_URL"
"""Where results are kept; nowhere when it is empty."""

app = Celery(
    "bare", broker=os.environ.get(BROKER_VARIABLE), backend=os.environ.get(RESULTS_VARIABLE) or None
)
# The same promise as the service's: a task whose worker dies is not lost.
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)


@app.task(name="nothing")
def nothing(job_id: str) -> str:
    """Do nothing."""
    return job_id
