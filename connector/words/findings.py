"""Findings (差異): for each kind its name, what the pictures show, what it means, what to do, and whose it is."""

from __future__ import annotations

from typing import NamedTuple

from connector.words.text import Text, Word

SHOP = Text("店舗", "Shop")
WAREHOUSE = Text("倉庫担当", "Warehouse")
PAYMENT = Text("決済担当", "Payment")
US = Text("連携担当", "Connector")


class FindingWord(NamedTuple):
    word: Word
    owner: Text


def _kind(name: Text, why: Text, means: Text, do: Text, owner: Text) -> FindingWord:
    return FindingWord(Word(name, why, means, do), owner)


STRAY, UNTRUSTED_MAIL = STRAYS = ("stray", "stray_untrusted_mail")
UNTRUSTED_MAIL_DO = Text(
    "偽のメールかもしれません。このメールには返信せず、契約書にある倉庫の電話番号で、倉庫が送ったものか確かめてください。"
    "倉庫のものなら、決めた送り方で送り直してもらいます。だれも知らないメールなら、理由を書いて片付けてください。",
    "It may be forged. Do not reply to it: ask the warehouse, by the telephone number of the contract, whether it "
    "sent this. If it did, have it sent again the agreed way; if nobody knows of it, set it aside with a reason.",
)

