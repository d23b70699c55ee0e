"""`make demo`: align one song with a stack of its own that is gone afterwards."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.run import describe_aligner
from scripts.stack import (
    BIN,
    ROOT,
    Ports,
    Stack,
    StackError,
    Stopped,
    free_port,
    make_plan,
    say,
    stop_on_signals,
)

OUTPUT: Final = ROOT / "run" / "demo"
READY_SECONDS: Final = 300.0
"""How long a worker may take to load its model."""
SHORTEST_NAME: Final = 4
INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Song:
    """What is to be aligned."""

    audio: Path
    lyrics: Path
    language: str


def chosen_language(environment: Mapping[str, str]) -> str:
    """Read the song's language: LANGUAGE, `auto` where there is none.

    From the environment it is taken only where it can be no list of gettext's (`en_US:en`).
    """
    given = environment.get("DEMO_LANGUAGE")
    if given:
        return given
    found = environment.get("LANGUAGE", "")
    return found if found.isalpha() and len(found) >= SHORTEST_NAME else "auto"


def chosen_song(environment: Mapping[str, str]) -> Song | None:
    """Read AUDIO, LYRICS and LANGUAGE; none of them is the demo's own song."""
    named = {name: environment.get(name, "") for name in ("AUDIO", "LYRICS")}
    if not any(named.values()):
        return None
    for name, text in named.items():
        if not text:
            raise StackError(f"{name} is missing: make demo AUDIO=song.mp3 LYRICS=song.txt")
        if not Path(text).is_file():
            raise StackError(f"{name}: there is no file {text}")
    return Song(Path(named["AUDIO"]), Path(named["LYRICS"]), chosen_language(environment))


def make_song(folder: Path) -> Song:
    """Make the demo's own song."""
    say("making a song: a hymn, spoken over soft chords")
    made = subprocess.run(  # noqa: S603 - the command is ours
        [str(BIN / "python"), "-m", "demo.song", str(folder)], cwd=ROOT, check=False
    )
    if made.returncode:
        raise StackError("the song could not be made")
    return Song(folder / "song.mp3", folder / "lyrics.txt", "English")


def wait_for_worker(stack: Stack) -> None:
    """Wait until a worker is ready; raises `StackError` with the reason when none will be."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        stack.check()
        health = stack.health()
        if health and health.model == "ready":
            return
        if health and (health.model == "failed" or time.monotonic() > deadline):
            raise StackError(f"no worker is ready: {health.reason}")
        time.sleep(0.2)


def align(song: Song, url: str, environment: Mapping[str, str]) -> Path:
    """Align with the command line, as anybody would; give the LRC's path."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    lrc = OUTPUT / f"{song.audio.stem}.lrc"
    command = [str(BIN / "sow-qwen3"), "align", str(song.audio), str(song.lyrics)]
    options = ["--language", song.language, "--output", str(lrc), "--url", url]
    ended = subprocess.run([*command, *options], env=environment, check=False)  # noqa: S603 - ours
    if ended.returncode:
        raise StackError("the song was not aligned")
    return lrc


def demo(environment: Mapping[str, str], folder: Path) -> None:
    """Bring a stack up, align, show the LRC, and take the stack down."""
    song = chosen_song(environment) or make_song(folder)
    # A stack of its own for this one song: no other's queue, and nobody else who may call.
    private = ("SOW_QWEN3_REDIS_URL", "SOW_QWEN3_API_KEY", "SOW_QWEN3_API_KEYS")
    settings = {name: value for name, value in environment.items() if name not in private}
    ports = Ports(api=free_port(), flower=free_port(), redis=free_port())
    plan = make_plan(settings, ports, data=folder, logs=OUTPUT / "logs")
    say(f"aligner: {describe_aligner(plan.settings)}")
    say("starting Redis, the API, the workers and Flower")
    with Stack(plan) as stack:
        wait_for_worker(stack)
        say(f"aligning {song.audio} ({song.language})")
        lrc = align(song, plan.api_url, settings)
    say("")
    say(lrc.read_text(encoding="utf-8").rstrip())
    say("")
    say(f"The LRC is {lrc}")


def main() -> int:
    """Run the demo; give the exit status."""
    stop_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="sow-qwen3-") as folder:
            demo(os.environ, Path(folder))
    except Stopped:
        return INTERRUPTED
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
