"""The client and the command line against the real API and a real worker."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sow_qwen3 import AsyncClient, Client, JobFailed, ProblemError
from tests.support.recordings import Recording
from tests.support.stack import Api, Stack

CLI = Path(sys.executable).parent / "sow-qwen3"


def run(api: Api, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SOW_QWEN3_URL": api.url, "NO_COLOR": "1"}
    return subprocess.run(
        [str(CLI), *arguments], env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_command_line_writes_the_lrc(
    service: Api, recording: Recording, tmp_path: Path
) -> None:
    lyrics, lrc = tmp_path / "lyrics.txt", tmp_path / "song.lrc"
    lyrics.write_text(recording.lyrics)
    done = run(
        service, "align", str(recording.path), str(lyrics), "-o", str(lrc), "--language", "English"
    )
    assert done.returncode == 0, done.stderr
    assert [line[10:].strip() for line in lrc.read_text().splitlines()] == (
        recording.lyrics.splitlines()
    )
    listed = run(service, "jobs")
    assert "succeeded" in listed.stdout


def test_the_command_line_fails_with_one_clear_line(
    service: Api, recording: Recording, tmp_path: Path
) -> None:
    lyrics = tmp_path / "lyrics.txt"
    lyrics.write_text("\n")
    done = run(service, "align", str(recording.path), str(lyrics), "--language", "English")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "lyrics" in done.stderr


def test_the_client_tells_progress_and_gives_the_result(service: Api, recording: Recording) -> None:
    seen: list[float] = []
    with Client(service.url) as client:
        job = client.align(
            recording.path,
            recording.lyrics + "\nfor the client",
            language="English",
            progress=lambda job: seen.append(job.progress),
        )
        assert job.state == "succeeded"
        assert seen
        assert client.result(job.id, format="json").startswith("[")
        client.delete(job.id)
        with pytest.raises(ProblemError) as caught:
            client.job(job.id)
    assert caught.value.status == 404


def test_the_async_client_raises_for_a_job_that_failed(service: Api, tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp3"
    noise.write_bytes(b"no sound at all" * 50)

    async def align() -> None:
        async with AsyncClient(service.url) as client:
            await client.align(noise, "la la", language="English")

    with pytest.raises(JobFailed) as caught:
        asyncio.run(align())
    assert caught.value.job.problem is not None
    assert caught.value.job.problem.type.endswith("audio-unreadable")


def test_the_doctor_finds_nothing_wrong_with_a_service_that_works(
    stack: Stack, service: Api
) -> None:
    env = {**os.environ, **stack.env, "SOW_QWEN3_URL": service.url, "NO_COLOR": "1"}
    done = subprocess.run(
        [str(CLI), "doctor"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "problem" not in done.stdout
