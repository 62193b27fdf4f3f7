"""Schedule (次回日付): when a subscription is delivered, shipped and created next, and what moves these dates.

spec/ecforce.md §7.3, §7.7, §7.8. Dangerous: everything counts from the planned delivery of the last child, never
from the day on which it really arrived.
"""

from __future__ import annotations

from datetime import date

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import SubsOrder
from connector.sandbox.cart.refusal import not_valid
from connector.sandbox.cart.shop import Shop, midnight, planned_on
from connector.subscriptions.cycle import Cycle, Plan, next_delivery, plan, resumed

WORDS_SKIPPED_ALREADY = "次回配送はすでにスキップされています。"


class Schedule:
    """Moves the next dates of a parent."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def plan_from(self, subs: SubsOrder, base_on: date) -> None:
        """Next dates counted from this delivery."""
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        delivery_on = next_delivery(self.current(subs), base_on, min_gap_days=rules.min_gap_days)
        self._set_dates(subs, plan(subs.times + 1, delivery_on, rules))

    def plan_from_last(self, subs: SubsOrder) -> None:
        """再計算: next dates counted from the newest child that lives."""
        self.plan_from(subs, self.last_delivery_on(subs))

    def skip(self, subs: SubsOrder) -> None:
        """次回配送スキップ: one cycle on, once until the next child (§7.7)."""
        if subs.skipped:
            raise not_valid(wire.PREFIX_SUBS_ORDER, WORDS_SKIPPED_ALREADY)
        before = subs.next_delivery_at
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        delivery_on = next_delivery(self.current(subs), planned_on(before))
        self._set_dates(subs, plan(subs.times + 1, delivery_on, rules))
        subs.skipped = True
        self._shop.note(subs, "shopper", "skipped", str(before), str(subs.next_delivery_at))
        self._shop.history.add("subs_skipped", subs.number, delivery_on=delivery_on.isoformat())

    def resume(self, subs: SubsOrder) -> None:
        """Dates that are still ahead stay; past ones move to the first of their cycle to be created (§15.9)."""
        today = self._shop.today()
        if self._shop.create_on(subs) > today:
            return
        rules = self._shop.rules(subs.shipping.postal.prefecture_id)
        base_on = self.last_delivery_on(subs)
        self._set_dates(subs, resumed(self.current(subs), base_on, today, rules, round_=subs.times + 1))

    def roll(self, subs: SubsOrder) -> None:
        """The dates move on as if a child had been created; the counts stay."""
        self.turn(subs)
        self.plan_from(subs, planned_on(subs.next_delivery_at))

    def turn(self, subs: SubsOrder) -> None:
        """The next dates become the previous ones, before new ones are set."""
        subs.previous_delivery_at, subs.previous_ship_at = subs.next_delivery_at, subs.next_ship_at
        subs.skipped = False

    def current(self, subs: SubsOrder) -> Cycle:
        """The cycle of the gap that is running: its round's own (定期詳細設定) or the parent's."""
        row = subs.rows.get(subs.times)
        return row.cycle if row is not None and row.cycle is not None else subs.cycle

    def last_delivery_on(self, subs: SubsOrder) -> date:
        """The planned delivery of the newest child that lives."""
        for id_ in reversed(subs.order_ids):
            order = self._shop.orders[id_]
            if order.payment.state != wire.PAY_VOIDED and order.delivery_planned_at is not None:
                return planned_on(order.delivery_planned_at)
        return planned_on(subs.previous_delivery_at or subs.next_delivery_at)

    def _set_dates(self, subs: SubsOrder, found: Plan) -> None:
        subs.next_delivery_at, subs.next_ship_at = midnight(found.delivery_on), midnight(found.ship_on)
        self._shop.touch(subs)
