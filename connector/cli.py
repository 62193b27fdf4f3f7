"""Command line (操作): arguments become one call each. Heavy rooms are imported inside the command that needs them.

Results go to stdout (`--json` on every command that has any), progress and log lines to stderr.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.alarms import alarms
from connector.commands.automation import automation
from connector.commands.backfill import backfill
from connector.commands.cases import cases
from connector.commands.changes import changes
from connector.commands.forecast import forecast
from connector.commands.intake import intake
from connector.commands.mails import mails
from connector.commands.money import money
from connector.commands.next_engine import app as next_engine_app
from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.commands.preflight import preflight_app
from connector.commands.rehearse import bench, demo, sandbox
from connector.commands.relay import relay_app
from connector.commands.stop import handled, stop
from connector.commands.warehouse_news import goods_returns, stock
from connector.commands.why import why
from connector.commands.wms import app as wms_app
from connector.console import Exit, day_of, fail, finish, in_world, settings_of, show

if TYPE_CHECKING:
    from connector.wiring import World

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    help="Joins an ECFORCE cart, Next Engine and a warehouse, and proves every step.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("connector"))
        raise typer.Exit


@app.callback()
def connector(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Joins an ECFORCE cart, Next Engine and a warehouse, and proves every step."""


@app.command()
def run(
    config: Config = DEFAULT,
    clock: Annotated[
        str, typer.Option(help="Rehearsals only: a clock shared with a running town.", hidden=True)
    ] = "",
) -> None:
    """Run the daemon until SIGTERM.

    Example: connector run --config config/production.toml
    """
    from connector.clock import ScaledClock, SystemClock
    from connector.serve import serve

    settings = settings_of(config)
    chosen = ScaledClock.parse(clock) if clock else SystemClock()
    raise typer.Exit(finish(lambda: serve(settings, chosen)))


@app.command()
def check(config: Config = DEFAULT, json: Json = False) -> None:
    """Check the settings and all mappings; every problem at once, with file, line and column.

    Example: connector check --config config/production.toml
    """
    from connector.addresses import open_postal
    from connector.config import load
    from connector.errors import Misconfigured
    from connector.wiring import misfits

    try:
        problems = [problem for shop in load(config).shops.values() for problem in misfits(shop)]
    except Misconfigured as error:
        problems = error.problems
    found = list(dict.fromkeys(map(str, problems)))  # shops may share a folder
    _, unchecked = open_postal()
    words = "\n".join(found) or "ok: 設定と変換設定に問題はありません。"
    show({"problems": found, "postal": unchecked}, json, "\n".join(filter(None, (words, unchecked))))
    raise typer.Exit(Exit.INVALID if found else Exit.OK)


@app.command()
def once(
    stage: Annotated[str, typer.Argument(help="A stage, such as notify; or 'all' for every due stage.")],
    config: Config = DEFAULT,
    shop: ShopKey = "",
    json: Json = False,
) -> None:
    """Run one pass of one stage now and say what it did.

    Example: connector once notify
    """
    from connector.stages import BY_NAME

    if stage != "all" and stage not in BY_NAME:
        fail(Exit.USAGE, f"there is no stage {stage}; known: {', '.join(BY_NAME)}")

    async def work(world: World) -> dict[str, Any]:
        rhythm = world.shop(shop).rhythm
        ran = await rhythm.run_due() if stage == "all" else {stage: await rhythm.run(BY_NAME[stage])}
        return {name: counts.facts() for name, counts in ran.items()}

    done = in_world(config, work, claim=True)
    show(done, json, "\n".join(f"{name}: {counts or 'nothing to do'}" for name, counts in done.items()))


