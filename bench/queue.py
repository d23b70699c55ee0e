"""The queue and HTTP, with no alignment: against bare Celery, and how long a submission takes."""

import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from celery import Celery
from redis import Redis

from bench.bare_celery import BROKER_VARIABLE, RESULTS_VARIABLE
from bench.calls import Call, latencies, send_all
from bench.cpu import cpu_seconds
from bench.progress import say
from bench.service import PROCESSES, Service, service
from bench.song import make_lyrics
from bench.table import Aim, Row, at_least, show_seconds
from tests.support.processes import python

JOBS = 600
WARM_UP_JOBS = 60
ROUNDS = 3
CONNECTIONS = 8
RATE = 100.0
LATENCY_SECONDS = 5.0
LATENCY_CONNECTIONS = 32
LOOK_SECONDS = 0.01
LONGEST_SECONDS = 120.0

SUBMISSION = Call(
    "POST",
    "/api/v1/jobs",
    json.dumps(
        {
            "audio_url": "s3://bench/song.mp3",
            "lyrics_text": make_lyrics(20),
            "language": "English",
        }
    ).encode(),
    202,
)


@dataclass(frozen=True, slots=True)
class Bare:
    """A way to run bare Celery, and the row that it makes."""

    row: str
    described: str
    watched: bool
    """Whether it tells as much as the service does: events, and a log line a task."""
    read: bool
    """Whether it keeps its results and they are read, as the service's are."""
    aim: Aim | None

    @property
    def options(self) -> tuple[str, ...]:
        """What its worker is started with."""
        return ("-E", "--loglevel", "info") if self.watched else ()


WHOLE = Bare(
    "queue and HTTP",
    "with events, logs and results that are read, as ours has",
    watched=True,
    read=True,
    aim=at_least(0.5),
)
UNREAD = Bare(
    "queue and HTTP, to unread results",
    "with events and logs, but no results",
    watched=True,
    read=False,
    aim=None,
)
STRICT = Bare(
    "queue and HTTP, to nothing else",
    "with neither events, logs nor results",
    watched=False,
    read=False,
    aim=None,
)

PROBE = Call("GET", "/livez", None, 200)


def rows() -> Iterator[Row]:
    """Measure jobs a second, then how long a submission takes."""
    yield from throughput()
    yield latency()


def throughput() -> Iterator[Row]:
    """Measure jobs a second, from the first submission to the last result read over HTTP."""
    ours: list[float] = []
    ways = (WHOLE, UNREAD, STRICT)
    rates: dict[Bare, list[float]] = {way: [] for way in ways}
    with _running_service("bench.zero_work") as made, ExitStack() as stack:
        apps = {
            way: stack.enter_context(running_bare_celery(made, database, way))
            for database, way in enumerate(ways, 1)
        }
        _do_jobs(made, WARM_UP_JOBS)
        before = _cpu(made)
        for _ in range(ROUNDS):
            ours.append(JOBS / _do_jobs(made, JOBS))
            for way, app in apps.items():
                rates[way].append(JOBS / _do_nothing(app, JOBS, way))
        api_ms, worker_ms, *bare_ms = (
            (now - then) / ROUNDS / JOBS * 1000
            for then, now in zip(before, _cpu(made), strict=True)
        )
    rate = statistics.median(ours)
    for cost, (way, bare_rates) in zip(bare_ms, rates.items(), strict=True):
        bare_rate = statistics.median(bare_rates)
        yield Row(
            way.row,
            f"{JOBS} jobs submitted over {CONNECTIONS} connections, done by {PROCESSES} processes "
            "with a zero-work aligner (no fetch, no ffmpeg), every result read over HTTP; against "
            f"as many no-op tasks by bare Celery {way.described}, on the same Redis",
            f"{rate:.0f} jobs/s against {bare_rate:.0f} tasks/s",
            rate / bare_rate,
            f"the processor: a job takes {api_ms:.1f} ms of the API's and {worker_ms:.1f} ms of "
            f"the worker's, a task {cost:.1f} ms of its worker's",
            way.aim,
        )


