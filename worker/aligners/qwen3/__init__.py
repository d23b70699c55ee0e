"""The `qwen3` aligner, on Qwen3-ForcedAligner's weights. Importing it imports torch."""

from worker.aligners.qwen3.aligner import Qwen3Aligner
from worker.aligners.qwen3.checkpoint import UnusableModelError

__all__ = ["Qwen3Aligner", "UnusableModelError"]
