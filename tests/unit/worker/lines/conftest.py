from collections.abc import Callable

import pytest

from shared.languages import Language

Split = Callable[[str, Language], list[str]]


@pytest.fixture(scope="session")
def split() -> Split:
    """Give the splitter that `qwen3` uses, which is the package's own."""
    from qwen_asr.inference.qwen3_forced_aligner import (  # noqa: PLC0415 - it takes seconds to import
        Qwen3ForceAlignProcessor,
    )

    processor = Qwen3ForceAlignProcessor()
    return lambda line, language: processor.encode_timestamp(line, language.value)[0]
