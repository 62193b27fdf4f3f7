"""Places (状態と工程): the operators' words for where an item stands, and for everything that moves it."""

from __future__ import annotations

from connector.journey import OrderState, SlipState
from connector.order import PaymentState
from connector.outcome import EffectState
from connector.slip import Result
from connector.words.text import Term, Text

ORDER_STATES: dict[OrderState, Term] = {
    OrderState.RECEIVED: Term(
        Text("取込済", "Received"),
        Text("カートから取り込みました。通知はまだです。", "Taken in from the cart; not announced yet."),
    ),
    OrderState.NOTIFIED: Term(
        Text("通知済", "Notified"),
        Text("ネクストエンジンへ受注メールを送りました。", "Next Engine was told by mail."),
    ),
    OrderState.IN_INTAKE: Term(
        Text("新規受付", "In intake"),
        Text("新規受付に伝票があります。本取込を待っています。", "Seen in 新規受付; waits for the import."),
    ),
    OrderState.IMPORTED: Term(
        Text("本取込済", "Imported"),
        Text("受注CSVで伝票が完成しました。", "The order CSV completed the slip, read back."),
    ),
    OrderState.SHIPPED: Term(
        Text("出荷済", "Shipped"),
        Text("すべての伝票が出荷確定しました。", "All its live slips are confirmed in Next Engine."),
    ),
    OrderState.COMPLETED: Term(
        Text("完了", "Completed"),
        Text("カートにも完了と表示されています。", "The cart shows it as completed."),
    ),
    OrderState.CANCELLED: Term(
        Text("取消", "Cancelled"), Text("流れから外れました。", "It left the journey.")
    ),
}

SLIP_STATES: dict[SlipState, Term] = {
    SlipState.INTAKE: Term(
        Text("新規受付", "Intake"),
        Text("ネクストエンジンの新規受付にあります。", "In 新規受付 of Next Engine."),
    ),
    SlipState.OPEN: Term(
        Text("起票済", "Open"),
        Text(
            "確認・入金・引当・日付のどれかを待っています。",
            "Waits for confirmation, money, stock or a date.",
        ),
    ),
    SlipState.PRINT_READY: Term(
        Text("印刷待ち", "Print-ready"), Text("倉庫へ渡せます。", "It may go to the warehouse.")
    ),
    SlipState.RELAYED: Term(
        Text("出荷指示済", "Relayed"), Text("倉庫が受け取りました。", "The warehouse took it.")
    ),
    SlipState.DISPATCHED: Term(
        Text("出荷実績あり", "Dispatched"), Text("倉庫が出荷しました。", "The warehouse shipped it.")
    ),
    SlipState.CONFIRMED: Term(
        Text("出荷確定済", "Confirmed"),
        Text("ネクストエンジンで出荷確定を確認しました。", "Read back as shipped from Next Engine."),
    ),
    SlipState.CANCELLED: Term(
        Text("取消・統合", "Cancelled or merged"),
        Text("取り消されたか、ほかの伝票に統合されました。", "Cancelled, or merged into another slip."),
    ),
}

STAGES: dict[str, Term] = {
    "ingest": Term(
        Text("受注取込", "Take in"), Text("カートの受注を取り込みます。", "Takes in the cart's orders.")
    ),
    "notify": Term(
        Text("注文通知", "Notify"), Text("受注メールで知らせます。", "Tells Next Engine by mail.")
    ),
    "confirm_intake": Term(
        Text("新規受付確認", "Confirm intake"),
        Text("新規受付に伝票ができたことを確かめます。", "Sees that the mail opened a slip."),
    ),
    "import_daily": Term(
        Text("本取込", "Import"),
        Text("決まった時刻に受注CSVを渡します。", "Hands over the order CSV at its set time."),
    ),
    "follow_slips": Term(
        Text("伝票追跡", "Follow slips"),
        Text("ネクストエンジンの伝票を写し取ります。", "Mirrors the slips of Next Engine."),
    ),
    "relay": Term(
        Text("出荷指示", "Relay"), Text("印刷待ちの伝票を倉庫へ渡します。", "Hands slips to the warehouse.")
    ),
    "collect": Term(
        Text("出荷実績取込", "Collect"), Text("倉庫の出荷実績を取り込みます。", "Takes in what was shipped.")
    ),
    "confirm_shipment": Term(
        Text("出荷確定", "Confirm shipment"),
        Text("送り状番号を入れて出荷確定します。", "Brings the tracking number into Next Engine."),
    ),
    "complete": Term(
        Text("カート完了反映", "Complete"),
        Text("カートへ発送完了を書き戻します。", "Writes the completion back to the cart."),
    ),
    "stop": Term(
        Text("出荷止め", "Stop"),
        Text("引き渡し後の取消を相手先で止めます。", "Stops what was cancelled after hand-over."),
    ),
    "follow_subscriptions": Term(
        Text("定期の追跡", "Follow subscriptions"),
        Text(
            "定期受注の予定を写し、作成漏れを見つけます。", "Mirrors subscriptions to find missing renewals."
        ),
    ),
    "read_mail": Term(
        Text("受信メール確認", "Read mail"),
        Text("通知メールの不達や遅延の知らせを読みます。", "Reads bounces and delays of our mails."),
    ),
}

