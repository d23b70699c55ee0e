"""Running ffmpeg and ffprobe on files from strangers."""

import shutil
import subprocess
from pathlib import Path
from threading import Event, Thread, Timer
from typing import IO, Final, Literal, cast

from shared.problems import STAGE_TIMEOUT, Problem

FORMATS: Final = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,w64,wav,wv"
)
"""The demuxers that may open a file: all hold sound themselves, and none opens other files.

Playlists (`hls`, `concat`, `dash`, `imf`, ...) are left out: ffmpeg would open whatever they
name, local files and addresses alike.
"""

MAX_ALLOCATION: Final = 128_000_000
"""The most memory that ffmpeg may take at once (bytes): looking at a video decodes some of its
picture, and 2 MB of a file can hold one of gigabytes."""

MAX_MESSAGES: Final = 4_096
"""How much of what the program complains about is kept (bytes)."""


def from_file(path: Path) -> list[str]:
    """Give the arguments that make a program read a file, and nothing that the file names."""
    guard = ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS]
    return [*guard, "-i", f"file:{path}"]


class ToolMissingError(Exception):
    """ffmpeg or ffprobe is not installed."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program} is not installed: apt-get install ffmpeg")


def require_tools() -> None:
    """Raise ToolMissingError where ffmpeg or ffprobe is not installed."""
    for program in ("ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            raise ToolMissingError(program)


class ToolFailedError(Exception):
    """The program could not do it; the file is to blame."""


def run(
    program: Literal["ffmpeg", "ffprobe"], arguments: list[str], timeout: float
) -> tuple[bytes, str]:
    """Run a program to its end and return its output and the start of its complaints.

    It is killed after `timeout` seconds: raises Problem (STAGE_TIMEOUT). Raises ToolMissingError
    where it is not installed, ToolFailedError when it fails.
    """
    path = shutil.which(program)
    if path is None:
        raise ToolMissingError(program)
    limits = ["-hide_banner", "-loglevel", "warning", "-max_alloc", str(MAX_ALLOCATION)]
    late = Event()
    with subprocess.Popen(  # noqa: S603 - the arguments are ours
        [path, *limits, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:

        def kill() -> None:
            late.set()
            process.kill()

        messages: list[bytes] = []
        reader = Thread(target=_keep_start, args=(process.stderr, messages), daemon=True)
        timer = Timer(timeout, kill)
        try:
            reader.start()
            timer.start()
            output = cast("IO[bytes]", process.stdout).read()
            process.wait()
            reader.join()
        except BaseException:
            # Whatever ended this job, no program of its own outlives it.
            process.kill()
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise Problem(
            STAGE_TIMEOUT, f"{program} did not come to an end with the audio in {timeout:.0f} s."
        )
    complaints = b"".join(messages).decode(errors="replace")
    if process.returncode != 0:
        raise ToolFailedError(complaints)
    return output, complaints


def _keep_start(stream: IO[bytes], messages: list[bytes]) -> None:
    """Read a stream to its end, so that nobody waits for a full pipe, and keep its start."""
    while chunk := stream.read(MAX_MESSAGES):
        if not messages:
            messages.append(chunk)
