"""Where log lines go and how they look: to standard error, as text for people or one JSON object a line."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from app.settings import Settings

# Chatty, and some of it holds whole URLs: what they say that matters, we say ourselves.
QUIET = {
    **dict.fromkeys(("httpx", "httpcore", "hpack", "aiosqlite", "asyncio", "alembic", "uvicorn"), logging.WARNING),
    # A tick logs its own faults; what is left is that the end of the process cut one off.
    "apscheduler": logging.CRITICAL,
}


def set_up(settings: Settings, at_least: str = "debug") -> None:
    """A command that speaks to a person itself sets `at_least`, so that only what is worse is logged too."""
    levels = logging.getLevelNamesMapping()
    level = max(levels[settings.log_level.upper()], levels[at_least.upper()])
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _one_line,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=_rendering(settings.log_format))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(max(level, lowest))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _rendering(form: str) -> list[Processor]:
    last: Processor
    if form == "json":
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, last]
    # Plain: the renderer's own choice would print every variable on the way, and some of them are secret.
    last = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]


def _one_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a platform or a visitor wrote must not begin a line of its own in the log."""
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
