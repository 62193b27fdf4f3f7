"""Stop sayings (出荷止めの返答): what a person who acts on a stop reads, in both languages."""

from __future__ import annotations

STOP_SAYINGS: dict[str, tuple[str, str]] = {
    "stop_asked": (
        "{number} の出荷止めを受け付けました。結果は出荷止めの一覧に出ます。",
        "The stop of {number} was taken down; its end shows on the stop board.",
    ),
    "stop_at_once": (
        "{number} はまだどこにも渡していません。以後の処理を止めました。",
        "{number} had not been handed to anybody; nothing further is done.",
    ),
    "stop_by_people": (
        "{number} は出荷止めの一覧にあります。ただしこの店舗では、倉庫にもネクストエンジンにも自動では依頼しません。"
        "いますぐ、倉庫に渡した伝票は電話で止め、ネクストエンジンの伝票も取り消してください。"
        "電話の結果は一覧で記録してください。",
        "{number} is on the stop board, but this shop's stops are made by people: neither the warehouse nor Next "
        "Engine is asked by this program. Call the warehouse now where it has the slip, cancel the slip in Next "
        "Engine, and write down on the board what was said.",
    ),
    "stop_joined": (
        "{number} はカートの取消で、すでに出荷止め中でした。ご依頼も加えました。"
        "カートが取消を取り下げても止め続けます。",
        "{number} was being stopped already, by a cancel in the cart. It is now your wish, too: the stop goes on even "
        "if the cart takes its cancel back.",
    ),
    "stop_noted": (
        "{number} は {by} さんの依頼で、すでに出荷止め中です。ご依頼も履歴に残しました。",
        "{number} is being stopped already, for {by}. Your request stands in the history, too.",
    ),
    "stop_open_already": ("{number} はすでに出荷止め中です。", "{number} is being stopped already."),
    "stop_gone": (
        "{number} はネクストエンジンで出荷確定済みのため、止められません。カートの完了（売上処理）はまだです。"
        "商品がまだ出ていないとき、売上を立てないときは、受注を保留にして倉庫に確かめてください。",
        "{number} is confirmed as shipped in Next Engine and cannot be stopped. The cart is not completed yet, and its "
        "sales have not run: hold the order and ask the warehouse if nothing left, or if nothing is to be charged.",
    ),
    "stop_done": (
        "{number} は出荷され、カートの完了まで終わっているため、止められません。"
        "商品は返品、代金はカートで対応してください。",
        "{number} has shipped and the cart shows it as completed: it cannot be stopped. The goods can only come back, "
        "and the money is settled in the cart.",
    ),
    "stop_none": (
        "{number} に、電話の結果を待つ出荷止めはありません。",
        "No stop of {number} waits for what the telephone says.",
    ),
    "stop_told_nothing": (
        "{number}: 電話の結果は記録していません。倉庫にある伝票には倉庫自身の答えがあるか、同じ内容を記録済みです。"
        "出荷止めの一覧で回答と保留を確かめてください。",
        "{number}: nothing was recorded. The warehouse itself has answered for every slip it has, or the same was "
        "recorded before. Look at the answers on the stop board, and at the order's holds.",
    ),
    "stop_told_never_had": (
        "{number}: 電話の結果は記録していません。この受注の伝票は、どれも倉庫に渡していません。"
        "倉庫にあると言われたときは、伝票番号を確かめてください。",
        "{number}: nothing was recorded. No slip of this order was ever handed to the warehouse. If the warehouse says "
        "that it has it, check the slip's number.",
    ),
    "which_order": (
        "伝票 {number} には受注が複数あります（{orders}）。どれかを受注番号で指定してください。何もしていません。",
        "Slip {number} has several orders ({orders}): name the one you mean. Nothing was done.",
    ),
    "stop_told": (
        "{number}: 電話の結果を手作業として記録しました。倉庫の回答としては扱いません。",
        "{number}: recorded as settled by hand, not as the warehouse's own word.",
    ),
    "handled": (
        "{number} は連携の外で処理したものとして、以後の処理をすべて止めました。済んだ工程: {steps}",
        "{number} counts as handled outside: no further step is taken. Done so far: {steps}",
    ),
}
