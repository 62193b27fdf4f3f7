"""Read mail (受信メールの確認): bounces and delays of our notification mails, from the mailbox they come back to.

A mail's bytes and what it means are committed together, and only then it leaves the inbox; a permanent failure takes
the announcement back (M3). Without a mailbox this stage does nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from connector.incoming import MailSeen
from connector.ports import Ports
from connector.stages.stage import Reading


async def read(ports: Ports, since: datetime) -> AsyncIterator[MailSeen]:
    if ports.mailbox is None:
        return
    async for mail in ports.mailbox.waiting():
        yield mail


STAGE = Reading(
    name="read_mail",
    japanese="受信メール確認",
    every=timedelta(minutes=5),
    patience=timedelta(hours=1),
    read=read,
    cursor=False,
)
