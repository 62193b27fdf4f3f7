"""ImapMailbox against dovecot (本物のdovecot), and a mail of ours that comes back through postfix (不達通知)."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import ssl
from pathlib import Path

import pytest
from connector.adapters.wms.mail_results import MailResults
from connector.clock import SystemClock
from connector.errors import NotDone
from connector.incoming import MailKind, MailSeen
from connector.ports import ResultFile
from connector.transport.imap import ImapLine, ImapServer
from connector.transport.smtp import MailServer, SmtpPool

from tests.contract.mailbox_contract import MailboxContract, Partner, a_mail, opened, seen_in
from tests.contract.wms_desk import Kept
from tests.contract.wms_mail_desk import MAILS, RESULTS, RULES
from tests.real.servers import MAIL_PASSWORD, Dovecot, Postfix

pytestmark = pytest.mark.realserver

_names = itertools.count()


def _account(dovecot: Dovecot, user: str = "") -> ImapServer:
    name = user or f"reader{next(_names)}"
    return ImapServer("127.0.0.1", dovecot.imaps_port, name, MAIL_PASSWORD, ca_file=dovecot.ca_file)


class TestDovecot(MailboxContract):
    @pytest.fixture
    def partner(self, dovecot: Dovecot) -> Partner:
        """A user nobody used yet: any name is let in, with folders of its own."""
        return Partner(_account(dovecot), ssl.create_default_context(cafile=str(dovecot.ca_file)))


async def test_its_process_killed_in_idle_is_noticed_at_once(dovecot: Dovecot) -> None:
    server = _account(dovecot)
    line = await ImapLine.open(server, "INBOX")
    quiet = asyncio.create_task(line.pushed(60))
    await asyncio.sleep(0.3)
    for pid in dovecot.processes_of(server.username):
        os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(2):
        with pytest.raises(NotDone):
            await quiet
    await line.close()


async def test_a_stopped_process_is_given_up_after_the_limit(dovecot: Dovecot) -> None:
    """Half-open: the line stands, and nobody is behind it any more."""
    account = _account(dovecot)
    server = ImapServer(
        account.host,
        account.port,
        account.username,
        MAIL_PASSWORD,
        ca_file=account.ca_file,
        command_seconds=0.5,
    )
    line = await ImapLine.open(server, "INBOX")
    stopped = dovecot.processes_of(server.username)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(NotDone, match=r"0\.5秒"):
            await line.uids()
        assert line.lost
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        await line.close()


async def test_a_mail_of_27_megabytes_is_read_whole(dovecot: Dovecot) -> None:
    account = _account(dovecot)
    partner = Partner(account, ssl.create_default_context(cafile=str(dovecot.ca_file)))
    large = a_mail(1, "0123456789,見本\r\n" * 1_450_000)
    assert len(large) > 27_000_000
    await partner.append(large)
    async with opened(account, largest=32_000_000) as mailbox:
        assert [mail.body == large for mail in await seen_in(mailbox)] == [True]


SENDER = "ops@example.test"
MAIL = (
    b"From: ops@example.test\r\nTo: %s\r\nSubject: =?utf-8?B?5Y+X5rOo?=\r\nMessage-ID: %s\r\n\r\n5Y+X5rOo\r\n"
)


async def _sent(postfix: Postfix, recipient: str, message_id: str) -> None:
    pool = SmtpPool(MailServer("127.0.0.1", postfix.port, "none"), clock=SystemClock())
    try:
        await pool.send(SENDER, recipient, MAIL % (recipient.encode(), message_id.encode()))
    finally:
        await pool.close()


async def test_a_mail_of_ours_that_bounces_is_read_as_failed(postfix: Postfix, dovecot: Dovecot) -> None:
    """Submitted, refused for good, reported by postfix, pushed by dovecot, fetched, read, and put away."""
    message_id = "<0123456789abcdef@shop.example.test>"
    hinted = asyncio.Event()
    account = _account(dovecot, "ops")
    async with opened(account) as mailbox:
        listening = asyncio.create_task(mailbox.listen(hinted.set))
        await asyncio.sleep(0.3)
        await _sent(postfix, "lost@bounce.test", message_id)
        found: list[MailSeen] = []
        async with asyncio.timeout(20):
            while not found:
                await hinted.wait()
                hinted.clear()
                async for mail in mailbox.waiting():
                    report = mailbox.read(mail.body or b"")
                    if report.about == message_id:
                        found.append(mail)
        listening.cancel()
        await asyncio.wait([listening])
        assert report.kind is MailKind.FAILED
        assert report.about == message_id
        assert [(one.recipient, one.action, one.status) for one in report.deliveries] == [
            ("lost@bounce.test", "failed", "4.4.1")  # final, though it begins with 4
        ]
        await mailbox.move(found[0], understood=True)
    stored = _stored(dovecot.mail / "ops/.Processed")
    assert [message_id.encode() in body for body in stored] == [True]


async def test_mail_that_arrives_is_no_report(postfix: Postfix, dovecot: Dovecot) -> None:
    before = len(postfix.mails_of("intake"))
    await _sent(postfix, "intake@example.test", "<arrives@shop.example.test>")
    await asyncio.to_thread(postfix.wait_for_mails, "intake", before + 1)
    async with opened(_account(dovecot, "intake")) as mailbox:
        found = [mail async for mail in mailbox.waiting() if b"<arrives@" in (mail.body or b"")]
        assert len(found) == 1
        assert mailbox.read(found[0].body or b"").kind not in (MailKind.FAILED, MailKind.DELAYED)


def _stored(folder: Path) -> list[bytes]:
    return [path.read_bytes() for part in ("new", "cur") for path in (folder / part).glob("*")]


async def test_results_by_mail_come_through_a_real_server_and_are_filed_there(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    """Every mail of fixtures/mail/wms, raw cp932 and all; what is believed and what is not lies apart afterwards."""
    server = _account(dovecot)
    partner = Partner(server, ssl.create_default_context(cafile=str(dovecot.ca_file)))
    await partner.append(*(path.read_bytes() for path in sorted(MAILS.glob("*.eml"))))
    async with opened(server) as mailbox:
        results = MailResults(mailbox, RULES, archive=Kept(tmp_path))
        files, strays = [], 0
        async for one in results.results():
            if isinstance(one, ResultFile):
                files.append(one.body)
                await results.acknowledge(one)
            else:
                strays += 1
    assert (len(files), strays) == (9, 6)
    assert set(files) == set(RESULTS.values())
    assert len(await partner.mails("Processed")) == 8
    assert len(await partner.mails("Quarantine")) == 6
    assert await partner.mails() == []
