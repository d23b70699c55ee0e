import socket
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from shared.problems import (
    ADDRESS_NOT_ALLOWED,
    AUDIO_NOT_FETCHED,
    AUDIO_STORE_AWAY,
    AUDIO_TOO_LARGE,
)
from shared.settings import Settings
from tests.support.fetching import SHA256, SONG, check_song, refusal
from tests.support.site import Answer, Site, content, status
from worker.audio.fetch import fetch

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def revalidated(validator: str, value: str, asked_with: str) -> Answer:
    """Answer with the song, or 304 to who has this version of it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get(asked_with) == value:
            status(304)(handler)
        else:
            content(SONG, **{validator: value})(handler)

    return answer


def test_a_song_behind_an_address_is_fetched(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG)
    path = check_song(site.url("/song.mp3"), settings)
    assert not path.exists()


def test_a_song_of_unknown_length_is_fetched(site: Site, settings: Settings) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(SONG), 100_000):
            piece = SONG[start : start + 100_000]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    site.answers["/song.mp3"] = chunked
    check_song(site.url("/song.mp3"), settings)


def test_redirects_are_followed(site: Site, settings: Settings) -> None:
    site.answers["/a"] = status(302, Location="/b")
    site.answers["/b"] = status(307, Location=site.url("/c"))
    site.answers["/c"] = content(SONG)
    check_song(site.url("/a"), settings)


def test_redirects_without_end_are_given_up(site: Site, settings: Settings) -> None:
    site.answers["/a"] = status(302, Location="/a")
    assert "redirects" in refusal(site.url("/a"), settings, AUDIO_NOT_FETCHED)
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "https://user:password@example.com/",
        "http://example.com/",
    ],
)
def test_a_redirect_to_where_nothing_may_be_reached_is_refused(
    place: str, site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = status(302, Location=place)
    refusal(site.url("/song.mp3"), settings, ADDRESS_NOT_ALLOWED)


def test_a_broken_redirect_is_a_fault_of_the_server(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = status(302, Location="https://a:b/")
    refusal(site.url("/song.mp3"), settings, AUDIO_STORE_AWAY)


def test_a_host_that_is_not_listed_is_not_asked(site: Site, settings: Settings) -> None:
    closed = settings.model_copy(update={"allowed_hosts": ()})
    site.answers["/song.mp3"] = content(SONG)
    refusal(site.url("/song.mp3"), closed, ADDRESS_NOT_ALLOWED)
    assert site.asked == []


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 204, 206, 304])
def test_a_lasting_refusal_of_the_server_is_final(
    code: int, site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = status(code)
    assert str(code) in refusal(site.url("/song.mp3"), settings, AUDIO_NOT_FETCHED)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_of_the_server_may_be_tried_again(
    code: int, site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = status(code)
    assert str(code) in refusal(site.url("/song.mp3"), settings, AUDIO_STORE_AWAY)


def test_an_unknown_host_is_final(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        # what a resolver that works says of a name that nobody has
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "name" in refusal("https://no-such-host.example/a.mp3", settings, AUDIO_NOT_FETCHED)


def test_a_resolver_that_is_away_may_be_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    refusal("https://songs.example.com/a.mp3", settings, AUDIO_STORE_AWAY)


def test_a_server_that_refuses_to_connect_may_be_tried_again(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        settings = Settings(cache_dir=str(tmp_path / "cache"), allowed_hosts=(host,))
        refusal(f"http://{host}/song.mp3", settings, AUDIO_STORE_AWAY)


def test_a_file_announced_above_the_limit_is_not_read(site: Site, settings: Settings) -> None:
    def announced(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        site.closing.wait(20)

    site.answers["/song.mp3"] = announced
    assert "100000000" in refusal(site.url("/song.mp3"), settings, AUDIO_TOO_LARGE)


def test_a_file_that_grows_past_the_limit_is_left(site: Site, settings: Settings) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not site.closing.is_set():
            handler.wfile.write(SONG)

    site.answers["/song.mp3"] = endless
    small = settings.model_copy(update={"max_audio_bytes": 3 * len(SONG)})
    refusal(site.url("/song.mp3"), small, AUDIO_TOO_LARGE)


def test_a_file_of_exactly_the_limit_is_taken(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG)
    check_song(site.url("/song.mp3"), settings.model_copy(update={"max_audio_bytes": len(SONG)}))


def test_a_server_that_breaks_off_may_be_tried_again(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG, Content_Length=str(len(SONG) + 1))
    refusal(site.url("/song.mp3"), settings, AUDIO_STORE_AWAY)


def test_what_comes_after_the_announced_length_is_not_read(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG + b"more", Content_Length=str(len(SONG)))
    check_song(site.url("/song.mp3"), settings)


def test_compressed_content_is_neither_asked_for_nor_taken(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(SONG, Content_Encoding="gzip")
    assert "compressed" in refusal(site.url("/song.mp3"), settings, AUDIO_NOT_FETCHED)
    assert site.asked[0][1]["accept-encoding"] == "identity"


def test_a_server_that_speaks_no_http_may_be_tried_again(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n") and None
    refusal(site.url("/song.mp3"), settings, AUDIO_STORE_AWAY)


@pytest.mark.parametrize("drip", [b"", b"."])
def test_a_server_that_hangs_or_drips_is_left_when_the_time_is_over(
    drip: bytes, site: Site, settings: Settings
) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not site.closing.wait(0.05):
            handler.wfile.write(drip)

    site.answers["/song.mp3"] = slow
    hasty = settings.model_copy(update={"fetch_timeout_seconds": 0.5})
    assert "too long" in refusal(site.url("/song.mp3"), hasty, AUDIO_STORE_AWAY)


# again from the same address


@pytest.mark.parametrize(
    ("validator", "value", "asked_with"),
    [
        ("ETag", '"one"', "If-None-Match"),
        ("ETag", 'W/"one"', "If-None-Match"),
        ("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT", "If-Modified-Since"),
    ],
)
def test_a_song_that_did_not_change_is_not_sent_again(
    validator: str, value: str, asked_with: str, site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = revalidated(validator, value, asked_with)
    for _ in range(3):
        check_song(site.url("/song.mp3"), settings)
    assert [headers.get(asked_with.lower()) for _, headers in site.asked] == [None, value, value]


def test_a_song_that_changed_is_fetched_again(site: Site, settings: Settings) -> None:
    site.answers["/song.mp3"] = content(b"an older song", ETag='"one"')
    fetch(site.url("/song.mp3"), settings).close()
    site.answers["/song.mp3"] = revalidated("ETag", '"two"', "If-None-Match")
    for _ in range(2):
        check_song(site.url("/song.mp3"), settings)
    assert [headers.get("if-none-match") for _, headers in site.asked] == [None, '"one"', '"two"']


def test_a_song_that_vanished_from_the_server_is_not_taken_from_the_cache(
    site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = content(SONG, ETag='"one"')
    check_song(site.url("/song.mp3"), settings)
    site.answers["/song.mp3"] = status(404)
    refusal(site.url("/song.mp3"), settings, AUDIO_NOT_FETCHED)


def test_a_kept_song_that_was_spoiled_is_fetched_again(
    site: Site, settings: Settings, tmp_path: Path
) -> None:
    site.answers["/song.mp3"] = revalidated("ETag", '"one"', "If-None-Match")
    check_song(site.url("/song.mp3"), settings)
    (tmp_path / "cache" / "audio" / SHA256).write_bytes(SONG[:1_000])
    check_song(site.url("/song.mp3"), settings)
    assert (tmp_path / "cache" / "audio" / SHA256).read_bytes() == SONG


def test_a_kept_song_above_a_limit_that_was_lowered_is_refused(
    site: Site, settings: Settings
) -> None:
    site.answers["/song.mp3"] = revalidated("ETag", '"one"', "If-None-Match")
    check_song(site.url("/song.mp3"), settings)
    small = settings.model_copy(update={"max_audio_bytes": 1_000})
    refusal(site.url("/song.mp3"), small, AUDIO_TOO_LARGE)
