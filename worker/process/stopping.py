"""Whether the worker is to end: one byte that its parent shares with its processes.

On a shutdown Celery tells its processes through their queue, which one that cannot load its
aligner never comes to read; and the parent waits for it. So the parent's signal handlers are
wrapped, and set the byte first.
"""

import mmap
import os
import signal
from collections.abc import Callable
from types import FrameType

_stopping = mmap.mmap(-1, 1)
_parent = os.getpid()
"""The worker's: it imports this before it forks."""


def is_stopping() -> bool:
    """Tell whether the worker is to end, or has ended already; in it and in its processes."""
    return _stopping[0] == 1 or _parent not in (os.getpid(), os.getppid())


def tell_on_signals() -> None:
    """Have the signals that end this worker set the byte; to be called in its parent."""
    parent = os.getpid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        handler = signal.getsignal(number)
        if callable(handler):
            signal.signal(number, _telling(handler, parent))


def _telling(
    handler: Callable[[int, FrameType | None], object], parent: int
) -> Callable[[int, FrameType | None], None]:
    def tell(number: int, frame: FrameType | None) -> None:
        if os.getpid() == parent:
            _stopping[0] = 1
        handler(number, frame)

    return tell