def latency() -> Row:
    """Measure how long a submission takes at a steady rate while every process computes."""
    with _running_service("bench.busy_work") as ours:
        found: dict[Call, list[float]] = {SUBMISSION: [], PROBE: []}
        for _ in range(2):
            for call, times in found.items():
                times.extend(latencies(ours.url, call, RATE, LATENCY_SECONDS, LATENCY_CONNECTIONS))
    submit, probe = (
        [_percentile(times, percent) for percent in (50, 99)] for times in found.values()
    )
    return Row(
        "submit latency",
        f"POST /api/v1/jobs {RATE:.0f} times a second while {PROCESSES} worker processes compute; "
        "against GET /livez at the same rate",
        f"p50 {show_seconds(submit[0])}, p99 {show_seconds(submit[1])} against "
        f"p50 {show_seconds(probe[0])}, p99 {show_seconds(probe[1])}",
        submit[0] / probe[0],
        "the API's turn on cores that the worker's processes use all the time",
    )


@contextmanager
def _running_service(app: str) -> Iterator[Service]:
    settings = {
        "SOW_QWEN3_ALIGNER": "dtw",
        "SOW_QWEN3_R2_BUCKET": "bench",
        "SOW_QWEN3_MAX_WAITING_JOBS": "100000",
    }
    with service(**settings) as made:
        api, worker = made.start_api(), made.start_worker(app)
        made.wait_for("/readyz", api)
        made.wait_for("/health", worker, PROCESSES)
        say(f"{app} is ready")
        yield made


@contextmanager
def running_bare_celery(beside: Service, database: int, way: Bare) -> Iterator[Celery]:
    """Run bare Celery's worker on a database of the service's Redis, from its first task on.

    Gives the application to send tasks with.
    """
    url = beside.redis_url.removesuffix("0") + str(database)
    results = url if way.read else ""
    beside.settings.update({BROKER_VARIABLE: url, RESULTS_VARIABLE: results})
    command = python("celery", "-A", "bench.bare_celery", "worker", "-P", "prefork")
    name = f"bare{database}@bench"
    program = beside.start("bare", [*command, "-c", str(PROCESSES), "-n", name, *way.options])
    bare = Celery("bare", broker=url, backend=results or None)
    _do_nothing(bare, 1, way)
    try:
        yield bare
    finally:
        beside.end(program)


def _cpu(made: Service) -> list[float]:
    """Tell what the API's, the worker's and each bare Celery's processes have used (seconds)."""
    return [cpu_seconds(program.pid) for program in made.programs]


def _do_jobs(ours: Service, jobs: int) -> float:
    begun = time.perf_counter()
    made = send_all(ours.url, [SUBMISSION] * jobs, CONNECTIONS)
    submitted = time.perf_counter()
    ids = [json.loads(body)["id"] for body in made]
    results = [Call("GET", f"/api/v1/jobs/{job_id}/result", None, 200, 409) for job_id in ids]
    send_all(ours.url, results, CONNECTIONS)
    ended = time.perf_counter()
    say(f"{jobs} jobs: {submitted - begun:.2f} s until submitted, {ended - begun:.2f} s until read")
    return ended - begun


def _do_nothing(bare: Celery, tasks: int, way: Bare) -> float:
    bare.conf.task_send_sent_event = way.watched
    redis = Redis.from_url(bare.conf.broker_url)
    begun = time.perf_counter()
    sent = [bare.send_task("nothing", args=[str(number)]) for number in range(tasks)]
    all_sent = time.perf_counter()
    if way.read:
        for result in sent:
            result.get(timeout=LONGEST_SECONDS)
    else:
        _wait(lambda: not (redis.llen("celery") or redis.hlen("unacked")), "the tasks are done")
    ended = time.perf_counter()
    # results in reference cycles give their subscription back when they are collected: now, while
    # their Redis is there
    del sent
    gc.collect()
    say(
        f"{tasks} bare tasks {way.described}: {all_sent - begun:.2f} s until sent, "
        f"{ended - begun:.2f} s until done"
    )
    return ended - begun


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain until {what}")
        time.sleep(LOOK_SECONDS)


def _percentile(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
