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
    "stop_open_already": ("{number} はすでに出荷止め中です。", "{number} is being stopped already."),
    "stop_gone": (
        "{number} は出荷済みです。止められません。返品・返金で対応してください。",
        "{number} has shipped and cannot be stopped.",
    ),
    "stop_none": (
        "{number} に、電話の結果を待つ出荷止めはありません。",
        "No stop of {number} waits for what the telephone says.",
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
