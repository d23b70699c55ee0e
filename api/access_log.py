"""The access log: one line a request, but for those that ask every few seconds."""

import logging

PROBES = ("/livez", "/readyz", "/health")


class _WithoutProbes(logging.Filter):
    """Leaves out the requests of health checks, which say nothing and drown everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        # uvicorn's arguments: client, method, path, HTTP version, status
        path = record.args[2] if isinstance(record.args, tuple) and len(record.args) > 2 else ""  # noqa: PLR2004 - the path is the third
        return str(path).partition("?")[0] not in PROBES


def join_uvicorn_logs() -> None:
    """Have uvicorn write through the root's formatter, without the probes."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").addFilter(_WithoutProbes())
