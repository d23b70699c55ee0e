"""The command line `sow-qwen3`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sow_qwen3._connection import DEFAULT_URL
from sow_qwen3._display import Display, plain
from sow_qwen3.client import Client
from sow_qwen3.doctor import examine
from sow_qwen3.errors import ConnectionFailed, Error, ProblemError, UnexpectedAnswer
from sow_qwen3.models import Job
from sow_qwen3.options import Format, Options

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended: 128 + SIGINT, as shells have it."""
PAGE = 100
"""Jobs asked for at a time."""

app = typer.Typer(
    name="sow-qwen3",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Url = Annotated[str, typer.Option("--url", envvar="SOW_QWEN3_URL", help="Where the service is.")]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        envvar="SOW_QWEN3_API_KEY",
        help="A key of the service; better set by environment, where no one else sees it.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The file to write.", show_default="standard output"),
]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(version("sow-qwen3"))
        raise typer.Exit


@app.callback()
def every_command(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            metavar="",
            help="Tell the version.",
        ),
    ] = False,
) -> None:
    """Put lyrics in time with their song."""


@app.command()
def align(  # noqa: PLR0913 - each parameter is an option of the command
    song: Annotated[
        str,
        typer.Argument(
            metavar="SONG", help="An audio or video file, or an s3:// or https:// address."
        ),
    ],
    lyrics: Annotated[
        str,
        typer.Argument(metavar="LYRICS", help="A text file, a line a line; - is standard input."),
    ],
    *,
    output: Output = None,
    language: Annotated[
        str | None, typer.Option(help="A name or code, or auto.", show_default="Chinese")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option(help="What to write.")
    ] = "lrc",
    title: Annotated[str | None, typer.Option(help="The song's title, for the LRC.")] = None,
    artist: Annotated[str | None, typer.Option(help="The song's artist, for the LRC.")] = None,
    album: Annotated[str | None, typer.Option(help="The song's album, for the LRC.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Put a song's lyrics in time.

    Ctrl-C cancels the job.
    """
    asked = {"language": language, "title": title, "artist": artist, "album": album}
    options = Options(format=format)
    options.update({name: value for name, value in asked.items() if value is not None})  # type: ignore[typeddict-item]  # the names are literals
    with _one_line_on_failure(), Client(url, api_key) as client:
        text = _lyrics(lyrics)
        _check_output(output)
        job = _align(client, song, text, options)
        _write(client.result(job.id, format=format), output)
        if job.result is None:
            return
        if job.result.mismatch:
            _say("the lyrics seem not to belong to this recording")
        if output is not None and sys.stderr.isatty():
            made = f"{job.result.line_count} lines, {job.result.duration_seconds:.1f} s of audio"
            typer.echo(f"{output}: {made}", err=True)


@app.command()
def jobs(
    *,
    status: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, failed or canceled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """List jobs, newest first; a line a job, separated by tabs, where this is no terminal."""
    with _one_line_on_failure(), Client(url, api_key) as client:
        pages = client.jobs(status=status, limit=min(limit, PAGE))
        found = list(islice(chain.from_iterable(page.jobs for page in pages), limit))
    rows = [(job.id, job.doing, _when(job), plain(job.title or job.audio)) for job in found]
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table("ID", "State", "Submitted", "Song", box=None, pad_edge=False, header_style="bold")
    table.columns[0].no_wrap = True
    table.columns[0].overflow = "fold"
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table if rows else "No jobs.")


@app.command()
def get(
    job_id: JobId,
    *,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None, typer.Option(help="What to write.", show_default="as submitted")
    ] = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Fetch the file that a job made."""
    with _one_line_on_failure(), Client(url, api_key) as client:
        _check_output(output)
        client.wait(job_id, seconds=0)
        _write(client.result(job_id, format=format), output)


@app.command()
def cancel(job_id: JobId, *, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Cancel a job that has not ended."""
    with _one_line_on_failure(), Client(url, api_key) as client:
        typer.echo(f"job {client.cancel(job_id).id} is canceled")


@app.command()
def doctor(*, url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Say in plain words why nothing would run; exit status 1 where something is wrong."""
    console = Console(highlight=False, soft_wrap=True)
    styles = {"ok": "green", "problem": "bold red", "skipped": "dim"}
    healthy = True
    with _one_line_on_failure():
        for finding in examine(url, api_key):
            healthy = healthy and finding.verdict != "problem"
            words = Text.assemble(
                (f"{finding.verdict:<9}", styles[finding.verdict]),
                (f"{finding.subject:<12}", "bold"),
                plain(finding.said),
                (f" - {plain(finding.remedy)}" if finding.remedy else ""),
            )
            console.print(words)
    if not healthy:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a title that the terminal has no characters for is no reason to fail
            stream.reconfigure(errors="replace")
    app()


def _align(client: Client, song: str, lyrics: str, options: Options) -> Job:
    """Submit and wait, showing how it goes; Ctrl-C cancels the job."""
    job = None
    try:
        with Display() as display:
            job = client.submit(song, lyrics, **options)
            return client.wait(job.id, progress=display.show)
    except KeyboardInterrupt:
        _stop(client, job)
    except (ConnectionFailed, ProblemError, UnexpectedAnswer) as error:
        if job is None:
            raise
        raise Error(f"{error}; the job may go on: sow-qwen3 get {job.id}") from error


def _stop(client: Client, job: Job | None) -> NoReturn:
    """Cancel the job that Ctrl-C was for, and say so."""
    if job is None:
        said = "stopped before the service had taken the job"
    else:
        try:
            client.cancel(job.id)
        except Error as error:
            said = f"stopped, but job {job.id} could not be canceled: {error}"
        else:
            said = f"stopped; job {job.id} is canceled"
    _say(said)
    raise typer.Exit(INTERRUPTED)


def _lyrics(name: str) -> str:
    """Read the lyrics, which are UTF-8, from a file or from standard input."""
    data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        shown = "the lyrics on standard input" if name == "-" else name
        raise Error(f"{shown}: not UTF-8 text; save it as UTF-8") from error


def _check_output(output: Path | None) -> None:
    """Refuse, before any work is done, a file that could not be written after it."""
    if output is None:
        return
    if output.is_dir():
        raise Error(f"{output}: is a folder; name a file")
    if not output.parent.is_dir():
        raise Error(f"{output}: there is no folder {output.parent}")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text.encode(), nl=not text.endswith("\n"))
    else:
        output.write_bytes(text.encode())


def _when(job: Job) -> str:
    return "" if job.created_at is None else f"{job.created_at.astimezone():%Y-%m-%d %H:%M}"


@contextmanager
def _one_line_on_failure() -> Iterator[None]:
    """Turn what went wrong into one line on standard error and exit status 1."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read our output has seen enough
    except UnicodeEncodeError:
        _fail("an argument is not text in this terminal's encoding")
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ConnectionFailed as error:
        _fail(f"{error} (sow-qwen3 doctor says more)")
    except ProblemError as error:
        later = "" if error.retry_after is None else f" (try again in {error.retry_after:.0f} s)"
        _fail(f"{error}{later}")
    except Error as error:
        _fail(str(error))


def _say(said: str) -> None:
    typer.echo(f"sow-qwen3: {plain(said)}", err=True)


def _fail(said: str) -> NoReturn:
    _say(said)
    raise typer.Exit(1)
