"""Actions (操作): the forms of the pages → one call of `ops` each; the answer is a page that says what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from connector import ops
from connector.ops import Answer
from connector.web.frame import View
from connector.web.guard import believed

Verb = Callable[..., Awaitable[Answer]]

VERBS: dict[str, Verb] = {
    "hold": ops.hold,
    "release": ops.release,
    "release_handled": partial(ops.release, not_handled=True),
    "retry": ops.retry,
    "note": ops.note,
}
"""What a form may ask for; anything else is not found."""


async def act(request: web.Request) -> web.Response:
    """POST /orders/{number}/{verb} and /slips/{number}/{verb}."""
    view = View(request)
    kind, number = request.match_info["kind"], request.match_info["number"]
    verb = VERBS.get(request.match_info["verb"])
    if verb is None:
        raise web.HTTPNotFound
    actor, why = await signed(view, f"{kind}/{number}")
    answer = await verb(
        view.context.database,
        view.shop.key,
        number,
        actor=actor,
        why=why,
        now=view.now,
        item=kind.removesuffix("s"),
        lang=view.lang,
    )
    return said(view, answer, view.link(kind, number))


async def resolve(request: web.Request) -> web.Response:
    """POST /strays/{id}/resolve."""
    view, stray_id = View(request), int(request.match_info["id"])
    actor, why = await signed(view, f"strays/{stray_id}")
    answer = await ops.resolve_stray(
        view.context.database,
        view.shop.key,
        stray_id,
        actor=actor,
        why=why,
        now=view.now,
        lang=view.lang,
    )
    return said(view, answer, view.link("strays"))


async def signed(view: View, thing: str) -> tuple[str, str]:
    """Who acts and why, from a form that is believed. Raises HTTPForbidden for any other."""
    form = await view.request.post()
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    if not believed(view.request, given.get("token", ""), view.shop.key, thing):
        raise web.HTTPForbidden
    return given.get("actor", ""), given.get("why", "")


def said(view: View, answer: Answer, back: str) -> web.Response:
    """200 where it was done, 409 where it did not fit and nothing was written."""
    return view.page("done.html", status=200 if answer.done else 409, answer=answer, back=back)
