"""A worker takes messages only while a process of it is ready to do the work.

So a worker whose model cannot be loaded leaves the jobs to others, and they wait on the queue,
where any worker that comes up finds them.
"""

from typing import Any

import structlog
from celery import bootsteps

from shared.queue import ALIGN
from worker.process.stopping import is_stopping

log = structlog.get_logger()

CHECK_SECONDS = 0.5


class ReadyGate(bootsteps.StartStopStep):
    """Opens and closes the queue `align` as the pool's processes come and go."""

    requires = ("celery.worker.consumer:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's consumer
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    def include_if(self, parent: Any) -> bool:  # noqa: ANN401 - Celery's consumer
        """Say whether this worker has the queue at all."""
        return ALIGN in parent.app.amqp.queues.consume_from

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's consumer
        """Begin with the queue closed, before the first message is taken."""
        parent.task_consumer.cancel_by_queue(ALIGN)
        self._timer = parent.timer.call_repeatedly(CHECK_SECONDS, self._check, (parent,))
        self._check(parent)

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's consumer
        """Leave the queue as it is: the connection is gone, or the worker ends."""
        if self._timer:
            self._timer.cancel()

    def _check(self, consumer: Any) -> None:  # noqa: ANN401 - Celery's consumer
        if not consumer.task_consumer or is_stopping():
            return
        ready = ready_processes(consumer.pool)
        if ready and consumer.qos.value != ready:
            # a message more than there are processes for would wait here while others are idle
            consumer.qos.value = ready
            consumer.qos.set(ready)
        is_open = consumer.task_consumer.consuming_from(ALIGN)
        if ready and not is_open:
            log.info("taking jobs", ready_processes=ready)
            consumer.add_task_queue(ALIGN)
        elif is_open and not ready:
            log.warning("taking no jobs: no process is ready")
            consumer.task_consumer.cancel_by_queue(ALIGN)


def ready_processes(pool: Any) -> int:  # noqa: ANN401 - Celery's pool
    """Count the pool's processes that have said they are up, which is after their model loaded."""
    return int(pool.info["writes"]["inqueues"]["total"])
