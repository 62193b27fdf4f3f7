"""CartEngine (受注カートの中身): the cart without its sockets, and everything that people and rehearsals do to it.

What the control plane offers over HTTP is here as methods. It starts no timer: somebody calls `advance`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import partial

import msgspec

from connector.adapters.ecforce import wire
from connector.clock import Clock, SteppedClock
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.cart_clock import CartClock
from connector.sandbox.cart.checks import check
from connector.sandbox.cart.csv_export import Exports
from connector.sandbox.cart.customer_parts import Message
from connector.sandbox.cart.gateway import Card, Gateway, Script
from connector.sandbox.cart.jobs import Job, Jobs
from connector.sandbox.cart.model import Coupon, Goods, NewOrder, Order, PostalAddress, SubsOrder
from connector.sandbox.cart.ne_link import NeLinkDesk
from connector.sandbox.cart.omissions import LATE_DAYS, Omission, Omissions, PlannedOmission
from connector.sandbox.cart.renewals import SHOPPER
from connector.sandbox.cart.seeding import Seeded, Seeding
from connector.sandbox.cart.settings import CartSettings
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.webhooks import Webhooks
from connector.sandbox.faults import Faults
from connector.sandbox.history import History


class CartEngine:
    """The shop, its payment company and its nights.

    History facts keyed by 受注番号: order_placed, order_generated (detail subs, times, nth), payment_refused,
    payment_healed, order_canceled, shipping_recorded, captured (amount), capture_failed, state_changed,
    order_changed, order_deleted, paid. By 定期受注番号: subs_changed, subs_state_changed, subs_skipped,
    renewal_omitted (detail how, subs_id, round, nth, create_on, ship_on, delivery_on). By 顧客番号: card_changed.
    By day: generation_run, generation_crashed. By name: batch_run.
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
        self._clock = clock if isinstance(clock, CartClock) else CartClock(clock)
        self.history = history or History(self._clock)
        self._faults = faults or Faults()
        omissions = Omissions(self._faults, random.Random(f"{seed}/cart/lost"))
        self._rng = random.Random(f"{seed}/cart")
        books = (self.history, self._rng, omissions, self._faults)
        self._office = BackOffice(self._clock, settings or CartSettings(), *books)
        self._open_papers(seed)

    def _open_papers(self, seed: int) -> None:
        """What leaves the shop on paper or wire: webhooks, CSV files, the shop's own link to Next Engine."""
        office = self._office
        self.webhooks = Webhooks(office.shop, office.agenda, random.Random(f"{seed}/cart/webhooks"))
        self.exports = Exports(office.shop, office.jobs)
        rng = random.Random(f"{seed}/cart/ne_link")
        self.ne_link = NeLinkDesk(office.shop, office.agenda, office.outbox, rng)
        office.jobs.when_done.append(self.webhooks.hear_job)
        books = (self.webhooks.clear, self.exports.clear, self.ne_link.clear, office.imports.results.clear)
        office.when_reset += books

    @property
    def shop(self) -> Shop:
        """Everything it keeps, for reading."""
        return self._office.shop

    @property
    def gateway(self) -> Gateway:
        """The payment company and its ledger."""
        return self._office.gateway

    @property
    def jobs(self) -> Jobs:
        """ジョブ管理: what the API promised to do, with the ends that its replies never show."""
        return self._office.jobs

    @property
    def outbox(self) -> list[Message]:
        """Mails and SMS the shop sent."""
        return self._office.outbox

    @property
    def settings(self) -> CartSettings:
        return self.shop.settings

    # --- time ---

    def next_event_at(self) -> datetime | None:
        """When it next has something to do by itself: an exam, a job, a nightly run."""
        return self._office.agenda.next_at()

    async def advance(self) -> None:
        """Do everything due now, in order. Cheap and safe to repeat."""
        self._office.agenda.run_due(self.shop.clock.now())

    async def live_until(self, at: datetime) -> None:
        """Step from event to event up to this instant. Raises TypeError for a clock that runs by itself."""
        clock = self._clock.present
        if not isinstance(clock, SteppedClock):
            raise TypeError("only a SteppedClock is moved by the cart")
        while (due := self.next_event_at()) is not None and due <= at:
            await clock.advance_to(due)
            await self.advance()
        await clock.advance_to(at)
        await self.advance()

    # --- the shop ---

    def seed_goods(self, goods: Iterable[Goods]) -> None:
        """Enter articles, or replace them by SKU."""
        self.shop.seed_goods(goods)

    def seed_shop(self, subscriptions: int = 3000, *, seed: int = 0) -> Seeded:
        """A realistic past up to now: subscribers of one to twelve rounds, one-off orders, shipped and paid.

        History given from outside should read a CartClock, or all of it is stamped with today.
        """
        return Seeding(self._office, self._clock, seed=seed, until=self._clock.now()).run(subscriptions)

    def change_settings(self, **changes: object) -> None:
        """Other settings from now on, by the names of CartSettings."""
        self.shop.adopt(msgspec.structs.replace(self.settings, **changes))

    def close_on(self, days: Collection[date], *, opened: Collection[date] = ()) -> None:
        """休日設定: these days ship nothing either, and `opened` ones do. Dates already planned stay (§7.3)."""
        closed, open_, usual = frozenset(days), frozenset(opened), self.settings.is_closed
        self.change_settings(is_closed=lambda day: day not in open_ and (day in closed or usual(day)))

    def reset(self) -> None:
        """An empty shop with its goods and settings; ids begin again, the history goes on."""
        self._office.reset()
        self.history.add("shop_reset", self.settings.store)

    def import_shipping_csv(self, data: bytes, *, with_sale: bool) -> bytes:
        """出荷CSVインポート; the result file (§5.2)."""
        return self._office.imports.shipping(data, with_sale=with_sale)

    def import_state_csv(self, data: bytes) -> bytes:
        """CSV一括更新 of 対応状況; the result file (§5.3)."""
        return self._office.imports.states(data)

    def import_later(self, kind: str, data: bytes, *, with_sale: bool = False) -> Job:
        """The same two imports as the jobs they are: `shipping` or `state`."""
        imports = self._office.imports
        if kind == "state":
            return imports.later(self.jobs, "state_import", lambda: imports.states(data))
        shipping = partial(imports.shipping, data, with_sale=with_sale)
        return imports.later(self.jobs, "shipping_import", shipping)

    def import_result(self, job_id: str) -> bytes | None:
        """The result file of an import job; None while there is none."""
        return self._office.imports.results.get(job_id)

    # --- orders ---

    def place(self, order: NewOrder) -> Order:
        """A shopper finishes the checkout. Raises KeyError or ValueError for unknown goods or masters."""
        return self._office.checkout.place(order)

    def cancel(self, order_id: int, *, decrement: bool = True, recalculate: bool = True) -> None:
        """取消: void the payment, which sets キャンセル (§2.11). Raises Refusal while an exam runs."""
        order = self.shop.orders[order_id]
        self._office.payment_deed(order, wire.METHOD_VOID, decrement=decrement, recalculate=recalculate)

    def change_order(self, order_id: int, recalculate: bool = False, **changes: object) -> Order:
        """受注の更新 with the keys of the API's `order` (§2.9). Raises Refusal as the API does."""
        order = self.shop.orders[order_id]
        return self._office.edits.apply(order, changes, preview=False, recalculate=recalculate)

    def change_address(self, order_id: int, address: PostalAddress, place: int = 0) -> None:
        """Write another お届け先, whatever has become of the order."""
        self._office.edits.readdress(self.shop.orders[order_id], address, place)

    def set_state(self, order_id: int, code: str) -> None:
        """対応状況 by hand; never touches the payment."""
        self.shop.set_state(self.shop.orders[order_id], code, "admin")

    # --- payments ---

    def pay_bank(self, order_id: int) -> None:
        """入金: the deposit of a bank transfer arrived. Raises Refusal when it is no pending transfer."""
        self._office.payments.pay(self.shop.orders[order_id])

    def reauth(self, order_id: int) -> None:
        """再オーソリ; 対応状況 stays. Raises Refusal when the state does not allow it."""
        self._office.payments.reauth(self.shop.orders[order_id])

    def sell(self, order_id: int) -> None:
        """売上処理 by itself; on an order already sold it breaks the payment (§2.10)."""
        self._office.payments.sales(self.shop.orders[order_id])

    def decide_exam(self, order_id: int, *, ok: bool) -> None:
        """The deferred provider ends a 与信保留."""
        self._office.payments.decide_exam(self.shop.orders[order_id], ok=ok)

    def set_card(self, card_id: int, script: str) -> None:
        """Another behaviour for a payer (`order.payment.card_id`)."""
        self.gateway.cards[card_id].script = Script.parse(script)

    def change_card(self, customer_id: int, script: str = "ok") -> Card:
        """カード変更: a new card on the customer's subscriptions and on orders whose payment was refused."""
        return self._office.change_card(self.shop.customers[customer_id], script)

    def run_reauth(self, on: date | None = None) -> list[Order]:
        """自動再オーソリ by hand, whether the option is bought or not; the orders asked for."""
        return self._office.batches.reauth(on or self.shop.today())

    def run_method_change(self, on: date | None = None) -> list[Order]:
        """支払い方法変更バッチ by hand. Raises ValueError when the settings name no method."""
        if self.settings.method_change is None:
            raise ValueError("the settings name no payment method to change to")
        return self._office.batches.change_methods(on or self.shop.today(), self.settings.method_change)

    # --- subscriptions ---

    def run_generation(self, on: date | None = None) -> list[Order]:
        """The nightly job by hand, for today unless said otherwise."""
        return self._office.renewals.run(on or self.shop.today())

    def create_next(self, subs_id: int) -> Order:
        """手動受注作成. Raises Refusal when not active or short of stock."""
        return self._office.renewals.create_by_hand(self.shop.subs[subs_id])

    def create_on(self, subs: SubsOrder) -> date:
        """The day whose nightly run creates the next child."""
        return self._office.renewals.create_on(subs)

    def skip_next(self, subs_id: int) -> None:
        """次回配送スキップ. Raises Refusal when it was used already."""
        self._office.renewals.skip(self.shop.subs[subs_id])

    def set_subs_state(self, subs_id: int, state: str, *, by: str = SHOPPER) -> None:
        """active (再開), suspend (停止) or canceled (キャンセル). Raises Refusal when a shopper is still bound by
        お約束回数."""
        self._office.renewals.set_state(self.shop.subs[subs_id], state, by)

    def change_subs(self, subs_id: int, avoid_holidays: bool = False, **changes: object) -> SubsOrder:
        """定期受注の更新 with the keys of the API's `subs_order` (§2.13). Raises Refusal as the API does."""
        subs = self.shop.subs[subs_id]
        self._office.subs_edits.apply(subs, changes, avoid_holidays=avoid_holidays)
        return subs

    def change_subs_item(self, subs_id: int, **row: object) -> None:
        """商品の追加・変更・削除 with the keys of the API's row (`id` or `variant_id`, quantity, price, onetime …)."""
        subs, items = self.shop.subs[subs_id], self._office.subs_items
        if "id" in row:
            items.change(subs, row["id"], row)
        else:
            items.add(subs, row)

    def recalculate_dates(self, subs_id: int) -> None:
        """再計算: the next dates follow from the newest living child and the cycle as it is now."""
        self._office.schedule.plan_from_last(self.shop.subs[subs_id])

    def set_coupon(self, subs_id: int, code: str, discount: int) -> None:
        """A coupon for the next order of a subscription, and only for that."""
        subs = self.shop.subs[subs_id]
        subs.next_coupon = Coupon(code, discount)
        self.shop.note(subs, "shopper", "coupon", after=code)

    def set_blacklist(self, customer_id: int, *, on: bool) -> None:
        """ブラックリスト: marks the customer's subscriptions 要対応, which stops their renewals by default."""
        self._office.set_blacklist(self.shop.customers[customer_id], on=on)

    def clear_attention(self, subs_id: int) -> None:
        """要対応 「いいえ」 on a subscription, as only the admin screen can."""
        self.shop.clear_marks(self.shop.subs[subs_id])

    # --- what goes wrong with renewals, for rehearsals ---

    def omit(self, subs_id: int, how: str, *, days: int = LATE_DAYS) -> None:
        """The next renewal that comes due goes wrong in silence: `forgotten`, `rolled`, `late` (by `days`) or
        `doubled`; see omissions.Omission. The history says `renewal_omitted` in the night it strikes. Raises
        KeyError for an unknown subscription, ValueError for another word."""
        self._office.omissions.plan(self.shop.subs[subs_id].id, Omission(how), days)

    def omissions(self) -> list[PlannedOmission]:
        """Those still to strike, and forgotten or late ones still without their order."""
        return self._office.omissions.open()

    def crash_next_run(self, after: int) -> None:
        """The next nightly run that has more than so many to create dies after them, with one more half made."""
        self._office.renewals.crash_next_run(after)

    # --- what came of it ---

    def check(self) -> list[str]:
        """What is wrong in its books (§12), in words; empty when all is well."""
        return check(self.shop, self.gateway)

    def take_changes(self) -> tuple[list[Order], list[SubsOrder]]:
        """The orders and subscriptions that were new or newer since this was last asked; by id."""
        shop = self.shop
        orders = [shop.orders[id_] for id_ in sorted(shop.changed_orders)]
        subs = [shop.subs[id_] for id_ in sorted(shop.changed_subs)]
        shop.changed_orders.clear()
        shop.changed_subs.clear()
        return orders, subs
