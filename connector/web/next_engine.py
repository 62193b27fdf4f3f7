"""Next Engine (接続の状態): how its sign-in and its budget stand, and the one click that signs in again.

Dangerous: whoever can make us take a sign-in of his own makes us work on his account. So a return is believed only
with a nonce that we sent along, once; a return from Next Engine's own menu has none and wants a click of ours; and
another company than the one that signed in before is refused by the session.
"""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from connector.errors import ConnectorError, Refused
from connector.ledger import views
from connector.ledger.views import NextEngineAccount
from connector.reports import rows_for_excel
from connector.web.frame import View
from connector.web.guard import believed, token
from connector.web.lists import attachment
from connector.words.next_engine import PAGE, SIGN_IN_STATES, budget_sentence, megabytes, who

NONCE = "nonce"
COLUMNS = ("account", "signed_in_as", "signed_in_at", "rotated_at", "access_until", "refresh_until")
COUNTED = ("month", "requests", "of", "megabytes", "of", "expected")


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _accounts(view)
    doors = view.context.sign_ins
    return view.page(
        "next_engine.html",
        here="next_engine",
        found=found,
        w=PAGE,
        states=SIGN_IN_STATES,
        megabytes=megabytes,
        who=lambda one: who(one.uid, one.company_name, view.lang),
        used=lambda one: budget_sentence(one.budget.facts, view.lang),
        tokens={one.account: _token(view, f"{one.account}/sign-in") for one in found if one.account in doors},
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json(await _accounts(view))


async def as_csv(request: web.Request) -> web.Response:
    """One row for each account."""
    view = View(request)
    rows = [
        (
            *(one.account, who(one.uid, one.company_name, view.lang), _iso(one.signed_in_at)),
            *(_iso(one.rotated_at), _iso(one.access_until), _iso(one.refresh_until)),
            *(one.budget.month, one.budget.requests, one.budget.most_requests),
            *(megabytes(one.budget.bytes), megabytes(one.budget.most_bytes), one.budget.expected_requests),
            SIGN_IN_STATES[one.state].name.say(view.lang),
        )
        for one in await _accounts(view)
    ]
    titles = [PAGE[key].say(view.lang) for key in (*COLUMNS, *COUNTED, "state")]
    return attachment("next_engine.csv", rows_for_excel(titles, rows))


async def sign_in(request: web.Request) -> web.Response:
    """POST /next-engine/{account}/sign-in: on to Next Engine.

    By a page that leads on and not by a redirect: browsers hold `form-action 'self'` against redirects, too.
    """
    view, account = View(request), request.match_info["account"]
    if account not in view.context.sign_ins:
        raise web.HTTPNotFound
    await _believed(view, f"{account}/sign-in")
    nonce = view.context.returns.expect(account, view.now)
    address = view.context.sign_ins[account].address(nonce)
    return view.page("next_engine_go.html", here="next_engine", w=PAGE, address=address)


async def signed_in(request: web.Request) -> web.Response:
    """GET /next-engine/signed-in: a person comes back from Next Engine with `uid` and `state`."""
    view = View(request)
    uid, state, nonce = (request.query.get(name, "") for name in ("uid", "state", NONCE))
    if not uid or not state:
        return _said(view, 400, PAGE["incomplete"].say(view.lang))
    if not nonce:
        return _ask(view, uid, state)
    account = view.context.returns.take(nonce, view.now)
    if account is None or account not in view.context.sign_ins:
        return _said(view, 403, PAGE["foreign"].say(view.lang))
    return await _exchange(view, account, uid, state)


async def use(request: web.Request) -> web.Response:
    """POST /next-engine/{account}/use: the click that a return from Next Engine's own menu needs."""
    view, account = View(request), request.match_info["account"]
    if account not in view.context.sign_ins:
        raise web.HTTPNotFound
    form = await request.post()
    uid, state = str(form.get("uid", "")), str(form.get("state", ""))
    await _believed(view, f"{account}/use/{uid}/{state}")
    return await _exchange(view, account, uid, state)


def _ask(view: View, uid: str, state: str) -> web.Response:
    """Nothing is changed by coming here."""
    tokens = {account: _token(view, f"{account}/use/{uid}/{state}") for account in view.context.sign_ins}
    return view.page(
        "next_engine_ask.html", here="next_engine", w=PAGE, uid=uid, state_word=state, tokens=tokens
    )


async def _exchange(view: View, account: str, uid: str, state: str) -> web.Response:
    try:
        name, company = await view.context.sign_ins[account].exchange(uid, state)
    except ConnectorError as error:
        return _said(view, 409, error.words if isinstance(error, Refused) else str(error))
    return _said(view, 200, f"{account}: {who(name, company, view.lang)}")


def _said(view: View, status: int, words: str) -> web.Response:
    title = PAGE["done" if status == 200 else "not_done"].say(view.lang)
    return view.page(
        "next_engine_said.html",
        status=status,
        here="next_engine",
        title=title,
        words=words,
        status_code=status,
    )


async def _accounts(view: View) -> list[NextEngineAccount]:
    shops = view.context.shops
    return await view.read(lambda connection: views.next_engine_accounts(connection, shops, view.now))


async def _believed(view: View, thing: str) -> None:
    """Raises HTTPForbidden for a form that is not ours."""
    form = await view.request.post()
    if not believed(view.request, str(form.get("token", "")), view.shop.key, f"next-engine/{thing}"):
        raise web.HTTPForbidden


def _token(view: View, thing: str) -> str:
    return token(view.context.form_key, view.shop.key, f"next-engine/{thing}")


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
