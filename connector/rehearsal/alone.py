"""Alone (町だけ): the town on loopback for an outside client, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import typer

from connector.clock import Clock, ScaledClock, SystemClock, jst
from connector.config import parse_instant
from connector.rehearsal.setting import write_secrets
from connector.sandbox.town import Town, ways


async def town_alone(
    *,
    addresses: Mapping[str, str],
    secrets_dir: Path | None,
    folder: Path,
    orders_per_day: int,
    subscriptions: int,
    seed: int,
    faults: Sequence[str],
    speed: float,
    start: str,
    next_engine_tls: bool = False,
    warehouse: str = ways.SFTP,
) -> None:
    """All sandboxes until SIGTERM or SIGINT. Prints addresses and credentials as one JSON line on stdout."""
    clock: Clock = SystemClock()
    if start or speed != 1.0:
        clock = ScaledClock.starting(parse_instant(start) if start else clock.now(), speed)
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(
        clock,
        root=folder,
        seed=seed,
        faults=faults,
        orders_per_day=orders_per_day,
        subscriptions=subscriptions,
        start_on=jst(clock.now()).date(),
        history_dir=folder / "history",
        warehouse_by=warehouse,
    )
    places = {name: _host_port(text) for name, text in addresses.items()}
    opened = await town.start(**places, next_engine_tls=next_engine_tls)
    if secrets_dir is not None:
        write_secrets(opened, secrets_dir)
    line = msgspec.to_builtins(opened)
    if isinstance(clock, ScaledClock):
        line["clock"] = clock.text()
    typer.echo(json.dumps(line, ensure_ascii=False))
    sys.stdout.flush()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    living = asyncio.ensure_future(town.run_forever())
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            living.result()  # the town must not die in silence
    finally:
        living.cancel()
        waiting.cancel()
        await asyncio.gather(living, waiting, return_exceptions=True)
        await town.stop()


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
