"""Structured logs: one JSON object a line, on standard output, without personal data."""

import logging
from contextlib import suppress

import structlog
from structlog.typing import Processor


class UnfailingLogger(structlog.WriteLogger):
    """Drops the line that cannot be written: a full disk must not end whoever had to say so."""

    def msg(self, message: str) -> None:
        """Write the line, or nothing."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warning = warn = error = critical = fatal = exception = msg


def start_logs(service: str, level: str) -> None:
    """Send structlog's and the standard library's records to one JSON stream."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=lambda *_: UnfailingLogger(),
    )
    renderer = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(renderer)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
