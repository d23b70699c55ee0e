"""What one API process holds: connections and settings, nothing about jobs."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from shared.queue import Queue
from shared.settings import Settings
from shared.storage.uploads import Uploads
from shared.store import JobStore, ProcessBoard


@dataclass(frozen=True, slots=True)
class State:
    """The parts that the routes work with."""

    settings: Settings
    keys: dict[str, str]
    store: JobStore
    board: ProcessBoard
    queue: Queue
    uploads: Uploads


async def state_of(request: Request) -> State:
    """Give the parts to a route; async, since FastAPI gives every other one to a thread."""
    return cast("State", request.app.state.parts)
