"""Cases (決済NGの案件): `connector cases`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, in_world, show

if TYPE_CHECKING:
    from connector.wiring import World


def cases(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also every case that healed, was cancelled or replaced.")
    ] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Refused payments: who waits for what since when, what healed, and what to do next.

    Exit code 4 while any of them waits for a person.
    Example: connector cases --all --json
    """
    from connector.ledger import views
    from connector.reports import cases as told

    async def work(world: World) -> tuple[Any, str]:
        one, now = world.shop(shop), world.clock.now()
        found = await world.database.read(lambda c: views.cases_list(c, one.shop, now, everything=everything))
        return found, told.text(found, now, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(one.needs_hand for one in model.rows) else Exit.OK)
