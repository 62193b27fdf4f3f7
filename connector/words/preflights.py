"""Preflights (取込前確認): the words for where a file's check stands and for what is odd about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.words.figures import clock_time, count, yen
from connector.words.text import Term, Text

VERDICTS: dict[str, Term] = {
    "passed": Term(
        Text("通常どおり", "As usual"), Text("そのまま取り込みました。", "It went out without a question.")
    ),
    "waits": Term(
        Text("確認待ち", "Waits"),
        Text(
            "解放されるか期限が来るまで、取り込みません。",
            "Nothing is imported before a click or the deadline.",
        ),
    ),
    "released": Term(
        Text("解放済み", "Released"), Text("確認のうえ取り込みました。", "It went out after all.")
    ),
    "refused": Term(
        Text("見合わせ", "Kept back"),
        Text("この時刻には取り込みません。受注は次の時刻に入ります。", "Its orders go at the next time."),
    ),
    "expired": Term(
        Text("期限切れ", "Not released in time"),
        Text("この時刻には取り込みません。受注は次の時刻に入ります。", "Its orders go at the next time."),
    ),
}

ODDITIES: dict[str, Text] = {
    "orders": Text("受注件数", "Orders"),
    "yen": Text("合計金額", "Sum"),
    "new_skus": Text("初めての商品コード", "Goods never imported before"),
    "held": Text("保留の割合", "Share of held orders"),
    "payment": Text("支払方法「{method}」の割合", "Share of payment method {method}"),
}


def oddity(name: str, facts: Mapping[str, Any], lang: str) -> str:
    """One sentence: what, how much, and what is usual."""
    kind, _, method = name.partition(":")
    what = ODDITIES[kind].say(lang).format(method=method)
    value, low, high = (_figure(kind, facts[key], lang) for key in ("value", "low", "high"))
    tail = f" ({', '.join(goods)})" if (goods := facts.get("skus")) else ""
    if lang == "ja":
        return f"{what}が {value} です（いつもは {low}〜{high}）{tail}"
    return f"{what}: {value} (usual: {low} to {high}){tail}"


def waits_sentence(evidence: Mapping[str, Any], now: datetime, lang: str) -> str:
    """For the alarm: which file, how much, until when, and what is odd."""
    until = clock_time(datetime.fromisoformat(evidence["until"]), now, lang) if evidence["until"] else "-"
    odd = [oddity(name, facts, lang) for name, facts in evidence["odd"].items()]
    orders, total = count(evidence["orders"], lang), yen(evidence["yen"], lang)
    if lang == "ja":
        return f"{evidence['window']}の分 {orders} {total}、期限 {until}。" + "。".join(odd)
    return f"{evidence['window']}: {orders} / {total}, until {until}. " + ". ".join(odd)


def totals_sentence(evidence: Mapping[str, Any], now: datetime, lang: str) -> str:
    """For the alarm: both sums, and the first orders that differ."""
    says, holds = yen(evidence["file_yen"], lang), yen(evidence["yen"], lang)
    if lang == "ja":
        numbers = "、".join(evidence["orders"])
        return (
            f"{evidence['file']}: 受注CSV {says}、伝票 {holds}。違う受注 {evidence['count']}件（{numbers}）"
        )
    numbers = ", ".join(evidence["orders"])
    return (
        f"{evidence['file']}: the file says {says}, the slips {holds}; {evidence['count']} differ ({numbers})"
    )


def _figure(kind: str, value: int, lang: str) -> str:
    if kind == "yen":
        return yen(value, lang)
    if kind in ("payment", "held"):
        return f"{value / 10:.0f}%"
    return count(value, lang)
