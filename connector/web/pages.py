"""Pages (画面): what is where, what stands still and why, and everything about one order or slip."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from msgspec import Struct

from connector import words
from connector.journey import FINAL, OrderState, SlipState
from connector.ledger import stage_stops, views
from connector.ledger.views import Connection, EffectRow
from connector.outcome import SELF_CLEARING, Reason
from connector.reports import latest, opening
from connector.web.cases import of_order as case_of_order
from connector.web.changes import of_order
from connector.web.doubles import suspects_of
from connector.web.frame import View
from connector.web.guard import token
from connector.web.stops import of_order as stop_of_order
from connector.words.stage_stops import stop_sentence

TOP = 30  # rows of a list on the first page
BEFORE_IMPORT = (OrderState.RECEIVED, OrderState.NOTIFIED, OrderState.IN_INTAKE)
FILES = ("ne_import", "wms_file", "completion", "wms_stop")
BUTTONS = {
    "note": "leave_note",
    "stop": "stop_order",
    "handled": "stop_handled",
    "release_handled": "stop_not_handled",
}


class Home(Struct, frozen=True, kw_only=True):
    """Everything the first page shows, read in one look at the ledger."""

    funnel: tuple[views.PlaceCount, ...]
    held: tuple[views.HoldRow, ...]
    waiting: tuple[tuple[views.OrderRow, views.Because], ...]
    stops: tuple[views.StopRow, ...]
    strays: int
    open_effects: tuple[EffectRow, ...]
    files: tuple[EffectRow, ...]
    pulses: tuple[views.PulseRow, ...]
    preflights: tuple[views.PreflightRow, ...] = ()  # import files that wait for a click
    stage_stops: tuple[stage_stops.Stop, ...] = ()  # stages that stopped themselves

    def of(self, item: str) -> list[views.PlaceCount]:
        return [place for place in self.funnel if place.item == item]

    @property
    def stuck(self) -> int:
        return sum(place.stuck for place in self.funnel)

    @property
    def held_yen(self) -> int:
        return sum({hold.order_number: hold.yen for hold in self.held}.values())


async def home(request: web.Request) -> web.Response:
    view = View(request)
    seen = await view.read(lambda connection: _home(connection, view))
    report = latest(view.context.reports_dir, view.shop.key)
    return view.page(
        "home.html",
        here="home",
        seen=seen,
        top=TOP,
        report=report,
        opening=opening(report, view.lang) if report is not None else "",
        next_import=views.next_of(view.shop.import_times, view.now),
        cut_off=views.cut_off(view.shop, view.now),
        cut_off_said=words.until_cut_off(views.cut_off(view.shop, view.now), view.now, view.lang),
        stopped=lambda stop: stop_sentence(stop.stage, stop.what, stop.figures, view.lang),
        next_completion=views.next_of(view.shop.completion_times, view.now),
    )


def _home(connection: Connection, view: View) -> Home:
    shop, now = view.shop, view.now
    begins_at, ends_at = views.day_span(views.business_day(now))
    return Home(
        funnel=tuple(views.funnel(connection, shop, now)),
        held=tuple(views.held(connection, shop.key)),
        waiting=tuple(views.waiting(connection, shop, BEFORE_IMPORT, now, limit=TOP)),
        stops=tuple(views.stops(connection, shop.key)),
        strays=len(views.strays_list(connection, shop.key)),
        open_effects=tuple(views.open_effects(connection, shop.key, limit=TOP)),
        files=tuple(views.effects_between(connection, shop.key, begins_at, ends_at, FILES)),
        pulses=tuple(views.pulses_running(connection, shop)),
        preflights=tuple(views.preflights_waiting(connection, shop.key)),
        stage_stops=tuple(stage_stops.waiting(connection, shop.key)),
    )


async def orders(request: web.Request) -> web.Response:
    view = View(request)
    asked = request.query.get("q", "").strip()
    offset = _offset(request)
    question = views.Question.parse(asked)
    found = await view.read(
        lambda connection: views.orders_list(connection, view.shop, question, view.now, offset=offset)
    )
    after = offset + len(found.rows)
    return view.page(
        "orders.html",
        here="orders",
        q=asked,
        odd=question.odd,
        found=found,
        first=offset + 1 if found.rows else 0,
        after=after,
        more=view.link("orders", q=asked, offset=after) if after < found.total else "",
    )


async def order(request: web.Request) -> web.Response:
    view, number = View(request), request.match_info["number"]
    picture = await view.read(lambda connection: views.order(connection, view.shop, number, view.now))
    parcels = await view.read(lambda c: views.parcels_of(c, view.shop.key, number)) if picture is None else []
    if parcels:
        raise web.HTTPSeeOther(view.link("orders", q=number))  # the cart's own number: one row per address
    answer = await view.read(lambda connection: views.why(connection, view.shop, number, view.now, view.lang))
    if picture is None or answer is None:
        raise web.HTTPNotFound
    return view.page(
        "order.html",
        here="orders",
        one=picture,
        why=answer,
        verbs=_verbs(view, "orders", number, picture.order.reasons, picture.order.state),
        token=token(view.context.form_key, view.shop.key, f"orders/{number}"),
        **await of_order(view, number),
        **await stop_of_order(view, number),
        **await case_of_order(view, number),
    )


async def slips(request: web.Request) -> web.Response:
    view = View(request)
    asked = request.query.get("state", "")
    known = [str(state) for state in SlipState]
    if asked and asked not in known:
        raise web.HTTPNotFound
    states = [asked] if asked else known[: known.index(SlipState.CONFIRMED)]
    rows = await view.read(lambda connection: views.slips_at(connection, view.shop, states, view.now))
    return view.page("slips.html", here="orders", rows=rows[:500], total=len(rows), asked=asked)


async def slip(request: web.Request) -> web.Response:
    view, number = View(request), request.match_info["number"]
    picture = await view.read(lambda connection: views.slip(connection, view.shop, number, view.now))
    answer = await view.read(
        lambda connection: views.why_slip(connection, view.shop, number, view.now, view.lang)
    )
    if picture is None or answer is None:
        raise web.HTTPNotFound
    return view.page(
        "slip.html",
        here="orders",
        one=picture,
        why=answer,
        verbs=_verbs(view, "slips", number, picture.slip.reasons, picture.slip.state),
        token=token(view.context.form_key, view.shop.key, f"slips/{number}"),
        **await suspects_of(view, number),
    )


async def held(request: web.Request) -> web.Response:
    view = View(request)
    reason = request.query.get("reason", "")
    rows = await view.read(lambda connection: views.held(connection, view.shop.key))
    counted: dict[str, int] = {}
    for row in rows:
        counted[row.reason] = counted.get(row.reason, 0) + 1
    shown = [row for row in rows if not reason or row.reason == reason]
    return view.page("held.html", here="held", rows=shown, counted=counted, reason_asked=reason)


async def strays(request: web.Request) -> web.Response:
    view = View(request)
    everything = request.query.get("all", "") == "1"
    rows = await view.read(
        lambda connection: views.strays_list(connection, view.shop.key, all_of_them=everything)
    )
    key = view.context.form_key
    tokens = {row.id: token(key, view.shop.key, f"strays/{row.id}") for row in rows}
    return view.page("strays.html", here="strays", rows=rows, tokens=tokens, everything=everything)


def _verbs(
    view: View, kind: str, number: str, reasons: Sequence[str], state: str
) -> list[tuple[str, str, str]]:
    """The buttons that fit here: address, words, tone. The Enter key presses the first: never what may ship twice."""
    handled = Reason.HANDLED in reasons
    fitting = ["release"] if reasons and not handled else []
    if state not in {str(final) for final in FINAL}:
        fitting += ["retry"] if all(Reason(reason) in SELF_CLEARING for reason in reasons) else []
        fitting += ["hold"] if Reason.BY_HAND not in reasons else []
        fitting += ["stop"] if kind == "orders" else []
        fitting += ["handled"] if kind == "orders" and not handled else []
    return [
        (
            view.link(kind, number, verb),
            words.label(BUTTONS.get(verb, verb), view.lang),
            "strong" if verb == "release" else "",
        )
        for verb in (*fitting, "note", *(["release_handled"] if handled else []))
    ]


def _offset(request: web.Request) -> int:
    asked = request.query.get("offset", "0")
    return int(asked) if asked.isdecimal() and len(asked) < 8 else 0
