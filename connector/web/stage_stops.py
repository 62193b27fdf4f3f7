"""Stage stops (工程の一時停止): stages that stopped themselves because their picture was absurd; a person decides."""

from __future__ import annotations

from aiohttp import web

from connector import ops, words
from connector.ledger import stage_stops
from connector.ledger.stage_stops import Stop
from connector.reports import rows_for_excel
from connector.web.actions import said, signed
from connector.web.frame import View
from connector.web.guard import token
from connector.web.lists import attachment
from connector.words.stage_stops import STOP_DECISIONS, stop_sentence

TITLES = (
    "stage",
    "stage_stop_what",
    "opened_at",
    "why",
    "stage_stop_decision",
    "preflight_decided_by",
    "note",
)


async def page(request: web.Request) -> web.Response:
    view = View(request)
    stops = await _stops(view)
    waiting = [stop for stop in stops if stop.waits]
    key = view.context.form_key
    return view.page(
        "stage_stops.html",
        here="stage_stops",
        waiting=waiting,
        past=[stop for stop in stops if not stop.waits],
        why=lambda stop: stop_sentence(stop.stage, stop.what, stop.figures, view.lang),
        decision=lambda stop: STOP_DECISIONS[stop.decision],
        tokens={stop.id: token(key, view.shop.key, f"stage-stops/{stop.id}") for stop in waiting},
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json([told(stop, view.lang) for stop in await _stops(view)])


async def as_csv(request: web.Request) -> web.Response:
    view = View(request)
    rows = [
        (
            words.stage(stop.stage, view.lang),
            stop.what,
            stop.opened_at.isoformat(),
            stop_sentence(stop.stage, stop.what, stop.figures, view.lang),
            STOP_DECISIONS[stop.decision].name.say(view.lang),
            stop.decided_by,
            stop.note,
        )
        for stop in await _stops(view)
    ]
    body = rows_for_excel([words.label(title, view.lang) for title in TITLES], rows)
    return attachment(f"stage_stops_{view.shop.key}.csv", body)


async def decide(request: web.Request) -> web.Response:
    """POST /stage-stops/{id}/release and /stage-stops/{id}/refuse."""
    view, row_id = View(request), int(request.match_info["id"])
    actor, why = await signed(view, f"stage-stops/{row_id}")
    stop = await view.read(lambda c: stage_stops.one(c, view.shop.key, row_id))
    if stop is None:
        raise web.HTTPNotFound
    answer = await ops.decide_stage_stop(
        view.context.database,
        view.shop.key,
        stop.stage,
        stop.what,
        release=request.match_info["verb"] == "release",
        actor=actor,
        why=why,
        now=view.now,
        lang=view.lang,
    )
    return said(view, answer, view.link("stage-stops"))


def told(stop: Stop, lang: str) -> dict[str, object]:
    """The stop with its sentence."""
    return {
        "id": stop.id,
        "stage": stop.stage,
        "what": stop.what,
        "opened_at": stop.opened_at,
        "waits": stop.waits,
        "decision": str(stop.decision),
        "decided_at": stop.decided_at,
        "decided_by": stop.decided_by,
        "note": stop.note,
        "figures": stop.figures,
        "words": stop_sentence(stop.stage, stop.what, stop.figures, lang),
    }


async def _stops(view: View) -> list[Stop]:
    return await view.read(lambda c: stage_stops.listed(c, view.shop.key))
