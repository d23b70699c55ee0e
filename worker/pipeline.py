"""One job's way through a worker: fetch, decode, align, lines."""

import time

import structlog

from shared.job import JobRequest, Stage
from shared.problems import Problem
from shared.result import Result
from shared.settings import Settings
from shared.store import ResultCache
from shared.store.results import result_key
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


def align_job(
    request: JobRequest, aligner: Aligner, settings: Settings, cache: ResultCache, hold: Hold
) -> Result:
    """Do all of a job but writing its result down.

    What was asked before, of the same audio in the same settings, is taken from `cache`.

    Raises `Problem` for what is wrong with it, and `NotOursError` once it is not this attempt's.
    """
    language = request.language or detect_language(request.lyrics_text)
    plan = plan_lines(request.lyrics_text, lambda line: aligner.split(line, language))
    # fetching and decoding keep their own time limits, so the process need not end for them
    with hold.at(Stage.FETCHING):
        fetched = _fetch(request.audio, settings, hold)
    limits = thresholds(settings, aligner.name)
    key = result_key(
        fetched.sha256, request.lyrics_text, language, aligner.version, VERSION, *limits
    )
    with fetched:
        known = cache.get(key)
        if known:
            log.info("the same was asked before: its result is given again")
            return known
        with hold.at(Stage.DECODING):
            audio = load_samples(fetched.path, settings)
    with hold.at(Stage.ALIGNING, settings.align_timeout_seconds):
        aligned = aligner.align(audio.samples, plan.sung, language, hold.progress)
    result = make_result(
        plan,
        aligned,
        audio.samples,
        language=language,
        aligner=aligner.name,
        thresholds=limits,
    )
    cache.put(key, hold.job_id, result)
    return result


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
