"""Loading the aligner that the settings name."""

from shared.settings import Settings
from worker.aligners.base import Aligner
from worker.device import threads_per_process


def load_aligner(settings: Settings) -> Aligner:
    """Load the aligner of the settings; raises with a message for the operator when it cannot."""
    if settings.aligner == "dtw":
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - for `dtw` alone

        from worker.aligners.dtw import DtwAligner  # noqa: PLC0415 - for `dtw` alone

        # NumPy would take every core in every process: two jobs at once then take 1.8 times as long
        threadpool_limits(threads_per_process(settings.max_concurrent))
        return DtwAligner()
    from worker.aligners.qwen3 import Qwen3Aligner  # noqa: PLC0415 - torch takes seconds and 200 MB

    return Qwen3Aligner.load(settings)
