"""Journal (業務日誌): how log lines leave the process. One event, one line; no personal data by construction.

Keys outside the allow-list are reduced to their type and length, so a name that slips into a call never reaches a
log. Control characters are escaped; the console shows colours only on a terminal.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "exception",
        "shop",
        "stage",
        "window",
        "name",
        "known",
        "seconds",
        "signal",
        "address",
        "error",
        "effect",
        "seen",
        "moved",
        "waiting",
        "held",
        "begun",
        "done",
        "unknown",
        "strays",
        "failed",
        "report",
        "day",
        "files",
        "port",
        "host",
        "path",
        "speed",
        "counts",
        "system",
        "code",
    }
)
Event = MutableMapping[str, Any]


def set_up(style: str, clock_now: Callable[[], Any], stream: TextIO = sys.stderr) -> None:
    """`style`: auto, json or console. Time in the lines is the clock's, UTC with Z."""
    terminal = stream.isatty()
    console = style == "console" or (style == "auto" and terminal)
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=terminal)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )

    def stamp(_logger: Any, _method: str, event: Event) -> Event:
        event["timestamp"] = f"{clock_now():%Y-%m-%dT%H:%M:%SZ}"
        return event

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            only_allowed,
            one_line,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream)


def only_allowed(_logger: Any, _method: str, event: Event) -> Event:
    """Unknown keys keep their type and length, never their content (design: allow-list)."""
    for key in list(event):
        if key not in ALLOWED:
            value = event[key]
            size = f":{len(value)}" if isinstance(value, str | bytes | list | tuple | dict) else ""
            event[key] = f"<{type(value).__name__}{size}>"
    return event


def one_line(_logger: Any, _method: str, event: Event) -> Event:
    """A text cannot forge another line, nor steer a terminal."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception" and not value.isprintable():
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event
