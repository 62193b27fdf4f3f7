"""Changes (引き渡し後の変更): `connector changes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.ledger.views import ChangeTold
    from connector.wiring import World


def changes(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    everything: Annotated[bool, typer.Option("--all", help="Settled ones, too, newest first.")] = False,
    close: Annotated[int, typer.Option("--close", help="The number of a change that is settled.")] = 0,
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Changes of orders that Next Engine already knew of: by hand or too late, and what to do about each.

    Exit code 4 while any waits for a person, 5 where there was nothing to close.
    Example: connector changes --close 12 --reason '倉庫で住所を直してもらった'
    """
    if close:
        _close(close, config, shop, reason, json, lang)
        return
    from connector.ledger import views

    async def work(world: World) -> tuple[list[ChangeTold], str]:
        one, language = world.shop(shop), lang or world.settings.language
        rows = await world.database.read(
            lambda c: views.changes_list(c, one.shop.key, all_of_them=everything)
        )
        found = [views.told(row, language) for row in rows]
        return found, _text(found, language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if any(one.open for one in model) else Exit.OK)


def _close(change_id: int, config: Any, shop: str, reason: str, json: bool, lang: str) -> None:
    import getpass

    from connector import ops

    if not reason:
        fail(Exit.USAGE, "--close needs a reason: --reason '…'")
    actor = f"{getpass.getuser()} (CLI)"

    async def work(world: World) -> ops.Answer:
        one, now = world.shop(shop), world.clock.now()
        language = lang or world.settings.language
        return await ops.close_change(
            world.database, one.shop.key, change_id, actor=actor, why=reason, now=now, lang=language
        )

    said = in_world(config, work)
    show({"change": change_id, "done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)


def _text(found: Sequence[ChangeTold], lang: str) -> str:
    """Three lines a change: which, what, and what to do."""
    from connector import words

    if not found:
        return "変更で残っている作業はありません。" if lang == "ja" else "No change waits for anybody."
    lines = []
    for one in found:
        ended = f"  {words.moment(one.closed_at, lang)} {one.closed_by} {one.close_note}".rstrip()
        head = f"#{one.id} {one.number} v{one.version}  {words.moment(one.at, lang)}  [{one.kind_name}]"
        lines.append(f"{head} {one.place_name}{'' if one.open else ended}")
        lines.append(f"    {one.field_name}: {one.words}")
        if one.open:
            lines.append(f"    → {one.do}")
    return "\n".join(lines)
