"""Whether this host's worker is alive: `python -m worker.healthcheck`, for containers.

Healthy is a worker whose processes are alive and heard of. One that still loads, or waits for its
model, is: ending it would help nobody.
"""

import socket
import sys

from shared.problems import Problem
from shared.settings import get_settings
from shared.store import JobStore, ProcessBoard


def main() -> None:
    """Exit with 0 when a process of this host was heard of lately, else with a line and 1."""
    try:
        processes = ProcessBoard(JobStore(get_settings()).redis).read()
    except Problem as problem:
        sys.exit(problem.detail)
    host = socket.gethostname()
    if not any(process.worker.rpartition("@")[2] == host for process in processes):
        sys.exit(f"no process of {host} was heard of lately")


if __name__ == "__main__":
    main()
