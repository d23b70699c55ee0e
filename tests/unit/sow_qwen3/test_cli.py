import os
import pty
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.unit.sow_qwen3 import stand_in
from tests.unit.sow_qwen3.conftest import RunCli
from tests.unit.sow_qwen3.stand_in import StandIn


def run_on_a_terminal(environment: dict[str, str], *arguments: str | Path) -> tuple[int, str]:
    """Run the command line with a terminal as its output; give its exit status and its screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sow_qwen3", *map(str, arguments)],
        env=environment | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen = b""
    try:
        while chunk := os.read(ours, 65536):
            screen += chunk
    except OSError:  # Linux's way of saying that the other side is closed
        pass
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.decode())
    return process.wait(), text


def test_the_version_is_the_packages(run_cli: RunCli) -> None:
    done = run_cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, version("sow-qwen3") + "\n", "")


def test_align_writes_the_file_and_is_silent_in_a_pipe(
    api: StandIn, run_cli: RunCli, song: Path, lyrics: Path, tmp_path: Path
) -> None:
    api.steps = [stand_in.QUEUED, stand_in.ALIGNING, stand_in.SUCCEEDED]
    output = tmp_path / "song.lrc"
    done = run_cli(
        *("align", song, lyrics, "-o", output, "--language", "en", "--title", "霧"),
        *("--artist", "A", "--album", "B"),
        FORCE_COLOR="1",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_text(encoding="utf-8") == stand_in.LRC
    assert api.seen[0].form() == {
        "audio": (song.name, song.read_bytes()),
        "lyrics_text": "First line\n第二行\n",
        "language": "en",
        "format": "lrc",
        "title": "霧",
        "artist": "A",
        "album": "B",
    }


def test_align_without_a_file_writes_to_standard_output_in_utf_8(
    run_cli: RunCli, song: Path, lyrics: Path
) -> None:
    done = run_cli("align", song, lyrics, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stdout, done.stderr) == (0, stand_in.LRC, "")


def test_align_takes_an_address_and_lyrics_from_standard_input_and_makes_json(
    api: StandIn, run_cli: RunCli
) -> None:
    done = run_cli(
        *("align", "s3://songs/a.mp3", "-", "--format", "json"), stdin="\ufeffFirst line\n"
    )
    assert done.stdout.startswith('[{"start_time": 1.0')
    assert api.seen[0].body == (
        b'{"audio_url":"s3://songs/a.mp3","lyrics_text":"First line\\n","format":"json"}'
    )


def test_a_name_that_is_no_text_can_be_uploaded_and_a_title_cannot(
    api: StandIn, run_cli: RunCli, song: Path, lyrics: Path
) -> None:
    strange = song.with_name(os.fsdecode(b"gbk \xc4\xe3.mp3"))
    song.rename(strange)
    assert run_cli("align", strange, lyrics).returncode == 0
    assert api.seen[0].form()["audio"][0] == "gbk ??.mp3"
    done = run_cli("align", strange, lyrics, "--title", os.fsdecode(b"\xc4"))
    assert done.returncode == 1
    assert done.stderr == "sow-qwen3: an argument is not text in this terminal's encoding\n"


def test_a_terminal_shows_the_place_in_the_queue_the_stage_and_the_share(
    api: StandIn, environment: dict[str, str], song: Path, lyrics: Path, tmp_path: Path
) -> None:
    api.steps = [stand_in.QUEUED, stand_in.QUEUED, stand_in.ALIGNING, stand_in.SUCCEEDED]
    output = tmp_path / "song.lrc"
    status, screen = run_on_a_terminal(environment, "align", song, lyrics, "-o", output)
    assert status == 0
    assert "queued, position 3" in screen
    assert re.search(r"aligning .*40%", screen)
    assert screen.rstrip().endswith("song.lrc: 2 lines, 4.2 s of audio")


def test_a_job_that_fails_is_one_line_and_status_1(
    api: StandIn, run_cli: RunCli, song: Path, lyrics: Path, tmp_path: Path
) -> None:
    api.steps = [stand_in.ALIGNING, stand_in.FAILED]
    done = run_cli("align", song, lyrics, "-o", tmp_path / "song.lrc")
    assert (done.returncode, done.stdout) == (1, "")
    job_id = next(iter(api.jobs))
    assert done.stderr == (
        f"sow-qwen3: job {job_id} failed: The audio is too long: "
        "The audio lasts 412.0 s; at most 300 s are taken.\n"
    )
    assert not (tmp_path / "song.lrc").exists()


def test_what_the_service_says_cannot_steer_the_terminal(
    api: StandIn, run_cli: RunCli, lyrics: Path
) -> None:
    problem = stand_in.FAILED["problem"] | {"detail": "a\nb\x1b[2Jc"}
    api.steps = [stand_in.FAILED | {"problem": problem}]
    done = run_cli("align", "s3://songs/a.mp3", lyrics)
    assert done.stderr.endswith("a b [2Jc\n")
    assert done.stderr.count("\n") == 1


def test_lyrics_that_seem_not_to_be_the_songs_are_warned_of(
    api: StandIn, run_cli: RunCli, lyrics: Path
) -> None:
    result = stand_in.SUCCEEDED["result"] | {"mismatch": True}
    api.steps = [stand_in.SUCCEEDED | {"result": result}]
    done = run_cli("align", "s3://songs/a.mp3", lyrics)
    assert (done.returncode, done.stdout) == (0, stand_in.LRC)
    assert done.stderr == "sow-qwen3: the lyrics seem not to belong to this recording\n"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("none.mp3", "song.txt", "out.lrc"), "none.mp3: No such file or directory"),
        (("霧.mp3", "none.txt", "out.lrc"), "none.txt: No such file or directory"),
        (("霧.mp3", "gbk.txt", "out.lrc"), "gbk.txt: not UTF-8 text; save it as UTF-8"),
        (("霧.mp3", "song.txt", "no/out.lrc"), "there is no folder"),
        (("霧.mp3", "song.txt", "."), "is a folder; name a file"),
    ],
)
def test_a_file_of_no_use_is_one_line_before_anything_is_sent(
    api: StandIn, run_cli: RunCli, tmp_path: Path, names: tuple[str, str, str], said: str
) -> None:
    (tmp_path / "霧.mp3").write_bytes(b"sound")
    (tmp_path / "song.txt").write_text("First line", encoding="utf-8")
    (tmp_path / "gbk.txt").write_bytes("第二行".encode("gbk"))
    song, lyrics, output = (tmp_path / name for name in names)
    done = run_cli("align", song, lyrics, "-o", output)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert api.seen == []


def test_a_service_that_is_away_is_one_line(api: StandIn, run_cli: RunCli, lyrics: Path) -> None:
    api.close()
    done = run_cli("align", "s3://songs/a.mp3", lyrics)
    assert done.returncode == 1
    assert done.stderr == (
        f"sow-qwen3: no answer from {api.url}: Connection refused (sow-qwen3 doctor says more)\n"
    )


def test_a_full_queue_says_when_to_come_back(api: StandIn, run_cli: RunCli, lyrics: Path) -> None:
    api.fail("POST /api/v1/jobs", (429, {"Retry-After": "40"}))
    done = run_cli("align", "s3://songs/a.mp3", lyrics)
    assert (done.returncode, done.stderr) == (
        1,
        "sow-qwen3: Busy: Come back later. (try again in 40 s)\n",
    )


def test_the_key_comes_from_the_environment_or_an_option(
    api: StandIn, run_cli: RunCli, lyrics: Path
) -> None:
    api.api_key = "secret"
    align = ("align", "s3://songs/a.mp3", lyrics)
    assert run_cli(*align, SOW_QWEN3_API_KEY="secret").returncode == 0
    assert run_cli(*align, "--api-key", "secret").returncode == 0
    refused = run_cli(*align, SOW_QWEN3_API_KEY="wrong")
    assert (refused.returncode, refused.stderr) == (
        1,
        "sow-qwen3: Unauthorized: Send a valid key.\n",
    )


def interrupt(
    api: StandIn, environment: dict[str, str], route: str, *arguments: str | Path
) -> tuple[int, str, str]:
    """Run the command line and press Ctrl-C once it has asked for a route."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sow_qwen3", *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    api.wait_for(route)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_ctrl_c_cancels_the_job_and_says_so(
    api: StandIn, environment: dict[str, str], song: Path, lyrics: Path
) -> None:
    api.steps = [stand_in.ALIGNING]
    done = interrupt(api, environment, "GET /api/v1/jobs/ID", "align", song, lyrics)
    job_id, job = next(iter(api.jobs.items()))
    assert done == (130, "", f"sow-qwen3: stopped; job {job_id} is canceled\n")
    assert job["state"] == "canceled"


