"""Letters (メール送信状態): the mails to the customer that Next Engine says it sent (spec/next_engine.md §4.4)."""

from __future__ import annotations

from connector.words.text import Text

LETTERS: dict[str, Text] = {
    "J": Text("受注確認", "order confirmation"),
    "B": Text("印刷日待ち連絡", "waiting for its print date"),
    "C": Text("印刷待ち以降連絡", "being prepared"),
    "H": Text("発送連絡", "dispatch"),
    "N": Text("入金確認", "payment received"),
    "F": Text("フォロー", "follow-up"),
}


def letters(status: str, lang: str = "ja") -> str:
    """`JH` as words; a letter nobody documented stays a letter."""
    return "、".join(LETTERS.get(one, Text(one, one)).say(lang) for one in status)
