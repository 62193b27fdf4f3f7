"""Changes (引き渡し後の変更): the name of each field, where it stands in Next Engine, and the sentence what to do.

One sentence per cell of `lateness.py`, built from the place and the field; a test reads all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from connector.journey import OrderState, SlipState
from connector.lateness import Kind, Place
from connector.order import PaymentState
from connector.words.figures import yen
from connector.words.places import ORDER_STATES, SLIP_STATES
from connector.words.text import Term, Text


class FieldWord(NamedTuple):
    """`screen`: what to change on Next Engine's slip; empty where it has no such field. `missed`: what follows."""

    name: Text
    screen: Text
    missed: Text


NOWHERE = Text("", "")

FIELDS: dict[str, FieldWord] = {
    "cancelled": FieldWord(
        Text("取消", "Cancel"),
        NOWHERE,
        Text(
            "お客様へ連絡してください。{money}",
            "Contact the customer. {money}",
        ),
    ),
    "deleted": FieldWord(
        Text("削除", "Deletion"),
        NOWHERE,
        Text(
            "削除した担当者に確かめてください。{money}",
            "Ask whoever deleted it. {money}",
        ),
    ),
    "revived": FieldWord(
        Text("取消の取り下げ", "Cancel taken back"),
        NOWHERE,
        NOWHERE,
    ),
    "recipients": FieldWord(
        Text("お届け先", "Delivery address"),
        Text(
            "「送り先」（氏名・郵便番号・住所・電話番号）", "the consignee (name, postcode, address, phone)"
        ),
        Text(
            "荷物は前の住所へ向かっています。配送業者に転送を依頼し、お客様へ連絡してください。",
            "The parcel is going to the old address: ask the carrier to redirect it and tell the customer.",
        ),
    ),
    "lines": FieldWord(
        Text("商品", "Items"),
        Text("「受注明細」（商品コード・数量）", "the rows (item code, quantity)"),
        Text(
            "前の商品で出荷済みです。追加出荷か返品をお客様と決めてください。",
            "The old items left: agree with the customer on a further parcel or a return.",
        ),
    ),
    "amounts": FieldWord(
        Text("金額", "Amounts"),
        Text("「金額」（商品計・ポイント・総合計など）", "the amounts (goods total, points, grand total …)"),
        Text(
            "前の金額の納品書で出荷済みです。差額（{difference}）を請求するか返金するか決めてください。",
            "The papers show the old amount: decide whether {difference} is charged or refunded.",
        ),
    ),
    "deliver_on": FieldWord(
        Text("配送予定日", "Delivery date"),
        Text("「配達希望日」", "the wished delivery date"),
        Text(
            "前の日付で出荷済みです。配送業者に日付の変更を依頼してください。",
            "It left with the old date: ask the carrier for another one.",
        ),
    ),
    "ship_on": FieldWord(
        Text("発送予定日", "Ship date"),
        Text("「納品書印刷指示日」", "the day from which it may be printed (納品書印刷指示日)"),
        Text(
            "すでに出荷済みです。受け取れる日をお客様に確かめてください。",
            "It has left already: ask the customer when it can be received.",
        ),
    ),
    "time_slot": FieldWord(
        Text("お届け時間", "Time slot"),
        Text("「配達希望時間帯」", "the wished time of day"),
        Text(
            "前の時間帯で出荷済みです。配送業者に時間帯の変更を依頼してください。",
            "It left with the old time slot: ask the carrier for another one.",
        ),
    ),
    "payment": FieldWord(
        Text("支払方法", "Payment method"),
        Text("「支払方法」", "the payment method"),
        Text(
            "前の支払方法で出荷済みです。代金（{yen}）をどう受け取るか確かめてください。",
            "It left with the old payment method: make sure how the {yen} will come in.",
        ),
    ),
    "payment_state": FieldWord(
        Text("決済の取消・NG", "Payment voided or refused"),
        NOWHERE,
        Text(
            "出荷済みで代金（{yen}）の裏付けがありません。再決済か回収を手配してください。",
            "It left and nothing backs the {yen} any more: take a new payment or collect it.",
        ),
    ),
    "carrier": FieldWord(
        Text("配送業者", "Carrier"),
        Text("「発送方法」", "the delivery method"),
        Text(
            "前の配送業者で出荷済みです。お客様に送り状番号と配送業者を伝えてください。",
            "It left with the old carrier: tell the customer which one and the tracking number.",
        ),
    ),
    "remark": FieldWord(
        Text("通信欄", "Remark"),
        Text("「備考」", "the note"),
        Text(
            "前の内容で出荷済みです。カートの通信欄を読み、お客様への連絡が要るか決めてください。",
            "It left before: read the remark in the cart and decide whether the customer must hear of it.",
        ),
    ),
    "wrapping": FieldWord(
        Text("ラッピング", "Wrapping"),
        Text("「ラッピング」", "the wrapping"),
        Text(
            "前の包装で出荷済みです。お客様へ連絡してください。",
            "It left with the old wrapping: tell the customer.",
        ),
    ),
    "buyer": FieldWord(
        Text("購入者", "Buyer"),
        Text("「購入者」（氏名・住所・メールアドレス）", "the purchaser (name, address, mail address)"),
        Text(
            "発送メールと納品書は前の購入者情報です。必要ならお客様へ連絡してください。",
            "The dispatch mail and the papers carry the old buyer: tell the customer if needed.",
        ),
    ),
}

