"""Checks (照合): what must hold for a whole item before it may go into a file, named in `checks: […]`.

Amounts are shown with their difference and never adjusted (spec/next_engine.md §6.2, reliability V4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.mapping.sources import Instruction
from connector.mapping.tables import Tables
from connector.mapping.unfit import Unfit
from connector.order import Order
from connector.outcome import Reason


def amounts_tie(tables: Tables, order: Order) -> None:
    """小計・割引・税・送料などの合計が支払い合計と一致すること。"""
    if yen := order.amounts.difference():
        raise Unfit(
            Reason.AMOUNT_DIFFERS,
            f"内訳の合計 {order.amounts.payable - yen:,}円 と支払い合計 {order.amounts.payable:,}円 が"
            f" {yen:+,}円 違います",
        )


def lines_tie(tables: Tables, order: Order) -> None:
    """明細の単価×数量の合計が小計と一致すること。"""
    total = sum(line.unit_price * line.quantity for line in order.lines)
    if total != order.amounts.subtotal:
        raise Unfit(
            Reason.AMOUNT_DIFFERS,
            f"明細の合計 {total:,}円 と小計 {order.amounts.subtotal:,}円 が"
            f" {order.amounts.subtotal - total:+,}円 違います",
        )


def one_address(tables: Tables, order: Order) -> None:
    """お届け先が一つであること。複数のときは、どの商品がどこへ行くか書けません。"""
    if len(order.recipients) != 1:
        raise Unfit(
            Reason.ADDRESS_SPLIT_UNKNOWN, f"お届け先が {len(order.recipients)} 件あり、1行に書けません"
        )


def band_offered(tables: Tables, instruction: Instruction) -> None:
    """時間帯をその運送会社が扱っていること (spec/wms.md §4.3)。"""
    slip = instruction.slip
    row, slot = tables.carrier_of_slip(slip.delivery_method), tables.time_slot(slip.time_slot)
    if row is None or slot is None or not row.slots or not row.bands:
        return
    if slot.band not in (*row.bands, "NONE"):
        raise Unfit(
            Reason.MALFORMED, f"「{row.label}」は時間帯「{slip.time_slot}」({slot.band}) を扱いません"
        )


CHECKS: dict[str, Callable[[Tables, Any], None]] = {
    "amounts_tie": amounts_tie,
    "band_offered": band_offered,
    "lines_tie": lines_tie,
    "one_address": one_address,
}
LOOKS_AT: dict[str, type] = {
    "amounts_tie": Order,
    "band_offered": Instruction,
    "lines_tie": Order,
    "one_address": Order,
}
