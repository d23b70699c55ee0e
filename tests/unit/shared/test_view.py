from shared.job import Job, JobRequest, State
from shared.languages import Language
from shared.result import Line, Result
from shared.view import view_job


def test_the_score_of_a_job_is_rounded_as_those_of_its_lines_are() -> None:
    result = Result(
        duration_seconds=2.0,
        language=Language.ENGLISH,
        aligner="dtw",
        score=-0.123456,
        lines=(Line(text="Amazing grace", start=0.0, end=1.0, score=-0.123456),),
    )
    job = Job(
        id="1",
        owner="app",
        request=JobRequest(audio="upload:1", lyrics_text="Amazing grace"),
        state=State.SUCCEEDED,
        created_at=0.0,
        result=result,
    )
    shown = view_job(job, "http://localhost", details=True).result
    assert shown is not None
    assert shown.score == -0.1235
    assert shown.json_data is not None
    assert shown.json_data[0]["score"] == shown.score