FINDINGS: dict[str, FindingWord] = {
    "missing_here": _kind(
        Text("未取込", "Not taken in"),
        Text("カートにある受注が台帳にありません。", "The cart shows an order that our ledger lacks."),
        Text("このままでは出荷されません。", "It would never ship."),
        Text(
            "受注取込の状態を確認し、読めない受注（迷子）の一覧も見てください。",
            "Check the intake from the cart, and the strays for an order that could not be read.",
        ),
        US,
    ),
    "missing_in_cart": _kind(
        Text("カートにない", "Missing in the cart"),
        Text("台帳の受注をカートが表示しません。", "The cart does not show an order of our ledger."),
        Text(
            "削除された可能性があります。出荷してよいか不明です。",
            "It may be deleted; it may not be meant to ship.",
        ),
        Text("カートの管理画面で受注番号を検索してください。", "Search its number in the cart."),
        SHOP,
    ),
    "changed_not_seen": _kind(
        Text("変更未取込", "Change not taken in"),
        Text("カートの内容が台帳より新しいままです。", "The cart's content is newer than the ledger's."),
        Text("古い内容で進むおそれがあります。", "It may go on with its old content."),
        Text("受注取込の状態を確認してください。", "Check the intake from the cart."),
        US,
    ),
    "two_for_one_round": _kind(
        Text("定期の同回重複", "One round, two orders"),
        Text(
            "同じ定期受注の同じ回に、有効な受注が2件あります。",
            "One round of a subscription has two live orders.",
        ),
        Text("二重に出荷・請求するおそれがあります。", "It may ship and charge twice."),
        Text("カートで片方を取り消してください。", "Cancel one of them in the cart."),
        SHOP,
    ),
    "missing_in_ne": _kind(
        Text("ネクストエンジンにない", "Missing in Next Engine"),
        Text(
            "通知した受注の伝票がネクストエンジンにありません。",
            "An announced order has no slip in Next Engine.",
        ),
        Text("このままでは出荷されません。", "It would never ship."),
        Text("メール取込の設定と受信箱を確認してください。", "Check the mail intake and the mailbox."),
        SHOP,
    ),
    "not_imported": _kind(
        Text("本取込漏れ", "Not imported"),
        Text("本取込の時刻を過ぎても新規受付のままです。", "It stays in 新規受付 past its import time."),
        Text("今日の出荷に間に合わないおそれがあります。", "It may miss today's shipping."),
        Text("本取込の結果と取込エラーを確認してください。", "Look at the import's result and its errors."),
        US,
    ),
    "amount_differs": _kind(
        Text("金額差異", "Amounts differ"),
        Text("カートの支払金額と伝票の総合計が違います。", "The cart's total and Next Engine's differ."),
        Text("請求額と納品書の金額が食い違います。", "Charge and delivery note disagree."),
        Text(
            "どちらが正しいか確かめ、伝票またはカートを直してください。",
            "Find the right one and correct the other.",
        ),
        PAYMENT,
    ),
    "rates_differ": _kind(
        Text("税率別の差異", "Tax rates differ"),
        Text(
            "合計は合いますが、税率別の商品額・消費税・ポイントが伝票と違います。",
            "The total ties; goods per tax rate, tax or points differ between cart and slip.",
        ),
        Text(
            "納品書や帳簿の税額が食い違います。",
            "The tax on the delivery note or in the books would be wrong.",
        ),
        Text(
            "伝票の明細の消費税率と商品マスタの税率を確かめ、違う方を直してください。",
            "Check the rate of the slip's rows and of the goods master; correct the wrong one.",
        ),
        PAYMENT,
    ),
    "duplicate_slip": _kind(
        Text("伝票重複", "Duplicate slip"),
        Text(
            "1件の受注に、分割でない有効な伝票が2枚以上あります。",
            "An order has several live slips, none a split.",
        ),
        Text("二重に出荷するおそれがあります。", "It may ship twice."),
        Text("余分な伝票をネクストエンジンで取り消してください。", "Cancel the extra slip in Next Engine."),
        SHOP,
    ),
    "relayed_twice": _kind(
        Text("二重指示の疑い", "Relayed twice"),
        Text(
            "同じ伝票が複数の出荷指示ファイルに入っています。", "A slip is in more than one instruction file."
        ),
        Text("二重に出荷するおそれがあります。", "It may ship twice."),
        Text("すぐ倉庫に電話し、片方を止めてください。", "Call the warehouse now and stop one of them."),
        WAREHOUSE,
    ),
    "shipped_unpaid": _kind(
        Text("未入金出荷", "Shipped unpaid"),
        Text(
            "入金または決済が確認できないまま倉庫へ渡っています。", "It is at the warehouse or gone, unpaid."
        ),
        Text("代金を回収できないおそれがあります。", "The money may never come."),
        Text(
            "未出荷なら倉庫で止め、出荷済みなら入金を確認してください。",
            "Stop it if it is not gone; check the money.",
        ),
        PAYMENT,
    ),
    "shipped_not_relayed": _kind(
        Text("指示なし出荷", "Shipped without relay"),
        Text("出荷済みですが、こちらから出荷指示していません。", "It shipped and we never relayed it."),
        Text(
            "手作業の出荷なら、二重出荷に注意してください。",
            "If a person shipped it, beware of a second parcel.",
        ),
        Text("誰が出荷したかを確認してください。", "Find out who shipped it."),
        WAREHOUSE,
    ),
    "ne_status_behind": _kind(
        Text("状態の遅れ", "Next Engine behind"),
        Text(
            "台帳で確かめた状態より、伝票の状態が手前にあります。",
            "The slip stands before what was proved of it.",
        ),
        Text("誰かが伝票を戻したか、反映が失われました。", "Somebody moved it back, or a write was lost."),
        Text("ネクストエンジンの伝票を確認してください。", "Look at the slip in Next Engine."),
        SHOP,
    ),
    "shipped_not_confirmed": _kind(
        Text("出荷確定漏れ", "Not confirmed"),
        Text(
            "倉庫は出荷しましたが、出荷確定が終わっていません。",
            "The warehouse shipped it; NE is not confirmed.",
        ),
        Text("発送メールが出ず、請求もできません。", "No dispatch mail goes out and nothing is charged."),
        Text("出荷確定の状態と保留を確認してください。", "Check the confirmation and its holds."),
        US,
    ),
    "shipped_not_completed": _kind(
        Text("完了反映漏れ", "Shipped, not completed"),
        Text(
            "出荷確定しましたが、カートが完了していません。",
            "It is confirmed, and the cart is not completed.",
        ),
        Text(
            "売上が計上されず、与信の期限が切れるおそれがあります。",
            "The charge may lapse with its authorisation.",
        ),
        Text("完了反映の結果を確認してください。", "Look at the completion's result."),
        PAYMENT,
    ),
    "completed_not_shipped": _kind(
        Text("未出荷完了", "Completed, not shipped"),
        Text("カートは発送完了ですが、出荷を確認できません。", "The cart says shipped; nothing proves it."),
        Text("商品なしで請求しているおそれがあります。", "The customer may pay for goods that never left."),
        Text("カートの完了が誤りでないか確認してください。", "Check whether the completion was a mistake."),
        SHOP,
    ),
    "captured_twice": _kind(
        Text("二重売上の疑い", "Captured twice"),
        Text("同じ受注の売上処理を2回渡しています。", "Sales were asked for the same order twice."),
        Text("二重請求か、売上失敗になるおそれがあります。", "It may be charged twice or turn to 売上失敗."),
        Text("カートの決済状況をすぐ確認してください。", "Look at the payment in the cart now."),
        PAYMENT,
    ),
    "capture_failed": _kind(
        Text("売上失敗", "Capture failed"),
        Text("出荷しましたが、売上処理に失敗しています。", "It shipped, and taking the money failed."),
        Text("代金が入りません。", "The money does not come."),
        Text(
            "カートで決済状況を確認し、再処理してください。", "Look at the payment in the cart and repeat it."
        ),
        PAYMENT,
    ),
    "mail_missing": _kind(
        Text("お客様へのメール未送信", "Mail to the customer not sent"),
        Text(
            "ネクストエンジンが送るはずのメールが、1日たっても送られていません。",
            "A mail that Next Engine should send was not sent within a day.",
        ),
        Text("出荷と代金には影響しません。", "It moves neither goods nor money."),
        Text(
            "ネクストエンジンのメール設定と、伝票の発送伝票番号を確認してください。",
            "Check Next Engine's mail settings, and the slip's tracking number.",
        ),
        SHOP,
    ),
    "mail_from_two": _kind(
        Text("お客様へのメール二重", "Mail to the customer sent by two"),
        Text(
            "ほかの担当が送るメールを、ネクストエンジンも送りました。",
            "Next Engine sent a mail that somebody else sends.",
        ),
        Text("お客様に同じ案内が2通届きます。", "The customer gets the same news twice."),
        Text(
            "ネクストエンジンでこのメールを止めるか、設定の mails を直してください。",
            "Switch this mail off in Next Engine, or correct `mails` in the settings.",
        ),
        SHOP,
    ),
    "cancelled_not_stopped": _kind(
        Text("取消未達", "Cancel not stopped"),
        Text("カートで取消済みですが、伝票が有効なままです。", "Cancelled in the cart, its slip lives."),
        Text("取り消した商品が出荷されます。", "Cancelled goods will ship."),
        Text(
            "出荷止めの結果を確認し、必要なら倉庫に電話してください。",
            "Check the stop request; call the warehouse.",
        ),
        WAREHOUSE,
    ),
    "stuck": _kind(
        Text("滞留", "Stuck"),
        Text("次へ進むはずの時間を過ぎています。", "It stands longer than its patience allows."),
        Text("出荷や請求が遅れます。", "Shipping or charging is late."),
        Text("「なぜ進まないか」を開いて確認してください。", "Open its page and read why it does not move."),
        US,
    ),
    STRAY: _kind(
        Text("迷子", "Stray"),
        Text(
            "届いたデータが、どの受注・伝票にも合いません。", "Something came in that fits nothing we know."
        ),
        Text("何も動かしていません。", "It moved nothing."),
        Text(
            "送信元に確認し、処理したら解決済みにしてください。",
            "Ask its sender; mark it as resolved once done.",
        ),
        WAREHOUSE,
    ),
    UNTRUSTED_MAIL: _kind(
        Text("差出人を確かめられないメール", "Mail of an unproved sender"),
        Text(
            "実績のメールが届きましたが、倉庫からのものと確かめられません。",
            "A mail with results came in, and nothing proves that the warehouse sent it.",
        ),
        Text("何も動かしていません。", "It moved nothing."),
        UNTRUSTED_MAIL_DO,
        WAREHOUSE,
    ),
    "intake_differs": _kind(
        Text("取込件数の不一致", "Intake differs"),
        Text(
            "その受注日の件数が、カートと台帳で違います。",
            "The cart counts that day's orders differently from the ledger.",
        ),
        Text("台帳にない受注があるかもしれません。", "An order may be missing here."),
        Text(
            "その日を「connector backfill --from 日付」で読み直してください。",
            "Read that day again: connector backfill --from DATE.",
        ),
        US,
    ),
    "books_differ": _kind(
        Text("台帳の不一致", "Books differ"),
        Text("履歴から数えた件数と、台帳の件数が違います。", "The history and the ledger count differently."),
        Text("数字を信じられません。", "The figures cannot be trusted."),
        Text("開発元へ連絡してください。", "Tell the maintainers."),
        US,
    ),
}

VERDICTS: dict[str, Text] = {
    "matched": Text("一致", "Matched"),
    "on_its_way": Text("処理中（時間内）", "On its way"),
    "held": Text("保留（理由あり）", "Held, with a reason"),
    "refused": Text("決済NG", "Payment refused"),
    "left_out": Text("対象外", "Left out by rule"),
    "finding": Text("差異（未説明）", "Difference, unexplained"),
    "unknown": Text("不明", "Unknown"),
}
