"""The table that the bench prints: one row a claim, each a ratio measured in one run."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from rich.box import SQUARE
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Aim:
    """What a row's ratio should be at least, or at most."""

    bound: Literal["at least", "at most"]
    ratio: float

    def is_met(self, ratio: float) -> bool:
        """Tell whether a ratio is as good as it should be."""
        return ratio >= self.ratio if self.bound == "at least" else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'≥' if self.bound == 'at least' else '≤'} {show_ratio(self.ratio)}"


def at_least(ratio: float) -> Aim:
    """Aim for a ratio of this or more."""
    return Aim("at least", ratio)


def at_most(ratio: float) -> Aim:
    """Aim for a ratio of this or less."""
    return Aim("at most", ratio)


@dataclass(frozen=True, slots=True)
class Row:
    """One claim.

    `compared` says what was measured against what, and `limit` what keeps the row from being
    better. A row without a ratio says in `measured` why there is none.
    """

    name: str
    compared: str
    measured: str
    ratio: float | None
    limit: str
    aim: Aim | None = None

    @classmethod
    def speedup(  # noqa: PLR0913 - a row has just these
        cls,
        name: str,
        compared: str,
        *,
        ours_s: float,
        other_s: float,
        limit: str,
        aim: Aim | None = None,
    ) -> Self:
        """Make the row of two times for the same work; its ratio is how much faster ours is."""
        measured = f"{show_seconds(ours_s)} against {show_seconds(other_s)}"
        return cls(name, compared, measured, other_s / ours_s, limit, aim)

    @property
    def verdict(self) -> str:
        """Say whether the aim is met; nothing where there is none."""
        if self.aim is None or self.ratio is None:
            return ""
        return "met" if self.aim.is_met(self.ratio) else "missed"


def show_ratio(ratio: float) -> str:
    """Write a ratio with two or three digits that count."""
    return f"{ratio:.3f}" if ratio < 0.1 else f"{ratio:.2f}"  # noqa: PLR2004 - where digits run out


def show_seconds(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def alternate(
    ours: Callable[[], float], other: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """Measure both sides in turn, so many times; give the median of each.

    Machines are noisy for minutes at a time: taking turns lets both sides have the same noise.
    """
    pairs = [(ours(), other()) for _ in range(rounds)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
    )


def print_table(rows: Sequence[Row], machine: str, console: Console) -> None:
    """Print the rows, and above them the machine that they hold for."""
    table = Table(title=machine, title_justify="left", box=SQUARE, show_lines=True)
    for heading, share in (("row", 3), ("what was compared", 5), ("measured", 4)):
        table.add_column(heading, ratio=share)
    for heading in ("ratio", "aim"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what limits it", ratio=6)
    for row in rows:
        ratio = "" if row.ratio is None else show_ratio(row.ratio)
        aim = "" if row.aim is None else str(row.aim)
        table.add_row(row.name, row.compared, row.measured, ratio, aim, row.verdict, row.limit)
    console.print(table)
