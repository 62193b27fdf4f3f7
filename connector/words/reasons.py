"""Reasons (保留理由): for each hold its name, what happened, what it means for goods and money, what to do."""

from __future__ import annotations

from connector.outcome import Reason
from connector.words.reasons_warehouse import AT_THE_WAREHOUSE
from connector.words.text import Text, Word

REASONS: dict[Reason, Word] = {
    Reason.PAYMENT_REFUSED: Word(
        Text("決済NG", "Payment refused"),
        Text("カートの決済が通っていません。", "The cart could not get the payment authorised."),
        Text(
            "まだ通知していません。商品も代金も動いていません。",
            "It was not announced; no goods and no money moved.",
        ),
        Text(
            "カートで支払方法の変更を案内してください。決済が通れば自動で再開します。",
            "Ask the customer for another payment in the cart; it goes on by itself once it is authorised.",
        ),
    ),
    Reason.PAYMENT_VOIDED: Word(
        Text("決済取消済み", "Payment voided"),
        Text("カートで決済が取り消されています。", "The payment was voided in the cart."),
        Text("このまま出荷すると代金を回収できません。", "Shipping it now would mean goods without money."),
        Text(
            "カートで受注の取消か再決済を行い、終わったら保留を解除してください。",
            "Cancel the order or take a new payment in the cart, then release the hold.",
        ),
    ),
    Reason.PAYMENT_GATE: Word(
        Text("入金未確認", "Payment not proved"),
        Text(
            "前払いの入金、または決済がまだ確認できません。",
            "The prepayment or the payment is not proved yet.",
        ),
        Text(
            "倉庫へ出荷指示していません。商品は出ていません。",
            "It was not handed to the warehouse; no goods left.",
        ),
        Text(
            "ネクストエンジンの入金区分を確認してください。入金済みになれば自動で出荷指示します。",
            "Check the deposit in Next Engine; it is relayed by itself once it shows as paid.",
        ),
    ),
    Reason.DOUBLE_ROUND: Word(
        Text("同じ回の受注が2件", "Two orders for one round"),
        Text(
            "同じ定期の同じ回、または出し直した受注が、もう1件生きています。",
            "Another living order stands for the same round of the subscription, or replaced this one.",
        ),
        Text(
            "両方を出荷すると二重出荷になるため、こちらを止めています。",
            "Shipping both would be a double shipment, so this one is held.",
        ),
        Text(
            "不要な方をカートで取り消してください。取り消せば自動で再開します。両方必要なら保留を解除してください。",
            "Cancel the one that is not wanted in the cart; the other goes on by itself. Release if both are wanted.",
        ),
    ),
    Reason.ADDRESS_SPLIT_UNKNOWN: Word(
        Text("複数お届け先", "Several addresses"),
        Text(
            "お届け先が複数あり、どの商品（代金引換では、どの代金）がどこ宛か分かりません。",
            "There are several addresses and no word which line, or which cash on delivery, goes where.",
        ),
        Text(
            "誤配送を防ぐため、通知していません。",
            "It was not announced, so that nothing goes to a wrong place.",
        ),
        Text(
            "カートで受注をお届け先ごとに分けてください。分ければ自動で再開します。",
            "Split the order by address in the cart; it goes on by itself.",
        ),
    ),
    Reason.ADDRESSES_CHANGED: Word(
        Text("お届け先の分け方の変更", "Addresses changed"),
        Text(
            "引き渡した後に、カートでお届け先の分け方が変わりました。",
            "The cart divides the order by other addresses than when it was handed on.",
        ),
        Text(
            "二重出荷を防ぐため、この受注も、代わりの受注も止めています。",
            "Both it and the orders in its place are held, so that nothing ships twice.",
        ),
        Text(
            "代わりの受注で出荷するなら、この受注の伝票をネクストエンジンで取り消してください。自動で再開します。"
            "このまま出荷するなら、カートを元に戻すか、この保留を解除してください。",
            "To ship the new ones, cancel its slip in Next Engine; they go on by themselves. To ship it as it is, undo "
            "the change in the cart or release this hold.",
        ),
    ),
    Reason.NEEDS_ATTENTION: Word(
        Text("カート要対応", "Needs attention"),
        Text("カートで要対応の印が付いています。", "The cart marks the order as needing attention."),
        Text("確認が終わるまで通知しません。", "It is not announced until somebody has checked."),
        Text(
            "カートで内容を確認し、要対応を外してください。自動で再開します。",
            "Check it in the cart and clear the mark; it goes on by itself.",
        ),
    ),
    Reason.UNKNOWN_VALUE: Word(
        Text("変換表にない値", "Unknown value"),
        Text(
            "支払方法・配送業者・時間帯などに、変換表にない値があります。",
            "A payment, carrier or time slot is in no translation table.",
        ),
        Text("推測では送りません。商品は動いていません。", "We do not guess; no goods moved."),
        Text(
            "メモにある表（mappings/tables）に1行追加してください。追加すれば自動で再開します。",
            "Add one line to the table named in the note (mappings/tables); it goes on by itself.",
        ),
    ),
    Reason.UNMAPPABLE_TEXT: Word(
        Text("送れない文字", "Character cannot be sent"),
        Text(
            "相手のファイルで使えない文字があります。",
            "A character does not exist in the receiver's encoding.",
        ),
        Text(
            "文字を欠いたまま送ると誤配送になるため、止めています。",
            "Sending it without the character could misdeliver the parcel.",
        ),
        Text(
            "受注ならカートで、伝票になった後はネクストエンジンで文字を直すか、文字の置き換え表（characters.yaml）に"
            "1行追加してください。直れば自動で再開します。",
            "Correct the text in the cart (once it is a slip: in Next Engine) or add the character to the "
            "substitution table (characters.yaml); it goes on by itself.",
        ),
    ),
    Reason.TEXT_TOO_LONG: Word(
        Text("文字数超過", "Text too long"),
        Text("相手の項目の長さを超えています。", "A text is longer than the receiver's field."),
        Text(
            "途中で切ると住所などが欠けるため、止めています。", "Cutting it could lose a part of the address."
        ),
        Text(
            "カート（伝票になった後はネクストエンジン）で短くするか、マッピングの分割規則を直してください。",
            "Shorten it in the cart (once it is a slip: in Next Engine) or change the mapping's splitting rule.",
        ),
    ),
    Reason.AMOUNT_DIFFERS: Word(
        Text("金額不一致", "Amounts do not tie"),
        Text(
            "受注の内訳の合計が支払金額と合いません。", "The parts of the order do not add up to the total."
        ),
        Text(
            "誤った金額で請求・出荷しないよう止めています。", "It is held so that no wrong amount is charged."
        ),
        Text(
            "カートで金額の内訳を確認してください。合えば自動で再開します。",
            "Check the amounts in the cart; it goes on by itself once they tie.",
        ),
    ),
    Reason.MALFORMED: Word(
        Text("渡せない値", "Value cannot be handed on"),
        Text(
            "こちらから渡すファイルやメールに、決まった形で書けない値があります（空の必須項目、桁の違う番号など）。",
            "A value does not have the form that it must have in what we hand on (a required field is empty, a number "
            "has too few digits).",
        ),
        Text(
            "推測で直して渡すことはしません。この処理はまだ行っていません。",
            "We do not guess it; the act has not happened yet.",
        ),
        Text(
            "メモの項目を、受注ならカートで、伝票になった後はネクストエンジンで直してください。直れば自動で再開します。",
            "Correct the field of the note in the cart (once it is a slip: in Next Engine); it goes on by itself once "
            "it fits.",
        ),
    ),
    Reason.TOO_MANY_LINES: Word(
        Text("明細数超過", "Too many lines"),
        Text(
            "1受注の明細数が相手の上限を超えています。", "The order has more lines than the receiver takes."
        ),
        Text("送っていません。商品は動いていません。", "It was not sent; no goods moved."),
        Text(
            "カートで受注を（伝票になった後はネクストエンジンで伝票を）分けてください。",
            "Split the order in the cart (once it is a slip: the slip in Next Engine).",
        ),
    ),
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
