"""Everything that the client raises, in one small tree under `Error`."""

from sow_qwen3.models import Job, Problem


class Error(Exception):
    """The base of all of them; its text is one line for a person."""


class ConnectionFailed(Error):  # noqa: N818 - what happened, as callers read it after `except`
    """The service could not be reached, or went away, more often than was worth trying."""


class UnexpectedAnswer(Error):  # noqa: N818 - what happened, as callers read it after `except`
    """Something answered that does not speak this service's language."""


class ProblemError(Error):
    """The service refused a call: `type`, `title`, `status` and `detail` of its RFC 9457 answer.

    `retry_after` is for how long it asked to be left alone (seconds), where it did.
    """

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(str(problem))
        self.type = problem.type
        self.title = problem.title
        self.status = problem.status
        self.detail = problem.detail
        self.retry_after = retry_after


class JobFailed(Error):  # noqa: N818 - what happened, as callers read it after `except`
    """The job failed; `job.problem` says why."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.id} failed: {job.problem or 'the service did not say why'}")
        self.job = job


class JobCanceled(Error):  # noqa: N818 - what happened, as callers read it after `except`
    """The job was canceled before it was done."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.id} was canceled")
        self.job = job


class WaitTimeout(Error):  # noqa: N818 - what happened, as callers read it after `except`
    """The job was not done within the wait. It goes on: wait again by its id."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.id} is not done yet ({job.doing})")
        self.job = job
