"""The seven figures (七つの数字) of the first page and the report: their names, and what they count."""

from __future__ import annotations

from connector.words.text import Text

FIGURES: dict[str, tuple[Text, Text]] = {
    "missing": (
        Text("1 未取込", "1 Missing"),
        Text(
            "カートにあるのに台帳にない受注と、作成されなかった定期",
            "Orders of the cart that the ledger lacks, and renewals that were never created",
        ),
    ),
    "not_in_intake": (
        Text("2 新規受付にない", "2 Not in intake"),
        Text("通知したのに新規受付に現れない受注", "Announced, and no slip in 新規受付"),
    ),
    "not_imported": (
        Text("3 本取込できず", "3 Not imported"),
        Text("本取込で保留・拒否になった受注", "Parked or refused by the import"),
    ),
    "will_miss": (
        Text("4 締めに遅れそう", "4 Will miss the cut-off"),
        Text(
            "今日出荷できるのに、まだ倉庫が受け取っていない伝票", "Could ship today, not at the warehouse yet"
        ),
    ),
    "stuck_at_warehouse": (
        Text("5 倉庫で滞留", "5 Stuck at the warehouse"),
        Text(
            "倉庫が出荷するはずの日から1営業日以上、出荷実績がない伝票",
            "A working day or more past the day it was to ship, no result",
        ),
    ),
    "not_captured": (
        Text("6 出荷済み未売上", "6 Shipped, not captured"),
        Text("出荷したのに売上が完了していない受注", "Shipped, and the charge is not done"),
    ),
    "automation": (
        Text("7 自動化率", "7 Automation rate"),
        Text(
            "この日に出荷した伝票のうち、人が触れなかった割合",
            "Share of the day's shipments that nobody touched",
        ),
    ),
}
