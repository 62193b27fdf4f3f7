"""Demo (実演): a town and a connector that live by one clock, and what came of it.

The clock stands still while anybody works and jumps to whatever is next, so a day takes as long as its work, and
is the same day for the same seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
import typer

from connector import journal
from connector.clock import SteppedClock, SystemClock, at_jst, jst
from connector.config import load
from connector.errors import Misconfigured, Problem
from connector.ledger import views
from connector.ledger.database import claimed, lock_of
from connector.rehearsal.setting import CONFIG_NAME, LEDGER, SHOP, write_config
from connector.sandbox.faults import Faults
from connector.sandbox.town import Town, ways
from connector.serve import pages
from connector.wiring import CROWDED, ShopWorld, World, WrittenReport, open_world
from connector.words import Text

FIRST_DAY = date(2026, 11, 24)  # a Tuesday after a holiday: weekdays, a weekend and month end lie ahead


@dataclass(slots=True)
class Demo:
    """The town, the connector and the clock that both live by."""

    clock: SteppedClock
    town: Town
    world: World
    shop: ShopWorld

    async def live_until(self, end: datetime, pace: float, progress: Progress) -> None:
        """Jump from one thing to do to the next. `pace`: wall seconds per second of the town's time."""
        while self.clock.now() < end:
            before = self.clock.now()
            due = await self.shop.rhythm.next_at()
            await self.clock.advance_to(min(end, due, self.town.next_event_at()))
            await self.shop.rhythm.run_due()
            passed = (self.clock.now() - before).total_seconds()
            await asyncio.sleep(passed * pace)
            await progress.show(self)


class Progress:
    """How far the day is: a bar on a terminal, a line an hour elsewhere. Always on stderr."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._end, self._hour = start, end, ""

    async def show(self, demo: Demo) -> None:
        now = jst(demo.clock.now())
        hour = f"{now:%m-%d %H}"
        if hour == self._hour:
            return
        self._hour = hour
        share = (demo.clock.now() - self._start) / (self._end - self._start)
        truth = demo.town.truth()
        figures = "  ".join(
            f"{label} {truth[key]}"
            for label, key in (
                ("受注", "orders_placed"),
                ("定期", "renewals_generated"),
                ("取込", "imported"),
                ("出荷指示", "relayed"),
                ("出荷", "shipped"),
                ("完了", "completed"),
            )
        )
        line = f"{now:%m-%d %H:%M}  {share:4.0%}  {figures}"
        end = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(line.ljust(100) + end)
        sys.stderr.flush()


@contextlib.asynccontextmanager
async def opened(
    *,
    folder: Path,
    start_on: date,
    seed: int,
    faults: Faults | Sequence[str],
    orders_per_day: int,
    port: int,
    subscribers: int = 60,
    story: bool = False,
    warehouse: str = ways.SFTP,
) -> AsyncIterator[Demo]:
    """A fresh town and a fresh connector on it; both are closed at the end.

    With `story` the first night refuses one card that is changed the next morning, and forgets one renewal.
    """
    start_at = at_jst(start_on)
    clock = SteppedClock(start_at)
    async with contextlib.AsyncExitStack() as closers:
        closers.callback(os.close, _cleared(folder))
        log = closers.enter_context((folder / "connector.log").open("w", encoding="utf-8"))
        journal.set_up("json", clock.now, log)
        closers.callback(structlog.reset_defaults)
        town = Town(
            clock,
            root=(folder / "town").resolve(),
            seed=seed,
            faults=faults,
            orders_per_day=orders_per_day,
            start_on=start_on,
            subscribers=subscribers,
            omits_one_renewal=story,
            heals_one_payment=story,
            warehouse_by=warehouse,
        )
        addresses = await town.start()
        closers.push_async_callback(town.stop)

        async def catch_up(_now: datetime) -> None:
            await town.advance()

        clock.on_advance = catch_up
        settings = load(write_config(addresses, folder.resolve(), start_at, port))
        elsewhere = settings.store != f"sqlite:///{folder.resolve() / LEDGER}"
        world = await open_world(settings, clock, claim=elsewhere, inline=True, seed=seed)
        closers.push_async_callback(world.close)
        shop = world.shop(SHOP)
        await world.adopt_pair(shop, folder.resolve() / "secrets/ne_pair.json")
        yield Demo(clock, town, world, shop)


def _cleared(folder: Path) -> int:
    """An empty folder for the demo, and the daemon's own lock on it, held from before anything is deleted.

    The lock's file stays: were it deleted, a second demo could lock a new one. Raises Occupied while a demo runs there;
    a folder that holds anything but an earlier demo is left alone (Misconfigured).
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CONFIG_NAME).exists():
        words = "the folder is not empty and holds no earlier demo; nothing was deleted"
        raise Misconfigured([Problem(str(folder), 0, 0, words, expected="an empty folder")])
    ledger = folder / LEDGER
    ledger.parent.mkdir(parents=True, exist_ok=True)
    lock = claimed(ledger)
    for path in {*folder.iterdir(), *ledger.parent.iterdir()} - {ledger.parent, lock_of(ledger)}:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return lock


