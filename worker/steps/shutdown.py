"""What a worker does about its own end."""

from contextlib import suppress
from typing import Any

from celery import bootsteps

from shared.problems import Problem
from shared.settings import get_settings
from shared.store import JobStore, ProcessBoard
from worker.process.stopping import tell_on_signals


class Shutdown(bootsteps.StartStopStep):
    """Tells the processes that their worker ends, and takes them off the board.

    It wraps the signal handlers that Celery has installed by the time this step starts.
    """

    def start(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - Celery's worker
        """Have processes that are not ready end with their worker."""
        tell_on_signals()

    def stop(self, parent: Any) -> None:  # noqa: ANN401 - Celery's worker
        """Have nobody count on the worker any more; without Redis its posts run out."""
        with suppress(Problem):
            ProcessBoard(JobStore(get_settings()).redis).withdraw(parent.hostname)

    terminate = stop
