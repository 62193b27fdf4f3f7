"""Why (なぜ進まないか): `connector why`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.ledger.views import Connection
    from connector.wiring import World


def why(
    orders: Annotated[
        list[str] | None, typer.Argument(help="Order numbers, slip numbers or tracking numbers.")
    ] = None,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    waiting: Annotated[
        bool, typer.Option("--waiting", help="All that is not in the CSV or not in 印刷待ち, by reason.")
    ] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Where an order is, why it is not further, and what would move it.

    An order to several addresses is one story per address; the cart's own number tells them all. A number that nobody
    knows has its reason, too, and exit code 1.
    Example: connector why b7c2e4d018
    """
    if bool(orders) == waiting:
        fail(Exit.USAGE, "why needs numbers, or --waiting alone")
    if waiting:
        groups, text = in_world(config, lambda world: _waiting(world, shop, lang))
        show(groups, json, text)
        return
    known, missing, text = in_world(config, lambda world: _each(world, shop, orders or [], lang))
    everything = [*known, *missing]
    show(everything[0] if len(everything) == 1 else everything, json, text)
    if missing:
        raise typer.Exit(Exit.FAILED)


async def _each(
    world: World, shop: str, numbers: list[str], lang: str
) -> tuple[list[Any], list[dict[str, str]], str]:
    """Stories, the numbers that have none with the reason, and both as text."""
    from connector.ledger import views

    one, now, language = world.shop(shop), world.clock.now(), lang or world.settings.language
    known: list[Any] = []
    missing: list[dict[str, str]] = []
    texts: list[str] = []

    def read(connection: Connection) -> None:
        for number in dict.fromkeys(numbers):
            found = views.why_all(connection, one.shop, number, now, language)
            known.extend(found)
            texts.extend(views.text(story, language) for story in found)
            if not found:
                answer = views.unknown(connection, one.shop, number, now, language)
                said, moves = answer.why.say(language), answer.moves.say(language)
                missing.append({"number": number, "sentence": said, "moves": moves})
                texts.append(f"{number}\n  → {said}\n    {moves}")

    await world.database.read(read)
    return known, missing, "\n\n".join(texts)


async def _waiting(world: World, shop: str, lang: str) -> tuple[Any, str]:
    from connector import words
    from connector.ledger import views

    one, now, language = world.shop(shop), world.clock.now(), lang or world.settings.language
    groups = await world.database.read(lambda c: views.waiting_groups(c, one.shop, now, language))
    lines = []
    for group in groups:
        lines.append(f"{group.name}  {words.count(group.count, language)}  {words.yen(group.yen, language)}")
        lines += [f"  {order.number}  {order.sentence}" for order in group.orders]
    return groups, "\n".join(lines) or words.label("none", language)
