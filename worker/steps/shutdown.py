"""Telling the processes that their worker ends."""

from typing import Any

from celery import bootsteps

from worker.process.stopping import tell_on_signals


class Shutdown(bootsteps.StartStopStep):
    """Wraps the signal handlers that Celery has installed by the time this step starts."""

    def start(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's worker
        """Have processes that are not ready end with their worker."""
        tell_on_signals()
