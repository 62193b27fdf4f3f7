"""Relay (出荷指示): `connector relay`: a day of instructions that stopped itself, its figures, and the word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector import ops
    from connector.wiring import World

STAGE = "relay"
Day = Annotated[str, typer.Argument(help="The day, as `relay list` names it: 2026-11-24.")]

relay_app = typer.Typer(
    no_args_is_help=True, help="Days on which far more slips than usual would be shipped."
)


@relay_app.command("list")
def list_stops(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    everything: Annotated[bool, typer.Option("--all", help="Decided ones, too.")] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Days that stopped themselves and wait for a word, with their figures.

    Exit code 4 while any waits. Example: connector relay list
    """

    async def work(world: World) -> tuple[list[dict[str, Any]], str]:
        from connector import words
        from connector.ledger import stage_stops
        from connector.words.stage_stops import STOP_DECISIONS, stop_sentence

        key, language = world.shop(shop).shop.key, lang or world.settings.language
        stops = await world.database.read(lambda c: stage_stops.listed(c, key, STAGE))
        shown = [stop for stop in stops if stop.waits or everything]
        rows = [
            {
                "day": stop.what,
                "waits": stop.waits,
                "decision": STOP_DECISIONS[stop.decision].name.say(language),
                "decided_by": stop.decided_by,
                "note": stop.note,
                "figures": stop.figures,
                "words": stop_sentence(stop.stage, stop.what, stop.figures, language),
            }
            for stop in shown
        ]
        lines = [f"{row['decision']}  {row['words']}  {row['note']}".rstrip() for row in rows]
        return rows, "\n".join(lines) or words.label("stage_stops_none", language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(row["waits"] for row in model) else Exit.OK)


@relay_app.command("release")
def release(
    day: Day,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """The number is right: the day's slips go to the warehouse with the next pass.

    Exit code 5 where nothing waits. Example: connector relay release 2026-11-24 -r 'セール初日'
    """
    _decide(day, True, config, shop, reason, json, lang)


@relay_app.command("refuse")
def refuse(
    day: Day,
    config: Config = DEFAULT,
    shop: ShopKey = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Nothing more is handed over on this day; the next day is judged anew.

    Exit code 5 where nothing waits. Example: connector relay refuse 2026-11-24 -r '二重取込の疑い'
    """
    _decide(day, False, config, shop, reason, json, lang)


def _decide(day: str, go: bool, config: Any, shop: str, reason: str, json: bool, lang: str) -> None:
    import getpass

    from connector import ops

    if not reason:
        fail(Exit.USAGE, "a decision needs a reason: --reason '…'")
    actor = f"{getpass.getuser()} (CLI)"

    async def work(world: World) -> ops.Answer:
        one, now = world.shop(shop), world.clock.now()
        language = lang or world.settings.language
        return await ops.decide_stage_stop(
            world.database,
            one.shop.key,
            STAGE,
            day,
            release=go,
            actor=actor,
            why=reason,
            now=now,
            lang=language,
        )

    said = in_world(config, work)
    show({"day": day, "done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)
