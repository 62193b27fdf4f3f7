"""Mails that come back: what the sender finds in its mailbox, held against the reports of a real Postfix."""

from __future__ import annotations

import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from connector.adapters.mail.reports import read_report
from connector.clock import SteppedClock
from connector.incoming import MailKind
from connector.sandbox.bounces import TROUBLES, Trouble
from connector.sandbox.faults import Faults
from connector.sandbox.imap import ImapSandbox
from connector.sandbox.mailbox import MailSandbox
from connector.sandbox.next_engine import Goods, NextEngineSandbox

from tests.contract.ne_case import PICTURE_AT, at
from tests.contract.test_ne_sandbox_mail import INTAKE, SENDER, order_mail

REAL = Path(__file__).resolve().parents[2] / "fixtures" / "mail" / "bounce" / "real"


class Post:
    """Clock, Next Engine, the mail server and the sender's mailbox."""

    host: str
    port: int

    def __init__(self, faults: Faults | None = None) -> None:
        self.clock = SteppedClock(at(PICTURE_AT))
        self.ne = NextEngineSandbox(self.clock)
        self.ne.seed_goods([Goods("TEST-SKU-001", "見本", 1000)])
        self.inbox = ImapSandbox(self.clock, user=SENDER, password="not-a-secret")
        self.box = MailSandbox(self.clock, next_engine=self.ne, faults=faults, inboxes={SENDER: self.inbox})

    async def send(self, number: int = 1, to: str = INTAKE) -> bytes:
        raw = order_mail(number).as_bytes().replace(b"\n", b"\r\n")
        async with aiosmtplib.SMTP(hostname=self.host, port=self.port, start_tls=False) as line:
            await line.sendmail(SENDER, [to], raw)
        return raw

    async def wait(self, minutes: float) -> None:
        until = self.clock.now() + timedelta(minutes=minutes)
        while due := [at for at in (self.box.next_event_at(), self.ne.next_event_at()) if at and at <= until]:
            await self.clock.advance_to(min(due))
            await self.box.advance()
            await self.ne.advance()
        await self.clock.advance_to(until)

    @property
    def reports(self) -> list[bytes]:
        return [mail.body for mail in self.inbox.folders["INBOX"].mails]


@asynccontextmanager
async def post(faults: Faults | None = None) -> AsyncIterator[Post]:
    p = Post(faults)
    p.host, p.port = await p.box.start()
    try:
        yield p
    finally:
        await p.box.stop()


def parts(raw: bytes) -> list[Message]:
    """The words, the status blocks, our mail."""
    found = email.message_from_bytes(raw).get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


def blocks(status: Message) -> list[Message]:
    """message/delivery-status: about the mail, then one block a recipient."""
    found = status.get_payload()
    assert isinstance(found, list)
    return [block for block in found if isinstance(block, Message)]


def shape(raw: bytes) -> list[object]:
    """Everything of a report that a reader could lean on, without names and times."""
    assert b"\n" not in raw.replace(b"\r\n", b""), "CRLF throughout"
    whole, (notice, status, original) = email.message_from_bytes(raw), parts(raw)
    outside = [
        (part.keys(), part.get_content_type(), part["Content-Description"])
        for part in (notice, status, original)
    ]
    inside = [block.keys() for block in blocks(status)]
    first_words = str(notice.get_payload()).splitlines()[0].split("host")[0]
    action = blocks(status)[1]["Action"]
    return [
        whole.keys(),
        [whole[name] for name in ("Return-Path", "Auto-Submitted", "Subject")],
        whole.get_param("report-type"),
        outside,
        inside,
        action,
        first_words,
        inner(original).keys(),
    ]


def inner(part: Message) -> Message:
    """Our own mail inside the third part."""
    if part.get_content_type() == "message/rfc822":
        found = part.get_payload(0)
        assert isinstance(found, Message)
        return found
    return email.message_from_string(str(part.get_payload()))


@pytest.mark.parametrize(
    ("kind", "how", "real"),
    [
        ("no-such-user", {}, "01_failed_5.1.1_remote.eml"),
        ("mailbox-full", {}, "03_failed_5.2.2_mailbox_full.eml"),
        ("content-refused", {}, "04_failed_5.7.1_after_data.eml"),
        ("server-down", {"ends_after_minutes": 60.0}, "08_failed_4.3.2_after_queue_lifetime.eml"),
    ],
)
async def test_a_failure_has_the_shape_of_a_real_one(kind: str, how: dict[str, Any], real: str) -> None:
    async with post() as p:
        p.box.trouble(INTAKE, kind, **how)
        raw = await p.send()
        await p.wait(1)
        assert p.reports == []
        await p.wait(60)
        assert (len(p.reports), len(p.ne.slips)) == (1, 0)
        ours, theirs = shape(p.reports[0]), shape((REAL / real).read_bytes())
        assert ours[:-1] == theirs[:-1]
        assert raw in p.reports[0]  # the whole mail comes back, byte for byte
        assert inner(parts(p.reports[0])[2])["Message-ID"] == "<1@shop.example.jp>"
        status = blocks(parts(p.reports[0])[1])[1]
        assert (status["Final-Recipient"], status["Status"]) == (f"rfc822; {INTAKE}", TROUBLES[kind].status)
        assert p.box.history.per_key("mail_bounced") == {"<1@shop.example.jp>": 1}


