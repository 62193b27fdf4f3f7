"""Stops (出荷止め): the operators' words of the stop board: parties, answers, verdicts, last moments."""

from __future__ import annotations

from datetime import datetime

from connector.words.figures import moment
from connector.words.text import Term, Text

STOP_ENDS: dict[str, Term] = {
    "open": Term(
        Text("対応中", "Open"),
        Text("まだ答えがそろっていません。", "Not everybody has answered yet."),
    ),
    "stopped": Term(
        Text("止めました", "Stopped"),
        Text(
            "倉庫が取消を受け付けたか、倉庫に渡していないことを確かめました。",
            "The warehouse agreed, or provably never had it.",
        ),
    ),
    "too_late": Term(
        Text("間に合いませんでした", "Too late"),
        Text(
            "出荷されたか、倉庫が断りました。返品と代金の対応が要ります。",
            "It ships: see to the return and the money.",
        ),
    ),
    "unknown": Term(
        Text("不明", "Unknown"),
        Text(
            "倉庫の返事がないか、食い違っています。電話で確認し、結果を記録してください。",
            "No answer, or answers that contradict: telephone, and write down what was said.",
        ),
    ),
    "by_hand": Term(
        Text("手作業で決着", "Settled by hand"),
        Text("電話の結果です。倉庫の回答としては扱いません。", "By telephone; not the warehouse's own word."),
    ),
    "withdrawn": Term(
        Text("取り下げました", "Taken back"),
        Text("カートで取消が取り下げられました。", "The cart took its cancel back."),
    ),
}

STOP_WHYS: dict[str, Text] = {
    "cancelled in the cart": Text("カートで取り消されました", "cancelled in the cart"),
    "deleted in the cart": Text("カートで削除されました", "deleted in the cart"),
    "its payment was lost in the cart": Text(
        "カートの決済が失われました", "its payment was lost in the cart"
    ),
}
"""What the ledger writes where nobody asked; a person's own words stand as they are."""

STOP_ANSWERS: dict[str, Text] = {
    "waiting": Text("これから", "to come"),
    "by_people": Text("自動では依頼しません。人が連絡します", "not asked by this program: for people to do"),
    "cart_by_people": Text("取消は人が行います", "people cancel it there"),
    "asked": Text("依頼済み・返事待ち", "asked, no answer yet"),
    "agreed": Text("取消済み", "cancelled"),
    "refused": Text("断られました", "refused"),
    "silent": Text("返事なし", "silent"),
    "not_asked": Text("もう一度依頼します", "will be asked again"),
    "never_had": Text("渡していません", "never handed over"),
    "not_needed": Text("依頼しません", "will not be asked"),
}

STOP_PARTIES: dict[str, Text] = {
    "warehouse": Text("倉庫", "Warehouse"),
    "next_engine": Text("ネクストエンジン", "Next Engine"),
    "cart": Text("カート", "Cart"),
}

STOP_PLANS: dict[str, Text] = {
    "stop_asked": Text("次の相手に依頼します。", "These would be asked."),
    "stop_at_once": Text(
        "まだどこにも渡していません。依頼すれば、その場で止まります。",
        "It was not handed to anybody: a request stops it at once.",
    ),
    "stop_by_people": Text(
        "この店舗では、出荷止めを自動では依頼しません。人が次の相手に連絡します。",
        "This shop's stops are made by people: nobody is asked by this program, these are for people to ask.",
    ),
    "stop_joined": Text(
        "カートの取消で、すでに出荷止め中です。依頼すれば、カートが取り下げても止め続けます。",
        "It is being stopped already, by a cancel in the cart. After a request the stop goes on even if the cart takes "
        "its cancel back.",
    ),
    "stop_noted": Text(
        "{by} さんの依頼で、すでに出荷止め中です。依頼は履歴に残ります。",
        "It is being stopped already, for {by}. A request would stand in the history.",
    ),
}
"""What a request would come to, before the parties; where it would be refused, its own answer stands instead."""

