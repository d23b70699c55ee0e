"""What the command line shows on a terminal while a job is done."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sow_qwen3.models import Job


def plain(text: str) -> str:
    """Make one line of a text, without what could steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))


class Display:
    """A bar on standard error with the job's stage and place in the queue; gone when done.

    It shows nothing where standard error is no terminal.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        # not the console's own `is_terminal`, which FORCE_COLOR sets for a pipe as well
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[share]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not sys.stderr.isatty() or console.is_dumb_terminal,
        )
        self._task = self._bar.add_task("submitting", total=None, share="")

    def show(self, job: Job) -> None:
        """Show how the job stands."""
        if job.state == "queued":
            place = "" if job.queue_position is None else f", position {job.queue_position}"
            self._bar.update(
                self._task, description=f"queued{place}", total=None, share="", refresh=True
            )
            return
        self._bar.update(
            self._task,
            description=plain(job.stage or job.state),
            total=1.0,
            completed=job.progress,
            share=f"{job.progress:.0%}",
            refresh=True,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
