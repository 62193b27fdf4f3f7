"""Renewals (定期受注の自動作成): the nightly job, one child, and the parent's book-keeping.

spec/ecforce.md §7.4–7.8. Dangerous: a date already past is created with its planned ship date unchanged
(`ship_date_in_past`), a failed child does not stop the next one, and 定期回数 may go down: the one key of a child is
its subscription and its place in it (nth), which never goes down.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.model import CountRow, Order, SubsOrder
from connector.sandbox.cart.omissions import Omission, Omissions, PlannedOmission
from connector.sandbox.cart.order_desk import Draft, DraftLine, OrderDesk
from connector.sandbox.cart.payments import Payments
from connector.sandbox.cart.refusal import not_valid
from connector.sandbox.cart.schedule import Schedule
from connector.sandbox.cart.shop import Shop, planned_on

NIGHTLY = (0, 30)  # 00:30 JST, §7.4
WORDS_NOT_ACTIVE = "ステータスが有効ではありません。"
WORDS_COMMITTED = "お約束回数に達していないためキャンセルできません。"
SHOPPER = "shopper"  # マイページ; the shop itself may always cancel (§7.7)
NO_ROW = CountRow(round=0)


class Renewals:
    """The engine behind 定期受注."""

    def __init__(
        self,
        shop: Shop,
        desk: OrderDesk,
        payments: Payments,
        schedule: Schedule,
        agenda: Agenda,
        omissions: Omissions,
    ) -> None:
        self._shop, self._desk, self._payments, self._agenda = shop, desk, payments, agenda
        self._schedule, self._omissions = schedule, omissions
        self._crash_after: int | None = None
        self.start()

    # --- the nightly job ---

    def start(self) -> None:
        """Enter the next night."""
        first = at_jst(self._shop.today(), *NIGHTLY)
        self._enter_night(first if first > self._shop.clock.now() else first + timedelta(days=1))

    def _enter_night(self, due: datetime) -> None:
        def run() -> None:
            self.run(jst(due).date())
            self._enter_night(due + timedelta(days=1))

        self._agenda.add(due, run)

    def run(self, day: date) -> list[Order]:
        """Create every child whose creation day has come, oldest day first, one per subscription."""
        due = [subs for id_ in self._shop.due.until(day) if self._shop.waits(subs := self._shop.subs[id_])]
        self._omissions.lose_one(due)
        made: list[Order] = []
        for subs in due:
            if len(made) == self._crash_after:
                self._crash(subs, day, len(made))
                return made
            made += self._renew(subs, day)
        self._shop.history.add("generation_run", day.isoformat(), created=len(made))
        return made

    def _renew(self, subs: SubsOrder, day: date) -> list[Order]:
        omission = self._omissions.of(subs)
        if omission is None:
            return [self.create(subs, "system")]
        self._strike(omission, subs, day)
        match omission.how:
            case Omission.FORGOTTEN:
                return []
            case Omission.LATE if day < (omission.struck_on or day) + timedelta(days=omission.days):
                return []
            case Omission.ROLLED:
                self._omissions.end(subs)
                self._schedule.roll(subs)
                return []
            case Omission.DOUBLED:
                first = self.create(subs, "system")
                return [first, self._create_twin(subs, first)]
        return [self.create(subs, "system")]

    def _strike(self, omission: PlannedOmission, subs: SubsOrder, day: date) -> None:
        if omission.struck_on is not None:
            return
        omission.struck_on, omission.dates = day, (subs.next_ship_at, subs.next_delivery_at)
        self._shop.history.add(
            "renewal_omitted",
            subs.number,
            subs_id=subs.id,
            how=omission.how.value,
            round=subs.times + 1,
            nth=subs.orders_count + 1,
            create_on=self.create_on(subs).isoformat(),
            ship_on=planned_on(subs.next_ship_at).isoformat(),
            delivery_on=planned_on(subs.next_delivery_at).isoformat(),
        )

    def create_on(self, subs: SubsOrder) -> date:
        """On which day the next child is created, from the dates the parent carries now."""
        return self._shop.create_on(subs)

    # --- crashing in the middle ---

    def crash_next_run(self, after: int) -> None:
        """The next run with more than so many to create dies after them, with one more half made: the run after
        it finishes all."""
        self._crash_after = after

    def _crash(self, subs: SubsOrder, day: date, made: int) -> None:
        """The worst moment: the child stands in the books, its parent knows nothing and nobody was charged."""
        self._crash_after = None
        self._desk.open(self._draft(subs))
        self._shop.history.add("generation_crashed", day.isoformat(), created=made)

    def _half_made(self, subs: SubsOrder) -> Order | None:
        id_ = self._shop.children.get((subs.id, subs.orders_count + 1))
        return None if id_ is None else self._shop.orders[id_]

    # --- one child ---

    def create_by_hand(self, subs: SubsOrder) -> Order:
        """手動受注作成. Refused when not active, or short of stock while 在庫確認 is on."""
        if subs.state != wire.SUBS_ACTIVE or subs.deleted_at is not None:
            raise not_valid(wire.PREFIX_SUBS_ORDER, WORDS_NOT_ACTIVE)
        if self._shop.settings.check_stock_on_manual and self._is_short(subs):
            raise not_valid(wire.PREFIX_SUBS_ORDER, wire.WORDS_STOCK_SHORT)
        return self.create(subs, "admin")

    def _is_short(self, subs: SubsOrder) -> bool:
        wanted: dict[str, int] = {}
        for line in self._lines(subs, subs.times + 1):
            sku = line.variant.goods.sku
            wanted[sku] = wanted.get(sku, 0) + line.quantity
            if line.variant.short_of(wanted[sku]):
                return True
        return False

    def create(self, subs: SubsOrder, actor: str) -> Order:
        """The next child, or the rest of one that a crash left half made."""
        order = self._half_made(subs) or self._desk.open(self._draft(subs))
        late = planned_on(subs.next_ship_at) < self._shop.today()
        self._omissions.end(subs)
        self._book_child(subs, order)
        self._tell(subs, order, actor, late=late)
        self._payments.open(order)
        return order

    def _create_twin(self, subs: SubsOrder, first: Order) -> Order:
        """A second child of the round just created, for the same dates: what must never happen (rehearsal)."""
        draft = replace(
            self._draft(subs, round_=first.times),
            ship_at=first.ship_planned_at or subs.next_ship_at,
            delivery_at=first.delivery_planned_at or subs.next_delivery_at,
        )
        order = self._desk.open(draft)
        subs.order_ids.append(order.id)
        subs.orders_count += 1
        if subs.remaining_orders is not None:
            subs.remaining_orders = max(0, subs.remaining_orders - 1)
        self._tell(subs, order, "system", late=False)
        self._payments.open(order)
        return order

    def _tell(self, subs: SubsOrder, order: Order, actor: str, *, late: bool) -> None:
        shop = self._shop
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

    def _draft(self, subs: SubsOrder, round_: int | None = None) -> Draft:
        shop, times = self._shop, subs.times + 1 if round_ is None else round_
        customer = shop.customers[subs.customer_id]
        coupon = subs.next_coupon
        return Draft(
            customer=customer,
            billing=shop.address(customer.billing.postal),
            shipping=[shop.address(subs.shipping.postal)],
            lines=self._lines(subs, times),
            method=subs.payment.method,
            card_id=subs.payment.card_id,
            carrier=subs.carrier,
            delivery_time=subs.delivery_time if shop.settings.carry_delivery_time else None,
            ship_at=subs.next_ship_at,
            delivery_at=subs.next_delivery_at,
            subs=subs,
            times=times,
            nth=subs.orders_count + 1,
            coupon=coupon.code if coupon else None,
            coupon_discount=coupon.discount if coupon else 0,
            point=subs.point_redeem,
            adjustment=subs.adjustment,
            delivery_fee=shop.settings.subscription_delivery_fee,
            url_id=subs.url_id,
            store_id=subs.store_id,
            free_columns=subs.free_columns,
        )

    def _lines(self, subs: SubsOrder, round_: int) -> list[DraftLine]:
        """Goods, prices and inserts of this round (定期詳細設定), or the parent's own; onetime items come on top."""
        row = subs.rows.get(round_, NO_ROW)
        variants = self._shop.variants
        lines = [
            DraftLine(variants[sku], quantity, row.prices.get(sku, variants[sku].goods.price))
            for sku, quantity in row.goods
        ]
        for item in subs.items:
            if item.skip or (row.goods and not item.onetime):
                continue
            part = item.set_quantity  # parts of a set cost nothing by themselves
            price = item.price if part else row.prices.get(item.variant.goods.sku, item.price)
            onetime = item.onetime
            lines.append(DraftLine(item.variant, item.quantity, price, onetime=onetime, set_quantity=part))
        return lines + [DraftLine(variants[sku], 1, 0, insert=True) for sku in row.inserts]

    def _book_child(self, subs: SubsOrder, order: Order) -> None:
        """§7.5, after creation: what was meant for one order is used up."""
        order.previous_delivery_planned_at = subs.previous_delivery_at
        order.previous_ship_planned_at = subs.previous_ship_at
        subs.items = [item for item in subs.items if not item.onetime]
        for item in subs.items:
            item.skip = False
        subs.next_coupon = None
        if subs.onetime_adjustment:
            subs.adjustment, subs.onetime_adjustment = 0, False
        if subs.onetime_point_redeem:
            subs.point_redeem, subs.onetime_point_redeem = 0, False
        if subs.remaining_orders is not None:
            subs.remaining_orders = max(0, subs.remaining_orders - 1)
        self.book_first(subs, order)

    def book_first(self, subs: SubsOrder, order: Order) -> None:
        """A child was born: counts go up and the next dates follow from its planned delivery."""
        if subs.order_ids:
            self._shop.touch(self._shop.orders[subs.order_ids[-1]])  # last_order moves on
        subs.order_ids.append(order.id)
        subs.times, subs.orders_count = order.times, subs.orders_count + 1
        self._schedule.turn(subs)
        self._schedule.plan_from(subs, planned_on(order.delivery_planned_at or subs.next_delivery_at))

    # --- what people do ---

    def skip(self, subs: SubsOrder) -> None:
        """次回配送スキップ. Refused when it was used already."""
        self._schedule.skip(subs)

    def set_state(self, subs: SubsOrder, code: str, actor: str) -> None:
        """active / suspend / canceled; children already created are untouched. A shopper is held to お約束回数."""
        if subs.state == code:
            return
        if actor == SHOPPER and code == wire.SUBS_CANCELED and subs.remaining_block_times > 0:
            raise not_valid(wire.PREFIX_SUBS_ORDER, WORDS_COMMITTED)
        before, subs.state, now = subs.state, code, self._shop.now()
        if code == wire.SUBS_ACTIVE:
            subs.suspended_at = subs.canceled_at = None
            subs.suspend_reason_ids, subs.cancel_reason_ids = [], []
            self._schedule.resume(subs)
        elif code == wire.SUBS_SUSPEND:
            subs.suspended_at = now
        else:
            subs.canceled_at = now
        self._shop.note(subs, actor, "state", before, code)
        self._shop.history.add("subs_state_changed", subs.number, before=before, after=code)

    def give_back(self, order: Order, *, decrement: bool, recalculate: bool) -> None:
        """After a void: the parent's 定期回数 goes down and its next dates move (§2.11, §7.8)."""
        subs = self._shop.parent(order)
        if subs is None:
            return
        if decrement:
            subs.times = max(0, subs.times - 1)
        if recalculate:
            self._schedule.plan_from_last(subs)
        self._shop.note(subs, "system", "order_voided", after=order.number)
