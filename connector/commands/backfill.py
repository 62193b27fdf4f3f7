"""Backfill (読み直し): `connector backfill`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, day_of, fail, in_world, show

if TYPE_CHECKING:
    from connector.commands.reading_again import Backfill, Day
    from connector.wiring import World

LONGEST = 366  # days at once


def backfill(
    since: Annotated[str, typer.Option("--from", help="The first 受注日, as in 2026-11-01.")],
    until: Annotated[str, typer.Option("--to", help="The last 受注日; today by default.")] = "",
    config: Config = DEFAULT,
    shop: ShopKey = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and compare; store nothing.")] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Read past days of the cart again, beside the cursor, and prove by count that nothing is missing.

    May be repeated, also while the daemon runs: both then share the cart's rate limit. Exit code 4 where a count
    still differs.
    Example: connector backfill --from 2026-11-01 --to 2026-11-07 --dry-run
    """
    first, last = day_of(since, "--from"), day_of(until, "--to") if until else None

    async def work(world: World) -> tuple[Backfill, str]:
        from connector.clock import today
        from connector.commands.reading_again import read_again, text_of

        end = last or today(world.clock)
        if not first <= end <= today(world.clock) or (end - first).days >= LONGEST:
            fail(Exit.USAGE, f"--from … --to: up to {LONGEST} days, none of them in the future")
        done = await read_again(world, world.shop(shop), first, end, dry_run=dry_run, tell=_progress)
        return done, text_of(done, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.OK if model.whole else Exit.FINDINGS)


def _progress(day: Day) -> None:
    typer.echo(f"{day.on}  {day.seen} seen, {day.new} new, {day.changed} changed", err=True)
