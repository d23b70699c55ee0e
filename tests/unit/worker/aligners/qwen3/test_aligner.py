"""The aligner gives qwen-asr's words and times, a score a word, and can be stopped."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from qwen_asr import Qwen3ForcedAligner

from shared.languages import Language
from shared.problems import AUDIO_TOO_LONG, Problem
from tests.support.package_attention import use_block_mask
from tests.support.threads import torch_threads
from worker.aligners.base import SAMPLE_RATE, Samples
from worker.aligners.qwen3 import Qwen3Aligner
from worker.aligners.qwen3.encoder import Attention

LYRICS = {
    Language.CHINESE: "奇異恩典，何等甘甜！我罪已得赦免 Hallelujah 前我失喪（今被尋回）",
    Language.CANTONESE: "世事如棋局局新 願主同行到永遠，阿們。",
    Language.ENGLISH: "Amazing grace, how sweet the sound — that saved a well-known wretch; don't",
    Language.FRENCH: "Ô nuit d'amour, belle nuit ! Souris à nos ivresses où l'été s'élève",
    Language.GERMAN: "Großer Gott, wir loben dich; Herr, wir preisen deine Stärke, über alles",
    Language.ITALIAN: "Va', pensiero, sull'ali dorate; va', ti posa sui clivi, perché è così",
    Language.JAPANESE: "君が代は千代に八千代に さざれ石の巌となりて、苔のむすまで。アメイジング",
    Language.KOREAN: "나 같은 죄인 살리신 주 은혜 놀라워, 잃었던 생명을 찾았고 광명을 얻었네!",
    Language.PORTUGUESE: "Ó pátria amada, coração; não há canção que não traga emoção",
    Language.RUSSIAN: "Вечерний звон, вечерний звон! Как много дум наводит он…",
    Language.SPANISH: "¡Adiós, corazón! Mañana será otro día, ¿quién sabe?, mi niña 3.14",
}
"""A line of public-domain or made-up lyrics a language, with what its splitter must deal with."""


def draw_samples(seconds: float, seed: int) -> Samples:
    """Make sounds that change every half second, as a voice does."""
    random = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    syllable = (time * 2).astype(int)
    pitch = random.uniform(80, 2_000, syllable.max() + 1)[syllable]
    loudness = random.uniform(0, 0.5, syllable.max() + 1)[syllable]
    noise = random.standard_normal(count) * 0.02
    return (np.sin(2 * np.pi * pitch * time) * loudness + noise).astype(np.float32)


@st.composite
def lyrics(draw: st.DrawFn) -> tuple[str, Language]:
    """Some line in some language: cut, repeated, or with anything at all thrown in."""
    language = draw(st.sampled_from(list(Language)))
    line = LYRICS[language]
    start = draw(st.integers(0, len(line) - 2))
    end = draw(st.integers(start + 2, len(line)))
    foreign = draw(st.one_of(st.just(""), st.text(max_size=12)))
    return line[start:end] * draw(st.integers(1, 3)) + " " + foreign, language


@pytest.fixture(params=["windows", "package"])
def attention(request: pytest.FixtureRequest, reference: Qwen3ForcedAligner) -> Iterator[Attention]:
    """Each attention, with the package's own model set to it: windows as a mask."""
    if request.param == "windows":
        use_block_mask(reference)
    yield request.param
    reference.model.thinker.audio_tower.set_attn_implementation("sdpa")


def test_words_and_times_are_the_package_s_in_every_language(
    attention: Attention,
    package: Qwen3ForcedAligner,
    reference: Qwen3ForcedAligner,
    silent: Callable[[float], None],
) -> None:
    aligner = Qwen3Aligner(package, attention, "test")
    compared: list[int] = []

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(lyrics(), st.floats(0.02, 24), st.integers(0, 1_000), st.integers(1, 3))
    def compare(lyrics: tuple[str, Language], seconds: float, seed: int, threads: int) -> None:
        line, language = lyrics
        words = aligner.split(line, language)
        if not words:
            return
        samples = draw_samples(seconds, seed)
        (items,) = reference.align((samples, SAMPLE_RATE), line, language.value)
        with torch_threads(threads):
            times, _ = aligner.place(samples, words, silent)
        assert words == [item.text for item in items]
        assert [time / 1000 for time in times] == [
            time for item in items for time in (item.start_time, item.end_time)
        ]
        compared.append(len(words))

    compare()
    assert len(compared) > 80


def test_several_lines_are_placed_as_one_text(
    aligner: Qwen3Aligner, reference: Qwen3ForcedAligner, silent: Callable[[float], None]
) -> None:
    text = ["Amazing grace how sweet the sound", "That saved a wretch like me"]
    lines = [aligner.split(line, Language.ENGLISH) for line in text]
    samples = draw_samples(7, 0)  # within one window: the attentions are the same
    placed = aligner.align(samples, lines, Language.ENGLISH, silent)
    (items,) = reference.align((samples, SAMPLE_RATE), "\n".join(text), "English")
    assert [word.text for word in placed] == [item.text for item in items]
    assert [(word.start, word.end) for word in placed] == [
        (min(item.start_time, 7), min(item.end_time, 7)) for item in items
    ]


