"""The whole service as its users run it: API and worker processes on one Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.processes import Program, free_port, listens, python, wait_until

POLL_SECONDS = 60


class Api:
    """A running API, and a client that talks to it."""

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def job(self, job_id: str) -> dict:
        return self.http.get(f"/api/v1/jobs/{job_id}").json()

    def ended(self, job_id: str, seconds: float = POLL_SECONDS) -> dict:
        """Wait for a job to end."""
        final = ("succeeded", "failed", "canceled")
        wait_until(lambda: self.job(job_id)["state"] in final, "the job has ended", seconds)
        return self.job(job_id)


class Stack:
    """Starts the service's parts with one set of settings, and ends what it started."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = {
            "SOW_QWEN3_ALIGNER": "dtw",
            "SOW_QWEN3_UPLOAD_DIR": str(folder / "uploads"),
            "SOW_QWEN3_CACHE_DIR": str(folder / "cache"),
            "SOW_QWEN3_LOG_FORMAT": "console",
            **env,
        }
        self.programs: list[Program] = []
        self.apis: list[Api] = []

    def api(self, **env: str) -> Api:
        port = free_port()
        command = python("uvicorn", "api.app:create_app", "--factory", "--port", str(port))
        program = self._start("api", command, env)
        wait_until(lambda: listens(port), "the API listens", 30)
        self.apis.append(Api(program, port))
        return self.apis[-1]

    def worker(self, *options: str, **env: str) -> Program:
        """Start a worker for alignments; it may not be ready yet."""
        name = f"align{len(self.programs)}@%h"
        command = python(
            "celery", "-A", "worker.app", "worker", "-Q", "align", "-n", name, "-P", "prefork"
        )
        options = (*options, "--without-mingle", "--without-gossip")
        return self._start("worker", [*command, *options], env)

    def webhook_worker(self, **env: str) -> Program:
        command = python("celery", "-A", "worker.app", "worker", "-Q", "webhooks", "-P", "threads")
        return self._start("webhooks", [*command, "-c", "4", "-n", "webhooks@%h"], env)

    def ready(self, api: Api, processes: int = 1, seconds: float = 90) -> None:
        """Wait until so many worker processes are ready."""
        wait_until(
            lambda: api.http.get("/health").json()["max_concurrent"] >= processes,
            f"{processes} worker processes are ready",
            seconds,
        )

    def logs(self) -> str:
        return "\n".join(
            f"--- {program.log.name}\n{program.output()[-8000:]}" for program in self.programs
        )

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Program:
        log = self.folder / f"{len(self.programs)}-{name}.log"
        program = Program(command, log, {**self.env, **env})
        self.programs.append(program)
        return program


@contextmanager
def running_stack(folder: Path, **env: str) -> Iterator[Stack]:
    """Give a stack to start parts of; all are ended afterwards, and a failure shows their logs."""
    stack = Stack(folder, env)
    try:
        yield stack
    finally:
        for api in stack.apis:
            api.http.close()
        for program in reversed(stack.programs):
            program.stop(15)
        print(stack.logs())  # noqa: T201 - pytest shows it where a test failed
