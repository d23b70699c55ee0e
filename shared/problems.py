"""Everything that can be wrong with a request or a job, each with a stable type (RFC 9457)."""

from dataclasses import dataclass
from typing import Final

URN: Final = "urn:sow-qwen3:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem.

    `status` is the HTTP status of an answer that carries it. A problem that is `passing` may be
    gone at the next try: a job that meets it is tried again.
    """

    name: str
    title: str
    status: int
    passing: bool = False

    @property
    def urn(self) -> str:
        """The problem's `type` in RFC 9457's sense."""
        return URN + self.name


class Problem(Exception):  # noqa: N818 - RFC 9457's own word for it
    """One occurrence of a problem; `detail` says what happened and what to change.

    `retry_after` is when it is worth trying again, where that is known (seconds).
    """

    def __init__(self, kind: ProblemType, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type["Problem"], tuple[ProblemType, str]]:
        # Celery pickles exceptions by their args, which are not the constructor's here.
        return type(self), (self.kind, self.detail)


INVALID_REQUEST = ProblemType("invalid-request", "The request is not valid", 422)
BODY_TOO_LARGE = ProblemType("body-too-large", "The body is too large", 413)
UNAUTHORIZED = ProblemType("unauthorized", "A valid API key is needed", 401)
NOT_FOUND = ProblemType("not-found", "There is no such thing here", 404)
NOT_ACCEPTABLE_BODY = ProblemType("media-type", "This kind of body is not taken", 415)
INTERNAL = ProblemType("internal", "The service failed", 500)
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", "This method is not allowed here", 405)
JOB_NOT_ENDED = ProblemType("job-not-ended", "The job has not ended", 409)
JOB_CANCELED = ProblemType("job-canceled", "The job was canceled", 409)
JOB_ENDED = ProblemType("job-ended", "The job has already ended", 409)
NO_RESULT = ProblemType("no-result", "The job ended without a result", 409)
NO_WEBHOOK = ProblemType("no-webhook", "The job has no webhook", 409)
IDEMPOTENCY_MISMATCH = ProblemType(
    "idempotency-mismatch", "The Idempotency-Key was used for another request", 422
)
LYRICS_EMPTY = ProblemType("lyrics-empty", "The lyrics have no words", 400)
LYRICS_TOO_LONG = ProblemType("lyrics-too-long", "The lyrics are too long", 422)
METADATA_TOO_LARGE = ProblemType("metadata-too-large", "The metadata is too large", 422)
LANGUAGE_UNKNOWN = ProblemType("language-unknown", "The language is not known", 422)
WEBHOOK_UNAVAILABLE = ProblemType("webhook-unavailable", "Webhooks are not set up", 422)
ADDRESS_NOT_ALLOWED = ProblemType("address-not-allowed", "This address may not be reached", 400)
UPLOAD_UNAVAILABLE = ProblemType("upload-unavailable", "Uploads are not set up", 422)
UPLOAD_STORE_AWAY = ProblemType(
    "upload-store-away", "The store for uploads does not answer", 503, passing=True
)
AUDIO_TOO_LARGE = ProblemType("audio-too-large", "The audio file is too large", 413)
AUDIO_TOO_LONG = ProblemType("audio-too-long", "The audio is too long", 400)
AUDIO_NOT_FETCHED = ProblemType("audio-not-fetched", "The audio could not be fetched", 400)
AUDIO_STORE_AWAY = ProblemType(
    "audio-store-away", "The audio's store does not answer", 400, passing=True
)
AUDIO_UNREADABLE = ProblemType("audio-unreadable", "The audio cannot be read", 400)
ALIGNMENT_FAILED = ProblemType("alignment-failed", "The alignment failed", 500)
STAGE_TIMEOUT = ProblemType("stage-timeout", "A stage took too long", 500)
WORKER_LOST = ProblemType("worker-lost", "The worker was lost too often", 500)
QUEUE_FULL = ProblemType("queue-full", "Too many jobs are waiting", 429)
STORE_FULL = ProblemType("store-full", "The job store is nearly full", 429)
STORE_AWAY = ProblemType("store-away", "The job store does not answer", 503)
NO_WORKER = ProblemType("no-worker", "No worker is ready", 503)