SOURCES: dict[str, Text] = {"mappings": Text("変換設定", "Mappings")}
"""What is read in between and is no stage."""

EFFECTS: dict[str, Text] = {
    "mail": Text("受注メール", "Order mail"),
    "ne_import": Text("受注CSV取込", "Order CSV"),
    "wms_file": Text("出荷指示", "Instruction"),
    "ne_mark": Text("印刷済への変更", "Mark in Next Engine"),
    "ne_claim": Text("出荷指示の印", "Claim in Next Engine"),
    "ne_refused": Text("出荷指示失敗の印", "Mark as refused in Next Engine"),
    "ne_unshippable": Text("出荷不可の印", "Mark as unshippable in Next Engine"),
    "ne_partial": Text("一部出荷の印", "Mark as partly shipped in Next Engine"),
    "ne_shipped": Text("出荷確定の書込", "Shipment confirmation"),
    "ne_tracking": Text("送り状番号の訂正", "Corrected tracking number"),
    "completion": Text("カート完了反映", "Cart completion"),
    "wms_stop": Text("倉庫への取消依頼", "Stop request to the warehouse"),
    "ne_cancel": Text("伝票の取消", "Slip cancellation"),
    "cart_cancel": Text("カートでの取消", "Cancel in the cart"),
}

EFFECT_STATES: dict[EffectState, Term] = {
    EffectState.INTENT: Term(
        Text("実行直前", "Intent"), Text("記録だけ済み、結果は未確認です。", "Written down; no outcome yet.")
    ),
    EffectState.SENT: Term(
        Text("送付済・確認待ち", "Sent"),
        Text("相手に届きました。受付の確認を待っています。", "It lies over there; its receipt is awaited."),
    ),
    EffectState.UNKNOWN: Term(
        Text("結果不明・確認中", "Unknown"),
        Text(
            "結果を相手側で確認しています。それまで再送しません。", "Being looked up; nothing is sent again."
        ),
    ),
    EffectState.DONE: Term(
        Text("完了", "Done"), Text("相手側で確認できました。", "Confirmed by the other side.")
    ),
    EffectState.REFUSED: Term(
        Text("拒否・判断待ち", "Refused"), Text("人の判断が必要です。", "A person must decide.")
    ),
    EffectState.NOT_DONE: Term(
        Text("未実行", "Not done"), Text("行われていないことが確かです。", "It certainly did not happen.")
    ),
    EffectState.UNDONE: Term(
        Text("届かず", "Undone"),
        Text("行いましたが、残りませんでした。", "Done, and it provably did not last."),
    ),
}

PAYMENT_STATES: dict[PaymentState, Text] = {
    PaymentState.PENDING: Text("決済準備中・入金前", "pending"),
    PaymentState.EXAM: Text("与信審査中", "under examination"),
    PaymentState.AUTHORIZED: Text("仮売上（与信済み）", "authorised"),
    PaymentState.REFUSED: Text("決済NG", "refused"),
    PaymentState.CAPTURING: Text("売上処理中", "being captured"),
    PaymentState.CAPTURED: Text("売上完了", "captured"),
    PaymentState.CAPTURE_FAILED: Text("売上失敗", "capture failed"),
    PaymentState.PAID: Text("入金済み", "paid"),
    PaymentState.VOIDED: Text("取消完了", "voided"),
    PaymentState.UNKNOWN: Text("不明", "unknown"),
}

