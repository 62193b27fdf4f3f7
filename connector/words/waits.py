"""Waits (待ちの理由): what an item that is not in trouble waits for, and what will move it on.

The keys are the words the stages leave in the ledger and the names of Next Engine's screens, exactly as there.
"""

from __future__ import annotations

from connector.words.text import Text

NE_SCREENS: dict[str, tuple[str, Text]] = {
    "新規受付": (
        "新規受付 (intake)",
        Text("次の本取込で起票済になります。", "The next import completes it."),
    ),
    "確認待ち": (
        "確認待ち (to be confirmed)",
        Text(
            "ネクストエンジンの確認待ち画面で確認を済ませると進みます。",
            "Confirm it on the 確認待ち screen of Next Engine.",
        ),
    ),
    "入金待ち": (
        "入金待ち (waits for money)",
        Text("入金が登録されると進みます。", "It moves once the deposit is entered."),
    ),
    "引当待ち": (
        "引当待ち (waits for stock)",
        Text("在庫が引き当たると進みます。", "It moves once stock is allocated."),
    ),
    "発売日待ち": (
        "発売日待ち (waits for the release date)",
        Text("発売日が来ると進みます。", "It moves on the release date."),
    ),
    "印刷日待ち": (
        "印刷日待ち (waits for the print date)",
        Text("納品書印刷指示日が来ると印刷待ちになります。", "It becomes 印刷待ち on its print date."),
    ),
    "印刷待ち": (
        "印刷待ち (print-ready)",
        Text("次の出荷指示で倉庫へ渡します。", "The next relay hands it to the warehouse."),
    ),
    "印刷済み": (
        "印刷済み (printed)",
        Text("倉庫の出荷実績が届くと進みます。", "It moves when the warehouse reports the shipment."),
    ),
    "出荷済み": (
        "出荷済み (shipped)",
        Text("出荷は終わっています。", "It has shipped."),
    ),
    "キャンセル": (
        "キャンセル (cancelled)",
        Text("ネクストエンジンで取り消されています。", "It was cancelled in Next Engine."),
    ),
}

CONFIRM_REASONS: dict[str, Text] = {  # 確認内容, spec/next_engine.md §3.1, §4.3: shops define about eighty
    "AA": Text("商品コードが商品マスタにありません", "the goods code is not in the goods master"),
    "AG": Text("備考の確認が必要です", "the note must be read"),
    "AO": Text("住所と郵便番号が合いません", "address and postal code do not match"),
}

