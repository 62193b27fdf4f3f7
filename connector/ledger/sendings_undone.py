"""Sendings undone (出荷の取り消し): what of a sending provably never went out, or came back, and counts no more.

Only proof counts: an act that never arrived or was refused, 出荷不可 or a cancel from the warehouse itself, goods that
lie there again. A cancel in Next Engine alone proves nothing: it does not travel (spec/wms.md §1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from connector.doubles import Sending
from connector.doubles.folding import plain
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.effects import AGAIN, CANNOT_TELL
from connector.ledger.schema import effect_items, effects, holds, shipments, slips, tracking_numbers
from connector.ledger.schema_warehouse import goods_returns, stop_answers
from connector.outcome import EffectState, Reason
from connector.shop import Shop
from connector.slip import NEStatus, Result, Shipment

INSTRUCTION = "wms_file"  # the kind of effect that hands a slip to the warehouse
_NOTHING_WENT = (Result.UNSHIPPABLE, Result.CANCELLED)


def left_of(connection: Connection, shop: Shop, found: Mapping[int, Sending]) -> dict[int, Sending]:
    """These sendings, by the ids of their slips, with the goods that are really out there; those with none are gone."""
    if not found:
        return {}
    undone = _never_arrived(connection, found) | _refused(connection, found)
    undone |= _said_unshippable(connection, shop, found) | _stopped(connection, shop.key, found)
    results = _results(connection, shop.key, [one.slip for one in found.values()])
    undone -= {id_ for id_, one in found.items() if _reported_out(results.get(one.slip, ()))}
    returned = _returned(connection, shop.key, [one.slip for one in found.values()])
    left: dict[int, Sending] = {}
    for id_, one in found.items():
        goods = (
            None if id_ in undone else _still_out(one, results.get(one.slip, ()), returned.get(one.slip, {}))
        )
        if goods is not None:
            left[id_] = one if goods == one.goods else msgspec.structs.replace(one, goods=goods)
    return left


def _reported_out(said: Sequence[Shipment]) -> bool:
    """The warehouse says that it left: whatever was said before, and whatever tag is still on the slip."""
    return any(shipment.result is Result.SHIPPED for shipment in said)


def _still_out(one: Sending, said: Sequence[Shipment], returned: Mapping[str, int]) -> dict[str, int] | None:
    """What of it is with the customer or on its way; None for nothing. Goods nobody knows stay unknown."""
    goods = dict(one.goods)
    kinds = {shipment.result for shipment in said}
    if kinds and kinds <= set(_NOTHING_WENT):
        return None
    if Result.PARTIAL in kinds and Result.SHIPPED not in kinds:
        partial = [shipment for shipment in said if shipment.result is Result.PARTIAL]
        if all(shipment.lines for shipment in partial):
            goods = {}
            for line in (line for shipment in partial for line in shipment.lines):
                goods[plain(line.sku)] = goods.get(plain(line.sku), 0) + line.quantity
    if not goods:
        return goods if not one.goods and not returned else None
    goods = {sku: quantity - returned.get(sku, 0) for sku, quantity in goods.items()}
    return {sku: quantity for sku, quantity in goods.items() if quantity > 0} or None


def _never_arrived(connection: Connection, found: Mapping[int, Sending]) -> set[int]:
    """Every instruction of ours for it is proved absent, or was refused as a whole; and nobody printed it since."""
    ours = [id_ for id_, one in found.items() if one.ours]
    absent: dict[int, bool] = {}
    for part in pieces(ours):
        query = (
            select(effect_items.c.item_id, effects.c.state, effects.c.evidence)
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .join(slips, slips.c.id == effect_items.c.item_id)
            .where(
                effect_items.c.item_id.in_(part),
                effects.c.kind == INSTRUCTION,
                slips.c.status < NEStatus.PRINTED,
            )
        )
        for id_, state, evidence in connection.execute(query):
            not_there = state in AGAIN or (state == EffectState.REFUSED and CANNOT_TELL not in evidence)
            absent[id_] = not_there and absent.get(id_, True)
    return {id_ for id_, nowhere in absent.items() if nowhere}


def _refused(connection: Connection, found: Mapping[int, Sending]) -> set[int]:
    """The warehouse refused the slip after it was handed over last."""
    refused: set[int] = set()
    for part in pieces(found):
        query = select(holds.c.item_id, holds.c.opened_at).where(
            holds.c.item == "slip",
            holds.c.item_id.in_(part),
            holds.c.reason == Reason.REFUSED,
            holds.c.stage == "relay",
        )
        refused |= {id_ for id_, at in connection.execute(query) if at >= found[id_].at}
    return refused


def _said_unshippable(connection: Connection, shop: Shop, found: Mapping[int, Sending]) -> set[int]:
    """Slips that carry the tag 出荷不可: the sign by which an operator copies them (spec/wms.md §1)."""
    tagged: set[int] = set()
    for part in pieces(found):
        query = select(slips.c.id, slips.c.body).where(slips.c.id.in_(part))
        for id_, body in connection.execute(query):
            if codec.slip(body).tagged(shop.unshippable_tag):
                tagged.add(id_)
    return tagged


def _stopped(connection: Connection, shop: str, found: Mapping[int, Sending]) -> set[int]:
    """The warehouse itself agreed to stop it (出荷止め), and never said otherwise."""
    id_of = {one.slip: id_ for id_, one in found.items()}
    said: dict[str, set[int]] = {"agreed": set(), "refused": set()}
    for part in pieces(id_of):
        query = select(stop_answers.c.slip_number, stop_answers.c.answer).where(
            stop_answers.c.shop == shop,
            stop_answers.c.slip_number.in_(part),
            stop_answers.c.party == "warehouse",
            stop_answers.c.answer.in_(list(said)),
        )
        for number, answer in connection.execute(query):
            said[answer].add(id_of[number])
    return said["agreed"] - said["refused"]


def _results(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, list[Shipment]]:
    """What the warehouse says of each slip now: of every event its newest version."""
    newest: dict[tuple[str, str], Any] = {}
    for part in pieces(numbers):
        query = (
            select(shipments.c.slip_number, shipments.c.result_id, shipments.c.body)
            .where(shipments.c.shop == shop, shipments.c.slip_number.in_(part))
            .order_by(shipments.c.version)
        )
        newest |= {(row.slip_number, row.result_id): row.body for row in connection.execute(query)}
    found: dict[str, list[Shipment]] = {}
    for (number, _), body in newest.items():
        found.setdefault(number, []).append(codec.shipment(body))
    return found


def _returned(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, dict[str, int]]:
    """Goods that came back, by the slip's number or by one of its tracking numbers."""
    found: dict[str, dict[str, int]] = {}
    for part in pieces(numbers):
        here = (goods_returns.c.shop == shop,)
        by_slip = select(goods_returns.c.slip_number, goods_returns.c.sku, goods_returns.c.quantity).where(
            *here, goods_returns.c.slip_number.in_(part)
        )
        by_parcel = (
            select(tracking_numbers.c.slip_number, goods_returns.c.sku, goods_returns.c.quantity)
            .join(tracking_numbers, tracking_numbers.c.number == goods_returns.c.tracking)
            .where(
                *here,
                goods_returns.c.slip_number == "",
                goods_returns.c.tracking != "",
                tracking_numbers.c.shop == shop,
                tracking_numbers.c.slip_number.in_(part),
            )
        )
        for query in (by_slip, by_parcel):
            for number, sku, quantity in connection.execute(query):
                of = found.setdefault(number, {})
                of[plain(sku)] = of.get(plain(sku), 0) + quantity
    return found
