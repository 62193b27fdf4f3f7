"""A shop's day as the runner would write it: builders of nouns, and walks from place to place in a real ledger."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from connector.clock import at_jst
from connector.journey import OrderState, SlipState, State
from connector.ledger import archive, bookings, effects, item_rows, record, shipments
from connector.ledger import slips as slip_rows
from connector.ledger.receive import receive
from connector.ledger.record import By
from connector.ledger.schema import orders, slips
from connector.order import (
    Address,
    Amounts,
    Buyer,
    Order,
    OrderLine,
    Origin,
    Payment,
    PaymentKind,
    PaymentState,
    Recipient,
)
from connector.outcome import (
    Advance,
    Begun,
    Effect,
    EffectState,
    Outcome,
)
from connector.shop import Shop
from connector.slip import NEStatus, Result, Shipment, Slip
from sqlalchemy import Connection

DAY = date(2026, 11, 25)  # a Wednesday
NOW = at_jst(DAY, 8, 30)
SHOP = Shop(
    key="mihon",
    name="見本ショップ",
    start_at=at_jst(date(2026, 11, 1)),
    ne_shop_id="1",
    import_times=(time(14, 0),),
    completion_times=(time(19, 30),),
    relay_from=time(6, 0),
    relay_until=time(15, 0),
)
TO: dict[str, State] = {
    "notify": OrderState.NOTIFIED,
    "confirm_intake": OrderState.IN_INTAKE,
    "import_daily": OrderState.IMPORTED,
    "complete": OrderState.COMPLETED,
    "relay": SlipState.RELAYED,
    "collect": SlipState.DISPATCHED,
    "confirm_shipment": SlipState.CONFIRMED,
    "stop": OrderState.CANCELLED,
}


def an_order(number: str, placed_at: datetime, *, payable: int = 3980, **more: Any) -> Order:
    """A cart order of one item, by card, authorised."""
    address = Address(
        name="見本 太郎",
        zip_code="000-0000",
        prefecture="東京都",
        city="見本区見本町",
        street="1-2-3",
        phone="000-0000-0000",
    )
    payment = Payment(
        method_id=1,
        method="クレジットカード",
        kind=PaymentKind.CARD,
        state=PaymentState.AUTHORIZED,
        state_code="authed",
        linked=True,
        prepayment=False,
    )
    amounts = Amounts(
        subtotal=payable,
        subtotal8=payable,
        subtotal10=0,
        discount=0,
        points=0,
        delivery_fee=0,
        charge=0,
        misc_fee=0,
        adjustment=0,
        tax=0,
        tax8=0,
        tax10=0,
        total=payable,
        payable=payable,
    )
    line = OrderLine(
        line_id=1,
        sku="MIHON-01",
        product_number="MIHON-01",
        name="見本の青汁 30包",
        unit_price=payable,
        quantity=1,
        tax_rate=8,
    )
    id_ = int("".join(filter(str.isdigit, number)) or 0)
    values: dict[str, Any] = {
        "number": number,
        "cart_order_id": id_,
        "origin": Origin.PLACED,
        "subscription": None,
        "placed_at": placed_at,
        "updated_at": placed_at,
        "state_code": "accepted",
        "cancelled": False,
        "deleted": False,
        "payment": payment,
        "buyer": Buyer(customer_id=id_, email="taro@example.jp", address=address),
        "recipients": (Recipient(address_id=1, address=address),),
        "lines": (line,),
        "amounts": amounts,
    }
    return Order(**(values | more))


def a_slip(number: str, order_number: str, status: int, lock: str, **more: Any) -> Slip:
    values: dict[str, Any] = {
        "number": number,
        "order_number": order_number,
        "ne_shop_id": "1",
        "status": status,
        "lock": lock,
        "total": 3980,
        "prepayment": False,
        "payment_method": "クレジットカード",
        "name": "見本 太郎",
        "zip_code": "000-0000",
    }
    return Slip(**(values | more))


def refused(order: Order) -> Order:
    payment = msgspec.structs.replace(
        order.payment, state=PaymentState.REFUSED, state_code="auth_failed", words="カード有効期限切れ"
    )
    return msgspec.structs.replace(order, payment=payment)


class Day:
    """Writes a shop's day into a ledger, as the runner would."""

    def __init__(self, connection: Connection, shop: Shop = SHOP) -> None:
        self.connection, self.shop, self._numbers = connection, shop, 0

    def take_in(self, order: Order, at: datetime) -> None:
        receive(self.connection, self.shop, [order], None, at)

    def see(self, slip: Slip, at: datetime, stage: str = "follow_slips") -> None:
        slip_rows.see(self.connection, self.shop.key, stage, [slip], at)

    def item(self, number: str) -> Any:
        for table in (orders, slips):
            row = self.connection.execute(
                table.select().where(table.c.shop == self.shop.key, table.c.number == number)
            ).first()
            if row is not None:
                return item_rows.items_by_id(self.connection, table, [row.id])[row.id]
        raise KeyError(number)

    def say(
        self, stage: str, number: str, outcome: Outcome, at: datetime, gives: State | None = None
    ) -> None:
        by = By(stage, gives or TO.get(stage))
        record.record(self.connection, self.shop.key, by, [(self.item(number), outcome)], at)

    def act(
        self,
        stage: str,
        kind: str,
        numbers: list[str],
        at: datetime,
        *,
        state: EffectState = EffectState.DONE,
        body: bytes = b"",
        name: str = "",
        key: str = "",
        **facts: Any,
    ) -> Begun:
        """One effect, begun and settled; its items move on where it is done."""
        self._numbers += 1
        items = [self.item(number) for number in numbers]
        effect = Effect(
            kind=kind,
            key=key or f"{self.shop.key}/{kind}/{'-'.join(numbers)}",
            items=tuple(item.id for item in items),
            body=body,
            name=name,
            facts=facts,
        )
        kept = None
        if body:
            kept = archive.keep(
                self.connection,
                self.shop.key,
                at,
                system=kind,
                direction="out",
                name=name,
                body=body,
                key=effect.key,
            ).id
        begun = effects.begin(self.connection, self.shop.key, stage, effect, kept, at)
        assert begun is not None
        if state is not EffectState.INTENT:
            look = 600.0 if state in (EffectState.SENT, EffectState.UNKNOWN) else None
            effects.settle(self.connection, begun, state, at, evidence={}, look_after=look)
        if state is EffectState.DONE:
            for number in numbers:
                self.say(stage, number, Advance({}), at)
        return begun

    # --- longer walks ----------------------------------------------------------------------------------

    def to_intake(self, order: Order, at: datetime, slip_number: str) -> None:
        """Taken in, announced, seen in 新規受付."""
        self.take_in(order, at)
        later = at + timedelta(minutes=12)
        self.act(
            "notify",
            "mail",
            [order.number],
            later,
            body=f"mail {order.number}".encode(),
            name=f"<{order.number}@example.jp>",
            order=order.number,
        )
        seen = later + timedelta(minutes=6)
        slip = a_slip(slip_number, order.number, NEStatus.INTAKE, "1", total=order.amounts.payable)
        self.see(slip, seen, "confirm_intake")
        self.say("confirm_intake", order.number, Advance({"slip": slip_number}), seen)

    def to_print_ready(self, order: Order, at: datetime, slip_number: str, **more: Any) -> None:
        """Imported; its slip stands in 印刷待ち."""
        self.to_intake(order, at, slip_number)
        imported = at + timedelta(hours=1)
        self.act(
            "import_daily",
            "ne_import",
            [order.number],
            imported,
            key=f"{self.shop.key}/ne_import/{order.number}",
            name=f"orders_{order.number}.csv",
            body=f"csv {order.number}".encode(),
        )
        slip = a_slip(
            slip_number, order.number, NEStatus.PRINT_WAIT, "2", total=order.amounts.payable, **more
        )
        self.see(slip, imported + timedelta(minutes=10))

    def to_relayed(self, order: Order, at: datetime, slip_number: str) -> None:
        self.to_print_ready(order, at, slip_number)
        self._numbers += 1
        relayed = at + timedelta(hours=2)
        self.act(
            "relay",
            "wms_file",
            [slip_number],
            relayed,
            key=f"{self.shop.key}/wms_file/{slip_number}",
            name=f"SHIP_{slip_number}.csv",
            body=f"wms {slip_number}".encode(),
            sequence=self._numbers,
        )
        slip = a_slip(slip_number, order.number, NEStatus.PRINTED, "3", total=order.amounts.payable)
        self.see(slip, relayed + timedelta(minutes=5))

    def to_shipped(self, order: Order, at: datetime, slip_number: str, tracking: str) -> None:
        self.to_relayed(order, at, slip_number)
        collected = at + timedelta(hours=6)
        left = shipment(slip_number, tracking, collected)
        bookings.book_all(self.connection, self.shop.key, [left], None, collected)
        self.say("collect", slip_number, Advance({"tracking": [tracking]}), collected)
        confirmed = collected + timedelta(minutes=10)
        self.act("confirm_shipment", "ne_shipped", [slip_number], confirmed, slip=slip_number)
        slip = a_slip(
            slip_number,
            order.number,
            NEStatus.SHIPPED,
            "4",
            total=order.amounts.payable,
            tracking=tracking,
            shipped_at=confirmed,
        )
        self.see(slip, confirmed)
        shipments.ship_orders(self.connection, self.shop.key, "confirm_shipment", confirmed)

    def to_completed(self, order: Order, at: datetime, slip_number: str, tracking: str) -> None:
        self.to_shipped(order, at, slip_number, tracking)
        done = at + timedelta(hours=9)
        self.act(
            "complete",
            "completion",
            [order.number],
            done,
            key=f"{self.shop.key}/completion/{order.number}",
            sales=[order.number],
        )
        captured = msgspec.structs.replace(order.payment, state=PaymentState.CAPTURED, state_code="completed")
        final = msgspec.structs.replace(
            order,
            payment=captured,
            state_code="shipped",
            shipped_at=done,
            updated_at=done,
            tracking=tracking,
        )
        self.take_in(final, done + timedelta(minutes=5))


def shipment(slip_number: str, tracking: str, at: datetime, **more: Any) -> Shipment:
    values: dict[str, Any] = {
        "result_id": f"R-{slip_number}",
        "slip_number": slip_number,
        "result": Result.SHIPPED,
        "shipped_on": at.date(),
        "carrier": "YAMATO_TAKKYUBIN",
        "tracking": (tracking,),
    }
    return Shipment(**(values | more))


def tracking_number(n: int) -> str:
    """A Yamato number with its check digit."""
    digits = f"{40000000000 + n:011}"
    return f"{digits}{int(digits) % 7}"
