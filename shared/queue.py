"""The queue: how a job's id gets from the API to a worker, through Celery on Redis."""

import math
from typing import Final

from celery import Celery

from shared.broker import use_one_client
from shared.settings import Settings

ALIGN: Final = "align"
"""The queue of the workers that align, and the task on it."""
WEBHOOKS: Final = "webhooks"
"""The queue of the worker that delivers webhooks."""
DELIVER: Final = "deliver"
"""The task on it."""
PRIORITIES: Final = tuple(range(10))
"""0 is first. Redis keeps a list a priority."""

VISIBILITY_SECONDS: Final = 3_600
"""When Redis gives a message to another worker although the first may still be at it. Leases
bring a lost job back much sooner; a message that comes twice finds the job claimed."""


def make_celery(settings: Settings) -> Celery:
    """Make the Celery application that both sides share: the broker, and how to publish to it."""
    use_one_client()
    app = Celery("sow-qwen3", broker=settings.redis_url.get_secret_value())
    app.conf.update(
        # Celery keeps no results: the job's record is the only truth
        task_ignore_result=True,
        task_send_sent_event=True,
        task_default_queue=ALIGN,
        task_routes={ALIGN: {"queue": ALIGN}, DELIVER: {"queue": WEBHOOKS}},
        # publishing to a Redis that is away fails in a second or so, not after many
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_step": 0.1},
        broker_transport_options={
            "priority_steps": list(PRIORITIES),
            "queue_order_strategy": "priority",
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_connect_timeout": 2.0,
            "socket_timeout": 5.0,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        timezone="UTC",
    )
    return app


class Queue:
    """Publishes ids. Every call may block for seconds while Redis is away.

    Raises kombu's `OperationalError` when the message could not be handed over.
    """

    def __init__(self, settings: Settings) -> None:
        self._celery = make_celery(settings)

    def publish_job(self, job_id: str, priority: int) -> None:
        """Tell the aligning workers of a queued job."""
        self._celery.send_task(ALIGN, args=[job_id], task_id=job_id, priority=priority)

    def publish_delivery(self, job_id: str) -> None:
        """Tell the webhook worker of a due delivery."""
        self._celery.send_task(DELIVER, args=[job_id])


def broker_key(queue: str, priority: int) -> str:
    """Name the Redis list that holds a queue's messages of one priority.

    Source: `Channel._q_for_pri` of kombu's Redis transport.
    """
    return queue if priority == 0 else f"{queue}\x06\x16{priority}"


def retry_after(waiting: int, seconds_a_job: float | None) -> int:
    """Tell when it is worth trying again: when a tenth of the queue will have gone (seconds)."""
    if seconds_a_job is None:
        return 30
    return min(600, max(1, math.ceil(waiting * seconds_a_job / 10)))