def test_ctrl_c_says_when_the_job_could_not_be_canceled(
    api: StandIn, environment: dict[str, str], song: Path, lyrics: Path
) -> None:
    api.steps = [stand_in.ALIGNING]
    api.fail("POST /api/v1/jobs/ID/cancel", (409, {}))
    status, _, errors = interrupt(api, environment, "GET /api/v1/jobs/ID", "align", song, lyrics)
    job_id = next(iter(api.jobs))
    assert status == 130
    assert errors == (
        f"sow-qwen3: stopped, but job {job_id} could not be canceled: Busy: Come back later.\n"
    )


def test_ctrl_c_while_the_service_has_not_answered_yet_says_that(
    api: StandIn, environment: dict[str, str], lyrics: Path
) -> None:
    api.silent_route = "POST /api/v1/jobs"
    done = interrupt(api, environment, "POST /api/v1/jobs", "align", "s3://songs/a.mp3", lyrics)
    assert done == (130, "", "sow-qwen3: stopped before the service had taken the job\n")


def test_a_wait_that_is_refused_says_how_to_fetch_the_job_later(
    api: StandIn, run_cli: RunCli, lyrics: Path
) -> None:
    api.steps = [stand_in.ALIGNING]
    api.fail("GET /api/v1/jobs/ID", (401, {}))
    done = run_cli("align", "s3://songs/a.mp3", lyrics)
    job_id = next(iter(api.jobs))
    assert done.returncode == 1
    assert done.stderr == (
        f"sow-qwen3: Busy: Come back later.; the job may go on: sow-qwen3 get {job_id}\n"
    )


