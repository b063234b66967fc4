"""Structured logs: one JSON object a line, on standard output, without personal data."""

import logging
from contextlib import suppress

import structlog
from structlog.typing import Processor

from shared.card_numbers import masked


class UnfailingLogger(structlog.WriteLogger):
    """Drops the line that cannot be written: a full disk must not end whoever had to say so."""

    def msg(self, message: str) -> None:
        """Write the line, or nothing; the number of a card that got so far gets no further."""
        with suppress(OSError):
            super().msg(masked(message))

    log = debug = info = warning = warn = error = critical = fatal = exception = msg


class MaskingFormatter(structlog.stdlib.ProcessorFormatter):
    """The lines of libraries, without the numbers of cards."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return masked(super().format(record))


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
    renderer = MaskingFormatter(
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