RESULTS: dict[Result, Text] = {
    Result.SHIPPED: Text("出荷", "shipped"),
    Result.PARTIAL: Text("一部出荷", "partial"),
    Result.CANCELLED: Text("取消", "cancelled"),
    Result.UNSHIPPABLE: Text("出荷不可", "unshippable"),
    Result.NUMBERS: Text("送り状番号の追加", "more numbers"),
}

EVENTS: dict[str, Text] = {
    "received": Text("取込", "received"),
    "version": Text("内容変更", "new version"),
    "moved": Text("進行", "moved"),
    "revalued": Text("金額の変更", "amount changed"),
    "preflight": Text("取込前確認の判断", "import check decided"),
    "stage_stop": Text("一時停止の判断", "stop decided"),
    "seen": Text("伝票を確認", "slip seen"),
    "held": Text("保留", "held"),
    "released": Text("保留解除", "released"),
    "corrected": Text("出荷実績の訂正", "result corrected"),
    "stop_asked": Text("出荷止め依頼", "stop asked"),
    "stop_withdrawn": Text("出荷止めの取り下げ", "stop taken back"),
    "stop_ended": Text("出荷止めの結果", "stop ended"),
    "stop_corrected": Text("出荷止めの結果の訂正", "stop corrected"),
    "stop_told": Text("出荷止めの電話確認", "stop settled by telephone"),
    "handled": Text("連携外で処理", "handled outside"),
    "late_change": Text("引き渡し後の変更", "late change"),
    "late_change_closed": Text("変更の決着", "late change settled"),
    "change_too_late": Text("変更が間に合わず", "change came too late"),
    "unshipped": Text("出荷確定の取消", "shipment taken back"),
    "set_aside": Text("迷子として保管", "set aside"),
    "retry": Text("再試行の指示", "retry asked"),
    "note": Text("メモ", "note"),
    "resolved": Text("解決済み", "resolved"),
    "again": Text("やり直しの指示", "to be done again"),
    "payment_case": Text("決済NG案件", "payment case"),
    "mail_bounced": Text("受注メールの不達", "order mail came back"),
    "mail_delayed": Text("受注メールの遅延", "order mail is delayed"),
    "mail_suspected": Text("受注メールの不達の疑い", "order mail perhaps came back"),
    "mail_answered": Text("受注メールへの返信", "answer to the order mail"),
    "linked": Text("出し直しのつながり", "linked"),
    "alarm_closed": Text("警報を閉じました", "alarm closed"),
}

LEFT_OUT: dict[str, Term] = {
    "before_start": Term(
        Text("連携開始前の受注", "Before the start"),
        Text("連携開始日時より前の受注なので処理しません。", "Placed before the start; never acted on."),
    ),
    "deleted": Term(
        Text("カートで削除済み", "Deleted"),
        Text("取り込んだ時点で削除済みでした。", "It was deleted when we first saw it."),
    ),
    "already_shipped": Term(
        Text("出荷済みの受注", "Already shipped"),
        Text(
            "初めて見た時点で出荷済みでした。二度は渡しません。",
            "Shipped when first seen; not handed on again.",
        ),
    ),
}

STOP_VERDICTS: dict[str, Text] = {
    "open": Text("対応中", "open"),
    "stopped": Text("止めました", "stopped"),
    "too_late": Text("間に合いませんでした", "too late"),
    "unknown": Text("不明（電話で確認）", "unknown"),
    "by_hand": Text("手作業で決着", "settled by hand"),
    "withdrawn": Text("取り下げました", "taken back"),
}

SYSTEMS: dict[str, Text] = {
    "cart": Text("カート", "Cart"),
    "cart_hint": Text("カートからの合図", "Hint of the cart"),
    "ecforce": Text("カート", "Cart"),
    "next_engine": Text("ネクストエンジン", "Next Engine"),
    "wms": Text("倉庫", "Warehouse"),
    "mail": Text("メール", "Mail"),
    "mailbox": Text("受信メール", "Incoming mail"),
    "ledger": Text("台帳", "Ledger"),
}