_NEVER_TAKEN = Text(
    "入金はありません。返金は不要です。返品か、再オーソリ・請求（{yen}）を手配してください。",
    "No money came in and none is to be refunded: arrange the return, or a new authorisation and charge ({yen}).",
)
_TAKEN = Text(
    "返品の受け取りと返金（{yen}）を手配してください。", "Arrange the return and the refund ({yen})."
)
_EITHER = Text(
    "返品の受け取りを手配し、代金（{yen}）は、入金済みなら返金を、未請求なら与信の取消か請求をしてください。",
    "Arrange the return; of the {yen}, refund what came in, and void or charge what did not.",
)
_MONEY: dict[str, Text] = {
    **dict.fromkeys((PaymentState.VOIDED, PaymentState.REFUSED, PaymentState.CAPTURE_FAILED), _NEVER_TAKEN),
    **dict.fromkeys((PaymentState.CAPTURED, PaymentState.PAID), _TAKEN),
}
"""What becomes of the money of goods that left although their order is gone, by how it is paid now."""

KINDS: dict[Kind, Term] = {
    Kind.BY_ITSELF: Term(
        Text("自動で反映", "By itself"),
        Text("人がすることはありません。", "Nothing needs a hand."),
    ),
    Kind.BY_HAND: Term(
        Text("手作業", "By hand"),
        Text(
            "渡した先に古い内容があります。人が直します。",
            "The old content lies over there; a person corrects it.",
        ),
    ),
    Kind.TOO_LATE: Term(
        Text("間に合わず", "Too late"),
        Text(
            "古い内容で出荷されました。お客様と代金の対応が残ります。",
            "It left with the old content; the customer and the money remain.",
        ),
    ),
}

PLACES: dict[Place, Text] = {
    Place.RECEIVED: ORDER_STATES[OrderState.RECEIVED].name,
    Place.NOTIFIED: ORDER_STATES[OrderState.NOTIFIED].name,
    Place.IN_INTAKE: ORDER_STATES[OrderState.IN_INTAKE].name,
    Place.IMPORTING: Text("本取込中", "Being imported"),
    Place.OPEN: SLIP_STATES[SlipState.OPEN].name,
    Place.PRINT_READY: SLIP_STATES[SlipState.PRINT_READY].name,
    Place.RELAYED: SLIP_STATES[SlipState.RELAYED].name,
    Place.DISPATCHED: SLIP_STATES[SlipState.DISPATCHED].name,
    Place.CONFIRMED: SLIP_STATES[SlipState.CONFIRMED].name,
    Place.SHIPPED: ORDER_STATES[OrderState.SHIPPED].name,
    Place.COMPLETED: ORDER_STATES[OrderState.COMPLETED].name,
    Place.LEFT: ORDER_STATES[OrderState.CANCELLED].name,
}

