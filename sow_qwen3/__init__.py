r"""The client of the alignment service: a song and its lyrics in, timed lyrics out.

>>> from sow_qwen3 import Client
>>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
...     job = client.align("song.mp3", "First line\nSecond line", language="English")
...     print(client.result(job.id))
"""

from sow_qwen3.async_client import AsyncClient
from sow_qwen3.client import Client
from sow_qwen3.errors import (
    ConnectionFailed,
    Error,
    JobCanceled,
    JobFailed,
    ProblemError,
    UnexpectedAnswer,
    WaitTimeout,
)
from sow_qwen3.models import Health, Job, JobPage, Problem, Result, TimedLine, Webhook, Worker
from sow_qwen3.options import Format, Options

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectionFailed",
    "Error",
    "Format",
    "Health",
    "Job",
    "JobCanceled",
    "JobFailed",
    "JobPage",
    "Options",
    "Problem",
    "ProblemError",
    "Result",
    "TimedLine",
    "UnexpectedAnswer",
    "WaitTimeout",
    "Webhook",
    "Worker",
]
