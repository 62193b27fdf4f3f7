"""Requests (API での完了反映): completes orders in the cart by bulk calls, and finds out after a doubt.

Dangerous: sales are asked for only while the cart says 仮売上 or 与信審査完了, read right before. Everything is
read first, so that repeating does what is left and charges nobody twice (spec/ecforce.md §2.10).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from connector.adapters.ecforce import wire
from connector.adapters.ecforce.bulk import refusals
from connector.adapters.ecforce.completion import (
    CAPTURED,
    SHIPPED_STATES,
    Row,
    decode_rows,
    may_be_charged,
    standing,
)
from connector.adapters.ecforce.reader import SYSTEM
from connector.errors import NotDone, Unknown
from connector.order import Order
from connector.outcome import Absent, Done, Effect, Facts
from connector.ports import Archive
from connector.transport.http import Http

LookUp = Callable[[Iterable[int]], Awaitable[dict[int, Order]]]


@dataclass(slots=True)
class _Plan:
    """What is left to do for the rows of one effect, and who cannot be done."""

    refused: dict[int, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)  # sales were wanted, the cart has them already
    shipping: dict[bool, list[Row]] = field(default_factory=lambda: {False: [], True: []})
    state: list[int] = field(default_factory=list)


class RequestRoute:
    """Completion by PUT orders/shipping and orders/bulk_update."""

    def __init__(self, http: Http, archive: Archive, look_up: LookUp) -> None:
        self._http = http
        self._archive = archive
        self._look_up = look_up

    async def complete(self, effect: Effect) -> Done:
        """`refused` and `sale_dropped` in the evidence name orders by number. Repeating is safe."""
        rows = decode_rows(effect.body)
        plan = _plan(rows, await self._look_up(row.id for row in rows))
        acted = False
        for sale, group in plan.shipping.items():
            document = {"with_sale": int(sale), "with_async": 0}
            wanted = [row.wanted() for row in group]
            ids = [row.id for row in group]
            plan.refused |= await self._put("orders_shipping", effect, wanted, document, ids, acted)
            acted = acted or bool(group)
        ids = [cart_id for cart_id in plan.state if cart_id not in plan.refused]
        wanted = [{"id": cart_id, "state": wire.STATE_SHIPPED} for cart_id in ids]
        plan.refused |= await self._put("orders_bulk_update", effect, wanted, {}, ids, acted)
        return Done(_evidence(rows, plan))

    async def lies_there(self, effect: Effect) -> Done | Absent:
        """Done when the cart shows every order as asked. Absent is safe to repeat even where some show it."""
        rows = decode_rows(effect.body)
        now = await self._look_up(row.id for row in rows)
        missing = [row.number for row in rows if row.id not in now or not row.shows_in(now[row.id])]
        facts: Facts = {"shown": len(rows) - len(missing), "missing": missing}
        return Absent(facts) if missing else Done(facts)

    async def _put(
        self,
        name: str,
        effect: Effect,
        orders: Sequence[dict[str, object]],
        options: dict[str, int],
        ids: Sequence[int],
        acted: bool,
    ) -> dict[int, str]:
        """One bulk call; the refusals by order id. After an earlier call of this effect, nothing is NotDone."""
        if not orders:
            return {}
        place = f"{wire.PATHS[name]}.json"
        body = msgspec.json.encode({"orders": orders, **options})
        await self._archive.keep(system=SYSTEM, direction="out", name=place, body=body, key=effect.key)
        try:
            answer = await self._http.send_json("PUT", place, body)
            await self._archive.keep(
                system=SYSTEM, direction="in", name=place, body=answer.body, key=effect.key
            )
            return refusals(answer, ids)
        except NotDone as fault:
            if not acted:
                raise
            raise Unknown(f"完了反映の一部は送信済みですが、続きを送れませんでした: {fault}") from fault


def _plan(rows: Sequence[Row], now: dict[int, Order]) -> _Plan:
    plan = _Plan()
    for row in rows:
        order = now.get(row.id)
        why = _why_not(row, order)
        if why or order is None:
            plan.refused[row.id] = why
            continue
        sale = row.sale and order.payment.state not in CAPTURED
        if row.sale and not sale:
            plan.dropped.append(row.number)
        if sale or not row.slip_shows_in(order):
            plan.shipping[sale].append(row)
        if order.state_code not in SHIPPED_STATES:
            plan.state.append(row.id)
    return plan


def _why_not(row: Row, order: Order | None) -> str:
    """Why this order is not touched at all; "" where it may be."""
    if order is None:
        return "カートに受注がないか、読み取れません"
    if order.cancelled or order.deleted:
        return "カートでキャンセルまたは削除されています"
    if row.sale and order.payment.state not in CAPTURED and not may_be_charged(order):
        return f"決済状況が「{standing(order)}」のため、売上処理を行えません"
    return ""


def _evidence(rows: Sequence[Row], plan: _Plan) -> Facts:
    return {
        "done": [row.number for row in rows if row.id not in plan.refused],
        "refused": {row.number: plan.refused[row.id] for row in rows if row.id in plan.refused},
        "sale_dropped": plan.dropped,
    }
