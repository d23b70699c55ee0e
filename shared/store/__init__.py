"""The job store on Redis: records, the queue's order, leases, deliveries, ready processes."""

from shared.store.jobs import Backlog, JobStore
from shared.store.processes import Process, ProcessBoard
from shared.store.results import ResultCache

__all__ = ["Backlog", "JobStore", "Process", "ProcessBoard", "ResultCache"]
