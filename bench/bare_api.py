"""A bare FastAPI application that answers /readyz: what the API's start is measured against."""

from fastapi import FastAPI


def create_app() -> FastAPI:
    """Make the application."""
    app = FastAPI()

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app
