import socket
from pathlib import Path

import pytest

from scripts.run import chosen_port, describe_aligner, only_one
from scripts.stack import HOST, Ports, StackError, make_plan


def plan(**environment: str) -> dict[str, str]:
    ports = Ports(api=8000, flower=5555, redis=None)
    return dict(make_plan(environment, ports, data=Path("data"), logs=Path("logs")).settings)


def test_dtw_works_unless_a_model_or_an_aligner_is_named() -> None:
    assert plan()["SOW_QWEN3_ALIGNER"] == "dtw"
    assert plan(SOW_QWEN3_MODEL_PATH="/m")["SOW_QWEN3_ALIGNER"] == "qwen3"
    assert plan(SOW_QWEN3_ALIGNER="qwen3")["SOW_QWEN3_ALIGNER"] == "qwen3"
    named_both = plan(SOW_QWEN3_ALIGNER="dtw", SOW_QWEN3_MODEL_PATH="/m")
    assert named_both["SOW_QWEN3_ALIGNER"] == "dtw"


def test_the_choice_of_aligner_is_one_line() -> None:
    assert describe_aligner(plan()).startswith("dtw")
    assert describe_aligner(plan(SOW_QWEN3_MODEL_PATH="/m")) == "qwen3, model /m"


def test_settings_of_the_environment_are_honoured_before_the_plans_own() -> None:
    settings = plan(SOW_QWEN3_CACHE_DIR="/c", SOW_QWEN3_PUBLIC_URL="https://a.example")
    assert settings["SOW_QWEN3_CACHE_DIR"] == "/c"
    assert settings["SOW_QWEN3_PUBLIC_URL"] == "https://a.example"


def test_an_empty_setting_is_none() -> None:
    assert plan(SOW_QWEN3_MODEL_PATH="")["SOW_QWEN3_ALIGNER"] == "dtw"
    assert "SOW_QWEN3_API_KEY" not in plan(SOW_QWEN3_API_KEY="")


def test_a_taken_port_is_refused_with_the_command_to_write() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} is taken.* API_PORT={port + 1}"):
            chosen_port({"API_PORT": str(port)}, "API_PORT", 8000)


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(StackError, match="FLOWER_PORT must be a port's number"):
        chosen_port({"FLOWER_PORT": text}, "FLOWER_PORT", 5555)


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(StackError, match="up already"), only_one(tmp_path):
        pass