@app.command()
def status(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """How many orders and slips stand where, what is held, and how old the picture is."""
    from connector.ledger import views
    from connector.status import status_text

    async def work(world: World) -> tuple[Any, str]:
        one = world.shop(shop)
        now = world.clock.now()
        funnel = await world.database.read(lambda c: views.funnel(c, one.shop, now))
        pulses = await world.database.read(lambda c: views.pulses_list(c, one.shop.key))
        cut_off = views.cut_off(one.shop, now)
        text = status_text(funnel, pulses, now, lang or world.settings.language, cut_off)
        found = {"shop": one.shop.key, "at": now, "cut_off_at": cut_off, "places": funnel, "pulses": pulses}
        return found, text

    model, text = in_world(config, work)
    show(model, json, text)


@app.command()
def hold(
    order: str, config: Config = DEFAULT, shop: ShopKey = "", reason: Why = "", json: Json = False
) -> None:
    """Pin a hold on an order, so that no further step is taken for it."""
    _operate("hold", order, config, shop, reason, json)


@app.command()
def release(
    order: str,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    not_handled: Annotated[
        bool,
        typer.Option("--not-handled", help="It counts as handled outside, and was not: it may ship twice."),
    ] = False,
    json: Json = False,
) -> None:
    """Take the open holds off an order; it goes on from where it stands."""
    _operate("release", order, config, shop, reason, json, not_handled=not_handled)


@app.command()
def retry(
    order: str, config: Config = DEFAULT, shop: ShopKey = "", reason: Why = "", json: Json = False
) -> None:
    """Let the next pass look at an order at once, instead of at its next time."""
    _operate("retry", order, config, shop, reason, json)


@app.command()
def report(
    day: Annotated[str, typer.Argument(help="A business day, 2026-11-24; yesterday by default.")] = "",
    config: Config = DEFAULT,
    shop: ShopKey = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Compare cart, ledger, Next Engine and warehouse, and write the day's report.

    Example: connector report 2026-11-24
    """
    from connector.ledger import views

    chosen = day_of(day, "report") if day else None

    async def work(world: World) -> Any:
        one, today = world.shop(shop), views.business_day(world.clock.now())
        known = await world.database.read(lambda c: views.days_recorded(c, one.shop.key)) or (today, today)
        first, last = known[0], max(known[1], today)
        if chosen is not None and not first <= chosen <= last:
            fail(Exit.USAGE, f"report {chosen}: there is a report of {first} to {last}, and of no other day")
        return await world.report(one, chosen, lang or None)

    written = in_world(config, work)
    lines = [written.sentence, *(str(path) for path in written.files)]
    show(written, json, "\n".join(lines))
    raise typer.Exit(Exit.FINDINGS if written.unexplained else Exit.OK)


@app.command()
def health(config: Config = DEFAULT) -> None:
    """Ask the running daemon whether it is ready; for container health checks."""
    import urllib.request

    settings = settings_of(config)
    url = f"http://127.0.0.1:{settings.web.port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=4) as reply:
            typer.echo(reply.read().decode())
    except OSError as error:
        fail(Exit.FAILED, f"{url}: {error}")


# What is watched beside the line, and the rehearsals.
BESIDE = (why, alarms, forecast, cases, changes, intake, backfill, money, mails, automation, stop, handled)
for command in (*BESIDE, stock, goods_returns, sandbox, demo, bench):
    app.command()(command)

app.add_typer(next_engine_app, name="next-engine")
app.add_typer(preflight_app, name="preflight")
app.add_typer(wms_app, name="wms")
app.add_typer(relay_app, name="relay")


def _operate(verb: str, order: str, config: Path, shop: str, reason: str, json: bool, **more: Any) -> None:
    import getpass

    from connector import ops

    if not reason:
        fail(Exit.USAGE, f"{verb} needs a reason: --reason '…'")
    actor = f"{getpass.getuser()} (CLI)"

    async def work(world: World) -> Any:
        one = world.shop(shop)
        act = {"hold": ops.hold, "release": ops.release, "retry": ops.retry}[verb]
        more.update(actor=actor, why=reason, now=world.clock.now(), lang=world.settings.language)
        return await act(world.database, one.shop.key, order, **more)

    said = in_world(config, work)
    show({"order": order, "done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)


def main() -> None:
    """The console script. What nobody foresaw ends with its traceback and 70."""
    try:
        app()
    except Exception:  # noqa: BLE001 - the last door: a bug must not look like a usage error
        traceback.print_exc()
        sys.exit(Exit.BUG)
