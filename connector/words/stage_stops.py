"""Stage stops (一時停止): why a stage stopped itself, in one sentence with its figures; and an overdue receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connector.words.figures import clock_time, count
from connector.words.text import Term, Text

Facts = Mapping[str, Any]

STOP_DECISIONS: dict[str, Term] = {
    "": Term(
        Text("判断待ち", "Waits"),
        Text("判断があるまで、この分は何も進めません。", "Nothing of it goes on before a decision."),
    ),
    "released": Term(Text("解放済み", "Released"), Text("確認のうえ進めました。", "It went on after all.")),
    "refused": Term(Text("見合わせ", "Kept back"), Text("進めていません。", "It did not go on.")),
    "overtaken": Term(
        Text("判断なし", "Not decided"),
        Text("次の日になり、あらためて確認します。", "A new day came; it is judged anew."),
    ),
}


def stop_sentence(stage: str, what: str, figures: Facts, lang: str) -> str:
    """What is odd, how much, and what is usual."""
    return _SENTENCES.get(stage, _plain)(what, figures, lang)


def _relay(what: str, figures: Facts, lang: str) -> str:
    total, gone, batch = (count(figures[name], lang) for name in ("total", "gone", "batch"))
    most = count(max(figures["band"], default=0), lang)
    days, high = len(figures["band"]), count(figures["high"], lang)
    if lang == "ja":
        return (
            f"{what} の出荷指示が {total}（指示済み {gone}＋今回 {batch}）になります。"
            f"同じ曜日の直近{days}回は最大 {most}、上限 {high} を超えるため、今回の分を倉庫へ渡していません"
        )
    return (
        f"{what} would come to {total} slips (handed over {gone}, now {batch}); the last {days} such weekdays had "
        f"{most} at most, the limit is {high}. Nothing of this batch was handed over"
    )


def _collect(what: str, figures: Facts, lang: str) -> str:
    looked_at, ours = count(figures["looked_at"], lang), count(figures["ours"], lang)
    if lang == "ja":
        return (
            f"出荷実績ファイル {figures['file']} は、調べた伝票 {looked_at}のうち"
            f"出荷指示した伝票が {ours}しかありません。"
            "ほかの店舗のファイルかもしれないため、何も取り込んでいません"
        )
    return (
        f"Of {looked_at} slips that the result file {figures['file']} names, only {ours} are on our line. It may be "
        "another shop's; nothing of it was booked"
    )


def _plain(what: str, figures: Facts, lang: str) -> str:
    said = "、".join(f"{name} {value}" for name, value in figures.items())
    return f"{what}: {said}" if said else what


_SENTENCES: dict[str, Callable[[str, Facts, str], str]] = {"relay": _relay, "collect": _collect}


def stopped_sentence(evidence: Facts, now: datetime, lang: str) -> str:
    """For the alarm: each stop that waits."""
    said = [stop_sentence(one["stage"], one["what"], one["figures"], lang) for one in evidence["stops"]]
    more = evidence["count"] - len(said)
    if more:
        said.append(f"ほか {count(more, lang)}" if lang == "ja" else f"{more} more")
    return ("。" if lang == "ja" else ". ").join(said) + ("。" if lang == "ja" else ".")


def silent_sentence(evidence: Facts, now: datetime, lang: str) -> str:
    """For the alarm: which instructions nobody answered, and since when."""
    since = clock_time(datetime.fromisoformat(evidence["since"]), now, lang)
    files = ("、" if lang == "ja" else ", ").join(evidence["files"])
    if lang == "ja":
        return (
            f"{since}から受付結果を待っている出荷指示が {count(evidence['count'], lang)}あります（{files}）。"
        )
    return f"{evidence['count']} instructions wait for an answer since {since} ({files})."


STAGE_STOP_LABELS = {
    "nav_stage_stops": Text("一時停止", "Self-stops"),
    "stage_stops": Text("工程の一時停止", "Stages that stopped themselves"),
    "stage_stops_none": Text("判断を待っている一時停止はありません。", "No stop waits for a decision."),
    "stage_stops_past": Text("これまでの一時停止", "Earlier stops"),
    "stage_stop_what": Text("対象", "About"),
    "stage_stop_release": Text("いつもどおりでよいので進める", "It is right: let it go on"),
    "stage_stop_refuse": Text("見合わせる", "Keep it back"),
    "stage_stop_decision": Text("判断", "Decision"),
}
