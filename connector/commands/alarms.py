"""Alarms (警報): `connector alarms`."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.ops import Answer
    from connector.wiring import World


def alarms(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    close: Annotated[str, typer.Option(help="Close this kind: its cause is mended. Needs --reason.")] = "",
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """What is wrong with a connection or a flow as a whole: since when, what it means, what to do.

    Exit code 4 while one is open. What was closed by hand and still holds is told again.
    Example: connector alarms --close intake_silent --reason "NE の取込アドレスを直した"
    """
    if close and not reason:
        fail(Exit.USAGE, "--close needs a reason: --reason '…'")
    if close:
        answer = in_world(config, lambda world: _close(world, shop, close, reason, lang))
        show({"kind": close, "done": answer.done, "words": answer.words}, json, answer.words)
        raise typer.Exit(Exit.OK if answer.done else Exit.NOTHING)
    model, text = in_world(config, lambda world: _list(world, shop, everything, lang))
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(row.open for row in model) else Exit.OK)


async def _close(world: World, shop: str, kind: str, why: str, lang: str) -> Answer:
    from connector import ops

    actor, language = f"{getpass.getuser()} (CLI)", lang or world.settings.language
    one, now = world.shop(shop), world.clock.now()
    return await ops.close_alarm(world.database, one.shop, kind, actor=actor, why=why, now=now, lang=language)


async def _list(world: World, shop: str, everything: bool, lang: str) -> tuple[Any, str]:
    from connector import words
    from connector.ledger import views

    one, now, language = world.shop(shop), world.clock.now(), lang or world.settings.language
    read = views.alarms_list if everything else views.open_alarms
    rows = await world.database.read(lambda c: read(c, one.shop.key))
    lines = []
    for row in rows:
        word, ended = words.ALARMS[row.kind], ""
        if row.closed_at is not None:
            ended = f" – {words.moment(row.closed_at, language)} {row.note}".rstrip()
        lines.append(f"{'!' if row.open else ' '} {word.name.say(language)} [{row.kind}]")
        lines.append(f"    {words.moment(row.opened_at, language)}{ended}")
        lines.append(f"    {words.alarm_facts(row.kind, row.evidence, now, language)}")
        if row.open:
            lines += [f"    {word.means.say(language)}", f"    → {word.do.say(language)}"]
    return rows, "\n".join(lines) or words.label("alarms_none", language)
