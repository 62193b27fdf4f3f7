"""Intake (取込の内訳): `connector intake`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, in_world, show

if TYPE_CHECKING:
    from connector.ledger.views import Intake
    from connector.wiring import World


def intake(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    days: Annotated[int, typer.Option(min=0, max=92, help="How many days before today are compared.")] = 14,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """What became of every order seen, and whether each day's sum is the cart's own count.

    Asks the cart one number a day. Exit code 4 where a sum differs, 69 where the cart could not be asked.
    Example: connector intake --days 30
    """
    from connector.reports.intake import count_intake, intake_text

    async def work(world: World) -> tuple[Intake, str]:
        one, now = world.shop(shop), world.clock.now()
        found = await count_intake(one.ports.cart, world.database, one.shop, now, days=days)
        return found, intake_text(found, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if model.red else Exit.OK if model.known else Exit.UNAVAILABLE)
