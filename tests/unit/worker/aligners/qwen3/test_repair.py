"""Repaired times are what qwen-asr's own repair makes of them."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qwen_asr import Qwen3ForcedAligner

from worker.aligners.qwen3.repair import repair

BIN_MS = 80

bins = st.one_of(
    st.lists(st.integers(0, 8), max_size=60),
    st.lists(st.integers(0, 5_000), max_size=60),
    # nearly right, as a model's answer is: rising, with a few times out of place
    st.lists(st.tuples(st.integers(0, 5), st.integers(-40, 40)), max_size=60).map(
        lambda steps: [
            max(0, index * 2 + step + (jump if jump % 5 == 0 else 0))
            for index, (step, jump) in enumerate(steps)
        ]
    ),
)


@settings(max_examples=3_000, deadline=None, derandomize=True)
@given(bins)
@example([5, 5, 5])
@example([9, 1, 2, 3, 0])
@example([3, 2, 1])
def test_any_times_are_repaired_as_the_package_repairs_them(
    package: Qwen3ForcedAligner, times: list[int]
) -> None:
    milliseconds = np.array(times, dtype=np.float32) * BIN_MS
    expected = package.aligner_processor.fix_timestamp(milliseconds) if times else []
    assert repair(milliseconds.tolist()) == expected


def test_a_song_s_worth_of_times_is_repaired_in_one_sweep() -> None:
    random = np.random.default_rng(0)
    times = (np.arange(40_000) * 10 + random.integers(-300, 300, 40_000)).tolist()
    repaired = repair(times)
    assert len(repaired) == len(times)
    assert repaired == sorted(repaired)
