"""The service's programs, started for a measurement and ended after it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from redis import Redis

from tests.support.processes import Program, free_port, python, redis_server

PROCESSES = 2
"""How many processes a worker has where a measurement does not say otherwise."""
LOOK_SECONDS = 0.02
LONGEST_START_SECONDS = 300.0
LONGEST_WORK_SECONDS = 900.0


class ServiceError(Exception):
    """A part of the service did not come up; the message holds the end of its log."""


class Service:
    """Redis, and whatever parts are started on it. All listen on the loopback alone."""

    def __init__(self, folder: Path, redis_url: str, settings: dict[str, str]) -> None:
        self.redis_url = redis_url
        self.settings = {
            "SOW_QWEN3_REDIS_URL": redis_url,
            "SOW_QWEN3_UPLOAD_DIR": str(folder / "uploads"),
            "SOW_QWEN3_CACHE_DIR": str(folder / "cache"),
            "SOW_QWEN3_MAX_CONCURRENT": str(PROCESSES),
            **settings,
        }
        self.url = f"http://127.0.0.1:{free_port()}"
        self.programs: list[Program] = []
        self._folder = folder

    def start(self, name: str, command: list[str]) -> Program:
        """Start a program with the service's settings."""
        log = self._folder / f"{len(self.programs)}-{name}.log"
        program = Program(command, log, self.settings)
        self.programs.append(program)
        return program

    def start_api(self, app: str = "api.app:create_app") -> Program:
        """Start the API; it may not answer yet."""
        port = self.url.rpartition(":")[2]
        command = python("uvicorn", app, "--factory", "--host", "127.0.0.1")
        return self.start("api", [*command, "--port", port])

    def start_worker(self, app: str = "worker.app") -> Program:
        """Start a worker, as `make run` does; it may not be ready yet."""
        command = python("celery", "-A", app, "worker", "-Q", "align", "-n", "align@bench")
        return self.start("worker", [*command, "-E", "-P", "prefork"])

    def wait_for(self, path: str, program: Program, processes: int = 0) -> dict[str, Any]:
        """Wait until the API answers 200, with so many ready processes; gives the answer.

        Raises `ServiceError` when the program ends instead.
        """
        deadline = time.monotonic() + LONGEST_START_SECONDS
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as http:
            while True:
                try:
                    answer = http.get(path)
                except httpx.TransportError:
                    pass
                else:
                    body: dict[str, Any] = answer.json()
                    if answer.is_success and body.get("max_concurrent", 0) >= processes:
                        return body
                if program.process.poll() is not None or time.monotonic() > deadline:
                    raise ServiceError(f"no answer from {path}:\n{program.output()[-3000:]}")
                time.sleep(LOOK_SECONDS)

    def wait_for_jobs(self, job_ids: list[str]) -> None:
        """Wait until every job has succeeded; raises `ServiceError` when one did not."""
        deadline = time.monotonic() + LONGEST_WORK_SECONDS
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False) as http:
            for job_id in job_ids:
                while (job := http.get(f"/api/v1/jobs/{job_id}").json())["state"] != "succeeded":
                    if job["ended_at"] or time.monotonic() > deadline:
                        raise ServiceError(f"a job is {job['state']}: {job['problem']}")
                    time.sleep(LOOK_SECONDS)

    def end(self, program: Program) -> None:
        """End one of the programs."""
        program.stop(15)
        self.programs.remove(program)

    def forget_workers(self) -> None:
        """Forget what ended worker processes have said of themselves."""
        with Redis.from_url(self.redis_url) as redis:
            redis.delete("sow:processes")

    def stop(self) -> None:
        """End what was started, the last first."""
        while self.programs:
            self.end(self.programs[-1])


@contextmanager
def service(**settings: str) -> Iterator[Service]:
    """Give a service with a Redis of its own and nothing else started yet."""
    with TemporaryDirectory(prefix="sow-qwen3-bench-") as name:
        folder = Path(name)
        with redis_server(folder, "--bind", "127.0.0.1") as redis_url:
            made = Service(folder, redis_url, settings)
            try:
                yield made
            finally:
                made.stop()


def submit_song(url: str, song: Path, lyrics: str) -> str:
    """Upload a song; gives its job's id."""
    with song.open("rb") as audio:
        answer = httpx.post(
            f"{url}/api/v1/jobs",
            files={"audio": audio},
            data={"lyrics_text": lyrics, "language": "English"},
            timeout=60,
            trust_env=False,
        )
    if not answer.is_success:
        raise ServiceError(f"a job was refused: {answer.text}")
    job_id: str = json.loads(answer.content)["id"]
    return job_id
