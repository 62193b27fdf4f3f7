"""Cart codes (対応状況・決済状況): the cart's own codes as its screens name them (spec/ecforce.md §3.1, §3.2).

対応状況 is partly the shop's own: a code that is not here is shown as it came.
"""

from __future__ import annotations

from connector.words.text import Text

ORDER_STATES: dict[str, Text] = {
    "complete": Text("注文確定", "confirmed"),
    "shipped": Text("発送完了", "shipped"),
    "delivered": Text("配送完了", "delivered"),
    "canceled": Text("キャンセル", "cancelled"),
}

PAYMENT_STATES: dict[str, Text] = {
    "pending": Text("決済準備中", "being prepared"),
    "authed": Text("仮売上完了", "authorised"),
    "auth_failed": Text("仮売上失敗", "authorisation failed"),
    "update_failed": Text("取引修正失敗", "change of the transaction failed"),
    "credit_exam_processing": Text("与信審査中", "under credit examination"),
    "credit_exam_hold": Text("与信保留", "credit examination on hold"),
    "credit_exam_completed": Text("与信審査完了", "credit examination passed"),
    "credit_exam_failed": Text("与信審査エラー", "credit examination failed"),
    "completed": Text("売上完了", "captured"),
    "captured": Text("売上完了", "captured"),
    "sales_failed": Text("売上失敗", "capture failed"),
    "shipment_report_processing": Text("出荷報告依頼中", "shipment being reported"),
    "shipment_report_failed": Text("出荷報告失敗", "report of the shipment failed"),
    "voided": Text("取消完了", "voided"),
    "void": Text("取消完了", "voided"),
    "void_failed": Text("取消失敗", "void failed"),
    "registration_failed": Text("登録失敗", "registration failed"),
    "failed": Text("失敗", "failed"),
    "cash_on_delivery_authed": Text("代金引換", "cash on delivery"),
    "paid": Text("入金済み", "paid"),
}


def order_state(code: str, lang: str) -> str:
    return ORDER_STATES[code].say(lang) if code in ORDER_STATES else code


def payment_code(code: str, lang: str) -> str:
    return PAYMENT_STATES[code].say(lang) if code in PAYMENT_STATES else code
