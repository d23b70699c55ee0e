"""Loading the aligner that the settings name."""

from shared.settings import Settings
from worker.aligners.base import Aligner


def load_aligner(settings: Settings) -> Aligner:
    """Load the aligner of the settings; raises with a message for the operator when it cannot."""
    # Each engine is imported only where it is used: torch alone takes seconds and 200 MB.
    if settings.aligner == "dtw":
        from worker.aligners.dtw import DtwAligner  # noqa: PLC0415 - as above

        return DtwAligner()
    from worker.aligners.qwen3 import Qwen3Aligner  # noqa: PLC0415 - as above

    return Qwen3Aligner.load(settings)
