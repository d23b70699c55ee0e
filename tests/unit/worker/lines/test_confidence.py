import pytest

from shared.result import Word
from shared.settings import Settings
from worker.lines.confidence import Thresholds, is_below, mean_score, thresholds


def test_a_mean_is_over_the_words_that_have_a_score() -> None:
    assert mean_score([Word("a", 0, 1, -0.1), Word("b", 1, 2, -0.3)]) == pytest.approx(-0.2)
    assert mean_score([Word("a", 0, 1, -0.1), Word("b", 1, 2)]) == pytest.approx(-0.1)


def test_without_scores_there_is_no_mean_and_no_verdict() -> None:
    assert mean_score([]) is None
    assert mean_score([Word("a", 0, 1)]) is None
    assert is_below(None, -1.0) is None
    assert is_below(-1.0, None) is None


def test_a_verdict_is_given_below_the_threshold() -> None:
    assert is_below(-1.6, -1.5) is True
    assert is_below(-1.5, -1.5) is False


def test_what_is_known_of_the_model_lies_on_its_side_of_the_thresholds() -> None:
    known = thresholds(Settings(), "qwen3")
    for match in (-0.05, -0.36):
        assert is_below(match, known.review) is False
        assert is_below(match, known.mismatch) is False
    assert is_below(-1.51, known.review) is True
    assert is_below(-1.51, known.mismatch) is True


def test_thresholds_that_are_set_come_before_the_aligners_own() -> None:
    assert thresholds(Settings(review_score=-0.4), "qwen3") == Thresholds(-0.4, -1.5)
    assert thresholds(Settings(mismatch_score=-2), "unknown") == Thresholds(None, -2)
