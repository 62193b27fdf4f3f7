"""Machine (機械向け): liveness, readiness and metrics. No order number is ever a label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from aiohttp import web

from connector.ledger import views
from connector.ledger.views import Connection
from connector.reports import latest
from connector.web.context import CONTEXT, WebContext
from connector.words import ALARMS

TEXT = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


async def healthz(request: web.Request) -> web.Response:
    """Alive: this process and its loop. Asks nothing outside."""
    alive = request.app[CONTEXT].health().alive
    return _json({"alive": alive}, 200 if alive else 503)


async def readyz(request: web.Request) -> web.Response:
    """Ready: what the process says of itself, and whether the ledger can be read."""
    context = request.app[CONTEXT]
    reasons = list(context.health().reasons)
    try:
        await context.database.read(lambda connection: views.closed_days(connection, context.shops[0].key))
    except Exception as error:  # noqa: BLE001 - whatever keeps the ledger from answering is the answer
        reasons.append(f"the ledger cannot be read: {type(error).__name__}")
    return _json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text from the views."""
    context = request.app[CONTEXT]
    text = await context.database.read(lambda connection: "\n".join(_lines(connection, context)) + "\n")
    return web.Response(body=text.encode(), headers={"Content-Type": TEXT})


def _lines(connection: Connection, context: WebContext) -> Iterator[str]:
    now = context.clock.now()
    places = {shop.key: views.funnel(connection, shop, now) for shop in context.shops}
    flat = [(shop, place) for shop, found in places.items() for place in found]
    yield from _metric(
        "connector_orders",
        "gauge",
        "Orders standing in each state.",
        (
            ({"shop": shop, "state": place.state}, place.count)
            for shop, place in flat
            if place.item == "order"
        ),
    )
    yield from _metric(
        "connector_slips",
        "gauge",
        "Slips standing in each state.",
        (({"shop": shop, "state": place.state}, place.count) for shop, place in flat if place.item == "slip"),
    )
    yield from _metric(
        "connector_stuck_items",
        "gauge",
        "Items that stand longer than their patience without a hold.",
        (
            ({"shop": shop, "item": place.item, "state": place.state}, place.stuck)
            for shop, place in flat
            if place.stage
        ),
    )
    yield from _metric(
        "connector_oldest_item_age_seconds",
        "gauge",
        "Age of the item that waits longest for a stage.",
        (
            (
                {"shop": shop, "stage": place.stage, "state": place.state},
                (now - place.oldest_at).total_seconds(),
            )
            for shop, place in flat
            if place.stage and place.oldest_at is not None
        ),
    )
    yield from _work(connection, context)
    yield from _alarms(connection, context)
    yield from _next_engine(connection, context)
    yield from _reconciled(context)


def _work(connection: Connection, context: WebContext) -> Iterator[str]:
    keys = [shop.key for shop in context.shops]
    held: dict[tuple[str, str], int] = {}
    for key in keys:
        for hold in views.held(connection, key):
            held[key, hold.reason] = held.get((key, hold.reason), 0) + 1
    yield from _metric(
        "connector_held_items",
        "gauge",
        "Open holds.",
        (({"shop": shop, "reason": reason}, number) for (shop, reason), number in held.items()),
    )
    yield from _metric(
        "connector_effect_total",
        "counter",
        "Acts on the outside by kind and outcome.",
        (
            ({"shop": key, "kind": kind, "outcome": state}, number)
            for key in keys
            for kind, state, number in views.effect_totals(connection, key)
        ),
    )
    yield from _metric(
        "connector_last_success_timestamp_seconds",
        "gauge",
        "When a stage last ran well.",
        (
            ({"shop": key, "job": row.what}, row.ok_at.timestamp())
            for key in keys
            for row in views.pulses_list(connection, key)
            if row.ok_at is not None
        ),
    )


def _alarms(connection: Connection, context: WebContext) -> Iterator[str]:
    open_now = {
        (shop.key, row.kind) for shop in context.shops for row in views.open_alarms(connection, shop.key)
    }
    yield from _metric(
        "connector_alarms_open",
        "gauge",
        "1 while the alarm of this kind is open.",
        (
            ({"shop": shop.key, "kind": kind}, float((shop.key, kind) in open_now))
            for shop in context.shops
            for kind in ALARMS
        ),
    )


def _next_engine(connection: Connection, context: WebContext) -> Iterator[str]:
    found = views.next_engine_accounts(connection, context.shops, context.clock.now())
    yield from _metric(
        "connector_next_engine_sign_in_needed",
        "gauge",
        "1 where a person must sign in to Next Engine.",
        (({"account": one.account}, float(one.needs_sign_in)) for one in found),
    )
    yield from _metric(
        "connector_next_engine_month_requests",
        "gauge",
        "Calls to Next Engine in this month of Japan, and what the contract holds.",
        (
            ({"account": one.account, "what": what}, number)
            for one in found
            for what, number in (("used", one.budget.requests), ("contract", one.budget.most_requests))
        ),
    )
    yield from _metric(
        "connector_next_engine_month_bytes",
        "gauge",
        "Bytes to and from Next Engine in this month of Japan.",
        (
            ({"account": one.account, "direction": way}, number)
            for one in found
            for way, number in (("sent", one.budget.sent_bytes), ("received", one.budget.received_bytes))
        ),
    )


def _reconciled(context: WebContext) -> Iterator[str]:
    """What was not computed has no sample: absent is not zero."""
    found = [
        ({"shop": shop.key, "kind": kind}, number)
        for shop in context.shops
        if (report := latest(context.reports_dir, shop.key)) is not None
        for kind, number in report.kinds.items()
        if number is not None
    ]
    yield from _metric("connector_breaks", "gauge", "Findings of the newest report by kind.", found)


def _metric(name: str, kind: str, help_words: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {help_words}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _json(value: object, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
