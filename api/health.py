"""Whether the service can work: what its worker processes say of themselves."""

from typing import Literal

from pydantic import BaseModel

from shared.problems import NO_WORKER, Problem
from shared.store import Process, ProcessBoard
from shared.version import VERSION


class Health(BaseModel):
    """How the service is."""

    status: Literal["healthy", "unhealthy"]
    version: str = VERSION
    model: Literal["ready", "loading", "failed", "absent"]
    """`ready` when at least one worker process has its model loaded."""
    device: str | None
    """Where the first ready process computes."""
    max_concurrent: int
    """How many jobs can be done at a time now: the ready processes."""
    workers: list[Process]
    reason: str | None = None
    """Why nothing is ready."""


def read_health(board: ProcessBoard) -> Health:
    """Look at the worker processes that were heard of lately."""
    processes = board.read()
    ready = [process for process in processes if process.state == "ready"]
    if ready:
        return Health(
            status="healthy",
            model="ready",
            device=ready[0].device,
            max_concurrent=len(ready),
            workers=processes,
        )
    reasons = sorted({process.reason for process in processes if process.reason})
    return Health(
        status="unhealthy",
        model="failed" if reasons else "loading" if processes else "absent",
        device=None,
        max_concurrent=0,
        workers=processes,
        reason=" ".join(reasons)
        or (
            "The workers are loading their model."
            if processes
            else "No worker is running: start one, and see that it uses the same Redis."
        ),
    )


def require_worker(board: ProcessBoard) -> None:
    """Raise `no-worker` when no worker process is ready.

    The reasons that they gave may name folders: those are the operator's to see, on `/health`.
    """
    why = {
        "loading": "The workers are loading their model.",
        "failed": "The workers cannot load their model; `GET /health` says why.",
        "absent": "No worker is running; its operator must start one.",
    }
    health = read_health(board)
    if health.model != "ready":
        detail = f"{why[health.model]} A job submitted to /api/v1/jobs waits until one is ready."
        raise Problem(NO_WORKER, detail, retry_after=10)
