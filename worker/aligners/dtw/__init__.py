"""The `dtw` aligner: no weights, espeak-ng's voice warped onto the recording."""

from worker.aligners.dtw.aligner import DtwAligner

__all__ = ["DtwAligner"]
