"""Events for Flower leave a worker in batches.

Celery publishes what its event loop gathered in one round, which is an event or two at a time, and
costs as much as all else that it does for a task.
"""

from typing import Any

from celery import bootsteps

BATCH_SECONDS = 0.1
"""How late Flower may hear of a task."""


class EventBatches(bootsteps.StartStopStep):
    """Publishes a worker's task events a tenth of a second after the first of them."""

    requires = ("celery.worker.consumer:Events",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's consumer
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    def include_if(self, parent: Any) -> bool:  # noqa: ANN401 - Celery's consumer
        """Say whether the worker has an event loop, without which Celery gathers no events."""
        return parent.hub is not None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - Celery's consumer
        """Begin to gather."""
        dispatcher = parent.event_dispatcher

        def flush() -> None:
            self._timer = None
            dispatcher.flush()

        def gather() -> None:
            if self._timer is None:
                self._timer = parent.timer.call_after(BATCH_SECONDS, flush)

        dispatcher.on_send_buffered = gather

    def stop(self, parent: Any) -> None:  # noqa: ANN401 - Celery's consumer
        """End gathering; a worker that ends publishes what it has left."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if parent.blueprint.state == bootsteps.CLOSE:  # type: ignore[attr-defined]  # celery-types has no states
            parent.event_dispatcher.flush()
