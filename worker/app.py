"""The Celery application: `celery -A worker.app worker -Q align`, and `-Q webhooks`.

Nothing here may import torch, directly or not: the parent process forks, and torch does not
survive a fork once it was used (docs/architecture.md).
"""

from celery import signals

from shared.log import configure_logging
from shared.queue import make_celery
from shared.settings import get_settings
from worker.steps.events import EventBatches
from worker.steps.gate import ReadyGate
from worker.steps.housekeeping import Housekeeping
from worker.steps.shutdown import Shutdown

SOFT_SHUTDOWN_SECONDS = 10
"""How long a worker that is told to stop waits for its jobs before it gives them back."""

LOAD_SECONDS = 1_800
"""How long a process may take to load its model before it is ended and replaced. Celery's own
default of 4 s would end a replacement before it is up, for ever."""

settings = get_settings()

app = make_celery(settings)
app.conf.update(
    imports=("worker.tasks.align", "worker.tasks.deliver", "worker.process.life"),
    worker_concurrency=settings.max_concurrent,
    worker_prefetch_multiplier=1,
    worker_proc_alive_timeout=LOAD_SECONDS,
    worker_soft_shutdown_timeout=SOFT_SHUTDOWN_SECONDS,
    worker_send_task_events=True,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_acks_late=True,
    # a process that dies gives its job back by its lease, which counts how often that happens
    task_reject_on_worker_lost=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
)
app.steps["consumer"].update((EventBatches, ReadyGate, Housekeeping))
app.steps["worker"].add(Shutdown)


@signals.setup_logging.connect
def on_setup_logging(**_: object) -> None:
    """Log as the API does, instead of as Celery would."""
    configure_logging(settings)