LAST_MOMENTS: dict[str, Text] = {
    "relay": Text(
        "次の出荷指示まで（この受注は渡しません）", "until the next hand-over (this order stays here)"
    ),
    "cut_off": Text("倉庫の締めまで", "until the warehouse closes"),
    "warehouse": Text("締めを過ぎました。倉庫次第です", "past closing: up to the warehouse"),
    "": Text("", ""),
}

STOP_LABELS: dict[str, Text] = {
    "nav_stops": Text("出荷止め", "Stops"),
    "stops_title": Text("出荷止め", "Stop board"),
    "stops_none": Text("決着していない出荷止めはありません。", "No stop is unsettled."),
    "stops_ended": Text("終わった出荷止め", "Ended stops"),
    "stop_order": Text("出荷を止める", "Stop shipping"),
    "stop_handled": Text("連携外で処理済み", "Handled outside"),
    "stop_not_handled": Text(
        "処理していなかったので解除（二重出荷に注意）", "Not handled after all: release (it may ship twice)"
    ),
    "stop_last": Text("いつまで間に合うか", "Last moment"),
    "stop_left": Text("残り", "left"),
    "stop_asked_by": Text("依頼者", "Asked by"),
    "stop_by_cart": Text("カートの取消", "a cancel in the cart"),
    "stop_since": Text("依頼", "Asked"),
    "stop_verdict": Text("結果", "Verdict"),
    "stop_lines": Text("相手ごとの回答", "Answers"),
    "stop_told_stopped": Text("電話: 止まった", "By telephone: stopped"),
    "stop_told_shipped": Text("電話: 止まらなかった", "By telephone: not stopped"),
    "stop_cart_owes": Text("カートの取消がまだです", "still to be cancelled in the cart"),
    "stop_cart_by_us": Text(
        "止まったあとに自動で取り消します", "cancelled by this program once it was stopped"
    ),
    "stop_by_us": Text("自動", "by this program"),
    "stop_in_cart": Text("カート", "Cart"),
    "stop_told_at": Text("依頼", "asked"),
    "stop_by_people": Text(
        "この店舗では自動では依頼しません。倉庫に渡した伝票は電話で止め、ネクストエンジンの伝票も取り消してください。",
        "Nobody is asked by this program here: call the warehouse where it has the slip, and cancel it in Next Engine.",
    ),
    "stop_by_telephone": Text("電話", "by telephone"),
    "stop_by_hand_of": Text("手作業・電話", "by hand"),
    "stop_proof": Text("証拠", "Proof"),
}


def stop_answer_line(party: str, slip_number: str, answer: str, lang: str, by: str = "") -> str:
    """One party's word: 倉庫 200101: 取消済み. `by`: whose word it is instead of the party's own."""
    slip = f" {slip_number}" if slip_number else ""
    line = f"{STOP_PARTIES[party].say(lang)}{slip}: {STOP_ANSWERS[answer].say(lang)}"
    if not by:
        return line
    told = answer in ("agreed", "refused")
    whose = f"{STOP_LABELS['stop_by_telephone'].say(lang)}: {by}" if told else by
    return f"{line}（{whose}）" if lang == "ja" else f"{line} ({whose})"


def stop_cart_line(answer: str, told_at: datetime | None, at: datetime | None, lang: str) -> str:
    """The cart's word with both its times: カート: 取消済み 11/24(火) 10:46（依頼 11/24(火) 10:45 自動）."""
    if not answer:
        return ""
    line = stop_answer_line("cart", "", answer, lang)
    line += f" {moment(at, lang)}" if at is not None else ""
    if told_at is None:
        return line
    asked = f"{STOP_LABELS['stop_told_at'].say(lang)} {moment(told_at, lang)}"
    by_us = f" {STOP_LABELS['stop_by_us'].say(lang)}" if answer == "agreed" and at is not None else ""
    return f"{line}（{asked}{by_us}）" if lang == "ja" else f"{line} ({asked}{by_us})"


def stop_why(why: str, lang: str) -> str:
    """The reason in words; of a request with two, the cart's and then the person's."""
    both = (STOP_WHYS[one].say(lang) if one in STOP_WHYS else one for one in why.split("\n"))
    return ("／" if lang == "ja" else " / ").join(both)
