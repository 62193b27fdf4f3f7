"""Reasons (保留理由): for each hold its name, what happened, what it means for goods and money, what to do."""

from __future__ import annotations

from connector.outcome import Reason
from connector.words.reasons_order import OF_THE_ORDER
from connector.words.reasons_warehouse import AT_THE_WAREHOUSE
from connector.words.text import Text, Word

REASONS: dict[Reason, Word] = {
    **OF_THE_ORDER,
    Reason.REFUSED: Word(
        Text("相手が拒否", "Refused by the other side"),
        Text("相手のシステムが受け付けませんでした。", "The other system said no."),
        Text(
            "この処理は行われていません。同じ内容では再び断られます。",
            "The act did not happen and would be refused again as it stands.",
        ),
        Text(
            "メモの言葉を確認し、原因を直してから保留を解除してください。解除後に再送します。",
            "Read their words in the note, correct the cause, then release; it is sent again.",
        ),
    ),
    Reason.MARK_REFUSED: Word(
        Text("ネクストエンジンが印を拒否", "Mark refused by Next Engine"),
        Text(
            "ネクストエンジンが、出荷指示の印（タグ・印刷済・作業用欄）を受け付けませんでした。",
            "Next Engine did not take the mark of the hand-over (tag, printed, work column).",
        ),
        Text(
            "倉庫が断ったのではありません。メモの印が印刷済のときは、倉庫は出荷を進めています。",
            "The warehouse did not refuse: where the mark is that of a printed slip, it goes on shipping.",
        ),
        Text(
            "メモの言葉を確認し、ネクストエンジンの伝票を直してから解除してください。印だけをもう一度付けます。"
            "倉庫への指示は送り直しません。",
            "Read their words in the note, correct the slip in Next Engine, then release: only the mark is made again, "
            "nothing is sent to the warehouse a second time.",
        ),
    ),
    Reason.MAIL_BOUNCED: Word(
        Text("通知メールが戻りました", "Order mail came back"),
        Text(
            "相手のメールサーバが、受注メールを届けられないと返しました。",
            "The other mail server said that it cannot deliver the order mail.",
        ),
        Text(
            "ネクストエンジンに受注がありません。このままでは出荷されません。",
            "Next Engine does not know the order; it would never ship.",
        ),
        Text(
            "取込用メールアドレスの設定を直し、保留を解除してください。確認のうえ送り直します。「受信メール」でまとめて解除できます。",
            "Correct the intake address, then release: it is looked up and sent again. The mails page releases all.",
        ),
    ),
    Reason.MAIL_NEVER_ARRIVED: Word(
        Text("通知メール不達", "Mail never arrived"),
        Text(
            "再送しても新規受付に伝票ができません。",
            "No slip opened in 新規受付 although the mail was sent again.",
        ),
        Text(
            "ネクストエンジンに受注がありません。このままでは出荷されません。",
            "Next Engine does not know the order; it would never ship.",
        ),
        Text(
            "メール取込設定と受信箱を確認し、直してから保留を解除してください。",
            "Check the mail intake setting and the mailbox, then release.",
        ),
    ),
    Reason.CANNOT_TELL: Word(
        Text("届いたか不明", "Cannot tell whether it arrived"),
        Text(
            "相手に届いたかどうかを、どうしても確かめられません。",
            "Whether it reached the other side cannot be shown.",
        ),
        Text(
            "再送すると二重になるおそれがあります。自動では送りません。",
            "Sending it again might do it twice, so we do not.",
        ),
        Text(
            "先に相手の画面で確認してください。届いていない場合だけ解除すると、もう一度送ります。",
            "Look at the other side first. Release only if it is not there: it is then sent again.",
        ),
    ),
    Reason.TOO_MANY_TRIES: Word(
        Text("再試行の上限", "Too many tries"),
        Text(
            "一時的な障害が続き、再試行をやめました。", "A passing fault lasted too long; we stopped trying."
        ),
        Text("この処理はまだ行われていません。", "The act has not happened yet."),
        Text(
            "接続状況を確認してください。直っていれば解除で再開します。",
            "Check the connection; release to try again.",
        ),
    ),
    Reason.CANCELLED_TOO_LATE: Word(
        Text("取消間に合わず", "Cancelled too late"),
        Text(
            "引き渡し後にカートで取り消されましたが、止められませんでした。",
            "It was cancelled in the cart after hand-over and could not be stopped.",
        ),
        Text(
            "商品は出荷されます（されました）。返品の対応が要ります。代金の扱いは、いまの決済の状態によります。",
            "The goods leave or have left and are to come back; what becomes of the money depends on the payment.",
        ),
        Text(
            "お客様へ連絡し、返品を手配してください。入金・売上済みなら返金し、決済が取り消されていれば返金は不要です。"
            "終わったら解除してください。",
            "Contact the customer and arrange the return. Refund what was paid or captured; nothing is refunded where "
            "the payment was voided. Then release.",
        ),
    ),
    Reason.CHANGED_AFTER_HANDOVER: Word(
        Text("引渡後の変更", "Changed after hand-over"),
        Text(
            "ネクストエンジンへ渡した後で、カートの内容が変わりました。",
            "The cart changed the order after Next Engine was told.",
        ),
        Text("このままでは古い内容で出荷されます。", "As it stands the old content would ship."),
        Text(
            "メモのとおりに直してください。ネクストエンジンの伝票が新しい内容になれば自動で再開します。"
            "再開しないときや、このまま出荷してよいときは解除してください。",
            "Do as the note says; it goes on by itself once the slip in Next Engine shows the new content. "
            "Release it where it does not, or where it may ship as it is.",
        ),
    ),
    Reason.CHANGED_AFTER_RELAY: Word(
        Text("出荷指示後の変更", "Changed after the instruction"),
        Text(
            "倉庫へ出荷指示した後で、ネクストエンジンの伝票が変わりました。",
            "The slip changed in Next Engine after the warehouse had been instructed.",
        ),
        Text(
            "倉庫は指示した時の内容で出荷し、増えた商品は届きません。この伝票の受注は完了反映も請求もしていません。",
            "The warehouse ships what it was told then, and added goods do not leave. The orders of this slip are "
            "neither completed nor charged.",
        ),
        Text(
            "止めるなら受注の出荷止めを依頼し、内容だけ違うなら倉庫へ連絡してください。同梱などで増えた商品は、"
            "ネクストエンジンで別の伝票に分ければ出荷され、商品が指示した時と同じになれば自動で再開します。"
            "指示した内容のままでよいときは解除してください。",
            "Ask for a stop of the order, or tell the warehouse what differs. Goods that were added (a bundle, say) "
            "leave once they are split off into a slip of their own in Next Engine; it goes on by itself when they "
            "are those of the instruction again. Release it where the instruction may stand as it is.",
        ),
    ),
    Reason.UNSHIPPABLE: Word(
        Text("出荷不可", "Unshippable"),
        Text("倉庫が出荷できないと回答しました。", "The warehouse says that it cannot ship it."),
        Text(
            "商品は出ていません。完了反映も請求もしていません。伝票は印刷済みのままです。",
            "No goods left; it was neither completed nor charged. The slip stays marked as printed.",
        ),
        Text(
            "メモの理由（欠品・住所不備など）を解消し、ネクストエンジンで伝票を複写して出荷し直し、元の伝票を取り消します。"
            "出荷しない場合は受注を取り消してください。倉庫が後から出荷した実績が届けば、自動で続きに進みます。",
            "Solve the reason in the note, copy the slip in Next Engine to ship it again and cancel this one, "
            "or cancel the order. If the warehouse ships it after all, it goes on by itself.",
        ),
    ),
    Reason.PARTIAL_SHIPMENT: Word(
        Text("一部出荷", "Partial shipment"),
        Text("倉庫が一部だけ出荷しました。", "The warehouse shipped only a part."),
        Text(
            "残りの商品が届きません。完了反映も請求もしていません。",
            "The rest is missing; it was neither completed nor charged.",
        ),
        Text(
            "残りの実績が届けば、自動で続きに進みます。残りが出ないときは、ネクストエンジンで数量を直して出荷確定し、"
            "残りは伝票を複写して出荷してください。",
            "It goes on by itself when the rest is reported. If the rest never leaves, correct the quantity and "
            "confirm it in Next Engine, and ship the rest with a copied slip.",
        ),
    ),
    Reason.SHIPMENT_CONFLICT: Word(
        Text("出荷実績の食い違い", "Shipment conflict"),
        Text(
            "倉庫の出荷実績が、先の内容や他の伝票と食い違います。",
            "The warehouse's result contradicts an earlier one or another slip.",
        ),
        Text(
            "誤った送り状番号がお客様に届くおそれがあります。",
            "The customer might get a wrong tracking number.",
        ),
        Text(
            "メモの内容を倉庫に確認し、書かれたとおりにカートとネクストエンジンを直してから解除してください。",
            "Ask the warehouse about the note, correct the cart and Next Engine as it says, then release.",
        ),
    ),
    Reason.NE_CANCELLED: Word(
        Text("伝票取消済み", "Slip cancelled in Next Engine"),
        Text(
            "カートでは有効ですが、ネクストエンジンの伝票が取り消されています。",
            "The order lives in the cart, its slip was cancelled in Next Engine.",
        ),
        Text(
            "出荷指示の前なら、このままでは出荷されません。出荷指示の後なら、倉庫は取消を知らず、出荷するかもしれません。"
            "完了反映も請求もしていません。",
            "Before the instruction nothing ships as it stands; after it the warehouse does not know of the cancel and "
            "may ship. Nothing was completed or charged.",
        ),
        Text(
            "取消が正しければカートも取り消し、倉庫にあるものは受注の出荷止めを依頼してください。誤りなら伝票を戻して、"
            "一部だけの取消で残りを請求してよいならそのまま、解除してください。",
            "If that is right, cancel it in the cart, too, and ask for a stop of what the warehouse has. Release it "
            "once the slip is restored, or where only a part is cancelled and the rest may be charged.",
        ),
    ),
    Reason.UNSHIPPED: Word(
        Text("出荷確定の取消", "Shipment taken back"),
        Text(
            "出荷確定した伝票の出荷確定が、ネクストエンジンで取り消されました。",
            "A slip that was confirmed as shipped was taken back in Next Engine.",
        ),
        Text(
            "荷物が出たかどうか分かりません。完了前なら、カートの完了と売上処理は止めています。",
            "Whether the parcel left is not certain. "
            "A cart that was not told yet is not told, and nothing is charged.",
        ),
        Text(
            "伝票を出荷確定し直すか取り消してください。そうすれば自動で再開します。"
            "カートが完了済みなら、売上と発送メールの扱いを店舗で決めてから解除してください。",
            "Ship the slip again or cancel it; it goes on by itself. If the cart is complete already, decide about "
            "the money and the mail that went out, then release the hold.",
        ),
    ),
    **AT_THE_WAREHOUSE,
    Reason.KEY_CONFLICT: Word(
        Text("同じ処理で内容違い", "Same act, other content"),
        Text(
            "同じ処理が、違う内容でもう一度作られました。", "The same act was made again with other content."
        ),
        Text("二重処理を防ぐため送っていません。", "It was not sent, so that nothing happens twice."),
        Text(
            "先の処理の結果を相手の画面で確認し、開発元へ連絡してください。",
            "Look at the other side what became of the first one and tell the maintainers.",
        ),
    ),
    Reason.ABSURD_PICTURE: Word(
        Text("相手の表示が異常", "Absurd picture"),
        Text(
            "相手のデータが、あり得ないほど普段と違います。",
            "What the other side shows is too far from what is possible.",
        ),
        Text(
            "信じて処理すると被害が広がるため、止めています。", "Believing it could do harm, so we stopped."
        ),
        Text(
            "相手の障害情報を確認し、正常に戻ってから解除してください。",
            "Check for trouble over there and release once it is normal.",
        ),
    ),
    Reason.BUG: Word(
        Text("プログラム異常", "Bug"),
        Text("想定外の例外が起きました。", "An unexpected exception happened."),
        Text(
            "この1件だけ止めています。ほかの受注は進んでいます。",
            "Only this item stands still; the others go on.",
        ),
        Text(
            "メモを添えて開発元へ連絡してください。直った後に解除します。",
            "Send the note to the maintainers; release after the correction.",
        ),
    ),
    Reason.BY_HAND: Word(
        Text("手動保留", "Held by hand"),
        Text("担当者が保留にしました。", "A person put it on hold."),
        Text("解除するまで次の工程へ進みません。", "It goes no further until somebody releases it."),
        Text("メモの用件が済んだら解除してください。", "Release it once the matter in the note is settled."),
    ),
    Reason.HANDLED: Word(
        Text("連携外で処理済み", "Handled outside"),
        Text("担当者が連携の外で処理しました。", "A person handled it outside of this link."),
        Text(
            "以後の処理はここでは何も行いません。",
            "Nothing of it is done here any more.",
        ),
        Text(
            "解除しないでください。することはありません。連携の外で処理していなかったと確かめたときだけ解除します"
            "（処理済みのものを解除すると、二重に出荷するおそれがあります）。",
            "Do not release it; there is nothing to do. Release it only if it proved not to be handled after all: "
            "what was handled may ship twice once it is released.",
        ),
    ),
}
