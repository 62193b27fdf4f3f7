"""Preflight (取込前確認): `connector preflight`: what would go into the order CSV now, and what waits for a click."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector import ops
    from connector.ledger.views import PreflightRow
    from connector.wiring import ShopWorld, World

STAGE = "import_daily"
Window = Annotated[
    str, typer.Argument(help="The set time, as `preflight list` names it: '2026-11-24 14:00'.")
]

preflight_app = typer.Typer(no_args_is_help=True, help="Checks before the order CSV goes to Next Engine.")


class StaysOut(msgspec.Struct, frozen=True, kw_only=True):
    """An order that would not be in the file, and why in one sentence."""

    number: str
    state: str
    why: str


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it would be now."""

    window: str
    revision: int
    orders: tuple[str, ...]
    lines: int
    yen: int
    payments: dict[str, dict[str, int]]
    oddities: dict[str, dict[str, Any]]
    stays_out: tuple[StaysOut, ...]


@preflight_app.command("show")
def show_planned(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """What would go into the order CSV now, and why every other order would not. Uploads nothing.

    Exit code 4 where the file would wait for a click. Example: connector preflight show
    """

    async def work(world: World) -> tuple[Planned, str]:
        language = lang or world.settings.language
        planned = await plan_now(world, world.shop(shop), language)
        return planned, _planned_text(planned, language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if model.oddities else Exit.OK)


@preflight_app.command("list")
def list_checks(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    everything: Annotated[bool, typer.Option("--all", help="The newest 60, decided ones too.")] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Files that wait for a click, with what is odd about them.

    Exit code 4 while any waits. Example: connector preflight list
    """
    from connector.ledger import views

    async def work(world: World) -> tuple[list[PreflightRow], str]:
        one = world.shop(shop)
        read = views.preflights_list if everything else views.preflights_waiting
        rows = await world.database.read(lambda c: read(c, one.shop.key))
        return rows, _list_text(rows, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(row.waits for row in model) else Exit.OK)


@preflight_app.command("release")
def release(
    window: Window,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Let a waiting file go: exactly the orders it shows, less what has left since.

    Exit code 5 where nothing waits. Example: connector preflight release '2026-11-24 14:00' -r 'セール初日'
    """
    _decide(window, True, config, shop, reason, json, lang)


@preflight_app.command("refuse")
def refuse(
    window: Window,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Keep a waiting file back: its orders go at the next set time.

    Exit code 5 where nothing waits. Example: connector preflight refuse '2026-11-24 14:00' -r '単価の誤り'
    """
    _decide(window, False, config, shop, reason, json, lang)


def _decide(window: str, go: bool, config: Any, shop: str, reason: str, json: bool, lang: str) -> None:
    import getpass

    from connector import ops

    if not reason:
        fail(Exit.USAGE, "a decision needs a reason: --reason '…'")
    actor = f"{getpass.getuser()} (CLI)"

    async def work(world: World) -> ops.Answer:
        one, now = world.shop(shop), world.clock.now()
        language = lang or world.settings.language
        return await ops.decide_preflight(
            world.database, one.shop.key, window, release=go, actor=actor, why=reason, now=now, lang=language
        )

    said = in_world(config, work)
    show({"window": window, "done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)


async def plan_now(world: World, one: ShopWorld, lang: str) -> Planned:
    """The file as the next pass would plan it, and everybody before the import who is not in it."""
    from connector.ledger import views
    from connector.ledger.preflight_rows import named
    from connector.ledger.preflights import figures_now, oddities_of
    from connector.ledger.views.times import BEFORE_IMPORT
    from connector.ledger.windows import instant_of

    now = world.clock.now()
    window = await _window(one, now)
    heard, items, ports = await one.rhythm.runner.planned(STAGE, window, max(now, instant_of(window)))
    if heard.fault is not None:
        raise heard.fault
    effect = heard.planned[0] if heard.planned else None
    inside = {items[id_].noun.number for id_ in effect.items} if effect is not None else set()
    waiting = await world.database.read(
        lambda c: views.waiting(c, one.shop, sorted(BEFORE_IMPORT), now, limit=50_000)
    )
    just_said = {item.noun.number: outcome for item, outcome in heard.said}
    found: dict[str, Any] = {}
    if effect is not None:
        name = named(window, ports.files.revision)
        found = await world.database.read(
            lambda c: oddities_of(
                c, one.shop, window, name, figures_now(c, one.shop, window, effect, items, now)
            )
        )
    manifest: dict[str, Any] = effect.facts["manifest"] if effect is not None else {}
    return Planned(
        window=window,
        revision=ports.files.revision,
        orders=tuple(sorted(inside)),
        lines=manifest.get("lines", 0),
        yen=manifest.get("yen", 0),
        payments=manifest.get("payments", {}),
        oddities=found,
        stays_out=tuple(
            StaysOut(
                number=row.number,
                state=row.state,
                why=_why(just_said.get(row.number)) or because.why.say(lang),
            )
            for row, because in waiting
            if row.number not in inside
        ),
    )


def _why(outcome: Any) -> str:
    """What the plan itself says about an order, where it says something new."""
    return str(getattr(outcome, "note", "") or getattr(outcome, "why", "")).partition("\n")[0]


async def _window(one: ShopWorld, now: datetime) -> str:
    """The set time that is open now, else the next one."""
    from connector.clock import jst
    from connector.ledger.views import next_of
    from connector.rhythm import newest_window

    kept = await one.ledger.kept_open(now)
    window = newest_window(one.shop.import_times, now, one.shop.import_grace) or kept
    if window and not await one.ledger.finished(STAGE, window):
        return window
    following = next_of(one.shop.import_times, now) or now + timedelta(days=1)
    return f"{jst(following):%Y-%m-%d %H:%M}"


def _planned_text(planned: Planned, lang: str) -> str:
    from connector import words
    from connector.words.preflights import oddity

    head = f"{planned.window}{f' r{planned.revision}' if planned.revision > 1 else ''}"
    lines = [f"{head}: {words.count(len(planned.orders), lang)} / {words.yen(planned.yen, lang)}"]
    for method, one in planned.payments.items():
        lines.append(f"  {method}: {words.count(one['orders'], lang)}  {words.yen(one['yen'], lang)}")
    lines += [f"  ! {oddity(name, facts, lang)}" for name, facts in planned.oddities.items()]
    if planned.stays_out:
        lines.append("入らない受注:" if lang == "ja" else "Not in it:")
    for out in planned.stays_out:
        lines.append(f"  {out.number}  [{words.state('order', out.state, lang)}] {out.why}")
    return "\n".join(lines)


def _list_text(rows: list[PreflightRow], lang: str) -> str:
    from connector import words
    from connector.words.preflights import VERDICTS, oddity

    if not rows:
        return words.label("preflight_none", lang)
    lines = []
    for row in rows:
        until = f"  ~ {words.moment(row.deadline_at, lang)}" if row.waits else ""
        sums = f"{words.count(row.orders, lang)} / {words.yen(row.yen, lang)}"
        lines.append(
            f"{row.window}  {VERDICTS[row.state].name.say(lang)}  {sums}{until}  {row.note}".rstrip()
        )
        lines += [f"    ! {oddity(name, facts, lang)}" for name, facts in row.oddities.items()]
    return "\n".join(lines)
