"""Every error as `application/problem+json` (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.job import ProblemReport
from shared.problems import (
    INTERNAL,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAUTHORIZED,
    Problem,
    ProblemType,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class ProblemResponse(JSONResponse):
    """An answer that is a problem."""

    media_type = MEDIA_TYPE


def answer(problem: Problem) -> ProblemResponse:
    """Make the answer to a problem, with the headers that its status asks for."""
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.kind is UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(
        ProblemReport.of(problem).model_dump(), status_code=problem.kind.status, headers=headers
    )


def invalid(errors: Sequence[Any]) -> Problem:
    """Say in one sentence a field what is wrong with a request."""
    sentences = []
    for error in errors:
        where = ".".join(
            str(part) for part in error["loc"] if part not in ("query", "path", "body")
        )
        message = (
            "there is no such field" if error["type"] == "extra_forbidden" else error["msg"].lower()
        )
        sentences.append(f"`{where}`: {message}." if where else f"{error['msg']}.")
    return Problem(INVALID_REQUEST, " ".join(sentences))


def add_error_handlers(app: FastAPI) -> None:
    """Make every error that leaves the application a problem."""

    @app.exception_handler(Problem)
    async def on_problem(_: Request, problem: Problem) -> ProblemResponse:
        return answer(problem)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> ProblemResponse:
        return answer(invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> ProblemResponse:
        known = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}
        kind = known.get(error.status_code) or ProblemType(
            "http", HTTPStatus(error.status_code).phrase, error.status_code
        )
        details = {
            404: f"There is nothing at {request.url.path}; see /docs.",
            405: f"{request.method} is not taken here.",
        }
        response = answer(Problem(kind, details.get(error.status_code, str(error.detail))))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def on_fault(_: Request, error: Exception) -> ProblemResponse:
        log.error("the API failed", exc_info=error)
        return answer(Problem(INTERNAL, "This is a fault of the service; its log says more."))
