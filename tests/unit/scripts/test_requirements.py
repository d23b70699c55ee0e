import subprocess
import sys


def required(*extras: str) -> set[str]:
    command = [sys.executable, "scripts/requirements.py", *extras]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.partition("==")[0] for line in listed.splitlines()}


def test_an_extra_brings_the_extras_that_it_names_but_not_the_client() -> None:
    names = required("api")
    assert {"fastapi", "redis[hiredis]", "celery[redis]"} <= names
    assert not {"typer", "rich", "sow-qwen3[shared]"} & names


def test_neither_the_api_nor_flower_needs_torch_or_numpy() -> None:
    assert not {"torch", "qwen-asr", "numpy"} & required("api", "flower")


def test_torch_stands_on_a_line_of_its_own_for_the_image_to_find() -> None:
    assert "torch" in required("worker", "qwen3")
