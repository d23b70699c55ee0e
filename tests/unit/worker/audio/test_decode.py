import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import numpy as np
import pytest

from shared.problems import (
    AUDIO_TOO_LONG,
    AUDIO_UNREADABLE,
    STAGE_TIMEOUT,
    Problem,
    ProblemType,
)
from shared.settings import Settings
from tests.support.site import Site, content
from worker.audio.decode import Audio, load_samples
from worker.audio.ffmpeg import ToolMissingError

MakeAudio = Callable[..., Path]

SETTINGS = Settings()
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=2")


def refusal(path: Path, kind: ProblemType, settings: Settings = SETTINGS) -> str:
    with pytest.raises(Problem) as caught:
        load_samples(path, settings)
    assert caught.value.kind is kind
    assert str(path.parent) not in caught.value.detail
    return caught.value.detail


def loudest_pitch(audio: Audio) -> float:
    """Find the strongest frequency (Hz)."""
    spectrum = np.abs(np.fft.rfft(audio.samples))
    return float(spectrum.argmax() * 16_000 / len(audio.samples))


def check_tone(audio: Audio, seconds: float = 2) -> None:
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert len(audio.samples) == round(audio.duration_seconds * 16_000)
    assert audio.duration_seconds == pytest.approx(seconds, abs=0.1)
    assert loudest_pitch(audio) == pytest.approx(1_000, abs=2)
    # ffmpeg's tone is at an eighth of full scale, before it is mixed
    assert 0.03 < np.abs(audio.samples).max() < 0.3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", ["-b:a", "128k"]),
        ("vbr.mp3", ["-q:a", "4"]),
        ("no-header.mp3", ["-q:a", "4", "-write_xing", "0"]),
        ("a.m4a", ["-c:a", "aac"]),
        ("lossless.m4a", ["-c:a", "alac"]),
        ("adts.aac", ["-c:a", "aac"]),
        ("a.flac", []),
        ("24-bit.flac", ["-sample_fmt", "s32"]),
        ("a.ogg", ["-c:a", "libvorbis"]),
        ("a.opus", ["-c:a", "libopus"]),
        ("a.wav", []),
        ("24-bit.wav", ["-c:a", "pcm_s24le"]),
        ("float.wav", ["-c:a", "pcm_f32le"]),
        ("8-bit.wav", ["-c:a", "pcm_u8"]),
        ("8-khz.wav", ["-ar", "8000"]),
        ("96-khz.flac", ["-ar", "96000"]),
        ("stereo.mp3", ["-ac", "2"]),
        ("surround.m4a", ["-ac", "6", "-c:a", "aac"]),
        ("a.aiff", []),
        ("a.wma", []),
        ("a.mka", ["-c:a", "flac"]),
        ("video.mp4", [*PICTURE, "-c:v", "mpeg4", "-c:a", "aac"]),
        ("video.mov", [*PICTURE, "-c:v", "mpeg4", "-c:a", "pcm_s16le"]),
        ("video.webm", [*PICTURE, "-c:v", "libvpx", "-c:a", "libopus"]),
        ("video.mkv", [*PICTURE, "-c:v", "mpeg4", "-c:a", "mp3"]),
        ("video.avi", [*PICTURE, "-c:v", "mpeg4", "-c:a", "mp3"]),
        ("video.ts", [*PICTURE, "-c:v", "mpeg2video", "-c:a", "aac"]),
    ],
)
def test_sound_of_every_usual_format_becomes_mono_at_16_khz(
    name: str, options: list[str], make_audio: MakeAudio
) -> None:
    check_tone(load_samples(make_audio(name, *options), SETTINGS))


def test_a_cover_picture_does_not_matter(make_audio: MakeAudio, tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "color=red:s=64x64",
            "-frames:v",
            "1",
            cover,
        ],
        check=True,
    )
    attached = ("-map", "0", "-map", "1", "-disposition:v", "attached_pic")
    check_tone(load_samples(make_audio("a.mp3", "-i", str(cover), *attached), SETTINGS))


@pytest.mark.parametrize("count", [9, 12, 16])
def test_more_channels_than_have_a_usual_order_are_mixed_alike(
    count: int, make_audio: MakeAudio
) -> None:
    copies = "".join(f"[{chr(ord('a') + number)}]" for number in range(count))
    mixed = f"[0]asplit={count}{copies};{copies}amerge=inputs={count}"
    check_tone(load_samples(make_audio("a.wav", "-filter_complex", mixed), SETTINGS))


def test_a_wrong_or_missing_suffix_does_not_matter(make_audio: MakeAudio) -> None:
    song = make_audio("a.flac")
    check_tone(load_samples(song.rename(song.with_name("a.mp3")), SETTINGS))
    check_tone(load_samples(song.with_name("a.mp3").rename(song.with_name("-i %03d")), SETTINGS))


