"""Reading a submission: JSON, or multipart with the file itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from api.errors import invalid
from shared.http.address import check_address
from shared.job import Format, JobRequest
from shared.languages import parse_language
from shared.lyrics.lines import check_lyrics
from shared.problems import (
    AUDIO_TOO_LARGE,
    BODY_TOO_LARGE,
    INVALID_REQUEST,
    LYRICS_TOO_LONG,
    METADATA_TOO_LARGE,
    NOT_ACCEPTABLE_BODY,
    WEBHOOK_UNAVAILABLE,
    Problem,
)
from shared.settings import Settings, variable
from shared.storage.address import check_audio_address

OVERHEAD_BYTES: Final = 1_000_000
"""What a body may have beside its audio and lyrics: metadata, titles, the parts' headers."""

LONGEST_CHARACTER_BYTES: Final = 12
"""A character beyond the basic plane, escaped in JSON (bytes)."""


class Submission(BaseModel):
    """A song and its lyrics."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    audio_url: str | None = Field(
        default=None, max_length=2_048, examples=["s3://songs/amazing-grace/audio.mp3"]
    )
    """Where the audio is: `s3://bucket/key` or `https://…`. Leave it out to send the file itself,
    as the multipart part `audio`."""
    lyrics_text: str = Field(examples=["Amazing grace, how sweet the sound\nThat saved a wretch"])
    """The lyrics, a line a newline."""
    language: str = Field(default="Chinese", max_length=64, examples=["English"])
    """The lyrics' language, by name or code, in any case; `auto` finds it from the lyrics."""
    format: Format = "lrc"
    """The format of the result on the job; any other can be had later too."""
    webhook_url: str | None = Field(default=None, max_length=2_048)
    """Where to send a signed event when the job has ended."""
    metadata: dict[str, Any] | None = None
    """Anything of yours; it is given back untouched."""
    title: str | None = Field(default=None, max_length=500)
    """The song's title, for the LRC tag `[ti:]`."""
    artist: str | None = Field(default=None, max_length=500)
    """The song's artist, for the LRC tag `[ar:]`."""
    album: str | None = Field(default=None, max_length=500)
    """The song's album, for the LRC tag `[al:]`."""

    def check(self, settings: Settings, *, has_file: bool) -> None:
        """Check all that can be told without looking at the audio; raises `Problem`."""
        if (self.audio_url is not None) == has_file:
            raise Problem(
                INVALID_REQUEST,
                "Send the audio once: either `audio_url`, or the file as the part `audio`.",
            )
        if len(self.lyrics_text) > settings.max_lyrics_chars:
            raise Problem(
                LYRICS_TOO_LONG,
                f"The lyrics have {len(self.lyrics_text)} characters; "
                f"at most {settings.max_lyrics_chars} are taken.",
            )
        check_lyrics(self.lyrics_text)
        if self.metadata is not None:
            try:
                written = json.dumps(self.metadata, ensure_ascii=False, allow_nan=False)
            except ValueError as error:
                raise Problem(
                    INVALID_REQUEST, "`metadata` has a number that JSON has not: NaN or Infinity."
                ) from error
            size = len(written.encode())
            if size > settings.max_metadata_bytes:
                raise Problem(
                    METADATA_TOO_LARGE,
                    f"`metadata` takes {size} bytes as JSON; "
                    f"at most {settings.max_metadata_bytes} are kept.",
                )
        if self.audio_url is not None:
            with _about("audio_url"):
                check_audio_address(self.audio_url, settings)
        if self.webhook_url is not None:
            if not settings.webhook_secret or not settings.webhook_secret.get_secret_value():
                raise Problem(
                    WEBHOOK_UNAVAILABLE,
                    "This service has no secret to sign webhooks with: leave `webhook_url` out, "
                    f"or have its operator set {variable('webhook_secret')}.",
                )
            with _about("webhook_url"):
                check_address(self.webhook_url, settings)

    def to_request(self, audio: str) -> JobRequest:
        """Write the submission as it is kept on the record; `audio` is where the audio is now."""
        return JobRequest(
            audio=audio,
            language=parse_language(self.language),
            **self.model_dump(exclude={"audio_url", "language"}),
        )


