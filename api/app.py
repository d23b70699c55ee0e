"""The application: `uvicorn api.app:create_app --factory`."""

import sys

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from api.access_log import join_uvicorn_logs
from api.errors import add_error_handlers
from api.keys import read_keys
from api.openapi import describe_webhooks
from api.routes import align, jobs, service
from api.state import State
from shared.log import configure_logging
from shared.queue import Queue
from shared.settings import Settings, get_settings
from shared.storage.uploads import open_uploads
from shared.store import JobStore, ProcessBoard
from shared.version import VERSION
from shared.webhook_secrets import read_signers


def create_app() -> FastAPI:
    """Make the application from the environment's settings.

    A wrong setting ends the process with one line that names it.
    """
    settings = get_settings()
    configure_logging(settings)
    join_uvicorn_logs()
    try:
        keys = read_keys(settings)
        read_signers(settings)
    except ValueError as error:
        sys.exit(str(error))
    return make_app(settings, keys)


def make_app(settings: Settings, keys: dict[str, str]) -> FastAPI:
    """Make the application from settings."""
    app = FastAPI(
        title="Lyrics in time",
        summary="A song and its lyrics in, the lyrics with a time on every line out.",
        version=VERSION,
        redoc_url=None,
    )
    store = JobStore(settings)
    app.state.parts = State(
        settings=settings,
        keys=keys,
        store=store,
        board=ProcessBoard(store.redis),
        queue=Queue(settings),
        uploads=open_uploads(settings),
    )
    add_error_handlers(app)
    describe_webhooks(app)
    app.include_router(service.router)
    # for the description alone, so that /docs and generated clients send a key; get_owner checks it
    bearer = HTTPBearer(auto_error=False, description="One of the service's API keys.")
    for routes in (jobs, align):
        app.include_router(routes.router, dependencies=[Depends(bearer)] if keys else [])
    return app
