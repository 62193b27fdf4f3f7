"""One (1件の全体): everything the ledger knows about one order or one slip, over all systems."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from connector.ledger import codec
from connector.ledger.schema import (
    holds,
    order_slips,
    order_versions,
    orders,
    shipments,
    slips,
    stop_requests,
)
from connector.ledger.views import masks
from connector.ledger.views.checks import checks_of
from connector.ledger.views.lists import hold_rows, order_rows, slip_rows
from connector.ledger.views.parcels import parcels_of
from connector.ledger.views.places import STAGES_OF
from connector.ledger.views.rows import (
    HistoryRow,
    HoldRow,
    LineRow,
    OrderPicture,
    ShipmentRow,
    SlipPicture,
    StopRow,
    VersionRow,
    filled,
)
from connector.ledger.views.work import effects_on, exchanges_of, history_of
from connector.order import Order, late_changes
from connector.shop import Shop
from connector.slip import Shipment


def order(connection: Connection, shop: Shop, number: str, now: datetime) -> OrderPicture | None:
    """One order with its slips, and the history of both in one line; None where we do not know it."""
    here = select(orders).where(orders.c.shop == shop.key, orders.c.number == number)
    row = connection.execute(here).first()
    if row is None:
        return None
    noun = codec.order(row.body)
    tied = _slips_of(connection, row.id)
    ids = [slip.id for slip in tied]
    acts = effects_on(connection, shop.key, STAGES_OF["order"], [row.id])
    acts += effects_on(connection, shop.key, STAGES_OF["slip"], ids)
    results = _shipments(connection, shop.key, [slip.number for slip in tied])
    kept = [row.exchange_id, *(act.exchange_id for act in acts), *(result.exchange_id for result in results)]
    return OrderPicture(
        order=order_rows(connection, shop, [row], now)[0],
        payment=noun.payment.method,
        subscription=noun.subscription.number if noun.subscription else "",
        carrier=noun.carrier,
        deliver_on=noun.deliver_on,
        time_slot=noun.time_slot,
        buyer=masks.buyer(noun.buyer),
        recipients=tuple(masks.address(one.address) for one in noun.recipients),
        lines=tuple(_order_line(line) for line in noun.lines),
        versions=_versions(connection, row.id),
        slips=tuple(slip_rows(connection, shop, tied, now)),
        holds=tuple(_holds(connection, "order", [row.id]) + _holds(connection, "slip", ids)),
        history=_timeline(connection, [row.id], ids),
        effects=tuple(sorted(acts, key=lambda act: act.id)),
        exchanges=tuple(exchanges_of(connection, kept)),
        shipments=tuple(_shipment(result) for result in results),
        stop=_stop(connection, row),
        parcels=tuple(one for one in parcels_of(connection, shop.key, number) if one != number),
        checks=tuple(checks_of(connection, shop.key, order=number)),
    )


def slip(connection: Connection, shop: Shop, number: str, now: datetime) -> SlipPicture | None:
    """One slip with the orders behind it; None where we never saw it."""
    here = select(slips).where(slips.c.shop == shop.key, slips.c.number == number)
    row = connection.execute(here).first()
    if row is None:
        return None
    noun = codec.slip(row.body)
    behind = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    tied = list(connection.execute(behind.where(order_slips.c.slip_id == row.id)))
    acts = effects_on(connection, shop.key, STAGES_OF["slip"], [row.id])
    results = _shipments(connection, shop.key, [row.number])
    kept = [*(act.exchange_id for act in acts), *(result.exchange_id for result in results)]
    return SlipPicture(
        slip=slip_rows(connection, shop, [row], now)[0],
        payment=noun.payment_method,
        paid=noun.paid,
        prepayment=noun.prepayment,
        delivery=noun.delivery_method,
        tracking=noun.tracking,
        mail_status=noun.mail_status,
        tags=noun.tags,
        recipient=masks.consignee(noun),
        lines=tuple(
            LineRow(
                sku=one.sku, name=one.name, quantity=one.quantity, unit_price=one.unit_price, insert=False
            )
            for one in noun.rows
            if not one.cancelled
        ),
        orders=tuple(order_rows(connection, shop, tied, now)),
        holds=tuple(_holds(connection, "slip", [row.id])),
        history=_timeline(connection, [], [row.id]),
        effects=tuple(acts),
        exchanges=tuple(exchanges_of(connection, kept)),
        shipments=tuple(_shipment(result) for result in results),
        checks=tuple(checks_of(connection, shop.key, slip=number)),
    )


def _slips_of(connection: Connection, order_id: int) -> list[Row[Any]]:
    query = select(slips, order_slips.c.how).join(order_slips, order_slips.c.slip_id == slips.c.id)
    return list(connection.execute(query.where(order_slips.c.order_id == order_id).order_by(slips.c.id)))


def _holds(connection: Connection, item: str, ids: Sequence[int]) -> list[HoldRow]:
    query = select(holds).where(holds.c.item == item, holds.c.item_id.in_(list(ids)))
    return hold_rows(connection, list(connection.execute(query.order_by(holds.c.id))))


def _timeline(
    connection: Connection, order_ids: Sequence[int], slip_ids: Sequence[int]
) -> tuple[HistoryRow, ...]:
    rows = history_of(connection, "order", order_ids) + history_of(connection, "slip", slip_ids)
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def _versions(connection: Connection, order_id: int) -> tuple[VersionRow, ...]:
    query = select(order_versions).where(order_versions.c.order_id == order_id)
    found: list[VersionRow] = []
    before: Order | None = None
    for row in connection.execute(query.order_by(order_versions.c.version)):
        noun = codec.order(row.body)
        changed = late_changes(before, noun) if before is not None else ()
        found.append(filled(VersionRow, row, changed=changed))
        before = noun
    return tuple(found)


def _order_line(line: Any) -> LineRow:
    return LineRow(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=line.unit_price,
        insert=line.insert,
    )


def _shipments(connection: Connection, shop: str, numbers: Sequence[str]) -> list[Row[Any]]:
    query = select(shipments).where(shipments.c.shop == shop, shipments.c.slip_number.in_(list(numbers)))
    return list(connection.execute(query.order_by(shipments.c.id)))


def _shipment(row: Row[Any]) -> ShipmentRow:
    said: Shipment = codec.shipment(row.body)
    return filled(
        ShipmentRow,
        row,
        carrier=said.carrier,
        tracking=said.tracking,
        parcels=said.parcels,
        reason=said.reason or said.reason_code,
    )


def _stop(connection: Connection, order_row: Row[Any]) -> StopRow | None:
    query = select(stop_requests).where(stop_requests.c.order_id == order_row.id)
    row = connection.execute(query).first()
    if row is None:
        return None
    return filled(StopRow, row, number=order_row.number, state=order_row.state, yen=order_row.payable)
