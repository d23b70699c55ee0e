import asyncio

import pytest
from fastapi import Request

from api.submission import Submission, read_submission
from shared.problems import Problem
from shared.settings import Settings

LYRICS = "奇异恩典\n何等甘甜"
PART = b'--x\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def read(lyrics: bytes, charset: bytes = b"") -> Submission:
    body = PART % (b"lyrics_text", b"", lyrics) + PART % (b"audio", b'; filename="a.mp3"', b"\xff")
    kind = b"multipart/form-data; boundary=x" + charset

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body + b"--x--\r\n", "more_body": False}

    request = Request({"type": "http", "headers": [(b"content-type", kind)]}, receive)

    async def submission() -> Submission:
        read, file = await read_submission(request, Settings())
        await file.close()
        return read

    return asyncio.run(submission())


def test_lyrics_in_a_form_are_utf_8_or_in_the_charset_that_it_names() -> None:
    assert read(LYRICS.encode()).lyrics_text == LYRICS
    assert read(LYRICS.encode("gbk"), b"; charset=gbk").lyrics_text == LYRICS


def test_lyrics_in_another_encoding_are_refused_and_not_garbled() -> None:
    with pytest.raises(Problem, match=r"`lyrics_text` is not text in utf-8; save it as UTF-8"):
        read(LYRICS.encode("gbk"))
