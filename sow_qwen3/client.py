"""The client for programs without asyncio."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar, Unpack

import httpx

from sow_qwen3 import _connection, _flow
from sow_qwen3.models import Health, Job, JobPage
from sow_qwen3.options import Format, Options

T = TypeVar("T")


class Client:
    """Talks to the service at `url`; every method raises an `Error` of `sow_qwen3.errors`.

    `timeout` is how long the service may be silent (seconds). A call whose connection fails is
    tried twice more where that can do no harm. Close the client, or use it in a `with` block.
    """

    def __init__(
        self,
        url: str = _connection.DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
    ) -> None:
        self._http = httpx.Client(**_connection.settings(url, api_key, timeout))

    def submit(
        self,
        audio: str | Path,
        lyrics: str,
        *,
        wait: float | None = None,
        **options: Unpack[Options],
    ) -> Job:
        r"""Submit a job: a file, which is uploaded, or an `s3://…` or `https://…` address.

        `lyrics` holds one line a line. With a `wait` (seconds) the service may answer with the
        ended job, and a service that is busy is asked again within it. OSError where the file
        cannot be read.
        """
        return self._run(_flow.submit(audio, lyrics, wait, options))

    def align(
        self,
        audio: str | Path,
        lyrics: str,
        *,
        wait: float | None = None,
        progress: _flow.Progress | None = None,
        **options: Unpack[Options],
    ) -> Job:
        """Submit a job and wait for its end, telling `progress` how it stands.

        JobFailed or JobCanceled where it did not succeed; WaitTimeout where it takes longer than
        `wait` (seconds; None waits without end).
        """
        return self._run(_flow.align(audio, lyrics, wait, progress, options))

    def wait(
        self,
        job_id: str,
        seconds: float | None = None,
        progress: _flow.Progress | None = None,
    ) -> Job:
        """Wait for the end of a job that was submitted, as `align` does."""
        return self._run(_flow.wait_for(job_id, seconds, progress))

    def job(self, job_id: str) -> Job:
        """Look at a job."""
        return self._run(_flow.job(job_id))

    def jobs(
        self, *, status: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Iterator[JobPage]:
        """Page through the jobs, newest first: of one state, `limit` a page, from a cursor on."""
        while True:
            page = self._run(_flow.jobs(status, limit, cursor))
            yield page
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def result(
        self,
        job_id: str,
        *,
        format: Format | None = None,  # noqa: A002 - the service's own word for it
        details: bool = False,
    ) -> str:
        """Fetch the text of a job's file, in the format asked for at submission or another.

        `details` puts words and scores into the JSON.
        """
        return self._run(_flow.result(job_id, format, details=details))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that has not ended."""
        return self._run(_flow.cancel(job_id))

    def delete(self, job_id: str) -> None:
        """Make the service forget an ended job and its upload."""
        self._run(_flow.delete(job_id))

    def resend(self, job_id: str) -> Job:
        """Have an ended job's webhook delivered again."""
        return self._run(_flow.resend(job_id))

    def health(self) -> Health:
        """Ask whether jobs get done, and why not."""
        return self._run(_flow.health())

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, flow: _flow.Flow[T]) -> T:
        with closing(flow):
            try:
                step = next(flow)
                while True:
                    try:
                        answer = self._do(step)
                    except httpx.RequestError as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(answer)
            except StopIteration as end:
                value: T = end.value
                return value

    def _do(self, step: _flow.Call | _flow.Pause) -> httpx.Response | None:
        if isinstance(step, _flow.Pause):
            time.sleep(step.seconds)
            return None
        return self._http.request(**step.to_httpx(self._http.timeout))
