"""Sentences (金額の言い方): what an operator reads about a figure that does not follow; names as in the cart's CSV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connector.amounts.causes import Cause, Difference

FIGURES: Final = {
    "subtotal": "小計",
    "subtotal8": "小計8%",
    "subtotal10": "小計10%",
    "discount": "割引",
    "discount8": "割引8%",
    "discount10": "割引10%",
    "points": "利用ポイント",
    "points8": "利用ポイント8%",
    "points10": "利用ポイント10%",
    "delivery_fee": "送料",
    "charge": "手数料",
    "misc_fee": "その他",
    "adjustment": "調整金額",
    "tax": "消費税",
    "tax8": "消費税8%",
    "tax10": "消費税10%",
    "total": "合計",
    "total8": "合計8%",
    "total10": "合計10%",
    "payable": "支払い合計",
}
CAUSES: Final = {
    Cause.ITEMS: "明細の単価×数量の合計と合いません",
    Cause.RATES_MIXED: "8%と10%の商品の振り分けが明細と合いません",
    Cause.RATES_UNKNOWN: "明細に税率がなく、8%と10%の内訳を確かめられません",
    Cause.PARTS: "8%分と10%分の合計と合いません",
    Cause.ROUNDED_DOWN: "端数を切り捨てると一致します（店舗の設定と違う端数処理です）",
    Cause.ROUNDED_HALF_UP: "端数を四捨五入すると一致します（店舗の設定と違う端数処理です）",
    Cause.ROUNDED_UP: "端数を切り上げると一致します（店舗の設定と違う端数処理です）",
    Cause.ROUNDED_PER_LINE: "明細ごとに端数処理すると一致します（正しくは税率ごとに1回です）",
    Cause.POINTS_BEFORE_TAX: "ポイントを課税前に引くと一致します（ポイント適用箇所の設定）",
    Cause.ADJUSTMENT_BEFORE_TAX: "調整金額を課税前に足すと一致します（調整金額適用箇所の設定）",
    Cause.TAX_8: "8%の税額が対象額と合いません",
    Cause.TAX_10: "10%の税額が対象額と合いません",
    Cause.TAX_MISSING: "消費税が入っていません",
    Cause.DISCOUNT_TWICE: "割引が二重に引かれています",
    Cause.DISCOUNT_MISSING: "割引が引かれていません",
    Cause.POINTS_TWICE: "ポイントが二重に引かれています",
    Cause.POINTS_MISSING: "ポイントが引かれていません",
    Cause.FEE_MISSING: "送料・手数料などが10%対象に入っていません",
    Cause.ADJUSTMENT_MISSING: "調整金額が入っていません",
    Cause.PAYABLE: "合計−利用ポイントと合いません",
    Cause.NOT_COUNTED: "この額では合計や税額が出ません（ほかの額は別の値で計算されています）",
    Cause.UNEXPLAINED: "原因を特定できません",
}


def sentence(difference: Difference) -> str:
    """「合計 8,839円（計算では 8,838円、+1円）: 原因を特定できません。送料の誤りでも説明できます」."""
    figure = FIGURES[difference.field]
    words = (
        f"{figure} {difference.says:,}円（計算では {difference.follows:,}円、{difference.yen:+,}円）: "
        f"{CAUSES[difference.cause]}"
    )
    if not difference.or_else:
        return words
    return f"{words}。{'・'.join(FIGURES[name] for name in difference.or_else)}の誤りでも説明できます"


def sentences(differences: Iterable[Difference]) -> str:
    return "\n".join(map(sentence, differences))