def test_the_windows_matter_past_eight_seconds_and_only_there(
    package: Qwen3ForcedAligner, silent: Callable[[float], None]
) -> None:
    words = ["one"] * 60
    windows, whole = (Qwen3Aligner(package, kind, "test") for kind in ("windows", "package"))
    short, long = draw_samples(7.9, 1), draw_samples(24, 1)
    assert windows.place(short, words, silent) == whole.place(short, words, silent)
    assert windows.place(long, words, silent) != whole.place(long, words, silent)


def test_a_score_is_the_mean_log_probability_of_the_chosen_start_and_end(
    aligner: Qwen3Aligner, reference: Qwen3ForcedAligner, silent: Callable[[float], None]
) -> None:
    samples = draw_samples(6, 2)
    words = aligner.split(LYRICS[Language.ENGLISH], Language.ENGLISH)
    seen: dict[str, torch.Tensor] = {}
    thinker = reference.model.thinker
    hooks = [
        thinker.register_forward_pre_hook(
            lambda _, __, inputs: seen.update(tokens=inputs["input_ids"][0]), with_kwargs=True
        ),
        thinker.lm_head.register_forward_hook(lambda _, __, out: seen.update(logits=out[0])),
    ]
    reference.align((samples, SAMPLE_RATE), LYRICS[Language.ENGLISH], "English")
    for hook in hooks:
        hook.remove()
    likelihoods = seen["logits"][seen["tokens"] == reference.timestamp_token_id].log_softmax(-1)
    expected = likelihoods.max(-1).values.view(-1, 2).mean(1)
    placed = aligner.align(samples, [words], Language.ENGLISH, silent)
    assert [word.score for word in placed] == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_smaller_number_types_place_every_word_too(
    package: Qwen3ForcedAligner, dtype: torch.dtype, silent: Callable[[float], None]
) -> None:
    words = ["one", "two", "three"]
    try:
        package.model.to(dtype)
        times, scores = Qwen3Aligner(package, "windows", "test").place(
            draw_samples(20, 3), words, silent
        )
    finally:
        package.model.to(torch.float32)
    assert len(times) == 6
    assert times == sorted(times)
    assert all(score < 0 for score in scores)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("attention", ["windows", "package"])
def test_it_makes_no_difference_which_thread_takes_which_block(
    package: Qwen3ForcedAligner,
    attention: Attention,
    dtype: torch.dtype,
    silent: Callable[[float], None],
) -> None:
    samples, words = draw_samples(70, 3), ["one", "two", "three"] * 30
    try:
        package.model.to(dtype)
        aligner = Qwen3Aligner(package, attention, "test")
        with torch_threads(3):
            first, *others = [aligner.place(samples, words, silent) for _ in range(4)]
    finally:
        package.model.to(torch.float32)
    assert others == [first] * 3


@pytest.mark.parametrize("seconds", [0, 0.001, 0.05, 0.3, 1])
def test_audio_however_short_holds_its_words(
    aligner: Qwen3Aligner, seconds: float, silent: Callable[[float], None]
) -> None:
    samples = draw_samples(1, 0)[: round(seconds * SAMPLE_RATE)]
    placed = aligner.align(samples, [["one", "two"]], Language.ENGLISH, silent)
    assert [word.text for word in placed] == ["one", "two"]
    assert all(0 <= word.start <= word.end <= seconds for word in placed)


def test_no_words_need_no_model(aligner: Qwen3Aligner, silent: Callable[[float], None]) -> None:
    assert aligner.align(draw_samples(1, 0), [], Language.ENGLISH, silent) == []


def test_audio_past_the_model_s_last_bin_is_refused(
    aligner: Qwen3Aligner, silent: Callable[[float], None]
) -> None:
    samples = np.zeros(401 * SAMPLE_RATE, dtype=np.float32)
    with pytest.raises(Problem, match="first 400 s") as caught:
        aligner.align(samples, [["one"]], Language.ENGLISH, silent)
    assert caught.value.kind is AUDIO_TOO_LONG


def test_progress_rises_to_one_with_a_step_a_layer(
    aligner: Qwen3Aligner, package: Qwen3ForcedAligner
) -> None:
    told: list[float] = []
    aligner.align(draw_samples(3, 0), [["one"]], Language.ENGLISH, told.append)
    thinker = package.model.thinker
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len(set(told)) > len(thinker.audio_tower.layers) + len(thinker.model.layers)


@pytest.mark.parametrize("step", range(5))
def test_progress_that_raises_stops_the_alignment_there(aligner: Qwen3Aligner, step: int) -> None:
    told: list[float] = []

    def cancel(done: float) -> None:
        told.append(done)
        if len(told) > step:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        aligner.align(draw_samples(3, 0), [["one"]], Language.ENGLISH, cancel)
    assert len(told) == step + 1


@pytest.mark.parametrize("line", ["", "  ", "…!?", "''", "—", "♪ ♪"])
@pytest.mark.parametrize("language", list(Language))
def test_a_line_with_nothing_to_sing_has_no_words(
    aligner: Qwen3Aligner, line: str, language: Language
) -> None:
    assert aligner.split(line, language) == []


def test_samples_are_left_as_they_were(
    aligner: Qwen3Aligner, silent: Callable[[float], None]
) -> None:
    samples = draw_samples(2, 0)
    before = samples.copy()
    samples.flags.writeable = False
    aligner.align(samples, [["one"]], Language.ENGLISH, silent)
    assert np.array_equal(samples, before)