async def run_demo(
    *,
    days: int,
    orders_per_day: int,
    seed: int,
    faults: Sequence[str],
    leave: bool,
    as_json: bool,
    folder: Path,
    seconds_per_day: float,
    port: int,
    warehouse: str = ways.SFTP,
) -> int:
    """Live the days, write the reports, say where they are; stay with the page open unless told to leave."""
    began = SystemClock().monotonic()
    async with opened(
        folder=folder,
        start_on=FIRST_DAY,
        seed=seed,
        faults=faults,
        orders_per_day=orders_per_day,
        port=0 if leave else port,
        story=True,
        warehouse=warehouse,
    ) as demo:
        start = demo.clock.now()
        end = start + timedelta(days=days)
        banner = Text("TEST 環境（デモの町）", "TEST (the demo's town)")
        async with pages(demo.world, banner=banner) as address:
            if not leave:
                typer.echo(f"画面: {address}  （Ctrl-C で終了）", err=True)
            await demo.live_until(end, seconds_per_day / 86_400, Progress(start, end))
            last = FIRST_DAY + timedelta(days=days - 1)
            report = await demo.world.report(demo.shop, last, pauses=CROWDED)
            figures = await summary(demo, days, seed, report)
            figures["wall_seconds"] = round(SystemClock().monotonic() - began, 1)
            figures["report_dir"] = str(demo.world.reports_dir)
            _tell(figures, report.sentence, demo.world.reports_dir, as_json)
            if not leave:
                typer.echo(f"画面はそのまま開いています: {address}", err=True)
                with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is how one leaves; all is done
                    await asyncio.Event().wait()
    return 0


async def summary(demo: Demo, days: int, seed: int, report: WrittenReport) -> dict[str, Any]:
    """What the *other* systems hold, from their own histories; and how our ledger explains the rest."""
    truth = dict(demo.town.truth())
    mailed = truth.pop("mailed")
    truth.pop("mails_per_order")
    now = demo.clock.now()
    places = await demo.world.database.read(lambda c: views.funnel(c, demo.shop.shop, now))
    orders = [place for place in places if place.item == "order"]
    walking = [place for place in orders if place.state not in ("completed", "cancelled")]
    return {
        "seed": seed,
        "days": days,
        "warehouse": demo.town.way,
        "notified": mailed,
        **{name: len(value) if isinstance(value, list) else value for name, value in truth.items()},
        "held": sum(place.held for place in walking),
        "open": sum(place.count - place.held for place in walking),
        "stuck": sum(place.stuck for place in places),
        "unexplained": report.unexplained,
        "verdicts": report.verdicts,
        "faults": demo.town.faults.struck,
    }


def _tell(figures: Mapping[str, Any], sentence: str, folder: Path, as_json: bool) -> None:
    sys.stderr.write("\n")
    typer.echo(sentence, err=True)
    for path in sorted(folder.glob("report_*")):
        typer.echo(f"  {path}", err=True)
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            typer.echo(f"{name:20} {value}")
