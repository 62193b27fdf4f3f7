"""Sayings (操作への返答): what a person who acts on a page or a command line reads back, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from connector.ledger.stop_sayings import STOP_SAYINGS
from connector.words import ORDER_STATES, SLIP_STATES, Term


class Said(NamedTuple):
    ja: str
    en: str


ANSWERS: dict[str, Said] = {
    "held": Said("{number} を保留にしました。", "{number} is on hold."),
    "held_already": Said("{number} はすでに手動保留中です。", "{number} is on hold by hand already."),
    "released": Said(
        "{number} の保留（{count}件）を解除しました。次の回に処理します。",
        "{number}: {count} hold(s) released; the next pass looks at it.",
    ),
    "never_cut": Said(
        "{number} の保留（{count}件）を解除しましたが、倉庫へ渡す文字は切りも欠かしもしないので、"
        "また保留になったらネクストエンジンで短くするか、文字の置き換え表（characters.yaml）に加えてください。",
        "{number}: {count} hold(s) released, but no text is cut and no character dropped for the warehouse: if it is "
        "held again, shorten it in Next Engine or add the character to the substitutes (characters.yaml).",
    ),
    "is_handled": Said(
        "{number} は連携外で処理済みと記録されています。解除すると二重に出荷するおそれがあるため、何もしていません。"
        "連携の外で処理していなかったと確かめたときだけ、その旨を示して解除してください"
        "（コマンドでは release に --not-handled、画面では「処理していなかったので解除」）。",
        "{number} counts as handled outside: releasing it may ship it twice, so nothing was done. Only if it proved "
        "not to be handled after all, release it saying so (--not-handled on the command, its own button on the page).",
    ),
    "released_handled": Said(
        "{number} の「連携外で処理済み」を取り消し、保留（{count}件）を解除しました。次の回から処理を続けます。"
        "連携の外でも出荷していれば二重に出荷されます。そのときは、すぐに保留にしてください。"
        "受注の伝票も保留中なら、伝票ごとに解除してください。",
        "{number} no longer counts as handled outside; {count} hold(s) released, the next pass goes on with it. If it "
        "was shipped outside after all it ships twice: then hold it at once. Slips of an order that are held, too, "
        "are released one by one.",
    ),
    "not_held": Said("{number} に該当する保留はありません。", "{number} has no such hold."),
    "retried": Said("{number} を次の回に処理します。", "The next pass looks at {number}."),
    "blocked": Said(
        "{number} は保留中です。先に保留を解除してください。", "{number} is on hold: release it first."
    ),
    "final": Said(
        "{number} はすでに終わっています（{state}）。何もしていません。",
        "{number} has ended ({state}); nothing was done.",
    ),
    "left_out": Said(
        "{number} は連携対象外です。何もしていません。", "{number} is left out by rule; nothing was done."
    ),
    "unknown": Said("{number} は見つかりません。", "{number} is not known here."),
    "noted": Said("{number} にメモを残しました。", "A note was left on {number}."),
    "resolved": Said("迷子 {number} を解決済みにしました。", "Stray {number} is resolved."),
    "resolved_already": Said("迷子 {number} はすでに解決済みです。", "Stray {number} was resolved before."),
    "change_closed": Said("{number} の変更を処理済みにしました。", "The change of {number} is settled."),
    "change_closed_already": Said(
        "{number} の変更はすでに処理済みです。", "The change of {number} was settled before."
    ),
    "alarm_closed": Said(
        "警報を閉じました。原因が続いていれば、また知らせます。",
        "Closed; if it still holds, it is told again.",
    ),
    "alarm_not_open": Said("その警報は出ていません。", "No such alarm is open."),
    "announced_again": Said(
        "{count}件の保留を解除しました。次の回に、ネクストエンジンを確認してから送り直します。",
        "{count} hold(s) released; the next pass looks in Next Engine and announces them again.",
    ),
    "none_bounced": Said(
        "戻ってきた受注メールはありません。", "No order mail is waiting because it bounced."
    ),
    "mail_settled": Said("受信メール {number} を処理済みにしました。", "Mail {number} is settled."),
    "mail_settled_already": Said(
        "受信メール {number} に残っている作業はありません。", "Mail {number} waits for nobody."
    ),
    "mail_bounced": Said(
        "受信メール {number} を受注メールの不達として記録しました。", "Mail {number} counts as a bounce."
    ),
    "mail_names_no_order": Said(
        "受信メール {number} からは、どの受注の不達か分かりません。何もしていません。",
        "Mail {number} does not say which order's mail failed; nothing was done.",
    ),
    "preflight_released": Said(
        "{number} の取込を解放しました。次の回に取り込みます。",
        "The import of {number} is released; it goes with the next pass.",
    ),
    "preflight_refused": Said(
        "{number} の取込を見合わせました。受注は次の時刻に取り込みます。",
        "The import of {number} stays here; its orders go at the next time.",
    ),
    "preflight_changed": Said(
        "{number} は、表示のあとで内容が変わりました（いまは {orders}件 {yen}円）。もう一度ご確認ください。",
        "{number} changed since it was shown (now {orders} orders, {yen} yen): look again.",
    ),
    "preflight_decided_already": Said("{number} はもう待っていません。", "{number} does not wait any more."),
    "preflight_unknown": Said("{number} の取込前確認はありません。", "There is no check of {number}."),
    **{code: Said(*said) for code, said in STOP_SAYINGS.items()},
    "stage_stop_released": Said(
        "{number} の一時停止を解放しました。次の回に進めます。",
        "{number} is released; the next pass goes on.",
    ),
    "stage_stop_refused": Said(
        "{number} の分を見合わせました。", "{number} is kept back; nothing more of it goes on."
    ),
    "stage_stop_decided_already": Said(
        "{number} の一時停止はもう待っていません。", "{number} does not wait any more."
    ),
    "stage_stop_unknown": Said("{number} の一時停止はありません。", "{number} was not stopped."),
    "no_actor": Said(
        "担当者名を入力してください（{limit}文字まで）。", "A name is needed (up to {limit} characters)."
    ),
    "no_reason": Said(
        "理由を入力してください（{limit}文字まで）。", "A reason is needed (up to {limit} characters)."
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a person's act. `done` False: it did not fit, nothing was written."""

    done: bool
    code: str
    words: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    def in_language(self, lang: str) -> Answer:
        said = ANSWERS[self.code]
        return replace(self, words=(said.en if lang == "en" else said.ja).format(**self._in_words(lang)))

    def _in_words(self, lang: str) -> dict[str, str]:
        """The facts with the operators' names of states; those are an order's, unless `item` says slip."""
        order, slip = _names(ORDER_STATES, lang), _names(SLIP_STATES, lang)
        known = order | slip if self.facts.get("item") == "slip" else slip | order
        shown = dict(self.facts)
        for name in {"state", "steps"} & shown.keys():
            shown[name] = " → ".join(known.get(state, state) for state in shown[name].split(" → "))
        return shown


def _names(states: Mapping[Any, Term], lang: str) -> dict[str, str]:
    return {str(state): term.name.say(lang) for state, term in states.items()}
