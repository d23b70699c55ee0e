import pytest

from shared.settings import Settings, get_settings


def test_a_wrong_value_stops_the_start_with_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOW_QWEN3_MAX_CONCURRENT", "none")
    get_settings.cache_clear()
    with pytest.raises(SystemExit) as caught:
        get_settings()
    get_settings.cache_clear()
    assert str(caught.value).startswith("SOW_QWEN3_MAX_CONCURRENT: ")
    assert "\n" not in str(caught.value)


def test_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOW_QWEN3_ALLOWED_HOSTS", "app.internal:8080, hooks.internal,")
    assert Settings().allowed_hosts == ("app.internal:8080", "hooks.internal")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOW_QWEN3_ALIGNER", "")
    assert Settings().aligner == "qwen3"


def test_secrets_do_not_show() -> None:
    assert "hidden" not in repr(Settings(api_key="hidden", webhook_secret="hidden"))
