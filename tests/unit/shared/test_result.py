from shared.languages import Language
from shared.result import Line, Result, Word


def make_result() -> Result:
    words = (Word("Amazing", 1 / 3, 0.9, -0.1), Word("grace", 0.9, 1.3))
    return Result(
        duration_seconds=12.3456789,
        language=Language.ENGLISH,
        aligner="qwen3",
        score=-0.1,
        mismatch=False,
        lines=(
            Line(text="[Verse]", start=0.0, end=0.0, sung=False),
            Line(text="Amazing grace", start=1 / 3, end=1.3, score=-0.1, words=words),
        ),
    )


def test_a_stored_result_comes_back_as_it_was_to_the_last_digit() -> None:
    result = make_result()
    assert Result.model_validate_json(result.stored()) == result


def test_a_stored_word_is_an_array_so_that_a_record_stays_small() -> None:
    assert '["grace",0.9,1.3,null]' in make_result().stored()
