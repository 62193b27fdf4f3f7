"""Mails (受信メール): `connector mails`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey, Why
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.ledger.views import MailRow, Mails
    from connector.ops import Answer
    from connector.wiring import World


def mails(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=5000, help="How many at most, newest first.")] = 50,
    seen: Annotated[int, typer.Option("--seen", help="The number of a mail that is dealt with.")] = 0,
    bounced: Annotated[int, typer.Option("--bounced", help="The number of a mail that is a bounce.")] = 0,
    again: Annotated[bool, typer.Option("--again", help="Announce all orders whose mail came back.")] = False,
    reason: Why = "",
    json: Json = False,
    lang: Lang = "",
) -> None:
    """What came to our mailbox, what it was taken for, and what came of it.

    Exit code 4 while a mail or a bounced order waits for a person, 5 where there was nothing to do.
    Example: connector mails --again --reason '取込用アドレスを直した'
    """
    if seen or bounced or again:
        _act(seen, bounced, again, config, shop, reason, json, lang)
        return
    from connector.ledger import views

    async def work(world: World) -> tuple[Mails, str]:
        key, language = world.shop(shop).shop.key, lang or world.settings.language
        found = await world.database.read(lambda c: views.mails(c, key, only_open=only_open, limit=limit))
        return found, _text(found, language)

    model, text = in_world(config, work)
    show(model, json, text)
    raise typer.Exit(Exit.FINDINGS if model.open or model.bounces.orders else Exit.OK)


def _act(
    seen: int, bounced: int, again: bool, config: Any, shop: str, reason: str, json: bool, lang: str
) -> None:
    import getpass

    from connector import ops

    if not reason:
        fail(Exit.USAGE, "--seen, --bounced and --again need a reason: --reason '…'")
    if (seen > 0) + (bounced > 0) + again != 1:
        fail(Exit.USAGE, "one of --seen, --bounced and --again at a time")

    async def work(world: World) -> Answer:
        given: dict[str, Any] = {"actor": f"{getpass.getuser()} (CLI)", "why": reason}
        given |= {"now": world.clock.now(), "lang": lang or world.settings.language}
        here = (world.database, world.shop(shop).shop.key)
        if again:
            return await ops.announce_again(*here, **given)
        return await ops.settle_mail(*here, bounced or seen, bounced=bool(bounced), **given)

    said = in_world(config, work)
    show({"done": said.done, "words": said.words}, json, said.words)
    raise typer.Exit(Exit.OK if said.done else Exit.NOTHING)


def _text(found: Mails, lang: str) -> str:
    """The orders that wait first, then two or three lines a mail."""
    from connector import words

    lines = []
    if found.bounces.orders:
        name, waiting = words.reason("mail_bounced", lang), words.count(found.bounces.orders, lang)
        lines.append(f"{name}: {waiting}  {' '.join(found.bounces.numbers)}")
        lines += [f"    {said}" for said in found.bounces.words]
        lines.append(f"    → {words.REASONS[words.Reason.MAIL_BOUNCED].do.say(lang)}")
    for row in found.rows:
        lines += _lines(row, lang)
    return "\n".join(lines) or ("受信メールはありません。" if lang == "ja" else "No mail came.")


def _lines(row: MailRow, lang: str) -> list[str]:
    from connector import words

    kind, ended = words.MAIL_KINDS[row.kind].say(lang), words.MAIL_VERDICTS[row.verdict]
    mark = "!" if row.open else " "
    order = f" {words.label('order', lang)} {row.number}" if row.number else ""
    found = [f"{mark} #{row.id}  {words.moment(row.seen_at, lang)}  [{kind} → {ended.name.say(lang)}]{order}"]
    found.append(f"      {row.sender}  {row.subject}".rstrip())
    if row.words:
        found.append(f"      {row.words}")
    if row.open:
        found.append(f"      → {ended.means.say(lang)}")
    return found
