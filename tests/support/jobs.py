"""Jobs to write into a store."""

from shared.job import JobRequest
from shared.languages import Language
from shared.result import Line, Result, Word
from shared.store import JobStore
from shared.store.jobs import Created

REQUEST = JobRequest(audio="s3://songs/a.mp3", lyrics_text="la la", language=Language.ENGLISH)
RESULT = Result(
    duration_seconds=3.0,
    language=Language.ENGLISH,
    aligner="dtw",
    lines=(Line(text="la la", start=0.5, end=1.5, words=(Word("la", 0.5, 1.0, -0.1),)),),
)


def create(store: JobStore, owner: str = "app", request: JobRequest = REQUEST) -> str:
    return created(store.create(owner, request, fingerprint="f"))


def created(made: Created) -> str:
    """Give the id of the job that a submission came to."""
    assert made.job is not None
    return made.job.id


def claim(store: JobStore, job_id: str) -> int:
    """Claim a job that is there to be claimed; gives the attempt."""
    job = store.claim(job_id)
    assert job is not None
    return job.attempt
