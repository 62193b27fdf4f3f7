"""Console (端末): how every command loads its settings, runs its work, and tells what went wrong.

What goes wrong below becomes one line on stderr and one exit code; scripts may rely on the codes.
"""

from __future__ import annotations

import json as jsonlib
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date

    from connector.config import Settings
    from connector.wiring import World


class Exit(IntEnum):
    """Exit codes; 69 to 78 keep their meaning from sysexits."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3  # configuration or mapping, found by `check`
    FINDINGS = 4
    NOTHING = 5
    UNAVAILABLE = 69
    BUG = 70
    AGAIN = 75
    REFUSED = 77  # credentials
    CONFIG = 78
    INTERRUPTED = 130


def settings_of(config: Path) -> Settings:
    """The settings, or every problem of theirs and exit 78."""
    from connector.config import load
    from connector.errors import Misconfigured

    try:
        return load(config)
    except Misconfigured as error:
        fail(Exit.CONFIG, str(error))


def in_world(config: Path, work: Callable[[World], Awaitable[Any]], *, claim: bool = False) -> Any:
    """Run `work` over the wired product; everything is closed again, whatever happens."""
    from connector import journal
    from connector.clock import SystemClock
    from connector.wiring import open_world

    settings = settings_of(config)
    clock = SystemClock()
    journal.set_up(settings.log, clock.now)

    async def inside() -> Any:
        world = await open_world(settings, clock, claim=claim)
        try:
            return await work(world)
        finally:
            await world.close()

    return finish(inside)


def finish(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run it to its end, and tell what went wrong below as one line and one exit code."""
    import asyncio
    import signal

    from connector.errors import Barred, Misconfigured, NotDone, Occupied, Refused, Unknown

    async def inside() -> Any:
        own = asyncio.current_task()
        if own is not None:
            # Until a command has its own handling, SIGTERM ends it as tidily as Ctrl-C does.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, own.cancel)
        return await work()

    try:
        return asyncio.run(inside())
    except Misconfigured as error:
        fail(Exit.CONFIG, str(error))
    except Barred as error:
        fail(Exit.REFUSED, str(error))
    except (NotDone, Unknown) as error:
        fail(Exit.UNAVAILABLE, str(error))
    except Refused as error:
        fail(Exit.FAILED, str(error))
    except Occupied as error:
        fail(Exit.AGAIN, str(error))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(Exit.INTERRUPTED) from None


def show(model: Any, json: bool, text: str) -> None:
    """The result on stdout: one JSON document, or its text."""
    import msgspec

    if json:
        built = msgspec.to_builtins(model, str_keys=True, enc_hook=str)
        typer.echo(jsonlib.dumps(built, ensure_ascii=False, default=str))
    elif text:
        typer.echo(text)


def names(text: str) -> list[str]:
    """The words of a comma list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def day_of(text: str, of: str) -> date:
    """A day as it was typed; what is none ends with 2 and a sentence that begins with `of`."""
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(Exit.USAGE, f"{of} {text}: a day is written as 2026-11-01")


def fail(code: Exit, words: str) -> NoReturn:
    """One line on stderr and the code."""
    typer.echo(words, err=True)
    raise typer.Exit(code)