@contextmanager
def _about(field: str) -> Iterator[None]:
    """Say which field a problem is about."""
    try:
        yield
    except Problem as problem:
        raise Problem(problem.kind, f"`{field}`: {problem.detail}") from problem


async def read_submission(request: Request, settings: Settings) -> tuple[Submission, Any]:
    """Read and check a request's body: the submission, and its file (None where it names one).

    Raises `Problem`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    overhead = OVERHEAD_BYTES + LONGEST_CHARACTER_BYTES * settings.max_lyrics_chars
    try:
        if kind == "application/json":
            limit_body(request, overhead, Problem(BODY_TOO_LARGE, f"At most {overhead} bytes."))
            submission, file = Submission.model_validate_json(await request.body()), None
        elif kind == "multipart/form-data":
            most = settings.max_audio_bytes
            limit_body(request, most + overhead, _too_large(most))
            submission, file = await _read_form(request, settings)
        else:
            raise Problem(
                NOT_ACCEPTABLE_BODY,
                "Send `application/json`, or `multipart/form-data` with the file as `audio`.",
            )
    except ValidationError as error:
        raise invalid(error.errors(include_context=False, include_url=False)) from error
    except ClientDisconnect as error:
        raise Problem(INVALID_REQUEST, "The body ended before it was whole.") from error
    submission.check(settings, has_file=file is not None)
    parse_language(submission.language)
    return submission, file


class _FormParser(MultiPartParser):
    """Refuses text in another encoding, which Starlette takes for Latin-1: lyrics in GBK, say."""

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            try:
                part.data.decode(self._charset)
            except (UnicodeDecodeError, LookupError) as error:
                name, charset = part.field_name, self._charset
                raise MultiPartException(
                    f"`{name}` is not text in {charset}; save it as UTF-8."
                ) from error
        super().on_part_end()


async def _read_form(request: Request, settings: Settings) -> tuple[Submission, UploadFile | None]:
    try:
        form = await _FormParser(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=20,
            max_part_size=4 * settings.max_lyrics_chars + 100_000,
        ).parse()
    except MultiPartException as error:
        raise Problem(
            INVALID_REQUEST, f"The multipart body cannot be read: {error.message}"
        ) from error
    except UnicodeError as error:
        raise Problem(INVALID_REQUEST, "The multipart body is not in its `charset`.") from error
    file = form.get("audio")
    if file is not None and not isinstance(file, UploadFile):
        raise Problem(INVALID_REQUEST, "The part `audio` is no file: give it a `filename`.")
    if file is not None and file.size is not None and file.size > settings.max_audio_bytes:
        raise _too_large(settings.max_audio_bytes)
    # read as the JSON that it could have been: one set of rules for both kinds of bodies
    return Submission.model_validate_json(json.dumps(_read_fields(form))), file


def _read_fields(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name == "audio":
            continue
        if isinstance(value, UploadFile):
            raise Problem(INVALID_REQUEST, f"`{name}` is a file; only `audio` may be one.")
        if name in fields:
            raise Problem(INVALID_REQUEST, f"`{name}` is given twice.")
        # a form sends what was left empty; only lyrics mean something by it
        if value or name == "lyrics_text":
            fields[name] = value
    if "metadata" in fields:
        try:
            fields["metadata"] = from_json(fields["metadata"])
        except ValueError as error:
            raise Problem(INVALID_REQUEST, "`metadata` is not JSON.") from error
    return fields


def _too_large(most: int) -> Problem:
    return Problem(AUDIO_TOO_LARGE, f"The body is too large: at most {most} bytes of audio.")


def limit_body(request: Request, most: int, problem: Problem) -> None:
    """Have the body end with a problem once it is larger than `most` bytes, however it comes."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise problem
    receive, taken = request._receive, 0  # noqa: SLF001 - Starlette has no public place for this

    async def counted() -> Any:  # noqa: ANN401 - an ASGI message
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise problem
        return message

    request._receive = counted  # noqa: SLF001 - Starlette has no public place for this
