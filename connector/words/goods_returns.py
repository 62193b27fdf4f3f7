"""Goods that came back (返品): what a person does about each. Nothing is refunded, cancelled or put back by itself."""

from __future__ import annotations

from connector.words.text import Text

DO: dict[str, Text] = {
    "nobody": Text(
        "どの受注の商品か分かりません。倉庫に送り状番号か出荷指示番号を確かめてください。",
        "Nobody knows of which order. Ask the warehouse for its tracking number or slip number.",
    ),
    "too_many": Text(
        "出荷した数より多く戻っています。返金の前に、倉庫に数と伝票番号を確かめてください。",
        "More came back than had left. Before any refund ask the warehouse for the count and the slip number.",
    ),
    "before_completion": Text(
        "カートの完了がまだです。売上にしない場合は、完了の前に受注を保留し、カートで取り消してください。",
        "The cart's completion is still to come. Where it shall not be charged, hold the order before, and cancel it "
        "in the cart.",
    ),
    "cancelled": Text(
        "取り消し済みの受注です。入金や売上が残っていないことをカートで確かめてください。",
        "The order is cancelled. Check in the cart that no payment and no sale is left.",
    ),
    "cod": Text(
        "代金引換です。受け取られていなければ入金はありません。運送会社の精算を確かめ、カートの売上とネクストエンジンの"
        "伝票を直してください。",
        "Cash on delivery: not accepted, it was not paid. Check the carrier's settlement, then correct the sale in the "
        "cart and the slip in Next Engine.",
    ),
    "refund": Text(
        "売上は計上済みです。お客様に確かめ、返金するならカートで行い、ネクストエンジンで返品を登録してください。",
        "The sale is booked. Settle it with the customer; a refund is made in the cart, and the return is entered in "
        "Next Engine.",
    ),
}
"""By what is known of the order behind it, the most doubtful first."""

CONDITIONS = {"good": Text("良品", "Good"), "bad": Text("不良", "Damaged")}


def came_back(number: str, sku: str, quantity: int, condition: str, reason: str, on: str, lang: str) -> str:
    """One return as a sentence: 返品 RT-0001（2026-11-30 入荷）: MH-CREAM-50 × 1 良品、受取拒否"""
    kept = CONDITIONS[condition].say(lang) if condition in CONDITIONS else condition
    if lang == "ja":
        return f"返品 {number}（{on} 入荷）: {sku} × {quantity} {kept}{'、' + reason if reason else ''}"
    return f"Return {number} (arrived on {on}): {sku} × {quantity} {kept}{', ' + reason if reason else ''}"
