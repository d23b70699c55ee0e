import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.aligners.dtw.score import scores

# Not st.floats: it needs subnormal numbers, which nagisa's library turns off in its process.
GAINS = st.lists(st.integers(-200, 200).map(lambda percent: percent / 100), max_size=30)


@given(GAINS, GAINS)
def test_every_word_has_a_log_probability(gains: list[float], chance: list[float]) -> None:
    scored = scores(gains, chance)
    assert len(scored) == len(gains)
    assert all(-10 < score < 0 for score in scored)


def test_words_that_match_as_chance_does_score_worse_than_better_ones() -> None:
    chance = [-0.1, 0.0, 0.1] * 10
    (by_chance,), (better,) = scores([0.0], chance), scores([0.3], chance)
    assert by_chance < -1.2
    assert better > -0.2


def test_a_word_without_a_place_scores_below_all_others() -> None:
    chance = [-0.1, 0.0, 0.1] * 10
    assert scores([None], chance) == pytest.approx(scores([-2.0], chance))


def test_a_word_is_judged_with_its_neighbours() -> None:
    chance = [-0.1, 0.0, 0.1] * 10
    assert scores([0.3, 0.0, 0.3], chance)[1] > scores([0.0, 0.0, 0.0], chance)[1]
