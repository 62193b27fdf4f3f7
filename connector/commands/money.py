"""Money at risk (出荷済み未売上): `connector money`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, in_world, show

if TYPE_CHECKING:
    from connector.wiring import World


def money(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """Shipped and not captured, in yen and days left; and authorisations that lapse before their goods ship.

    Exit code 4 while a capture failed, few days are left, too much is open, or anything lapses before it ships.
    Example: connector money --json
    """
    from connector.ledger import views
    from connector.reports import money as told

    async def work(world: World) -> tuple[Any, str]:
        one, now = world.shop(shop), world.clock.now()
        found = await world.database.read(lambda c: views.money(c, one.shop, now))
        return found, told.text(found, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if model.red or model.lapsing else Exit.OK)
