"""Reasons at the warehouse's door (倉庫の手前の保留理由): what keeps a slip from being shipped, as in `reasons.py`."""

from __future__ import annotations

from connector.outcome import Reason
from connector.words.text import Text, Word

AT_THE_WAREHOUSE: dict[Reason, Word] = {
    Reason.DUPLICATE_SHIPMENT: Word(
        Text("二重出荷の疑い", "Perhaps a double shipment"),
        Text(
            "同じ方への同じ商品の出荷指示が、最近すでに出ています。",
            "The same goods went to the same person a short while ago.",
        ),
        Text(
            "出荷は取り消せないため、こちらの伝票を止めています。商品は出ていません。",
            "A shipment cannot be taken back, so this slip is held; its goods have not left.",
        ),
        Text(
            "メモにある先の伝票と見比べてください。重複ならネクストエンジンで取り消します。"
            "本当の再注文なら、理由を書いて保留を解除してください。",
            "Compare it with the slip in the note. Cancel it in Next Engine if it is a double; "
            "release it with a reason if it is a genuine order.",
        ),
    ),
    Reason.ADDRESS_DOUBTFUL: Word(
        Text("住所の確認", "Doubtful address"),
        Text(
            "届け先の住所に、このままでは届かないおそれのある点があります。",
            "Something about the recipient's address may keep the parcel from arriving.",
        ),
        Text(
            "倉庫へ出荷指示していません。商品は出ていません。",
            "It was not handed to the warehouse; no goods left.",
        ),
        Text(
            "メモを見てネクストエンジンの住所を直してください。直れば自動で再開します。"
            "住所が正しいと確かめたときは保留を解除してください。",
            "Correct the address in Next Engine as the note says; it goes on by itself. "
            "Release the hold if the address proved right.",
        ),
    ),
    Reason.DELIVERY_UNFIT: Word(
        Text("配送指定が不適合", "Delivery wish not possible"),
        Text(
            "発送方法と、日時指定・代引・温度帯などの組み合わせが成り立たないか、お届け希望日に間に合いません。",
            "The delivery method does not offer what the slip asks for (band, date, cash on delivery, temperature), "
            "or the wished day cannot be met.",
        ),
        Text(
            "黙って指定を落とすことはしません。倉庫へ出荷指示していません。",
            "No wish is dropped in silence; it was not handed to the warehouse.",
        ),
        Text(
            "ネクストエンジンで発送方法か日時指定を直してください。直れば自動で再開します。",
            "Correct the delivery method or the wish in Next Engine; it goes on by itself.",
        ),
    ),
}
