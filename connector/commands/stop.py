"""Stop (出荷止め): `connector stop` asks for a stop or shows the board; `connector handled` takes an order over."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from datetime import datetime

    from connector.ledger.views.stop_board import StopBoardRow, StopPlan
    from connector.wiring import World


def stop(
    order: Annotated[str, typer.Argument(help="The order's number; none with --list.")] = "",
    config: Config = DEFAULT,
    shop: ShopKey = "",
    why: Annotated[str, typer.Option("--why", help="Why; it stands in the history.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who would be asked, and ask nobody.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="The stop board: what is not settled.")] = False,
    told: Annotated[
        str, typer.Option("--told", help="What the warehouse said by telephone: stopped or shipped.")
    ] = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Ask Next Engine and the warehouse to stop an order's shipping, or show how the stops stand.

    It is stopped only when the warehouse says so: look at --list. Then it is cancelled in the cart, by people or, with
    cancelled_by = "api", by this program. Exit code 4 while a stop is not settled, 5 where nothing could be asked.
    Example: connector stop EC-1001 --why 'customer telephoned'
    """
    if listing:
        _list(config, shop, json, lang)
        return
    if not order:
        fail(Exit.USAGE, "stop needs an order's number, or --list")
    if dry_run:
        _plan(order, config, shop, json, lang)
        return
    if not why:
        fail(Exit.USAGE, "stop needs a reason: --why '…'")
    if told not in ("", "stopped", "shipped"):
        fail(Exit.USAGE, "--told is stopped or shipped")
    _ask(order, config, shop, why, told, json, lang)


def handled(
    order: str,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Stop every further step of an order that somebody handles outside, and say which steps were done already.

    Example: connector handled EC-1001 --reason 'shipped from the office'
    """
    from connector import ops

    if not reason:
        fail(Exit.USAGE, "handled needs a reason: --reason '…'")

    async def work(world: World) -> Any:
        one, here = world.shop(shop), _signed(world, reason, lang)
        return await ops.handled(world.database, one.shop.key, order, **here)

    _said(order, in_world(config, work), json)


def _ask(order: str, config: Any, shop: str, why: str, told: str, json: bool, lang: str) -> None:
    from connector import ops

    async def work(world: World) -> Any:
        one, here = world.shop(shop), _signed(world, why, lang)
        if told:
            is_stopped = told == "stopped"
            return await ops.stop_told(world.database, one.shop.key, order, stopped=is_stopped, **here)
        return await ops.stop(world.database, one.shop, order, **here)

    _said(order, in_world(config, work), json)


def _said(order: str, said: Any, json: bool) -> None:
    show({"order": order, "done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)


def _signed(world: World, why: str, lang: str) -> dict[str, Any]:
    """Who acts, why, when, and in which language the answer comes."""
    here: dict[str, Any] = {"actor": f"{getpass.getuser()} (CLI)", "why": why, "now": world.clock.now()}
    return here | {"lang": lang or world.settings.language}


def _list(config: Any, shop: str, json: bool, lang: str) -> None:
    from connector.ledger.views.stop_board import stop_board

    async def work(world: World) -> tuple[list[StopBoardRow], str]:
        one, now = world.shop(shop), world.clock.now()
        rows = await world.database.read(lambda c: stop_board(c, one.shop, now, everything=False))
        return rows, listed(rows, now, lang or world.settings.language)

    rows, text = in_world(config, work)
    show(rows, json, text)
    raise typer.Exit(Exit.FINDINGS if rows else Exit.OK)


def listed(rows: list[StopBoardRow], now: datetime, lang: str) -> str:
    """The board as text: one paragraph per request."""
    from connector import words
    from connector.words.kept import kept
    from connector.words.stops import LAST_MOMENTS, STOP_ENDS, stop_answer_line, stop_cart_line

    found = []
    for row in rows:
        by = row.asked_by or words.label("stop_by_cart", lang)
        end = STOP_ENDS[row.verdict].name.say(lang)
        head = f"{row.number}  {end}  {words.moment(row.asked_at, lang)}  {by}"
        hands = words.label("stop_by_people", lang) if row.by_people else ""
        last = LAST_MOMENTS[row.last_is].say(lang)
        if row.last_at is not None:
            last += f" {words.moment(row.last_at, lang)} ({words.age(row.last_at - now, lang)})"
        lines = [
            stop_cart_line(one.answer, one.told_at, one.at, lang)
            if one.party == "cart"
            else stop_answer_line(one.party, one.slip_number, one.answer, lang, one.by)
            for one in row.lines
        ]
        lines += [kept(one.words, lang) for one in row.lines if one.party == "cart" and one.words]
        found.append("\n  ".join(filter(None, (head, hands, last, *lines))))
    return "\n".join(found) or words.label("stops_none", lang)


def _plan(order: str, config: Any, shop: str, json: bool, lang: str) -> None:
    from connector.ledger.views.stop_board import stop_plan

    async def work(world: World) -> tuple[StopPlan | None, str]:
        one = world.shop(shop)
        found = await world.database.read(lambda c: stop_plan(c, one.shop, order))
        return found, planned(found, order, lang or world.settings.language)

    found, text = in_world(config, work)
    show(found, json, text)
    raise typer.Exit(Exit.OK if found is not None and found.would_be_done else Exit.NOTHING)


def planned(found: StopPlan | None, order: str, lang: str) -> str:
    """What a request would come to, then whom it would ask, one line each."""
    from connector import words
    from connector.ledger.sayings import Answer
    from connector.words.stops import STOP_PARTIES, STOP_PLANS

    if found is None or not found.would_be_done:
        code, facts = ("unknown", {"number": order}) if found is None else (found.answer, found.facts)
        return Answer(done=False, code=code, facts=facts).in_language(lang).words
    lines = [STOP_PLANS[found.answer].say(lang).format(**found.facts)]
    lines += [f"{STOP_PARTIES[party].say(lang)} {slip}" for party, slip in found.asks]
    if found.cart:
        how = "stop_cart_by_us" if found.cart_by_us else "stop_cart_owes"
        lines.append(f"{STOP_PARTIES['cart'].say(lang)}: {words.label(how, lang)}")
    return "\n".join([f"{found.number} {words.state('order', found.state, lang)}", *lines])