BESIDE: dict[str, Text] = {
    "state_code": Text("対応状況", "Order state"),
    "payment_code": Text("決済状況", "Payment state"),
    "tracking": Text("配送伝票番号", "Tracking number"),
    "shipped_at": Text("出荷日", "Shipped"),
    "memo": Text("メモ", "Memo"),
    "needs_attention": Text("要対応", "Needs attention"),
}
"""What a version may also differ in, without being a change that can come too late."""

_ITSELF: dict[str, Text] = {
    "gone": Text(
        "出荷止めを依頼しました。結果は出荷止めの一覧に出ます。",
        "A stop was asked for; the list of stop requests says how it ends.",
    ),
    "left": Text("通知前なので流れから外しました。", "It was not announced yet and left the journey."),
    "gate": Text(
        "出荷指示の手前で止まり、決済が通れば自動で進みます。",
        "It stops before the relay and goes on by itself once the payment is good.",
    ),
    "healed": Text(
        "決済が通りました。決済を理由に止めることはもうありません。",
        "The payment is good again and keeps nothing back any more.",
    ),
    "dead": Text(
        "注文そのものが取消・削除されています。新しい内容を渡すことはありません。",
        "The order itself is cancelled or deleted: the new content is handed to nobody.",
    ),
    "dead_payment": Text(
        "注文そのものが取消・削除されています。決済が変わっても先へは進みません。",
        "The order itself is cancelled or deleted: whatever its payment does, it goes no further.",
    ),
    "revived": Text("出荷止めをやめて先へ進みます。", "The stop is taken back and it goes on."),
    "mail": Text(
        "通知も本取込も新しい内容で行います。", "Both the mail and the import carry the new content."
    ),
    "csv": Text(
        "本取込の受注CSVに新しい内容が入ります。", "The order CSV of the import carries the new content."
    ),
    "over": Text("これ以上渡すものはありません。", "There is nothing left that it would travel with."),
}
_HAND: dict[str, Text] = {
    "importing": Text(
        "本取込の最中です。取込のあと、伝票が古い内容なら手作業としてお知らせします。",
        "It is being imported. Afterwards the slip is looked at; if it is old, a person is asked.",
    ),
    "ne": Text(
        "ネクストエンジンの受注伝票で{screen}を新しい内容に直してください。直れば自動で再開します（同梱・分割などで"
        "再開しないときは、この変更を閉じてください）。",
        "In Next Engine, bring {screen} of the slip up to date; it goes on by itself "
        "(where it does not, a bundle for instance, close this change).",
    ),
    "ne_told": Text(
        "ネクストエンジンの受注伝票で{screen}を新しい内容に直し、済んだらこの変更を閉じてください。",
        "In Next Engine, bring {screen} of the slip up to date, then close this change.",
    ),
    "warehouse": Text(
        "ネクストエンジンで直しても倉庫へは届きません。倉庫に電話し、{name}を直すか出荷を止めてもらい、"
        "済んだらこの変更を閉じてください。",
        "Next Engine no longer reaches the warehouse. Call it to correct the {lower} or to stop the parcel, "
        "then close this change.",
    ),
    "revived_relayed": Text(
        "出荷止めが倉庫へ渡ったかもしれません。伝票と倉庫の指示が生きているか確かめ、"
        "済んだらこの変更を閉じてください。",
        "The stop may have reached the warehouse. Make sure that slip and instruction are alive, then close this.",
    ),
    "revived_asked": Text(
        "倉庫に出荷止めを依頼しました。カートの取り下げは倉庫に届きません。出荷するなら倉庫に電話して指示が生きているか"
        "確かめ、ネクストエンジンの伝票も確かめて、済んだらこの変更を閉じてください。",
        "The warehouse was asked to stop this, and it does not hear that the cart took its cancel back. To ship it, "
        "call the warehouse, make sure that instruction and slip are alive, then close this change.",
    ),
    "revived_gone": Text(
        "出荷しています。決済が有効か確かめ、「取消間に合わず」の保留を解除してこの変更を閉じてください。",
        "It has shipped. Make sure the payment is good, release the too-late hold and close this change.",
    ),
    "revived_left": Text(
        "カートで復活しましたが、ネクストエンジンの伝票は取消済みです。伝票を作り直すか、カートでもう一度取り消してください。",
        "It lives again in the cart, its slip is cancelled. Make a new slip, or cancel it in the cart again.",
    ),
}
_HEALED = Text("決済の回復", "Payment good again")
_TOLD_BY_A_PERSON = ("wrapping", "buyer")  # no slip that we read carries them
_GONE = ("cancelled", "deleted")
_SENT = (Place.DISPATCHED, Place.CONFIRMED, Place.SHIPPED, Place.COMPLETED)


