import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sow_qwen3 import doctor
from tests.unit.sow_qwen3 import stand_in
from tests.unit.sow_qwen3.conftest import RunCli
from tests.unit.sow_qwen3.stand_in import StandIn

PASSWORD = "p:w/ü"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    """A real Redis with a password, on a port of its own."""
    port = free_port()
    server = subprocess.Popen(
        [
            *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
            *("--requirepass", PASSWORD, "--dir", str(tmp_path)),
        ],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    yield port
    server.terminate()
    server.wait()


def verdicts(output: str) -> dict[str, str]:
    """Each line's verdict by its subject."""
    words = [line.split(maxsplit=2) for line in output.splitlines()]
    return {subject: verdict for verdict, subject, _ in words}


def the_line(output: str, subject: str) -> str:
    return next(line for line in output.splitlines() if line.split()[1] == subject)


def test_a_service_in_order_is_ok_all_over(run_cli: RunCli, redis_port: int) -> None:
    redis_url = f"redis://:p%3Aw%2F%C3%BC@127.0.0.1:{redis_port}/0"
    done = run_cli("doctor", SOW_QWEN3_REDIS_URL=redis_url)
    assert verdicts(done.stdout) == dict.fromkeys(
        ("Redis", "API", "workers", "model", "clock", "ffmpeg", "espeak-ng", "disk"), "ok"
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("login", "said"), [("", "NOAUTH"), (":wrong@", "WRONGPASS"), ("nobody:x@", "WRONGPASS")]
)
def test_a_redis_that_refuses_the_password_is_a_problem(
    run_cli: RunCli, redis_port: int, login: str, said: str
) -> None:
    done = run_cli("doctor", SOW_QWEN3_REDIS_URL=f"redis://{login}127.0.0.1:{redis_port}/0")
    assert done.returncode == 1
    line = the_line(done.stdout, "Redis")
    assert line.startswith("problem")
    assert said in line
    assert "put its password into SOW_QWEN3_REDIS_URL" in line


def test_a_redis_that_is_away_is_a_problem_where_its_address_is_set(run_cli: RunCli) -> None:
    port = free_port()
    done = run_cli("doctor", SOW_QWEN3_REDIS_URL=f"redis://:secret@127.0.0.1:{port}/0")
    assert done.returncode == 1
    assert the_line(done.stdout, "Redis") == (
        f"problem  Redis       127.0.0.1:{port} does not answer: Connection refused"
        " - start redis-server there, or correct SOW_QWEN3_REDIS_URL"
    )


def test_something_else_at_redis_address_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    done = run_cli("doctor", SOW_QWEN3_REDIS_URL=api.url.replace("http", "redis"))
    assert "does not speak Redis's protocol" in the_line(done.stdout, "Redis")


@pytest.mark.parametrize("url", ["http://:secret@here/0", "redis://:secret@here:x/0", "redis://["])
def test_a_redis_address_of_no_use_is_a_problem_that_does_not_show_it(
    run_cli: RunCli, url: str
) -> None:
    done = run_cli("doctor", SOW_QWEN3_REDIS_URL=url)
    assert the_line(done.stdout, "Redis").startswith("problem")
    assert "secret" not in done.stdout + done.stderr


def test_an_api_that_is_away_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    api.close()
    done = run_cli("doctor")
    assert done.returncode == 1
    assert "does not answer: Connection refused - start it" in the_line(done.stdout, "API")
    assert verdicts(done.stdout)["workers"] == "skipped"


def test_another_server_at_the_address_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    done = run_cli("doctor", "--url", f"{api.url}/elsewhere")
    assert done.returncode == 1
    assert "is not this service (HTTP 404)" in the_line(done.stdout, "API")


def test_an_api_without_redis_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    api.ready = False
    api.fail("GET /health", (503, {}))
    done = run_cli("doctor")
    assert done.returncode == 1
    assert "takes no jobs: Redis does not answer. - start Redis" in the_line(done.stdout, "API")
    assert verdicts(done.stdout)["workers"] == "skipped"


def test_a_key_that_the_service_refuses_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    api.api_key = "secret"
    done = run_cli("doctor")
    assert done.returncode == 1
    assert "set SOW_QWEN3_API_KEY" in the_line(done.stdout, "API")
    assert run_cli("doctor", SOW_QWEN3_API_KEY="secret").returncode == 0


def unhealthy(
    model: str, *workers: dict[str, object], reason: str
) -> tuple[int, dict[str, object]]:
    return 503, stand_in.HEALTHY | {
        "status": "unhealthy",
        "model": model,
        "device": None,
        "workers": list(workers),
        "reason": reason,
    }


def test_no_worker_is_a_problem(api: StandIn, run_cli: RunCli) -> None:
    api.health = unhealthy("absent", reason="No worker is running.")
    done = run_cli("doctor")
    assert done.returncode == 1
    assert "start a worker" in the_line(done.stdout, "workers")
    assert verdicts(done.stdout)["model"] == "skipped"


def test_a_model_that_cannot_be_loaded_is_a_problem_with_its_reason(
    api: StandIn, run_cli: RunCli
) -> None:
    worker = {"worker": "align@here", "index": 0, "state": "failed", "reason": "No folder."}
    api.health = unhealthy("failed", worker, reason="No folder.")
    done = run_cli("doctor")
    assert done.returncode == 1
    assert the_line(done.stdout, "model").startswith("problem  model       No folder. - put it")
    assert verdicts(done.stdout)["workers"] == "ok"


def test_a_model_that_is_being_loaded_is_a_problem_that_passes(
    api: StandIn, run_cli: RunCli
) -> None:
    worker = {"worker": "align@here", "index": 0, "state": "loading"}
    api.health = unhealthy("loading", worker, reason="Loading.")
    done = run_cli("doctor")
    assert done.returncode == 1
    assert "is being loaded - wait a little" in the_line(done.stdout, "model")


@pytest.mark.parametrize(("hours", "said"), [(-1, "s ahead of"), (1, "s behind")])
def test_clocks_that_differ_are_a_problem(
    api: StandIn, run_cli: RunCli, hours: int, said: str
) -> None:
    api.clock_shift = timedelta(hours=hours)
    done = run_cli("doctor")
    assert done.returncode == 1
    assert said in the_line(done.stdout, "clock")


def test_missing_programs_are_a_problem_espeak_only_for_dtw(
    run_cli: RunCli, tmp_path: Path
) -> None:
    done = run_cli("doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "apt install ffmpeg" in the_line(done.stdout, "ffmpeg")
    assert the_line(done.stdout, "espeak-ng").startswith("ok")
    done = run_cli("doctor", PATH=str(tmp_path), SOW_QWEN3_ALIGNER="dtw")
    assert "apt install espeak-ng" in the_line(done.stdout, "espeak-ng")


def test_every_folder_that_is_written_to_needs_free_space(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOW_QWEN3_CACHE_DIR", str(tmp_path / "not" / "made yet"))
    monkeypatch.setenv("SOW_QWEN3_UPLOAD_DIR", str(tmp_path))
    assert [finding.verdict for finding in doctor.check_disk(1)] == ["ok"] * 3
    # no disk has so much
    findings = list(doctor.check_disk(10**24))
    assert [finding.verdict for finding in findings] == ["problem"] * 3
    assert findings[0].said.endswith(f"GB free in {tmp_path}/not/made yet")


def test_another_machines_programs_and_disk_are_not_looked_for_here() -> None:
    assert doctor.is_local("http://localhost:8000")
    assert doctor.is_local("http://[::1]:8000")
    assert not doctor.is_local("https://align.example.org")
