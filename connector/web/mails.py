"""Mails (受信メール): what came to our mailbox and what came of it, with the buttons for what a person decides."""

from __future__ import annotations

import msgspec
from aiohttp import web

from connector import ops, words
from connector.ledger import views
from connector.ledger.views import MailRow, Mails
from connector.reports import rows_for_excel
from connector.web.actions import said, signed
from connector.web.frame import View
from connector.web.guard import token
from connector.web.lists import attachment

COLUMNS = (
    "id",
    "seen_at",
    "kind",
    "verdict",
    "number",
    "sender",
    "subject",
    "words",
    "settled_at",
    "settled_by",
    "note",
)
VERBS = {"bounced": True, "seen": False}
AGAIN = "mails/again"


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _mails(view)
    key = view.context.form_key
    return view.page(
        "mails.html",
        here="mails",
        found=found,
        everything=_everything(view),
        kind=lambda row: words.MAIL_KINDS[row.kind].say(view.lang),
        ended=lambda verdict: words.MAIL_VERDICTS[verdict],
        verbs=lambda row: _verbs(view, row),
        tokens={row.id: token(key, view.shop.key, f"mails/{row.id}") for row in found.rows if row.open},
        again_token=token(key, view.shop.key, AGAIN),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _mails(view))


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    found = await _mails(view, limit=5000)
    rows = [[_cell(view, name, getattr(row, name)) for name in COLUMNS] for row in found.rows]
    body = rows_for_excel([words.label(f"mail_{name}", view.lang) for name in COLUMNS], rows)
    return attachment(f"mails_{view.shop.key}.csv", body)


async def settle(request: web.Request) -> web.Response:
    """POST /mails/{id}/{verb}."""
    view, mail_id = View(request), int(request.match_info["id"])
    verb = request.match_info["verb"]
    actor, why = await signed(view, f"mails/{mail_id}")
    answer = await ops.settle_mail(
        view.context.database,
        view.shop.key,
        mail_id,
        actor=actor,
        why=why,
        now=view.now,
        bounced=VERBS[verb],
        lang=view.lang,
    )
    return said(view, answer, view.link("mails"))


async def again(request: web.Request) -> web.Response:
    """POST /mails/again: the intake address was corrected."""
    view = View(request)
    actor, why = await signed(view, AGAIN)
    answer = await ops.announce_again(
        view.context.database, view.shop.key, actor=actor, why=why, now=view.now, lang=view.lang
    )
    return said(view, answer, view.link("mails"))


async def _mails(view: View, limit: int = views.PAGE) -> Mails:
    only_open = not _everything(view)
    return await view.read(lambda c: views.mails(c, view.shop.key, only_open=only_open, limit=limit))


def _cell(view: View, name: str, value: object) -> object:
    match name:
        case "kind":
            return words.MAIL_KINDS[str(value)].say(view.lang)
        case "verdict":
            return words.MAIL_VERDICTS[str(value)].name.say(view.lang)
        case _:
            return msgspec.to_builtins(value)


def _everything(view: View) -> bool:
    return view.request.query.get("all", "1") != "0"


def _verbs(view: View, row: MailRow) -> list[tuple[str, str, str]]:
    """Address, words and tone of each button."""
    found = [(view.link("mails", str(row.id), "seen"), words.label("mail_seen", view.lang), "")]
    if row.may_be_a_bounce:
        bounced = (
            view.link("mails", str(row.id), "bounced"),
            words.label("mail_is_bounce", view.lang),
            "strong",
        )
        found.insert(0, bounced)
    return found
