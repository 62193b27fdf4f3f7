"""Renewals (定期受注の自動作成): the nightly job and the parent's book-keeping.

spec/ecforce.md §7.3–7.8. Dangerous: a date already past is created with its planned ship date unchanged
(`ship_date_in_past`), a failed child does not stop the next one, and 定期回数 may go down: no key is built
on it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.model import Order, SubsOrder
from connector.sandbox.cart.order_desk import Draft, DraftLine, OrderDesk
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.refusal import not_valid
from connector.sandbox.cart.shop import Shop, midnight, planned_on
from connector.subscriptions.cycle import Cycle, Plan, create_day, next_delivery, plan, resumed

NIGHTLY = (0, 30)  # 00:30 JST, §7.4
WORDS_NOT_ACTIVE = "ステータスが有効ではありません。"
WORDS_SKIPPED_ALREADY = "次回配送はすでにスキップされています。"


class Renewals:
    """The engine behind 定期受注."""

    def __init__(self, shop: Shop, desk: OrderDesk, payments: Payments, agenda: Agenda) -> None:
        self._shop, self._desk, self._payments, self._agenda = shop, desk, payments, agenda
        first = at_jst(shop.today(), *NIGHTLY)
        self._enter_night(first if first > shop.clock.now() else first + timedelta(days=1))

    # --- the nightly job ---

    def _enter_night(self, due: datetime) -> None:
        def run() -> None:
            self.run(jst(due).date())
            self._enter_night(due + timedelta(days=1))

        self._agenda.add(due, run)

    def run(self, day: date) -> list[Order]:
        """Create every child whose creation day has come, at most one per subscription."""
        due = [subs for subs in self._shop.subs.values() if self._is_due(subs, day)]
        due.sort(key=lambda subs: (self.create_on(subs), subs.id))
        made = [self.create(subs, "system") for subs in due]
        self._shop.history.add("generation_run", day.isoformat(), created=len(made))
        return made

    def _is_due(self, subs: SubsOrder, day: date) -> bool:
        if subs.state != wire.SUBS_ACTIVE or subs.deleted_at is not None or subs.remaining_orders == 0:
            return False
        if any(reason in self._shop.settings.blocking_tbc_reasons for reason in subs.tbc_reasons):
            return False
        return self.create_on(subs) <= day

    def create_on(self, subs: SubsOrder) -> date:
        """On which day the next child is created, from the dates the parent carries now."""
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        return create_day(planned_on(subs.next_ship_at), planned_on(subs.next_delivery_at), rules)

    # --- one child ---

    def create_by_hand(self, subs: SubsOrder) -> Order:
        """手動受注作成. Refused when not active, or short of stock while 在庫確認 is on."""
        if subs.state != wire.SUBS_ACTIVE or subs.deleted_at is not None:
            raise not_valid(wire.PREFIX_SUBS_ORDER, WORDS_NOT_ACTIVE)
        if self._shop.settings.check_stock_on_manual:
            for item in subs.items:
                if not item.skip and item.variant.stock < item.quantity:
                    raise not_valid(wire.PREFIX_SUBS_ORDER, wire.WORDS_STOCK_SHORT)
        return self.create(subs, "admin")

    def create(self, subs: SubsOrder, actor: str) -> Order:
        shop = self._shop
        order = self._desk.open(self._draft(subs))
        late = planned_on(subs.next_ship_at) < shop.today()
        self._book_child(subs, order)
        shop.note(order, actor, "generated")
        shop.note(subs, actor, "order_created", after=order.number)
        if late:
            shop.note(order, "system", "ship_date_in_past")
            shop.note(subs, "system", "ship_date_in_past")
        shop.history.add(
            "order_generated",
            order.number,
            order_id=order.id,
            subs=subs.number,
            times=order.times,
            nth=order.nth,
            total=order.amounts.payment_total,
            ship_date_in_past=late,
        )
        self._payments.open(order)
        return order

    def _draft(self, subs: SubsOrder) -> Draft:
        shop = self._shop
        customer = shop.customers[subs.customer_id]
        return Draft(
            customer=customer,
            billing=shop.address(customer.billing.postal),
            shipping=[shop.address(subs.shipping.postal)],
            lines=self._lines(subs),
            method=subs.payment.method,
            card_id=subs.payment.card_id,
            carrier=subs.carrier,
            delivery_time=subs.delivery_time if shop.settings.carry_delivery_time else None,
            ship_at=subs.next_ship_at,
            delivery_at=subs.next_delivery_at,
            subs=subs,
            times=subs.times + 1,
            nth=subs.orders_count + 1,
            point=subs.point_redeem,
            adjustment=subs.adjustment,
            delivery_fee=shop.settings.subscription_delivery_fee,
        )

    def _lines(self, subs: SubsOrder) -> list[DraftLine]:
        row = subs.rows.get(subs.times + 1)
        prices = row.prices if row else {}
        lines = [
            DraftLine(
                item.variant,
                item.quantity,
                prices.get(item.variant.goods.sku, item.price),
                onetime=item.onetime,
            )
            for item in subs.items
            if not item.skip
        ]
        inserts = row.inserts if row else ()
        return lines + [DraftLine(self._shop.variants[sku], 1, 0, insert=True) for sku in inserts]

    def _book_child(self, subs: SubsOrder, order: Order) -> None:
        """§7.5, after creation."""
        order.previous_delivery_planned_at = subs.previous_delivery_at
        order.previous_ship_planned_at = subs.previous_ship_at
        subs.items = [item for item in subs.items if not item.onetime]
        for item in subs.items:
            item.skip = False
        if subs.onetime_adjustment:
            subs.adjustment, subs.onetime_adjustment = 0, False
        if subs.onetime_point_redeem:
            subs.point_redeem, subs.onetime_point_redeem = 0, False
        if subs.remaining_orders is not None:
            subs.remaining_orders -= 1
        self.book_first(subs, order)

    def book_first(self, subs: SubsOrder, order: Order) -> None:
        """A child was born: counts go up and the next dates follow from its planned delivery."""
        if subs.order_ids:
            self._shop.touch(self._shop.orders[subs.order_ids[-1]])  # last_order moves on
        subs.order_ids.append(order.id)
        subs.times, subs.orders_count = order.times, subs.orders_count + 1
        subs.previous_delivery_at, subs.previous_ship_at = subs.next_delivery_at, subs.next_ship_at
        subs.skipped = False
        self.plan_from(subs, planned_on(order.delivery_planned_at or subs.next_delivery_at))

    # --- dates ---

    def plan_from(self, subs: SubsOrder, base_on: date) -> None:
        """Next dates counted from this delivery."""
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        delivery_on = next_delivery(self._current(subs), base_on, min_gap_days=rules.min_gap_days)
        self._set_dates(subs, plan(subs.times + 1, delivery_on, rules))

    def _current(self, subs: SubsOrder) -> Cycle:
        row = subs.rows.get(subs.times)
        return row.cycle if row is not None and row.cycle is not None else subs.cycle

    def _set_dates(self, subs: SubsOrder, found: Plan) -> None:
        subs.next_delivery_at, subs.next_ship_at = midnight(found.delivery_on), midnight(found.ship_on)
        self._shop.touch(subs)

    def last_delivery_on(self, subs: SubsOrder) -> date:
        """The planned delivery of the newest child that lives."""
        for id_ in reversed(subs.order_ids):
            order = self._shop.orders[id_]
            if order.payment.state != wire.PAY_VOIDED and order.delivery_planned_at is not None:
                return planned_on(order.delivery_planned_at)
        return planned_on(subs.previous_delivery_at or subs.next_delivery_at)

    # --- what people do ---

    def skip(self, subs: SubsOrder) -> None:
        """次回配送スキップ: one cycle on, once until the next child (§7.7)."""
        if subs.skipped:
            raise not_valid(wire.PREFIX_SUBS_ORDER, WORDS_SKIPPED_ALREADY)
        before = subs.next_delivery_at
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        delivery_on = next_delivery(self._current(subs), planned_on(before))
        self._set_dates(subs, plan(subs.times + 1, delivery_on, rules))
        subs.skipped = True
        self._shop.note(subs, "shopper", "skipped", str(before), str(subs.next_delivery_at))

    def set_state(self, subs: SubsOrder, code: str, actor: str) -> None:
        """active / suspend / canceled; children already created are untouched."""
        if subs.state == code:
            return
        before, subs.state, now = subs.state, code, self._shop.now()
        if code == wire.SUBS_ACTIVE:
            subs.suspended_at = subs.canceled_at = None
            subs.suspend_reason_ids, subs.cancel_reason_ids = [], []
            self._resume(subs)
        elif code == wire.SUBS_SUSPEND:
            subs.suspended_at = now
        else:
            subs.canceled_at = now
        self._shop.note(subs, actor, "state", before, code)
        self._shop.history.add("subs_state_changed", subs.number, before=before, after=code)

    def _resume(self, subs: SubsOrder) -> None:
        today = self._shop.today()
        if self.create_on(subs) > today:
            return
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        base_on = self.last_delivery_on(subs)
        self._set_dates(subs, resumed(self._current(subs), base_on, today, rules, round_=subs.times + 1))

    def give_back(self, order: Order, *, decrement: bool, recalculate: bool) -> None:
        """After a void: the parent's 定期回数 goes down and its next dates move (§2.11, §7.8)."""
        subs = self._shop.parent(order)
        if subs is None:
            return
        if decrement:
            subs.times = max(0, subs.times - 1)
        if recalculate:
            self.plan_from(subs, self.last_delivery_on(subs))
        self._shop.note(subs, "system", "order_voided", after=order.number)
