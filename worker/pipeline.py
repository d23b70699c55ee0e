"""One job's way through a worker: fetch, decode, align, lines."""

import hashlib
import json
import time
from contextlib import suppress
from typing import NamedTuple

import structlog

from shared.job import JobRequest, Stage
from shared.problems import Problem
from shared.result import Result
from shared.settings import Settings
from shared.store import JobStore
from shared.version import VERSION
from worker.aligners.base import Aligner
from worker.audio.decode import load_samples
from worker.audio.fetch import FetchedAudio, fetch
from worker.language import detect_language
from worker.lines.confidence import thresholds
from worker.lines.mapping import plan_lines
from worker.lines.outcome import make_result
from worker.process.hold import Hold

log = structlog.get_logger()

FETCH_PAUSES = (1.0, 4.0)
"""How long to pause before a store that did not answer is asked again (seconds)."""


class Outcome(NamedTuple):
    """What a job came to."""

    result: Result
    key: str | None
    """Stands for all that the result depends on; None where it was kept under that already."""


def align_job(
    request: JobRequest, aligner: Aligner, settings: Settings, store: JobStore, hold: Hold
) -> Outcome:
    """Do all of a job but writing its result down.

    What was asked before, of the same audio in the same settings, is given again from the store.

    Raises `Problem` for what is wrong with it, and `NotOursError` once it is not this attempt's.
    """
    language = request.language or detect_language(request.lyrics_text)
    plan = plan_lines(request.lyrics_text, lambda line: aligner.split(line, language))
    fetched = _fetch(request.audio, settings, hold)
    limits = thresholds(settings, aligner.name)
    key = _key(fetched.sha256, request.lyrics_text, language, aligner.version, VERSION, *limits)
    with fetched:
        known = _kept(store, key)
        if known:
            log.info("the same was asked before: its result is given again")
            return Outcome(known, None)
        # fetching and decoding keep their own time limits, so the process need not end for them
        hold.move_to(Stage.DECODING)
        audio = load_samples(fetched.path, settings)
    hold.move_to(Stage.ALIGNING, settings.align_timeout_seconds)
    aligned = aligner.align(audio.samples, plan.sung, language, hold.progress)
    hold.move_to(Stage.WRITING)
    result = make_result(
        plan,
        aligned,
        audio.samples,
        language=language,
        aligner=aligner.name,
        thresholds=limits,
    )
    return Outcome(result, key)


def _key(*parts: str | float | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _kept(store: JobStore, key: str) -> Result | None:
    with suppress(Problem):
        return store.kept_result(key)
    return None


def _fetch(audio: str, settings: Settings, hold: Hold) -> FetchedAudio:
    for pause in FETCH_PAUSES:
        try:
            return fetch(audio, settings)
        except Problem as problem:
            if not problem.kind.passing:
                raise
            log.info("the audio's store does not answer; trying again", detail=problem.detail)
        _sleep(pause, hold)
    return fetch(audio, settings)


def _sleep(seconds: float, hold: Hold) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        hold.progress(0.0)
        time.sleep(0.2)