def what_to_do(
    field: str,
    kind: Kind,
    place: Place,
    lang: str,
    *,
    amount: int = 0,
    difference: int = 0,
    asked: bool = False,
    payment: str = "",
    after: str = "",
    gone: bool = False,
) -> str:
    """The sentence of one cell, with its yen. `asked`: the warehouse was asked to stop the order.

    `payment`: the PaymentState of the order now; empty where nobody knows it. `after`: what the field became.
    `gone`: the order is cancelled or deleted, so that nothing of it is handed on.
    """
    word = FIELDS[field]
    if kind is Kind.TOO_LATE:
        gap = f"{'+' if difference > 0 else ''}{yen(difference, lang)}"
        money = _MONEY.get(payment, _EITHER).say(lang).format(yen=yen(amount, lang))
        return word.missed.say(lang).format(yen=yen(amount, lang), difference=gap, money=money)
    if kind is Kind.BY_ITSELF:
        return _ITSELF[_itself(field, place, after, gone)].say(lang)
    name = word.name.say(lang)
    said = _HAND[_by_hand(field, place, asked)].say(lang)
    return said.format(screen=word.screen.say(lang), name=name, lower=name.lower())


def _itself(field: str, place: Place, after: str, gone: bool) -> str:
    if field == "revived":
        return "revived"
    if field in _GONE:
        return "left" if place is Place.RECEIVED else "over" if place is Place.LEFT else "gone"
    if _heals(field, after):
        return "healed"
    if gone:
        return "dead_payment" if field == "payment_state" else "dead"
    if field == "payment_state" and place is not Place.LEFT:
        return "gone" if place is Place.RELAYED else "gate"
    if place in (*_SENT, Place.LEFT):
        return "over"
    return "mail" if place is Place.RECEIVED else "csv"


def _by_hand(field: str, place: Place, asked: bool) -> str:
    if field == "revived":
        still = "revived_asked" if asked else "revived_relayed"
        return "revived_left" if place is Place.LEFT else "revived_gone" if place in _SENT else still
    if place is Place.IMPORTING:
        return "importing"
    if place is Place.RELAYED:
        return "warehouse"
    return "ne_told" if field in _TOLD_BY_A_PERSON else "ne"


def field_name(field: str, lang: str) -> str:
    return (FIELDS[field].name if field in FIELDS else BESIDE[field]).say(lang)


def change_name(field: str, after: str, lang: str) -> str:
    """The name of a change; a payment that is good again was neither voided nor refused."""
    return _HEALED.say(lang) if _heals(field, after) else field_name(field, lang)


def _heals(field: str, after: str) -> bool:
    return field == "payment_state" and after not in ("", PaymentState.REFUSED, PaymentState.VOIDED)
