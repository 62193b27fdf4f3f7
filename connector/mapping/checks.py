"""Checks (照合): what must hold for a whole item before it may go into a file, named in `checks: […]`.

Amounts are shown with their difference and never adjusted (spec/next_engine.md §6.2, reliability V4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.amounts import differences
from connector.amounts.sentences import sentences
from connector.mapping import invoice
from connector.mapping.sources import Instruction
from connector.mapping.tables import Tables
from connector.mapping.unfit import Unfit
from connector.order import Order, Yen
from connector.outcome import Reason


def amounts_tie(tables: Tables, order: Order) -> None:
    """小計・割引・税・送料・合計など、税率ごとの額もすべて、1円まで計算どおりであること。"""
    if wrong := differences(order):  # any rounding: the shop's own is judged before the order is announced
        raise Unfit(Reason.AMOUNT_DIFFERS, sentences(wrong))


def lines_tie(tables: Tables, order: Order) -> None:
    """書き出す明細の単価×数量の合計が、小計とも、税率ごとの小計とも一致すること。"""
    written = {0: 0, 8: 0, 10: 0}
    for line in order.lines:
        written[line.tax_rate] = written.get(line.tax_rate, 0) + line.unit_price * line.quantity
    _tie("小計", sum(written.values()), order.amounts.subtotal)
    if written[0] or not (order.amounts.subtotal8 or order.amounts.subtotal10):
        return  # lines without a rate: Next Engine takes each from its goods master, and the report compares
    _tie("小計8%", written[8], order.amounts.subtotal8)
    _tie("小計10%", written[10], order.amounts.subtotal10)


def _tie(name: str, total: Yen, says: Yen) -> None:
    if total != says:
        words = f"明細の合計 {total:,}円 と{name} {says:,}円 が {says - total:+,}円 違います"
        raise Unfit(Reason.AMOUNT_DIFFERS, words)


def rates_tie(tables: Tables, order: Order) -> None:
    """税率別に書く手数料・ポイント・その他費用・請求金額の合計が、受注の額と1円まで一致すること。"""
    invoice.rates_tie(order)


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
            Reason.DELIVERY_UNFIT, f"「{row.label}」は時間帯「{slip.time_slot}」({slot.band}) を扱いません"
        )


def one_parcel_if_cod(tables: Tables, instruction: Instruction) -> None:
    """代金引換は一個口であること。個口の数だけ行を書く送り状では、代金を個口の数だけ集めてしまいます。"""
    if instruction.slip.cash_on_delivery and instruction.parcels > 1:
        words = f"代金引換の伝票が {instruction.parcels} 個口です。一個口にまとめるか、伝票を分けてください"
        raise Unfit(Reason.DELIVERY_UNFIT, words)


def no_cod(tables: Tables, instruction: Instruction) -> None:
    """代金引換でないこと。代金を渡す列のないファイルで送ると、集金されません。"""
    if instruction.slip.collects:
        words = f"代金引換 ({instruction.slip.total:,}円) の伝票は、この倉庫のファイルでは渡せません"
        raise Unfit(Reason.DELIVERY_UNFIT, words)


CHECKS: dict[str, Callable[[Tables, Any], None]] = {
    "amounts_tie": amounts_tie,
    "band_offered": band_offered,
    "lines_tie": lines_tie,
    "no_cod": no_cod,
    "one_address": one_address,
    "one_parcel_if_cod": one_parcel_if_cod,
    "rates_tie": rates_tie,
}
LOOKS_AT: dict[str, type] = {
    "amounts_tie": Order,
    "band_offered": Instruction,
    "lines_tie": Order,
    "no_cod": Instruction,
    "one_address": Order,
    "one_parcel_if_cod": Instruction,
    "rates_tie": Order,
}
