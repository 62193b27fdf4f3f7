"""SmtpPool against postfix with dovecot's login (本物のpostfix): bytes, TLS, refusals, login, a bounce."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from connector.clock import SystemClock
from connector.errors import NotDone, Refused
from connector.transport.smtp import MailServer, SmtpPool

from tests.real.servers import MAIL_PASSWORD, Postfix

pytestmark = pytest.mark.realserver

SENDER = "ops@example.test"
INTAKE = "intake@example.test"
MAIL = (
    b"From: ops@example.test\r\nTo: intake@example.test\r\nSubject: =?utf-8?B?5Y+X5rOo?=\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0900\r\nMessage-ID: <%s@shop.example.test>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"5Y+X5rOo55Wq5Y+377ya\r\n"
)


@asynccontextmanager
async def _pool(
    port: int,
    *,
    security: str = "none",
    password: str | None = None,
    ca_file: Path | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[SmtpPool]:
    username = None if password is None else "ops"
    server = MailServer(host, port, security, username=username, password=password, ca_file=ca_file)
    pool = SmtpPool(server, clock=SystemClock())
    try:
        yield pool
    finally:
        await pool.close()


async def test_mails_arrive_byte_for_byte(postfix: Postfix) -> None:
    before = len(postfix.mails_of("intake"))
    sent = [MAIL % b"%d" % number + b".\r\n..\r\n.end\r\n" for number in range(20)]
    async with _pool(postfix.port) as pool:
        replies = await asyncio.gather(*(pool.send(SENDER, INTAKE, mail) for mail in sent))
    assert all(reply.startswith("250 2.0.0 Ok: queued as ") for reply in replies)
    stored = await asyncio.to_thread(postfix.wait_for_mails, "intake", before + 20)
    # The server puts its own lines in front and keeps line ends as LF; everything after is what we sent.
    arrived = sorted(mail[mail.index(b"From: ops@") :] for mail in stored if b"..\n.end\n" in mail)
    assert arrived == sorted(mail.replace(b"\r\n", b"\n") for mail in sent)


async def test_a_port_that_demands_tls_refuses_clear_text(postfix: Postfix) -> None:
    async with _pool(postfix.submission_port) as pool:
        with pytest.raises(Refused) as refused:
            await pool.send(SENDER, INTAKE, MAIL % b"clear")
    assert refused.value.code == "530"
    assert not any(b"<clear@" in mail for mail in postfix.mails_of("intake"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_starttls_and_login_deliver(postfix: Postfix, host: str) -> None:
    before = len(postfix.mails_of("intake"))
    async with _pool(
        postfix.submission_port,
        security="start_tls",
        password=MAIL_PASSWORD,
        ca_file=postfix.ca_file,
        host=host,
    ) as pool:
        assert (await pool.send(SENDER, INTAKE, MAIL % b"starttls")).startswith("250")
    stored = await asyncio.to_thread(postfix.wait_for_mails, "intake", before + 1)
    assert any(b"with ESMTPSA" in mail and b"<starttls@" in mail for mail in stored)


async def test_tls_from_the_start_delivers(postfix: Postfix) -> None:
    async with _pool(postfix.tls_port, security="tls", ca_file=postfix.ca_file) as pool:
        assert (await pool.send(SENDER, INTAKE, MAIL % b"tls")).startswith("250")


@pytest.mark.parametrize("security", ["start_tls", "tls"])
async def test_a_certificate_nobody_vouches_for_stops_everything(postfix: Postfix, security: str) -> None:
    port = postfix.tls_port if security == "tls" else postfix.submission_port
    async with _pool(port, security=security, password=MAIL_PASSWORD) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL % b"untrusted")
    assert not any(b"<untrusted@" in mail for mail in postfix.mails_of("intake"))


async def test_a_wrong_password_is_tried_once(postfix: Postfix) -> None:
    failures = postfix.log().count("authentication failed")
    async with _pool(
        postfix.submission_port, security="start_tls", password="wrong", ca_file=postfix.ca_file
    ) as pool:
        answers = await asyncio.gather(
            *(pool.send(SENDER, INTAKE, MAIL % b"login") for _ in range(4)), return_exceptions=True
        )
    assert all(isinstance(answer, Refused) and answer.code == "535" for answer in answers)
    assert postfix.log().count("authentication failed") == failures + 1


async def test_an_unknown_recipient_is_refused_and_the_next_mail_goes(postfix: Postfix) -> None:
    async with _pool(postfix.port) as pool:
        for recipient in ("nobody@example.test", "somebody@elsewhere.example.jp"):
            with pytest.raises(Refused) as refused:
                await pool.send(SENDER, recipient, MAIL % b"refused")
            assert refused.value.code in ("550", "554")
        assert (await pool.send(SENDER, INTAKE, MAIL % b"next")).startswith("250")


async def test_a_mail_that_cannot_go_on_bounces_with_our_message_id(postfix: Postfix) -> None:
    before = len(postfix.mails_of("ops"))
    async with _pool(postfix.port) as pool:
        assert (await pool.send(SENDER, "lost@bounce.test", MAIL % b"bounced")).startswith("250")
    report = (await asyncio.to_thread(postfix.wait_for_mails, "ops", before + 1))[-1]
    assert b"multipart/report" in report
    assert b"Action: failed" in report
    assert b"<bounced@shop.example.test>" in report


async def test_nobody_listening_is_not_done(postfix: Postfix) -> None:
    async with _pool(1) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL % b"nobody")