def test_sound_that_begins_after_the_picture_keeps_its_place(make_audio: MakeAudio) -> None:
    late = ["-filter_complex", "[0]asetpts=PTS+1/TB[a]", "-map", "[a]", "-map", "1:v"]
    video = make_audio("late.mkv", *PICTURE, *late, "-c:v", "mpeg4", "-c:a", "pcm_s16le")
    audio = load_samples(video, SETTINGS)
    assert audio.duration_seconds == pytest.approx(3, abs=0.1)
    assert not audio.samples[: int(0.9 * 16_000)].any()
    assert audio.samples[int(1.1 * 16_000) :].any()


def test_a_giant_picture_takes_no_giant_memory(make_audio: MakeAudio) -> None:
    giant = ["-f", "lavfi", "-i", "color=black:size=8000x8000:rate=1:duration=1"]
    video = make_audio("giant.mkv", *giant, "-c:v", "png", "-pix_fmt", "rgb24", "-c:a", "flac")
    code = """
import resource, sys
from pathlib import Path
from shared.settings import Settings
from worker.audio.decode import load_samples
load_samples(Path(sys.argv[1]), Settings())
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    answer = subprocess.run(
        [sys.executable, "-c", code, video], capture_output=True, text=True, check=True
    )
    assert int(answer.stdout) < 150_000


def test_the_first_of_several_sound_tracks_is_taken(make_audio: MakeAudio) -> None:
    other = ["-f", "lavfi", "-i", "sine=300:duration=2", "-map", "0", "-map", "1"]
    check_tone(load_samples(make_audio("two.mka", *other, "-c:a", "flac"), SETTINGS))


def test_loud_stereo_is_not_clipped_when_it_is_mixed(make_audio: MakeAudio) -> None:
    loud = make_audio("loud.wav", "-af", "volume=8", "-ac", "2", "-c:a", "pcm_s16le")
    audio = load_samples(loud, SETTINGS)
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    overtones = spectrum[(2_900 * 2) : (3_100 * 2)].max()
    assert overtones < spectrum.max() / 1_000


def test_a_song_of_just_the_limit_is_taken(make_audio: MakeAudio) -> None:
    for name in ("a.wav", "a.mp3"):
        song = make_audio(name, seconds=300, rate=8_000)
        assert load_samples(song, SETTINGS).duration_seconds == pytest.approx(300, abs=0.001)


def test_a_song_just_over_the_limit_is_refused(make_audio: MakeAudio) -> None:
    detail = refusal(make_audio("a.wav", seconds=300.5, rate=8_000), AUDIO_TOO_LONG)
    assert "300.50 s" in detail
    assert "300 s" in detail


def test_a_far_too_long_song_is_refused_with_both_lengths(make_audio: MakeAudio) -> None:
    detail = refusal(make_audio("a.flac", seconds=901.5, rate=8_000), AUDIO_TOO_LONG)
    assert "901.50 s" in detail
    assert "300 s" in detail


def test_a_far_too_long_song_is_not_even_decoded(
    make_audio: MakeAudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = make_audio("a.flac", seconds=400, rate=8_000)
    ffprobe = shutil.which("ffprobe")
    assert ffprobe is not None
    only_ffprobe = tmp_path / "bin"
    only_ffprobe.mkdir()
    (only_ffprobe / "ffprobe").symlink_to(ffprobe)
    monkeypatch.setenv("PATH", str(only_ffprobe))
    refusal(song, AUDIO_TOO_LONG)


@pytest.mark.parametrize("name", ["a.aac", "a.mp3"])
def test_a_too_long_song_that_does_not_tell_its_length_is_refused(
    name: str, make_audio: MakeAudio
) -> None:
    song = make_audio(name, *(["-write_xing", "0"] if name == "a.mp3" else []), seconds=5)
    detail = refusal(song, AUDIO_TOO_LONG, Settings(max_audio_seconds=3))
    assert "over 4 s" in detail
    assert "3 s" in detail


def test_a_wrong_guess_of_the_length_refuses_no_song(make_audio: MakeAudio) -> None:
    """ffprobe guesses from the first frames, which are small while a song begins in silence."""
    song = make_audio(
        "a.mp3",
        *("-f", "lavfi", "-i", "anoisesrc=duration=20:sample_rate=44100", "-map", "1"),
        *("-af", "volume=0:enable='lt(t,5)'", "-q:a", "0", "-write_xing", "0"),
    )
    guessed = json.loads(
        subprocess.run(
            ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "format=duration", song],
            capture_output=True,
            check=True,
        ).stdout
    )["format"]["duration"]
    assert float(guessed) > 30
    audio = load_samples(song, Settings(max_audio_seconds=25))
    assert audio.duration_seconds == pytest.approx(20, abs=0.2)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    files = {
        "text.mp3": b"These are the words of a song, and not the song.\n" * 100,
        "page.mp3": b"<!doctype html><title>404</title>" * 100,
        "zeros.wav": bytes(100_000),
        "empty.mp3": b"",
        "script.mp3": b"#!/bin/sh\nexit 0\n",
    }
    for name, inside in files.items():
        (tmp_path / name).write_bytes(inside)
        assert "mp3, m4a" in refusal(tmp_path / name, AUDIO_UNREADABLE)


def test_a_video_without_sound_is_refused(make_audio: MakeAudio) -> None:
    silent = make_audio("silent.mp4", *PICTURE, "-map", "1:v", "-c:v", "mpeg4")
    assert "no sound" in refusal(silent, AUDIO_UNREADABLE)


def test_a_picture_is_refused(make_audio: MakeAudio) -> None:
    for name in ("a.png", "a.jpg", "a.gif"):
        refusal(make_audio(name, *PICTURE, "-map", "1:v", "-frames:v", "1"), AUDIO_UNREADABLE)


def test_sound_of_no_length_is_refused(make_audio: MakeAudio) -> None:
    for name in ("a.wav", "a.flac"):
        empty = make_audio(name, "-af", "atrim=end_sample=0")
        refusal(empty, AUDIO_UNREADABLE)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.wav", "a.ogg"])
def test_of_a_file_that_breaks_off_what_is_there_is_taken(name: str, make_audio: MakeAudio) -> None:
    song = make_audio(name, seconds=10)
    whole = song.read_bytes()
    song.write_bytes(whole[: len(whole) // 2])
    check_tone(load_samples(song, SETTINGS), load_samples(song, SETTINGS).duration_seconds)
    assert 2 < load_samples(song, SETTINGS).duration_seconds < 8


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.m4a", "a.ogg", "a.opus"])
def test_a_file_that_breaks_off_at_once_is_refused(name: str, make_audio: MakeAudio) -> None:
    song = make_audio(name)
    song.write_bytes(song.read_bytes()[:40])
    refusal(song, AUDIO_UNREADABLE)


def careless_ffmpeg_reads(path: Path) -> bool:
    """Tell whether ffmpeg makes sound of a file when it may open what it likes."""
    answer = subprocess.run(
        ["ffmpeg", "-nostdin", "-protocol_whitelist", "file,http,tcp"]
        + (["-safe", "0"] if path.suffix == ".ffconcat" else [])
        + ["-i", path, "-f", "s16le", "pipe:1"],
        capture_output=True,
        check=False,
    )
    return len(answer.stdout) > 1_000


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{secret}'\n",
    "mpd": """<?xml version='1.0'?>
        <MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' mediaPresentationDuration='PT2S'
            profiles='urn:mpeg:dash:profile:isoff-on-demand:2011'>
        <Period><AdaptationSet mimeType='audio/mp4'><Representation id='1' bandwidth='1'>
        <BaseURL>{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>""",
}


@pytest.mark.parametrize("suffix", PLAYLISTS)
@pytest.mark.parametrize("place", ["name", "file", "address"])
def test_a_playlist_opens_nothing_that_it_names(
    suffix: str, place: str, make_audio: MakeAudio, site: Site
) -> None:
    secret = make_audio("secret.mp4", "-c:a", "aac")
    site.answers["/secret.mp4"] = content(secret.read_bytes())
    named = {"name": "secret.mp4", "file": f"file:{secret}", "address": site.url("/secret.mp4")}
    trick = secret.with_name(f"trick.{suffix}")
    trick.write_text(PLAYLISTS[suffix].format(secret=named[place]))
    assert careless_ffmpeg_reads(trick)
    asked = len(site.asked)
    refusal(trick, AUDIO_UNREADABLE)
    refusal(trick.rename(trick.with_suffix(".mp3")), AUDIO_UNREADABLE)
    assert len(site.asked) == asked


@pytest.fixture
def never_ending(tmp_path: Path) -> Path:
    """A file that says nothing for ever: a named pipe that nobody writes to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    return pipe


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_file_that_takes_too_long_is_left(never_ending: Path) -> None:
    before = children()
    assert "0 s" in refusal(never_ending, STAGE_TIMEOUT, Settings(decode_timeout_seconds=0.3))
    assert children() == before


def test_whatever_ends_a_job_ends_its_ffmpeg_too(never_ending: Path) -> None:
    class CanceledError(Exception):
        pass

    def cancel(*_: object) -> None:
        raise CanceledError

    before = children()
    old = signal.signal(signal.SIGUSR1, cancel)
    timer = Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(CanceledError):
            load_samples(never_ending, SETTINGS)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, old)
    assert children() == before


def test_without_ffmpeg_the_command_that_installs_it_is_named(
    make_audio: MakeAudio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    song = make_audio("a.wav")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="apt-get install ffmpeg"):
        load_samples(song, SETTINGS)
