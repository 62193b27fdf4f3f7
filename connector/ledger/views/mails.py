"""Mails (受信メールの一覧): what came to our mailbox, what it was taken for, and what came of it.

`bounces` is the picture for an alarm: how many orders wait because their mail came back, and in whose words.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, func, select

from connector.ledger.incoming_mails import FOR_PEOPLE
from connector.ledger.schema import effect_items, holds, orders
from connector.ledger.schema_hub import incoming_mails
from connector.ledger.views.rows import filled
from connector.outcome import Reason

PAGE = 200
SHOWN = 5


class MailRow(Struct, frozen=True, kw_only=True):
    """One incoming mail. `number`: the order whose mail it speaks of, empty where it names none of ours."""

    id: int
    seen_at: datetime
    kind: str
    verdict: str
    sender: str
    subject: str
    words: str
    about: str
    number: str
    exchange_id: int | None
    moved_at: datetime | None
    settled_at: datetime | None
    settled_by: str
    note: str

    @property
    def open(self) -> bool:
        """Whether a person should look at it."""
        return self.settled_at is None and self.verdict in FOR_PEOPLE

    @property
    def may_be_a_bounce(self) -> bool:
        return self.open and self.verdict == "to_decide" and bool(self.number)


class Mails(Struct, frozen=True, kw_only=True):
    """The newest mails, how many there are in all, and how many of each kind came since `since`."""

    rows: tuple[MailRow, ...]
    total: int
    open: int
    counts: dict[str, int]  # by verdict
    bounces: Bounces


class Bounces(Struct, frozen=True, kw_only=True):
    """Orders that wait because their mail came back, together: one dead address is one trouble."""

    orders: int
    numbers: tuple[str, ...]  # a few of them, oldest first
    words: tuple[str, ...]  # the other server's, each once
    since: datetime | None


def mails(
    connection: Connection, shop: str, *, only_open: bool = False, verdict: str = "", limit: int = PAGE
) -> Mails:
    """Newest first."""
    here: list[ColumnElement[bool]] = [incoming_mails.c.shop == shop]
    wanted = [*here]
    if only_open:
        wanted.append(_waits())
    if verdict:
        wanted.append(incoming_mails.c.verdict == verdict)
    counted = select(incoming_mails.c.verdict, func.count()).where(*here).group_by(incoming_mails.c.verdict)
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
    return Mails(
        rows=tuple(_rows(connection, and_(*wanted), limit)),
        total=connection.scalar(select(func.count()).select_from(incoming_mails).where(*wanted)) or 0,
        open=connection.scalar(select(func.count()).select_from(incoming_mails).where(*here, _waits())) or 0,
        counts=dict(sorted(counts.items())),
        bounces=bounces(connection, shop),
    )


def bounces(connection: Connection, shop: str) -> Bounces:
    here = (holds.c.shop == shop, holds.c.item == "order", holds.c.reason == Reason.MAIL_BOUNCED)
    query = select(holds.c.number, holds.c.note, holds.c.opened_at).where(*here, holds.c.closed_at.is_(None))
    rows = list(connection.execute(query.order_by(holds.c.opened_at, holds.c.id)))
    return Bounces(
        orders=len(rows),
        numbers=tuple(row.number for row in rows[:SHOWN]),
        words=tuple(dict.fromkeys(row.note for row in rows))[:SHOWN],
        since=rows[0].opened_at if rows else None,
    )


def mails_counted(connection: Connection, shop: str, since: datetime) -> dict[str, int]:
    """How many came since then, by verdict."""
    query = select(incoming_mails.c.verdict, func.count()).where(
        incoming_mails.c.shop == shop, incoming_mails.c.seen_at >= since
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(incoming_mails.c.verdict))}


def _waits() -> ColumnElement[bool]:
    return and_(
        incoming_mails.c.settled_at.is_(None),
        incoming_mails.c.verdict.in_([str(one) for one in FOR_PEOPLE]),
    )


def _rows(connection: Connection, where: ColumnElement[bool], limit: int) -> list[MailRow]:
    newest = select(incoming_mails).where(where).order_by(incoming_mails.c.id.desc()).limit(limit)
    found = list(connection.execute(newest))
    ids = [row.effect_id for row in found if row.effect_id is not None]
    query = (
        select(effect_items.c.effect_id, orders.c.number)
        .join(orders, orders.c.id == effect_items.c.item_id)
        .where(effect_items.c.effect_id.in_(ids))
    )
    numbers: dict[int, str] = {row[0]: row[1] for row in connection.execute(query)}
    return [filled(MailRow, row, number=numbers.get(row.effect_id, "")) for row in found]