def test_jobs_in_a_pipe_are_a_line_each_over_all_pages(api: StandIn, run_cli: RunCli) -> None:
    for number in range(103):
        api.add_job(state="succeeded", title=f"Song {number}\t[b]")
    api.add_job(state="running")
    done = run_cli("jobs", "--status", "succeeded", "--limit", "102", TZ="UTC")
    lines = done.stdout.splitlines()
    assert len(lines) == 102
    first = next(iter(api.jobs))
    assert lines[0] == f"{first}\tsucceeded\t2031-02-03 04:05\tSong 0 [b]"


def test_jobs_on_a_terminal_are_a_table(api: StandIn, environment: dict[str, str]) -> None:
    status, screen = run_on_a_terminal(environment, "jobs")
    assert (status, screen.strip()) == (0, "No jobs.")
    job_id = api.add_job(title="A [red]song", **stand_in.ALIGNING)["id"]
    status, screen = run_on_a_terminal(environment, "jobs")
    header, row = screen.strip().splitlines()
    assert header.split() == ["ID", "State", "Submitted", "Song"]
    assert row.startswith(job_id)
    assert "running: aligning, 40%" in row
    assert row.rstrip().endswith("A [red]song")


def test_get_writes_the_result_in_the_format_of_the_submission_or_another(
    api: StandIn, run_cli: RunCli, tmp_path: Path
) -> None:
    job_id = api.add_job(format="json")["id"]
    assert run_cli("get", job_id).stdout.startswith('[{"start_time": 1.0')
    output = tmp_path / "out.lrc"
    done = run_cli("get", job_id, "--format", "lrc", "-o", output)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_text(encoding="utf-8") == stand_in.LRC


def test_get_of_a_job_without_a_result_says_how_it_stands(api: StandIn, run_cli: RunCli) -> None:
    api.steps = [stand_in.ALIGNING]
    job_id = api.add_job()["id"]
    running = run_cli("get", job_id)
    assert (running.returncode, running.stdout) == (1, "")
    assert running.stderr == f"sow-qwen3: job {job_id} is not done yet (running: aligning, 40%)\n"
    api.steps = [stand_in.FAILED]
    assert "at most 300 s are taken" in run_cli("get", job_id).stderr
    assert run_cli("get", "none").stderr == "sow-qwen3: Not-found: There is no such job.\n"


def test_cancel_says_what_became_of_it(api: StandIn, run_cli: RunCli) -> None:
    running, ended = api.add_job(state="running")["id"], api.add_job(state="succeeded")["id"]
    done = run_cli("cancel", running)
    assert (done.returncode, done.stdout) == (0, f"job {running} is canceled\n")
    done = run_cli("cancel", ended)
    assert (done.returncode, done.stderr) == (
        1,
        "sow-qwen3: Job-ended: The job has succeeded already.\n",
    )
