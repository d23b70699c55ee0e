"""The job store on Redis: records, the queue's order, leases, deliveries, ready processes."""

from shared.store.deliveries import Deliveries
from shared.store.jobs import Backlog, JobStore
from shared.store.processes import Process, ProcessBoard
from shared.store.upkeep import Upkeep

__all__ = [
    "Backlog",
    "Deliveries",
    "JobStore",
    "Process",
    "ProcessBoard",
    "Upkeep",
]
