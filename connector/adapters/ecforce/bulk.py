"""Bulk answers (一括更新の返信): what the cart says row by row; spec/ecforce.md §2.5.

Dangerous: HTTP 200 comes with failures inside, and an answer may leave rows out. What is not named is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from connector.errors import Unknown
from connector.transport.http import Answer, no_words

NO_WORDS = "理由の記載なし"


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
    """Absent keys mean no failure. Rows are named by number, or `<order id>-<address id>` (§15.6), mixed."""

    success: list[int | str] | None = None
    failure: list[int | str] | None = None
    errors: list[RowComplaint] | None = None
    job_id: int | str | None = None  # it is done later, and no row is spoken of

    def refused(self) -> dict[str, str]:
        """Row name → every sentence the cart said about it."""
        words = {str(each): NO_WORDS for each in self.failure or ()}
        for complaint in self.errors or ():
            if complaint.id is not None:
                words[str(complaint.id)] = str(complaint)
        return words

    def done(self) -> set[str]:
        return {str(each) for each in self.success or ()} - set(self.refused())


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


def refusals(answer: Answer, asked: Sequence[str]) -> dict[str, str]:
    """Refusals by row name. An answer that does not speak of every row proves nothing: Unknown.

    A promise to do it later (`job_id`) refuses nobody: reading the orders back shows what came of it.
    """
    body = answer.accepted(explain)
    try:
        bulk = msgspec.json.decode(body, type=Bulk)
    except msgspec.MsgspecError as error:
        raise Unknown(f"{answer.system}: 一括更新の返信を読み取れません") from error
    refused, done = bulk.refused(), bulk.done()
    if bulk.job_id is not None and not refused and not done:
        return {}
    found = {name: _about(name, refused) for name in asked}
    silent = [
        name for name, words in found.items() if not words and not _about(name, dict.fromkeys(done, "ok"))
    ]
    if silent:
        raise Unknown(f"{answer.system}: 返信に結果のない受注があります (受注ID {', '.join(silent)})")
    return {name: words for name, words in found.items() if words}


def _about(name: str, said: dict[str, str]) -> str:
    """What is said of a row by its name, or of its whole order; of an order also by the name of one of its rows."""
    order_id, _, address_id = name.partition("-")
    if address_id:
        return said.get(name) or said.get(order_id, "")
    rows = [words for other, words in said.items() if other.partition("-")[0] == name]
    return said.get(name) or next(iter(rows), "")
