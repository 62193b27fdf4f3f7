"""Forecast (定期の作成予定と漏れ): `connector forecast`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.wiring import World


def forecast(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days of expected orders.")] = 14,
    on: Annotated[str, typer.Option(help="First of those days, 2026-12-01; today by default.")] = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Which subscription orders must appear by when, which did not, and which came early, late or twice.

    Exit code 4 when something is missing or wrong, 69 when it cannot be judged.
    Example: connector forecast --days 14 --json
    """
    from datetime import date

    from connector.ledger import views
    from connector.reports import renewals

    try:
        first = date.fromisoformat(on) if on else None
    except ValueError:
        fail(Exit.USAGE, f"{on}: a day is written 2026-12-01")

    async def work(world: World) -> tuple[Any, str]:
        one, now = world.shop(shop), world.clock.now()
        found = await world.database.read(
            lambda c: views.renewals_forecast(c, one.shop, now, days=days, on=first)
        )
        return found, renewals.text(found, lang or world.settings.language)

    model, text = in_world(config, work)
    show(model, json, text)
    if model.wrong:
        raise typer.Exit(Exit.FINDINGS)
    raise typer.Exit(Exit.OK if model.missing is not None else Exit.UNAVAILABLE)
