import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.result import Line, Word
from worker.aligners.base import SAMPLE_RATE, Samples
from worker.lines.silence import find_silences, settle_starts


def audio(*stretches: tuple[float, float]) -> Samples:
    """Noise and silence by turns: (seconds, loudness) each."""
    random = np.random.default_rng(1)
    return np.concatenate(
        [
            loudness * random.uniform(-1, 1, round(seconds * SAMPLE_RATE)).astype(np.float32)
            for seconds, loudness in stretches
        ]
    )


def sung(*places: tuple[float, float]) -> Line:
    words = tuple(Word(f"word{i}", *place) for i, place in enumerate(places))
    return Line(text="la", start=places[0][0], end=places[-1][1], words=words)


def starts(lines: list[Line]) -> list[float]:
    return [round(line.start, 2) for line in lines]


GAP = audio((10, 0.1), (20, 0), (10, 0.1))
"""Ten seconds of sound, twenty of silence, ten of sound."""


def test_silences_are_found_with_their_bounds_except_the_one_at_the_end() -> None:
    samples = audio((5, 0), (1, 0.1), (0.5, 0), (1, 0.1), (20, 0), (1, 0.1), (60, 0))
    found = [(round(one.start, 2), round(one.end, 2)) for one in find_silences(samples)]
    assert found == [(0.0, 5.0), (7.5, 27.5)]


def test_traces_of_sound_below_hearing_are_silence_and_a_quiet_room_is_not() -> None:
    assert len(find_silences(audio((1, 0.1), (5, 0.0001), (1, 0.1)))) == 1
    assert find_silences(audio((1, 0.1), (5, 0.001), (1, 0.1))) == []


@pytest.mark.parametrize("samples", [audio((3, 0)), audio((0, 0)), audio((0.005, 0.1))])
def test_audio_without_any_sound_has_no_silence_before_one(samples: Samples) -> None:
    assert find_silences(samples) == []


def test_a_line_that_begins_in_silence_is_moved_to_the_sound_after_it() -> None:
    lines = [sung((2, 3)), sung((15, 31), (31, 32))]
    settled = settle_starts(lines, GAP)
    assert starts(settled) == [2, 30]
    assert [line.moved for line in settled] == [False, True]
    assert settled[1].end == 32
    assert settled[1].words == lines[1].words


def test_leading_silence_does_not_hold_the_first_line_at_zero() -> None:
    lines = [sung((0, 0.08), (10.2, 10.5)), sung((12, 13))]
    assert starts(settle_starts(lines, audio((10, 0), (5, 0.1)))) == [10, 12]


def test_a_line_that_lies_wholly_in_silence_moves_only_if_the_next_one_leaves_room() -> None:
    alone = [sung((2, 3)), sung((12, 13)), sung((31, 32))]
    assert starts(settle_starts(alone, GAP)) == [2, 30, 31]
    crowded = [sung((2, 3)), sung((12, 13)), sung((14, 15)), sung((29.9, 32))]
    assert starts(settle_starts(crowded, GAP)) == [2, 12, 14, 30]
    last = [sung((2, 3)), sung((12, 13))]
    assert settle_starts(last, GAP)[1].end == pytest.approx(30)


def test_a_start_just_before_a_silence_moves_when_its_word_goes_on_past_it() -> None:
    assert starts(settle_starts([sung((9.95, 30.5))], GAP)) == [30]
    assert starts(settle_starts([sung((9.95, 10.0), (30.1, 30.5))], GAP)) == [9.95]
    assert starts(settle_starts([sung((9.5, 30.5))], GAP)) == [9.5]


def test_a_line_in_the_silence_at_the_end_stays_for_no_sound_follows() -> None:
    lines = [sung((2, 3)), sung((15, 16))]
    assert settle_starts(lines, audio((10, 0.1), (10, 0))) == lines


def test_a_line_that_is_not_sung_is_left_to_its_neighbours() -> None:
    mark = Line(text="[Chorus]", start=15, end=15, sung=False)
    assert settle_starts([mark, sung((16, 31))], GAP)[0] == mark


def test_nothing_changes_where_there_is_no_gap() -> None:
    speech = audio(*[(0.6, 0.1), (0.4, 0)] * 20)
    lines = [sung((start, start + 1.5)) for start in np.arange(0.7, 18, 1.3)]
    assert settle_starts(lines, speech) == lines


places = st.lists(
    st.tuples(st.floats(0, 40, allow_subnormal=False), st.floats(0, 8, allow_subnormal=False)),
    min_size=1,
    max_size=12,
).map(sorted)


@given(places, st.sampled_from([GAP, audio((12, 0), (3, 0.1), (5, 0), (20, 0.1))]))
def test_starts_stay_in_order_and_only_move_later_to_where_a_sound_begins(
    places: list[tuple[float, float]], samples: Samples
) -> None:
    lines = [sung((start, min(start + length, 40.0))) for start, length in places]
    settled = settle_starts(lines, samples)
    assert starts(settled) == sorted(starts(settled))
    onsets = [silence.end for silence in find_silences(samples)]
    for before, after in zip(lines, settled, strict=True):
        assert after.words == before.words
        assert after.start <= after.end
        if after.moved:
            assert after.start > before.start
            assert after.start in onsets
        else:
            assert after == before