WAITS: dict[str, tuple[str, Text]] = {
    "受注メール取込の警報中のため、通知を見合わせています": (
        "not announced while Next Engine's mail intake opens no slips (alarm)",
        Text(
            "警報「受注メールが新規受付に届いていません」が解けると、確認のうえ通知します。",
            "It is looked at and announced once the alarm of the mail intake ends.",
        ),
    ),
    "伝票の保留の解除待ち": (
        "waits for a person: one of its slips is held",
        Text(
            "伝票の保留が解けると、次の時刻に完了を書き込みます。",
            "It is completed at the next time once that slip's hold is gone.",
        ),
    ),
    "決済の審査待ち": (
        "the payment is under examination again",
        Text(
            "カートの審査が終わると倉庫へ渡します。",
            "It is handed over once the cart's examination ends.",
        ),
    ),
    "与信審査中": (
        "the payment is under examination",
        Text("カートの審査が終わると通知します。", "It is announced once the cart's examination ends."),
    ),
    "注文内容の確定待ち": (
        "waits until the order has settled",
        Text(
            "最後の変更から一定時間たつと通知します。",
            "It is announced some minutes after its last change.",
        ),
    ),
    "新規受付待ち": (
        "mail sent, not yet in 新規受付",
        Text(
            "ネクストエンジンがメールを取り込むと進みます。時間内に現れなければ送り直します。",
            "It moves when Next Engine has read the mail; if it does not appear in time it is sent again.",
        ),
    ),
    "メールサーバが再送中": (
        "a mail server goes on trying to deliver the mail",
        Text(
            "相手に届くと進みます。丸一日届かなければ、確認のうえ送り直します。",
            "It moves once the mail is delivered; after a whole day it is looked at and sent again.",
        ),
    ),
    "他システムの通知待ち": (
        "waits for another system's mail",
        Text("このお店の通知は他システムの担当です。", "Somebody else announces this shop's orders."),
    ),
    "他システムの本取込待ち": (
        "waits for another system's import",
        Text("このお店の本取込は他システムの担当です。", "Somebody else imports this shop's orders."),
    ),
    "他システムの出荷指示待ち": (
        "waits for another system's relay",
        Text("このお店の出荷指示は他システムの担当です。", "Somebody else relays this shop's slips."),
    ),
    "他システムの出荷確定待ち": (
        "waits for another system's confirmation",
        Text("このお店の出荷確定は他システムの担当です。", "Somebody else confirms this shop's shipments."),
    ),
    "他システムの完了反映待ち": (
        "waits for another system's completion",
        Text("このお店の完了反映は他システムの担当です。", "Somebody else completes this shop's orders."),
    ),
    "カートで取消済み（出荷止め処理中）": (
        "cancelled in the cart, being stopped",
        Text("出荷止めの結果が出ると終わります。", "It ends with the verdict of the stop request."),
    ),
    "ネクストエンジンで見つかりません": (
        "Next Engine does not show it",
        Text("ネクストエンジンで伝票を確認してください。", "Look for the slip in Next Engine."),
    ),
    "印刷待ちではありません": (
        "it no longer stands in 印刷待ち",
        Text("印刷待ちに戻ると倉庫へ渡します。", "It is relayed when it stands in 印刷待ち again."),
    ),
    "連携対象外の伝票": (
        "a slip without an order of ours",
        Text(
            "カートの受注がない伝票は、設定がなければ倉庫へ渡しません。",
            "Slips without an order of ours are not relayed unless the shop says so.",
        ),
    ),
    "出荷実績がありません": (
        "no result of the warehouse yet",
        Text("倉庫の出荷実績が届くと進みます。", "It moves when the warehouse reports the shipment."),
    ),
    "訂正するものはありません": (
        "nothing to correct",
        Text(
            "ネクストエンジンは倉庫の新しい実績と同じです。完了反映へ進みます。",
            "Next Engine shows the newest result; the completion comes next.",
        ),
    ),
    "出荷日と送り状番号がまだ分かりません": (
        "ship date and tracking number are not known yet",
        Text("出荷実績が分かると完了を書き込みます。", "It is completed once the shipment is known."),
    ),
    "通知メールが新規受付に現れるのを待って取り消します": (
        "cancelled once the mail has opened its slip",
        Text("伝票が現れ次第、取り消します。", "The slip is cancelled as soon as it appears."),
    ),
    "倉庫の返事を待っています": (
        "the warehouse was asked to stop it and has not answered yet",
        Text(
            "返事が来るか、待つ時間が過ぎると結果が出ます。",
            "It ends with the answer, or when its time is up.",
        ),
    ),
    "倉庫が返事をしました": (
        "the warehouse answered",
        Text("次の回に出荷止めの結果が出ます。", "The next pass finds the verdict of the stop."),
    ),
    "倉庫の返事を確かめています": (
        "the warehouse answered or is silent; a later word still counts",
        Text("次の回に出荷止めの結果が出ます。", "The next pass finds the verdict of the stop."),
    ),
    "ネクストエンジンで取り消しました": (
        "cancelled in Next Engine",
        Text("次の回に出荷止めの結果が出ます。", "The next pass finds the verdict of the stop."),
    ),
    "止まっていない伝票があるため、カートの取消を待っています": (
        "stopped, but a slip of it is alive again: not cancelled in the cart yet",
        Text(
            "伝票がネクストエンジンで取り消されると、カートでも取り消します。",
            "It is cancelled in the cart once that slip is cancelled in Next Engine.",
        ),
    ),
    "出荷止めは記録だけの設定です。倉庫とネクストエンジンで人が止め、結果を記録してください。": (
        "stops are only watched: people stop it at the warehouse and in Next Engine and record what came of it",
        Text("ネクストエンジンと倉庫で止めてください。", "Stop it in Next Engine and at the warehouse."),
    ),
    "他のお届け先の出荷待ち": (
        "waits until the other addresses of its order have shipped",
        Text(
            "すべてのお届け先が出荷されると、まとめて完了を書き込みます。",
            "They are completed together once the last of them has shipped.",
        ),
    ),
    "同じ受注の他の伝票の出荷待ち": (
        "waits for another slip of its order",
        Text(
            "残りの伝票が出荷確定になるか、取り消されると進みます。",
            "It moves once the other slips are shipped or cancelled.",
        ),
    ),
    "他のお届け先の完了データ待ち": (
        "waits for another address of its order, which cannot be completed yet",
        Text("他のお届け先の保留が解けると進みます。", "It moves once the other address is free again."),
    ),
    "カートでお届け先が変わりました": (
        "its address is gone from the cart",
        Text("次の取込で確認します。", "The next intake looks at it."),
    ),
    "もう一つの完了ファイルの反映待ち": (
        "waits for the other completion file",
        Text(
            "もう一方のファイルの反映を確認すると完了します。",
            "It completes once the other file is read back.",
        ),
    ),
    "前の受注CSVの結果を待っています": (
        "waits for what comes of the order CSV before it",
        Text("結果が分かり次第、続けて取り込みます。", "It is imported as soon as that is known."),
    ),
    "今回の受注CSVの対象ではありません。次の時刻に行います": (
        "not one of this set time's orders; the next one takes it",
        Text("次の本取込で起票済になります。", "The next import completes it."),
    ),
    "取込前確認により、今回の取込には入りません。次の時刻に取り込みます": (
        "kept back by the check before the import; the next set time takes it",
        Text("次の本取込で起票済になります。", "The next import completes it."),
    ),
    "取込前確認で止まっています。画面か connector preflight で解放してください": (
        "the order CSV is out of its band and waits for a click",
        Text(
            "「取込前確認」で解放するか、期限が来ると進みます。",
            "It moves once it is released on the page of import checks, or at the deadline.",
        ),
    ),
    "取込前確認のあとで内容が変わりました。次の回に確認します": (
        "the file changed while it was being released; the next pass looks again",
        Text("次の回にもう一度確認します。", "The next pass looks again."),
    ),
    "倉庫が出荷指示を受け付けませんでした": (
        "the warehouse refused the instruction",
        Text("原因を直して保留を解除すると、次の回に渡し直します。", "Correct the cause and release it."),
    ),
    "倉庫が一部だけ出荷しました": (
        "the warehouse shipped only a part of it",
        Text(
            "残りの実績が届くと進みます。届かない分をどうするかは、保留の案内をご覧ください。",
            "It moves when the rest is reported. For what will not come, see what the hold says.",
        ),
    ),
    "倉庫が出荷できないと回答しました": (
        "the warehouse cannot ship it",
        Text(
            "ネクストエンジンで伝票をコピーし、新しい伝票を出荷してください。",
            "Copy the slip in Next Engine and ship the new one.",
        ),
    ),
    "今日の出荷指示がいつもの件数を大きく超えるため止めています。画面か connector relay release で判断してください": (
        "far more slips than usual today; it waits for a decision",
        Text(
            "「一時停止」の画面で判断すると進みます。",
            "It goes on once somebody decides on the page of self-stops.",
        ),
    ),
    "今日の出荷指示は見合わせました。明日、あらためて確認します": (
        "kept back today",
        Text("明日、あらためて確認します。", "Tomorrow it is judged anew."),
    ),
    "届いていないことを確認しました。もう一度行います。": (
        "provably not there; it is done again",
        Text("次の回にもう一度行います。", "The next pass does it again."),
    ),
}


def checked(tab: str, code: str, lang: str) -> str:
    """A reason a slip stood under in Next Engine: its screen, and for 確認待ち what was to be confirmed."""
    known = NE_SCREENS.get(tab)
    name = known[0] if known and lang == "en" else tab
    check, _, row = code.partition("#")
    said = CONFIRM_REASONS.get(check)
    where = (f" {row}行目" if lang == "ja" else f" row {row}") if row else ""
    return " ".join(filter(None, (name, f"{check}{where}", said.say(lang) if said else "")))


def wait(words: str, lang: str) -> str:
    """What the ledger says that an item waits for, in the reader's language."""
    known = WAITS.get(words) or NE_SCREENS.get(words)
    return known[0] if known and lang == "en" else words


def what_moves(words: str, lang: str) -> str:
    """What will move it on; empty where no table knows these words."""
    known = WAITS.get(words) or NE_SCREENS.get(words)
    return known[1].say(lang) if known else ""
