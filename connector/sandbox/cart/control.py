"""Control plane (/__sandbox/): what no shop has, for tests and rehearsals (spec/ecforce.md §12).

No token: it listens on loopback only. Never part of ECFORCE; the product must not know it. What it does is the
engine's; here is only how to ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from connector.clock import jst
from connector.sandbox.cart.batches import METHOD_CHANGE, REAUTH
from connector.sandbox.cart.control_forms import change_of_settings, read_form, shown_settings
from connector.sandbox.cart.documents import Quirks, answer
from connector.sandbox.cart.engine import CartEngine
from connector.sandbox.cart.gate import CONTROL, Gate, Handler, Rule
from connector.sandbox.cart.model import (
    Customer,
    Goods,
    NewCustomer,
    NewOrder,
    Order,
    PostalAddress,
    SubsOrder,
)
from connector.sandbox.cart.omissions import LATE_DAYS
from connector.sandbox.cart.refusal import Refusal, Sentence, not_found
from connector.sandbox.cart.texts import read_datetime

GENERATE: Final = "generate"
ORDER, SUBS, CUSTOMER = r"orders/{id:\d+}", r"subs_orders/{id:\d+}", r"customers/{id:\d+}"
Deed = Callable[[web.Request], Any]


class Wish(Struct, kw_only=True):
    """Everything a deed may be told; each takes what it needs."""

    on: bool = True
    ok: bool = True
    script: str = "ok"
    state: str = ""
    by: str = "admin"
    how: str = "forgotten"
    days: int = LATE_DAYS
    code: str = "MIHON300"
    discount: int = 300
    after: int = 0
    subscriptions: int = 3000
    seed: int = 0
    at: str | None = None
    advance_s: float = 0
    closed: list[date] = []
    open: list[date] = []


class NewPerson(Struct, kw_only=True):
    """A customer who has not bought yet."""

    customer: NewCustomer
    billing: PostalAddress


class Control:
    """Handlers of the control plane."""

    def __init__(self, cart: CartEngine, gate: Gate, quirks: Quirks) -> None:
        self._cart, self._shop, self._gate, self._quirks = cart, cart.shop, gate, quirks

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        looking: tuple[tuple[str, Deed], ...] = (
            ("clock", self._clock),
            ("history", self._history),
            ("gateway", self._gateway),
            ("warnings", lambda _: self._shop.warnings),
            ("check", lambda _: {"problems": self._cart.check()}),
            ("jobs", lambda _: list(self._cart.jobs)),
            ("outbox", lambda _: self._cart.outbox),
            ("omissions", lambda _: self._cart.omissions()),
            ("nights", lambda _: {day.isoformat(): count for day, count in self._shop.due.coming()}),
            ("settings", lambda _: shown_settings(self._cart.settings)),
            ("faults", lambda _: self._gate.rules),
            ("quirks", lambda _: self._quirks),
            (f"{ORDER}/timeline", lambda request: self._order(request).timeline),
            (f"{SUBS}/timeline", lambda request: self._subs(request).timeline),
        )
        return (
            *(("GET", CONTROL + path, _told(deed)) for path, deed in looking),
            *(("POST", CONTROL + path, handler) for path, handler in self._doing()),
            ("DELETE", CONTROL + "faults", self.clear_faults),
        )

    def _doing(self) -> tuple[tuple[str, Handler], ...]:
        cart = self._cart
        deeds: tuple[tuple[str, Callable[[web.Request, Wish], object]], ...] = (
            ("reset", lambda _, wish: cart.reset()),
            ("seed", lambda _, wish: cart.seed_shop(wish.subscriptions, seed=wish.seed)),
            ("holidays", lambda _, wish: cart.close_on(wish.closed, opened=wish.open)),
            (f"jobs/{{job:{GENERATE}|{REAUTH}|{METHOD_CHANGE}}}", self._run_job),
            ("crash", lambda _, wish: cart.crash_next_run(wish.after)),
            (f"{ORDER}/cancel", lambda request, _: cart.cancel(self._order(request).id)),
            (f"{ORDER}/pay", lambda request, _: cart.pay_bank(self._order(request).id)),
            (f"{ORDER}/reauth", lambda request, _: cart.reauth(self._order(request).id)),
            (f"{ORDER}/exam", lambda request, wish: cart.decide_exam(self._order(request).id, ok=wish.ok)),
            (f"{ORDER}/card", self._script),
            (f"{CUSTOMER}/card", lambda request, wish: self._new_card(request, wish)),
            (
                f"{CUSTOMER}/blacklist",
                lambda request, wish: cart.set_blacklist(self._customer(request).id, on=wish.on),
            ),
            (f"{SUBS}/omit", self._omit),
            (f"{SUBS}/skip", lambda request, _: cart.skip_next(self._subs(request).id)),
            (
                f"{SUBS}/state",
                lambda request, wish: cart.set_subs_state(self._subs(request).id, wish.state, by=wish.by),
            ),
            (
                f"{SUBS}/coupon",
                lambda request, wish: cart.set_coupon(self._subs(request).id, wish.code, wish.discount),
            ),
            (f"{SUBS}/clear", lambda request, _: cart.clear_attention(self._subs(request).id)),
            (f"{SUBS}/recalculate", lambda request, _: cart.recalculate_dates(self._subs(request).id)),
        )
        return (
            *((path, _done(deed)) for path, deed in deeds),
            ("clock", self.move_clock),
            ("settings", self.change_settings),
            ("goods", self.goods),
            ("orders", self.place),
            ("subs_orders", self.subscribe),
            ("customers", self.enter_customer),
            (f"{ORDER}/address", self.address),
            ("imports/shipping", self.import_shipping),
            ("imports/state", self.import_state),
            ("faults", self.faults),
            ("quirks", self.quirks),
        )

    # --- looking ---

    def _clock(self, request: web.Request) -> object:
        due = self._cart.next_event_at()
        now = jst(self._shop.clock.now()).isoformat()
        return {"now": now, "next_event_at": jst(due).isoformat() if due else None}

    def _history(self, request: web.Request) -> object:
        wanted = request.query.getall("what", [])
        return self._shop.history.of(*wanted) if wanted else list(self._shop.history)

    def _gateway(self, request: web.Request) -> object:
        number = request.query.get("number")
        return [call for call in self._cart.gateway.calls if number in (None, call.order_number)]

    # --- time and shop ---

    async def move_clock(self, request: web.Request) -> web.Response:
        """To `at` (Japanese wall clock) or `advance_s` on, event by event; only a clock that stands can be moved."""
        wish = await read_form(request, Wish)
        at = self._shop.clock.now() + timedelta(seconds=wish.advance_s)
        if wish.at is not None and (said := read_datetime(wish.at)) is not None:
            at = said
        try:
            await self._cart.live_until(at)
        except TypeError as error:
            raise _refused(str(error)) from error
        return answer(self._clock(request))

    async def change_settings(self, request: web.Request) -> web.Response:
        """§7.1 and the SANDBOX choices by the names of CartSettings; what is not named stays."""
        self._cart.change_settings(**change_of_settings(await read_form(request, dict[str, Any])))
        return answer(shown_settings(self._cart.settings))

    async def goods(self, request: web.Request) -> web.Response:
        self._cart.seed_goods(await read_form(request, list[Goods]))
        return web.Response(status=204)

    def _run_job(self, request: web.Request, _: Wish) -> object:
        """A night or a morning batch now; `?on=2026-12-01` for another day."""
        text = request.query.get("on")
        day = date.fromisoformat(text) if text else None
        job = request.match_info["job"]
        if job == REAUTH:
            return {"asked": [order.number for order in self._cart.run_reauth(day)]}
        if job == METHOD_CHANGE:
            return {"changed": [order.number for order in self._cart.run_method_change(day)]}
        return {"created": [order.number for order in self._cart.run_generation(day)]}

    # --- orders, subscriptions, customers ---

    async def place(self, request: web.Request) -> web.Response:
        return self._placed(await read_form(request, NewOrder))

    async def subscribe(self, request: web.Request) -> web.Response:
        """An order that starts a 定期受注; refused without its cycle."""
        new = await read_form(request, NewOrder)
        if new.cycle is None:
            raise _refused("a subscription needs its cycle")
        return self._placed(new)

    def _placed(self, new: NewOrder) -> web.Response:
        try:
            order = self._cart.place(new)
        except (KeyError, ValueError) as error:
            raise _refused(f"not in this shop: {error}") from error
        return answer({"id": order.id, "number": order.number, "subs_order_id": order.subs_id}, 201)

    async def enter_customer(self, request: web.Request) -> web.Response:
        new = await read_form(request, NewPerson)
        customer = self._shop.customer(new.customer, new.billing)
        return answer({"id": customer.id, "number": customer.number}, 201)

    async def address(self, request: web.Request) -> web.Response:
        self._cart.change_address(self._order(request).id, await read_form(request, PostalAddress))
        return web.Response(status=204)

    def _script(self, request: web.Request, wish: Wish) -> None:
        """A new behaviour of the payer of this order, and so of its subscription."""
        card_id = self._order(request).payment.card_id
        if card_id is None:
            raise not_found("ACC", "credit_card")
        self._cart.set_card(card_id, wish.script)

    def _new_card(self, request: web.Request, wish: Wish) -> object:
        return {"id": self._cart.change_card(self._customer(request).id, wish.script).id}

    def _omit(self, request: web.Request, wish: Wish) -> None:
        self._cart.omit(self._subs(request).id, wish.how, days=wish.days)

    # --- files ---

    async def import_shipping(self, request: web.Request) -> web.Response:
        with_sale = request.query.get("with_sale") == "1"
        result = self._cart.import_shipping_csv(await request.read(), with_sale=with_sale)
        return web.Response(body=result, content_type="text/csv")

    async def import_state(self, request: web.Request) -> web.Response:
        return web.Response(body=self._cart.import_state_csv(await request.read()), content_type="text/csv")

    # --- misbehaving ---

    async def faults(self, request: web.Request) -> web.Response:
        self._gate.rules.append(await read_form(request, Rule))
        return web.Response(status=204)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._gate.rules.clear()
        return web.Response(status=204)

    async def quirks(self, request: web.Request) -> web.Response:
        wanted = await read_form(request, Quirks)
        self._quirks.total_pages, self._quirks.odd_types = wanted.total_pages, wanted.odd_types
        return web.Response(status=204)

    # --- who is meant ---

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

    def _customer(self, request: web.Request) -> Customer:
        customer = self._shop.customers.get(int(request.match_info["id"]))
        if customer is None:
            raise not_found("ACU", "customer")
        return customer


def _told(deed: Deed) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return answer(deed(request))

    return handler


def _done(deed: Callable[[web.Request, Wish], object]) -> Handler:
    """204, or what the deed answers; a wrong word is refused."""

    async def handler(request: web.Request) -> web.Response:
        wish = await read_form(request, Wish)
        try:
            result = deed(request, wish)
        except ValueError as error:
            raise _refused(str(error)) from error
        return web.Response(status=204) if result is None else answer(msgspec.to_builtins(result))

    return handler


def _refused(words: str) -> Refusal:
    return Refusal(422, Sentence("SANDBOX", words))
