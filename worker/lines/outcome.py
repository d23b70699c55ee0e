"""The whole way from aligned words to a result."""

from collections.abc import Sequence

from shared.languages import Language
from shared.result import Result
from worker.aligners.base import SAMPLE_RATE, AlignedWord, Samples
from worker.lines.confidence import Thresholds, is_below, mean_score
from worker.lines.mapping import Plan, place_lines, place_unsung
from worker.lines.silence import settle_starts


def make_result(  # noqa: PLR0913 - a result is made of just these
    plan: Plan,
    aligned: Sequence[AlignedWord],
    samples: Samples,
    *,
    language: Language,
    aligner: str,
    thresholds: Thresholds,
) -> Result:
    """Make a job's result: lines in their places, settled against silence, and judged.

    `aligned` is what the aligner gave for `plan.sung` on `samples`.
    """
    duration = len(samples) / SAMPLE_RATE
    lines = settle_starts(place_lines(plan, aligned, duration), samples)
    judged = []
    for line in place_unsung(lines, duration):
        score = mean_score(line.words)
        verdict = {"score": score, "needs_review": is_below(score, thresholds.review)}
        judged.append(line.model_copy(update=verdict))
    score = mean_score(word for line in judged for word in line.words)
    return Result(
        duration_seconds=duration,
        language=language,
        aligner=aligner,
        score=score,
        mismatch=is_below(score, thresholds.mismatch),
        lines=tuple(judged),
    )
