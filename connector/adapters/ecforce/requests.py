"""Requests (API での完了反映): completes orders in the cart by bulk calls, and finds out after a doubt.

Dangerous: sales are asked for only while the cart says 仮売上 or 与信審査完了, read right before. Everything is
read first, so that repeating does what is left and charges nobody twice (spec/ecforce.md §2.10). Of an order to
several addresses the rows without sales go first and are read back; sales run with its last row alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

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
ANOTHER_REFUSED = "同じ受注の他のお届け先がカートに断られたため、送っていません"


@dataclass(slots=True)
class _Plan:
    """What is left to do for the rows of one effect, and who cannot be done, by order number."""

    refused: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)  # sales were wanted, the cart has them already
    shipping: dict[bool, list[Row]] = field(default_factory=lambda: {False: [], True: []})
    state: dict[int, list[Row]] = field(default_factory=dict)  # 対応状況, once per order of the cart


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
        acted = await self._ship(effect, plan, sale=False, acted=False)
        plan.shipping[True] = await self._after_the_others(plan.shipping[True], rows, plan)
        acted = await self._ship(effect, plan, sale=True, acted=acted)
        state = {
            str(cart_id): group
            for cart_id, group in plan.state.items()
            if not any(row.number in plan.refused for row in group)
        }
        wanted = [{"id": int(name), "state": wire.STATE_SHIPPED} for name in state]
        refused = await self._put("orders_bulk_update", effect, wanted, {}, list(state), acted)
        plan.refused |= {row.number: words for name, words in refused.items() for row in state[name]}
        return Done(_evidence(rows, plan))

    async def lies_there(self, effect: Effect) -> Done | Absent:
        """Done when the cart shows every order as asked. Absent is safe to repeat even where some show it."""
        rows = decode_rows(effect.body)
        now = await self._look_up(row.id for row in rows)
        missing = [row.number for row in rows if row.id not in now or not row.shows_in(now[row.id])]
        facts: Facts = {"shown": len(rows) - len(missing), "missing": missing}
        return Absent(facts) if missing else Done(facts)

    async def _ship(self, effect: Effect, plan: _Plan, *, sale: bool, acted: bool) -> bool:
        """One call for the rows with or without sales; whether anything was sent by now."""
        group = plan.shipping[sale]
        names = {row.name: row.number for row in group}
        options = {"with_sale": int(sale), "with_async": 0}
        wanted = [row.wanted() for row in group]
        refused = await self._put("orders_shipping", effect, wanted, options, list(names), acted)
        plan.refused |= {names[name]: words for name, words in refused.items()}
        return acted or bool(group)

    async def _after_the_others(self, last: list[Row], rows: Sequence[Row], plan: _Plan) -> list[Row]:
        """The rows with which sales may run now: every other address of their orders stands in the cart."""
        others = {row.number: [other for other in _beside(row, rows) if other is not row] for row in last}
        if not any(others.values()):
            return last
        fit = [row for row in last if not any(other.number in plan.refused for other in others[row.number])]
        plan.refused |= {row.number: ANOTHER_REFUSED for row in last if row not in fit}
        now = await self._look_up(row.id for row in fit)
        behind = [
            other.number
            for row in fit
            for other in others[row.number]
            if row.id not in now or not other.slip_shows_in(now[row.id])
        ]
        if behind:
            raise Unknown(f"他のお届け先の配送伝票番号をカートで確認できません: {'、'.join(behind)}")
        return fit

    async def _put(
        self,
        name: str,
        effect: Effect,
        orders: Sequence[dict[str, object]],
        options: dict[str, int],
        asked: Sequence[str],
        acted: bool,
    ) -> dict[str, str]:
        """One bulk call; the refusals by row name. After an earlier call of this effect, nothing is NotDone."""
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
            return refusals(answer, asked)
        except NotDone as fault:
            if not acted:
                raise
            raise Unknown(f"完了反映の一部は送信済みですが、続きを送れませんでした: {fault}") from fault


def _beside(row: Row, rows: Sequence[Row]) -> list[Row]:
    """All rows of the same order of the cart."""
    return [other for other in rows if other.id == row.id] if row.address_id is not None else [row]


def _plan(rows: Sequence[Row], now: dict[int, Order]) -> _Plan:
    plan = _Plan()
    for cart_id, group in groupby(rows, key=lambda row: row.id):
        _plan_order(plan, list(group), now.get(cart_id))
    return plan


def _plan_order(plan: _Plan, rows: Sequence[Row], order: Order | None) -> None:
    why = next(filter(None, (_why_not(row, order) for row in rows)), "")
    if why or order is None:
        plan.refused |= {row.number: why for row in rows}
        return
    for row in rows:
        sale = row.sale and order.payment.state not in CAPTURED
        if row.sale and not sale:
            plan.dropped.append(row.number)
        if sale or not row.slip_shows_in(order):
            plan.shipping[sale].append(row)
    if order.state_code not in SHIPPED_STATES:
        plan.state[order.cart_order_id] = list(rows)


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
        "done": [row.number for row in rows if row.number not in plan.refused],
        "refused": {row.number: plan.refused[row.number] for row in rows if row.number in plan.refused},
        "sale_dropped": plan.dropped,
    }
