"""Jobs to write into a store."""

from shared.job import JobRequest
from shared.languages import Language
from shared.result import Line, Result, Word
from shared.store import JobStore

REQUEST = JobRequest(audio="s3://songs/a.mp3", lyrics_text="la la", language=Language.ENGLISH)
RESULT = Result(
    duration_seconds=3.0,
    language=Language.ENGLISH,
    aligner="dtw",
    lines=(Line(text="la la", start=0.5, end=1.5, words=(Word("la", 0.5, 1.0, -0.1),)),),
)


def create(store: JobStore, owner: str = "app", request: JobRequest = REQUEST) -> str:
    return store.create(owner, request, fingerprint="f").job_id
