"""Looking at a file before it is decoded: is there sound in it, and how long is it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.problems import AUDIO_UNREADABLE, Problem
from worker.audio.ffmpeg import ToolFailedError, from_file, run

GUESSED: Final = "Estimating duration from bitrate"
"""What ffprobe says when a file (ADTS AAC, MP3 without a Xing header) does not tell its length."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file says of its sound.

    `seconds` is the length, None where the file does not tell it and ffprobe could only guess.
    """

    seconds: float | None
    channels: int


def probe(path: Path, timeout: float) -> Probe:
    """Look at the first sound track of a file.

    Raises Problem: AUDIO_UNREADABLE where there is none, STAGE_TIMEOUT after `timeout` seconds.
    """
    entries = "format=duration:stream=duration,channels"
    arguments = ["-select_streams", "a:0", "-show_entries", entries, "-of", "json"]
    try:
        output, messages = run("ffprobe", [*arguments, *from_file(path)], timeout)
    except ToolFailedError as error:
        raise Problem(
            AUDIO_UNREADABLE,
            "The file is no audio that can be read: send mp3, m4a, aac, flac, ogg, opus, wav, or "
            "a video with sound, whole.",
        ) from error
    answer = json.loads(output)
    streams = answer.get("streams")
    if not streams or not streams[0].get("channels"):
        raise Problem(AUDIO_UNREADABLE, "The file has no sound in it: send one with a sound track.")
    stream = streams[0]
    seconds = None
    if GUESSED not in messages:
        seconds = _seconds(stream) or _seconds(answer.get("format", {}))
    return Probe(seconds, stream["channels"])


def _seconds(described: dict[str, Any]) -> float | None:
    try:
        return float(described["duration"])
    except (KeyError, ValueError):
        return None
