"""`make bench`: prints the speed table; `python -m bench PART…` measures some parts alone."""

import argparse
import os
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from rich.console import Console

from bench.machine import describe_machine
from bench.parts import PARTS, measure
from bench.progress import say
from bench.table import print_table
from shared.settings import PREFIX

WIDTH: Final = 180
"""Columns of the table where the output is no terminal."""


def main() -> int:
    """Measure the parts that the command line names, all of them where it names none."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures every speed claim as a ratio within one run.",
        epilog="; ".join(f"{name}: {what}" for name, (*_, what) in PARTS.items()),
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    chosen = parser.parse_args().parts or list(PARTS)
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    # What is measured must not depend on the settings of whoever measures.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    machine = describe_machine()
    rows, failed = [], []
    for part in chosen:
        say(f"measuring: {PARTS[part][-1]}")
        # A process of its own: one part's memory and threads are not another's.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            try:
                rows += process.submit(measure, part).result()
            except Exception:  # noqa: BLE001 - the other parts' rows are worth having
                traceback.print_exc()
                failed.append(part)
    print_table(rows, machine, Console(width=None if sys.stdout.isatty() else WIDTH, markup=False))
    if failed:
        say(f"not measured, see above: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
