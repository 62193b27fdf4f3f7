"""Inbox (受信箱): one mail from the mailbox into the ledger, and only then out of the inbox over there.

A crash in between meets the same mail again; its digest makes that a no-op.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from connector.incoming import MailKind, MailReport, MailSeen
from connector.ledger import incoming_mails
from connector.ledger.database import Database
from connector.ledger.incoming_mails import Taken
from connector.ports import Mailbox

journal = structlog.get_logger("journal")


async def take_in(
    database: Database, shop: str, mailbox: Mailbox, mail: MailSeen, now: datetime, *, move: bool
) -> Taken:
    """Keep it, let it mean what it means, and `move` it away. Raises what the mailbox raises while moving."""
    report = _read(mailbox, mail)
    taken = await database.run(lambda c: incoming_mails.take(c, shop, mail, report, now))
    if taken.news:
        journal.info("incoming_mail", shop=shop, mail=taken.id, kind=report.kind, verdict=taken.verdict)
    if move:
        await mailbox.move(mail, understood=taken.understood)
        await database.run(lambda c: incoming_mails.moved_away(c, taken.id, now))
    return taken


def _read(mailbox: Mailbox, mail: MailSeen) -> MailReport:
    if mail.body is None:
        return MailReport(kind=MailKind.UNREADABLE, words=incoming_mails.TOO_LARGE)
    try:
        return mailbox.read(mail.body)
    except Exception as bug:  # noqa: BLE001 - one mail must not keep all others in the inbox
        journal.error("bug", mail=mail.uid, error=repr(bug))
        return MailReport(kind=MailKind.UNREADABLE, words=repr(bug)[:500])
