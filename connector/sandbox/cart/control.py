"""Control plane (/__sandbox/): what no shop has, for tests and rehearsals (spec/ecforce.md §12).

No token: it listens on loopback only. Never part of ECFORCE; the product must not know it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from connector.clock import jst
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.documents import Quirks, answer
from connector.sandbox.cart.gate import CONTROL, Gate, Handler, Rule, read_object
from connector.sandbox.cart.gateway import Script
from connector.sandbox.cart.model import Goods, NewOrder, Order, PostalAddress, SubsOrder
from connector.sandbox.cart.refusal import Refusal, Sentence, not_found

Form = TypeVar("Form")


class Control:
    """Handlers of the control plane."""

    def __init__(self, office: BackOffice, gate: Gate, quirks: Quirks) -> None:
        self._office, self._shop, self._gate, self._quirks = office, office.shop, gate, quirks

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        order, subs = r"orders/{id:\d+}", r"subs_orders/{id:\d+}"
        return tuple(
            (method, CONTROL + path, handler)
            for method, path, handler in (
                ("GET", "clock", self.clock),
                ("GET", "history", self.history),
                ("GET", "gateway", self.ledger),
                ("GET", "warnings", self.warnings),
                ("GET", f"{order}/timeline", self.timeline),
                ("GET", f"{subs}/timeline", self.subs_timeline),
                ("POST", "jobs/generate", self.generate),
                ("POST", "goods", self.goods),
                ("POST", "orders", self.place),
                ("POST", f"{order}/cancel", self.cancel),
                ("POST", f"{order}/pay", self.pay),
                ("POST", f"{order}/reauth", self.reauth),
                ("POST", f"{order}/exam", self.exam),
                ("POST", f"{order}/address", self.address),
                ("POST", f"{order}/card", self.card),
                ("POST", "imports/shipping", self.import_shipping),
                ("POST", "imports/state", self.import_state),
                ("POST", "faults", self.faults),
                ("POST", "quirks", self.quirks),
            )
        )

    # --- looking ---

    async def clock(self, request: web.Request) -> web.Response:
        now = self._shop.clock.now()
        due = self._office.agenda.next_at()
        return answer({"now": jst(now).isoformat(), "next_event_at": jst(due).isoformat() if due else None})

    async def history(self, request: web.Request) -> web.Response:
        wanted = request.query.getall("what", [])
        events = self._shop.history.of(*wanted) if wanted else list(self._shop.history)
        return answer(events)

    async def ledger(self, request: web.Request) -> web.Response:
        number = request.query.get("number")
        calls = self._office.gateway.calls
        return answer([call for call in calls if number in (None, call.order_number)])

    async def warnings(self, request: web.Request) -> web.Response:
        return answer(self._shop.warnings)

    async def timeline(self, request: web.Request) -> web.Response:
        return answer(self._order(request).timeline)

    async def subs_timeline(self, request: web.Request) -> web.Response:
        return answer(self._subs(request).timeline)

    # --- doing ---

    async def generate(self, request: web.Request) -> web.Response:
        """The nightly job now; `?on=2026-12-01` for another day."""
        day = request.query.get("on")
        made = self._office.renewals.run(date.fromisoformat(day) if day else self._shop.today())
        return answer({"created": [order.number for order in made]})

    async def goods(self, request: web.Request) -> web.Response:
        self._shop.seed_goods(_form(await _json(request), list[Goods]))
        return web.Response(status=204)

    async def place(self, request: web.Request) -> web.Response:
        new = _form(await _json(request), NewOrder)
        try:
            order = self._office.checkout.place(new)
        except (KeyError, ValueError) as error:
            raise Refusal(422, Sentence("SANDBOX", f"not in this shop: {error}")) from error
        return answer({"id": order.id, "number": order.number, "subs_order_id": order.subs_id}, 201)

    async def cancel(self, request: web.Request) -> web.Response:
        self._office.payment_deed(self._order(request), "void")
        return web.Response(status=204)

    async def pay(self, request: web.Request) -> web.Response:
        self._office.payments.pay(self._order(request))
        return web.Response(status=204)

    async def reauth(self, request: web.Request) -> web.Response:
        self._office.payments.reauth(self._order(request))
        return web.Response(status=204)

    async def exam(self, request: web.Request) -> web.Response:
        ok = bool((await read_object(request)).get("ok", True))
        self._office.payments.decide_exam(self._order(request), ok=ok)
        return web.Response(status=204)

    async def address(self, request: web.Request) -> web.Response:
        postal = _form(await _json(request), PostalAddress)
        self._office.edits.readdress(self._order(request), postal)
        return web.Response(status=204)

    async def card(self, request: web.Request) -> web.Response:
        """A new script for the payer of this order, and so of its subscription."""
        card = self._office.gateway.cards.get(self._order(request).payment.card_id or 0)
        if card is None:
            raise not_found("ACC", "credit_card")
        card.script = Script.parse(str((await read_object(request)).get("script", "ok")))
        return web.Response(status=204)

    async def import_shipping(self, request: web.Request) -> web.Response:
        with_sale = request.query.get("with_sale") == "1"
        result = self._office.imports.shipping(await request.read(), with_sale=with_sale)
        return web.Response(body=result, content_type="text/csv")

    async def import_state(self, request: web.Request) -> web.Response:
        return web.Response(body=self._office.imports.states(await request.read()), content_type="text/csv")

    # --- misbehaving ---

    async def faults(self, request: web.Request) -> web.Response:
        self._gate.rules.append(_form(await _json(request), Rule))
        return web.Response(status=204)

    async def quirks(self, request: web.Request) -> web.Response:
        wanted = _form(await _json(request), Quirks)
        self._quirks.total_pages, self._quirks.odd_types = wanted.total_pages, wanted.odd_types
        return web.Response(status=204)

    def _order(self, request: web.Request) -> Order:
        order = self._shop.orders.get(int(request.match_info["id"]))
        if order is None:
            raise not_found("AOR", "order")
        return order

    def _subs(self, request: web.Request) -> SubsOrder:
        subs = self._shop.subs.get(int(request.match_info["id"]))
        if subs is None:
            raise not_found("ASO", "subs_order")
        return subs


async def _json(request: web.Request) -> Any:
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise Refusal(400, Sentence("SANDBOX", str(error))) from error


def _form(body: Any, type_: type[Form]) -> Form:
    try:
        return msgspec.convert(body, type_)
    except msgspec.ValidationError as error:
        raise Refusal(422, Sentence("SANDBOX", str(error))) from error