async def test_a_warning_comes_first_and_changes_nothing() -> None:
    async with post() as p:
        p.box.trouble(INTAKE, "server-down", warns_after_minutes=30, ends_after_minutes=120)
        await p.send()
        await p.wait(31)
        warned = shape((REAL / "07_delay_warning.eml").read_bytes())
        assert shape(p.reports[0])[:-1] == warned[:-1]
        assert email.message_from_bytes(p.reports[0], policy=default)["Subject"].startswith("Delayed Mail")
        await p.wait(90)
        assert [shape(report)[5] for report in p.reports] == ["delayed", "failed"]


async def test_only_the_headers_come_back_where_the_server_is_sparing() -> None:
    async with post() as p:
        p.box.trouble(INTAKE, "no-such-user", headers_only=True)
        raw = await p.send()
        await p.wait(3)
        original = parts(p.reports[0])[2]
        assert original.get_content_type() == "text/rfc822-headers"
        assert inner(original)["Message-ID"] == "<1@shop.example.jp>"
        assert raw.partition(b"\r\n\r\n")[2] not in p.reports[0]


async def test_a_greylisted_mail_arrives_late_and_nobody_is_told() -> None:
    async with post() as p:
        p.box.trouble(INTAKE, "greylisted")
        await p.send()
        await p.wait(15)
        assert not p.ne.slips
        await p.wait(2)
        assert (len(p.ne.slips), p.reports) == (1, [])
        p.box.no_trouble(INTAKE)
        await p.send(2)
        await p.wait(2)
        assert len(p.ne.slips) == 2


async def test_the_fault_strikes_some_mails_and_each_of_them_comes_back_once() -> None:
    faults = Faults(["bounced-mail"], seed=5)
    async with post(faults) as p:
        for number in range(100):
            await p.send(number)
        await p.wait(1.9)
        assert p.reports == []
        await p.wait(1)
        assert len(p.reports) == faults.struck["bounced-mail"] > 0
        assert len(p.ne.slips) == 100 - len(p.reports)
        assert set(p.box.history.per_key("mail_bounced").values()) == {1}


async def test_a_forged_report_looks_like_any_other() -> None:
    async with post() as p:
        p.box.forge(SENDER, message_id="<never-sent@shop.example.jp>", recipient=INTAKE)
        assert shape(p.reports[0])[:-1] == shape((REAL / "01_failed_5.1.1_remote.eml").read_bytes())[:-1]
        assert b"<never-sent@shop.example.jp>" in p.reports[0]
        assert p.box.history.count("mail_accepted") == 0


async def test_a_sender_without_a_mailbox_is_never_told() -> None:
    async with post() as p:
        p.box.trouble(INTAKE, "no-such-user")
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            await line.sendmail("somebody@example.jp", [INTAKE], order_mail(1).as_bytes())
        await p.wait(5)
        assert p.box.history.of("mail_bounced")[0].detail["told"] is None


async def test_somebody_writes_to_the_shop_itself() -> None:
    async with post() as p:
        raw = await p.send(1, to=SENDER.upper())
        await p.wait(1)
        assert p.reports == [f"Return-Path: <{SENDER}>\r\nDelivered-To: {SENDER.upper()}\r\n".encode() + raw]


async def test_the_connector_reads_them_as_it_reads_real_ones() -> None:
    async with post() as p:
        for kind, seen in (
            ("no-such-user", (MailKind.FAILED, "failed", "5.1.1")),
            ("mailbox-full", (MailKind.FAILED, "failed", "5.2.2")),
            ("server-down", (MailKind.DELAYED, "delayed", "4.3.2")),
        ):
            p.box.trouble(INTAKE, kind)
            await p.send(1)
            await p.wait(300)
            read = read_report(p.reports[-1], domain="shop.example.jp")
            (about,) = read.deliveries
            assert (read.kind, about.action, about.status) == seen
            assert (read.about, about.recipient) == ("<1@shop.example.jp>", INTAKE)


def test_only_known_troubles_that_make_sense_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="no trouble"):
        Post().box.trouble(INTAKE, "bad-mood")
    with pytest.raises(ValueError, match="before the end"):
        Trouble("5.1.1", "no", warns_after=timedelta(hours=1))
