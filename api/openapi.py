"""What the OpenAPI description says beyond what FastAPI finds by itself."""

from typing import Any

from fastapi import FastAPI

from api.errors import MEDIA_TYPE
from api.submission import Submission
from shared.job import ProblemReport
from shared.view import Event

EXAMPLE = {
    "audio_url": "s3://songs/amazing-grace/audio.mp3",
    "lyrics_text": "Amazing grace, how sweet the sound\nThat saved a wretch like me",
    "language": "English",
    "format": "lrc",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answers with these statuses as problems (RFC 9457)."""
    meanings = {
        400: "The song or its lyrics cannot be aligned",
        401: "A valid API key is needed",
        404: "There is no such job, or it is another key's",
        409: "The job's state does not allow it",
        413: "The audio is too large",
        415: "This kind of body is not taken",
        422: "The request is not valid",
        429: "Too much is waiting; `Retry-After` says when to try again",
        500: "The alignment, or the service, failed",
        503: "The job store does not answer, or no worker is ready",
    }
    return {
        status: {
            "description": meanings[status],
            "content": {MEDIA_TYPE: {"schema": ProblemReport.model_json_schema()}},
        }
        for status in statuses
    }


def submission_body() -> dict[str, Any]:
    """Describe a submission's body, in both its forms."""
    schema = Submission.model_json_schema()
    form = Submission.model_json_schema()
    del form["properties"]["audio_url"]
    form["properties"]["audio"] = {
        "type": "string",
        "format": "binary",
        "description": "The audio file (or a video, whose sound track is taken).",
    }
    form["properties"]["metadata"] = {"type": "string", "description": "A JSON object."}
    form["required"] = ["audio", "lyrics_text"]
    for name in ("webhook_url", "title", "artist", "album"):
        # an empty form field cannot be null
        form["properties"][name] = {
            "type": "string",
            "description": schema["properties"][name]["description"],
        }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema, "example": EXAMPLE},
                "multipart/form-data": {"schema": form},
            },
        }
    }


def describe_webhooks(app: FastAPI) -> None:
    """Describe what the service itself sends; nothing of it is served here."""
    other = {"description": "It is sent again later, but after 410; redirects are not followed"}

    @app.webhooks.post("job-ended", status_code=204, responses={"default": other})
    def job_ended(event: Event) -> None:
        """Hear that a job with a `webhook_url` has ended; signed after Standard Webhooks 1.0."""
