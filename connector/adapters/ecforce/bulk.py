"""Bulk answers (一括更新の返信): what the cart says row by row; spec/ecforce.md §2.5.

Dangerous: HTTP 200 comes with failures inside, and an answer may leave rows out. What is not named is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from connector.errors import Unknown
from connector.transport.http import Answer, no_words


class Complaint(Struct):
    code: str | None = None
    message: str | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, (self.code, self.message)))


class RowComplaint(Struct):
    id: int | str | None = None
    code: str | None = None
    message: str | None = None
    errors: list[Complaint] = []

    def __str__(self) -> str:
        return "; ".join(map(str, self.errors)) or str(Complaint(self.code, self.message))


class Bulk(Struct):
    """Absent keys mean no failure. Ids are numbers, or `<order id>-<address id>` for several addresses."""

    success: list[int | str] | None = None
    failure: list[int | str] | None = None
    errors: list[RowComplaint] | None = None

    def done(self) -> set[int]:
        """Orders of which every address was taken."""
        return {_order_id(each) for each in self.success or ()} - set(self.refused())

    def refused(self) -> dict[int, str]:
        """Order id → every sentence the cart said about it."""
        words = {_order_id(each): "理由の記載なし" for each in self.failure or ()}
        for complaint in self.errors or ():
            if complaint.id is not None:
                words[_order_id(complaint.id)] = str(complaint)
        return words


class Envelope(Struct):
    errors: list[Complaint] = []


def explain(body: bytes) -> tuple[str, str]:
    """Code of the first complaint and the words of all of them; both "" where the body is none of it."""
    try:
        complaints = msgspec.json.decode(body, type=Envelope).errors
    except msgspec.MsgspecError:
        return no_words(body)
    code = complaints[0].code if complaints else None
    return code or "", "; ".join(map(str, complaints))


def refusals(answer: Answer, asked: Sequence[int]) -> dict[int, str]:
    """Refusals by order id. An answer that does not speak of every row proves nothing: Unknown."""
    body = answer.accepted(explain)
    try:
        bulk = msgspec.json.decode(body, type=Bulk)
        refused, done = bulk.refused(), bulk.done()
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unknown(f"{answer.system}: 一括更新の返信を読み取れません") from error
    silent = [str(cart_id) for cart_id in asked if cart_id not in done and cart_id not in refused]
    if silent:
        raise Unknown(f"{answer.system}: 返信に結果のない受注があります (受注ID {', '.join(silent)})")
    return {cart_id: words for cart_id, words in refused.items() if cart_id in asked}


def _order_id(value: int | str) -> int:
    return value if isinstance(value, int) else int(value.partition("-")[0])
