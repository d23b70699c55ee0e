import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.sow_qwen3.stand_in import StandIn

ROOT = Path(__file__).parents[3]

Finished = subprocess.CompletedProcess[str]
RunCli = Callable[..., Finished]


@pytest.fixture
def api() -> Iterator[StandIn]:
    """The API's stand-in."""
    server = StandIn()
    yield server
    server.close()


@pytest.fixture
def environment(api: StandIn, tmp_path: Path) -> dict[str, str]:
    """The environment of a command line that talks to the stand-in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SOW_QWEN3_")}
    return clean | {
        "SOW_QWEN3_URL": api.url,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp_path),
        "COLUMNS": "100",
    }


@pytest.fixture
def run_cli(environment: dict[str, str]) -> RunCli:
    """Run the real command line in a process of its own; its output goes into pipes."""

    def run(*arguments: str | Path, stdin: str = "", **variables: str) -> Finished:
        return subprocess.run(
            [sys.executable, "-m", "sow_qwen3", *map(str, arguments)],
            env=environment | variables,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A file that stands for a song; the stand-in does not listen to it."""
    path = tmp_path / "霧 song.mp3"
    path.write_bytes(bytes(range(256)) * 300)
    return path


@pytest.fixture
def lyrics(tmp_path: Path) -> Path:
    path = tmp_path / "song.txt"
    path.write_text("First line\n第二行\n", encoding="utf-8")
    return path
