"""The service about itself: its version and its health."""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.health import Health, read_health
from api.openapi import problems
from api.routes.jobs import Parts
from shared.version import VERSION

router = APIRouter(tags=["service"])

PROBES = CapacityLimiter(8)
"""Threads of their own, so that no probe waits behind requests that wait for Redis."""


class About(BaseModel):
    """What is running here."""

    message: str
    version: str


class Alive(BaseModel):
    """A sign of life."""

    status: str


@router.head("/", include_in_schema=False)
@router.get("/")
def about() -> About:
    """Say what this is."""
    return About(message="Lyrics in time: POST a song to /api/v1/jobs; see /docs", version=VERSION)


@router.head("/livez", include_in_schema=False)
@router.get("/livez")
async def live() -> Alive:
    """Answer, whatever else is the matter."""
    return Alive(status="alive")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses=problems(500, 503))
async def ready(parts: Parts) -> Alive:
    """Tell whether this API can take requests: whether Redis answers.

    For load balancers, which must not drop the API when only the model is away.
    """
    await to_thread.run_sync(parts.store.ping, limiter=PROBES)
    return Alive(status="ready")


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    responses={503: {"model": Health, "description": "No worker process is ready"}},
)
def health(parts: Parts, response: Response) -> Health:
    """Tell whether jobs get done: whether a worker process has its model loaded."""
    found = read_health(parts.board)
    if found.status != "healthy":
        response.status_code = 503
    return found
