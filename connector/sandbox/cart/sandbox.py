"""CartSandbox (受注カート): a little ECFORCE on loopback that clients talk to unchanged (§11).

It starts no timer: somebody calls `advance`, and each request does so first. Everything is in memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.clock import Clock
from connector.sandbox.cart.api_masters import MastersApi
from connector.sandbox.cart.api_orders import OrdersApi
from connector.sandbox.cart.api_subs import SubsApi
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.control import Control
from connector.sandbox.cart.documents import Lister, Quirks
from connector.sandbox.cart.gate import Gate, Handler
from connector.sandbox.cart.gateway import Gateway, Script
from connector.sandbox.cart.model import Goods, NewOrder, Order, PostalAddress, SubsOrder
from connector.sandbox.cart.settings import CartSettings
from connector.sandbox.cart.shop import Shop
from connector.sandbox.faults import Faults
from connector.sandbox.history import History

SHUTDOWN_S = 0.5
UPLOAD_MAX = 32 * 1024 * 1024  # bytes; a CSV of a large shop

Routes = Iterable[tuple[str, str, Handler]]


class CartSandbox:
    """The cart.

    History facts keyed by 受注番号: order_placed, order_generated (detail subs, times, nth), payment_refused,
    order_canceled, shipping_recorded, captured (amount), capture_failed, state_changed, order_changed,
    order_deleted, paid. By 定期受注番号: subs_changed, subs_state_changed. By day: generation_run.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        faults: Faults | None = None,
        history: History | None = None,
        settings: CartSettings | None = None,
    ) -> None:
        self.settings = settings or CartSettings()
        self.history = history or History(clock)
        self._rng = random.Random(f"{seed}/cart")
        self._office = BackOffice(clock, self.settings, self.history, self._rng)
        mischief = random.Random(f"{seed}/cart/mischief")
        self._gate = Gate(self.shop, faults or Faults(), mischief, self.advance)
        self.quirks = Quirks()
        self._runner: web.AppRunner | None = None

    # --- where it is and how to get in ---

    @property
    def shop(self) -> Shop:
        """Everything it keeps, for reading."""
        return self._office.shop

    @property
    def gateway(self) -> Gateway:
        """The payment company and its ledger."""
        return self._office.gateway

    @property
    def token(self) -> str:
        """The API token; empty after a sign-out until the next sign-in."""
        return self._gate.token or ""

    @property
    def email(self) -> str:
        return self.settings.email

    @property
    def password(self) -> str:
        return self.settings.password

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the socket; the base URL, API under `/api/v2`."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._gate.middleware()], client_max_size=UPLOAD_MAX)
        lister = Lister(self.quirks, self.settings.per_default, self.shop.warn)
        orders, subs = OrdersApi(self._office, lister), SubsApi(self._office, lister)
        masters = MastersApi(self._office, lister)
        session: Routes = (
            ("POST", wire.PATHS["sign_in"], self._gate.sign_in),
            ("GET", wire.PATHS["sign_out"], self._gate.sign_out),
        )
        for routes in (session, orders.routes(), subs.routes(), masters.routes()):
            _add(app, wire.API_V2, routes)
        for routes in (session, orders.routes_v1(), masters.routes_v1()):
            _add(app, wire.API_V1, routes)
        for method, path, handler in Control(self._office, self._gate, self.quirks).routes():
            app.router.add_route(method, path, handler)
        return app

    # --- time ---

    def next_event_at(self) -> datetime | None:
        """When it next has something to do by itself: an exam, a job, the nightly run."""
        return self._office.agenda.next_at()

    async def advance(self) -> None:
        """Do everything due now, in order. Cheap and safe to repeat."""
        self._office.agenda.run_due(self.shop.clock.now())

    # --- what people do ---

    def seed_goods(self, goods: Iterable[Goods]) -> None:
        """Enter articles, or replace them by SKU."""
        self.shop.seed_goods(goods)

    def place(self, order: NewOrder) -> Order:
        """A shopper finishes the checkout. Raises KeyError or ValueError for unknown goods or masters."""
        return self._office.checkout.place(order)

    def cancel(self, order_id: int, *, decrement: bool = True, recalculate: bool = True) -> None:
        """取消: void the payment, which sets キャンセル (§2.11). Raises Refusal while an exam runs."""
        order = self.shop.orders[order_id]
        self._office.payment_deed(order, wire.METHOD_VOID, decrement=decrement, recalculate=recalculate)

    def change_address(self, order_id: int, address: PostalAddress, place: int = 0) -> None:
        """Write another お届け先, whatever has become of the order."""
        self._office.edits.readdress(self.shop.orders[order_id], address, place)

    def pay_bank(self, order_id: int) -> None:
        """入金: the deposit of a bank transfer arrived. Raises Refusal when it is no pending transfer."""
        self._office.payments.pay(self.shop.orders[order_id])

    def reauth(self, order_id: int) -> None:
        """再オーソリ; 対応状況 stays. Raises Refusal when the state does not allow it."""
        self._office.payments.reauth(self.shop.orders[order_id])

    def decide_exam(self, order_id: int, *, ok: bool) -> None:
        """The deferred provider ends a 与信保留."""
        self._office.payments.decide_exam(self.shop.orders[order_id], ok=ok)

    def set_card(self, card_id: int, script: str) -> None:
        """Another behaviour for a payer (`order.payment.card_id`)."""
        self.gateway.cards[card_id].script = Script.parse(script)

    def set_state(self, order_id: int, code: str) -> None:
        """対応状況 by hand; never touches the payment."""
        self.shop.set_state(self.shop.orders[order_id], code, "admin")

    def import_shipping_csv(self, data: bytes, *, with_sale: bool) -> bytes:
        """出荷CSVインポート; the result file (§5.2)."""
        return self._office.imports.shipping(data, with_sale=with_sale)

    def import_state_csv(self, data: bytes) -> bytes:
        """CSV一括更新 of 対応状況; the result file (§5.3)."""
        return self._office.imports.states(data)

    # --- subscriptions ---

    def run_generation(self, on: date | None = None) -> list[Order]:
        """The nightly job by hand, for today unless said otherwise."""
        return self._office.renewals.run(on or self.shop.today())

    def create_next(self, subs_id: int) -> Order:
        """手動受注作成. Raises Refusal when not active or short of stock."""
        return self._office.renewals.create_by_hand(self.shop.subs[subs_id])

    def skip_next(self, subs_id: int) -> None:
        """次回配送スキップ. Raises Refusal when it was used already."""
        self._office.renewals.skip(self.shop.subs[subs_id])

    def set_subs_state(self, subs_id: int, state: str) -> None:
        """active (再開), suspend (停止) or canceled (キャンセル)."""
        self._office.renewals.set_state(self.shop.subs[subs_id], state, "shopper")

    def create_on(self, subs: SubsOrder) -> date:
        """The day whose nightly run creates the next child."""
        return self._office.renewals.create_on(subs)


def _add(app: web.Application, prefix: str, routes: Routes) -> None:
    """Every path with and without `.json` (§2.1)."""
    for method, path, handler in routes:
        app.router.add_route(method, prefix + path, handler)
        app.router.add_route(method, f"{prefix}{path}.json", handler)
