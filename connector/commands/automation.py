"""Automation (自動化率): `connector automation`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import in_world, show

if TYPE_CHECKING:
    from connector.wiring import World


def automation(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days up to yesterday.")] = 28,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """The share of shipped slips that nobody had to touch, and what removing each reason would gain.

    Counted from the ledger alone. Example: connector automation --days 7 --json
    """
    from connector.clock import jst
    from connector.ledger import views
    from connector.reports import automation as told

    async def work(world: World) -> tuple[Any, str]:
        one, last = world.shop(shop), jst(world.clock.now()).date() - timedelta(days=1)
        found = await world.database.read(lambda c: views.automation_span(c, one.shop.key, last, days))
        return found, told.text(found, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
