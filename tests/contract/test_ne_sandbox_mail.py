"""The mail sandbox over real SMTP: accepted, kept, handed on, lost, dropped, with STARTTLS and with AUTH."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage

import aiosmtplib
import pytest
from connector.clock import SteppedClock
from connector.sandbox.faults import Faults
from connector.sandbox.mailbox import MailSandbox
from connector.sandbox.next_engine import Goods, NextEngineSandbox

from tests.contract.ne_case import FIXTURES, PICTURE_AT, at, tls_contexts

INTAKE = "intake-shop1@ne.example.jp"
SENDER = "order@shop.example.jp"


class Post:
    """Clock, Next Engine and the mail server between us and it."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.clock = SteppedClock(at(PICTURE_AT))
        self.ne = NextEngineSandbox(self.clock)
        self.ne.seed_goods([Goods("TEST-SKU-001", "見本", 1000)])
        self.box = MailSandbox(self.clock, next_engine=self.ne, faults=faults)
        self.host, self.port = "", 0

    async def wait(self, seconds: float) -> None:
        until = self.clock.now() + timedelta(seconds=seconds)
        while due := [at for at in (self.box.next_event_at(), self.ne.next_event_at()) if at and at <= until]:
            await self.clock.advance_to(min(due))
            await self.box.advance()
            await self.ne.advance()
        await self.clock.advance_to(until)


@asynccontextmanager
async def post(
    faults: Faults | None = None,
    tls: ssl.SSLContext | None = None,
    credentials: tuple[str, str] | None = None,
) -> AsyncIterator[Post]:
    p = Post(faults)
    p.host, p.port = await p.box.start("127.0.0.1", 0, tls, credentials)
    try:
        yield p
    finally:
        await p.box.stop()


def order_mail(number: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = SENDER, INTAKE
    message["Subject"] = f"【見本ストア】ご注文 T-{number}"
    message["Message-ID"] = f"<{number}@shop.example.jp>"
    message.set_content(f"受注番号：T-{number}\n購入者名：見本 太郎\n商品：TEST-SKU-001,1,3980\n")
    return message


async def test_a_mail_is_accepted_kept_and_opens_a_slip_after_its_ways() -> None:
    raw = (FIXTURES / "intake_mail" / "03_hard_characters.eml").read_bytes()
    async with post() as p:
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            _, answer = await line.sendmail(SENDER, [INTAKE], raw)
        assert answer == "OK"
        kept = p.box.mails[0]
        assert (kept.recipient, kept.sender, kept.message_id) == (
            INTAKE,
            SENDER,
            "<sample-03@shop.example.jp>",
        )
        assert (kept.raw, kept.at, kept.lost) == (raw, at(PICTURE_AT), False)
        assert p.box.next_event_at() == at(PICTURE_AT) + timedelta(seconds=2)
        await p.wait(61)
        assert not p.ne.slips
        await p.wait(1)
        slip = p.ne.slips_of("TEST000203")[0]
        assert slip.fields["receive_order_purchaser_name"] == '見本 髙﨑𠮷野～①－Ⅱ㈱🎁 O\'Brien & "Söhne"'
        assert p.box.history.per_key("mail_accepted") == {"<sample-03@shop.example.jp>": 1}


async def test_mail_for_other_people_is_kept_and_never_given_to_next_engine() -> None:
    async with post() as p:
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            await line.sendmail(SENDER, ["ops@example.jp", INTAKE], order_mail(1).as_bytes())
        await p.wait(100)
        assert [mail.recipient for mail in p.box.mails] == ["ops@example.jp", INTAKE]
        assert [event.detail["recipient"] for event in p.ne.history.of("mail_received")] == [INTAKE]


async def test_a_moved_address_is_next_engines_to_lose() -> None:
    async with post() as p:
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            await line.sendmail(SENDER, ["old-intake@ne.example.jp"], order_mail(1).as_bytes())
        await p.wait(100)
        assert p.ne.history.count("mail_dropped") == 1
        assert not p.ne.slips


async def test_lost_mail_is_accepted_and_arrives_nowhere() -> None:
    faults = Faults(["lost-mail"], seed=5)
    async with post(faults) as p:
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            for number in range(100):
                await line.sendmail(SENDER, [INTAKE], order_mail(number).as_bytes())
        await p.wait(100)
        lost = {mail.message_id for mail in p.box.mails if mail.lost}
        assert len(lost) == faults.struck["lost-mail"] > 0
        assert set(p.box.history.per_key("mail_lost")) == lost
        assert len(p.ne.slips) == 100 - len(lost)
        assert p.box.history.count("mail_accepted") == 100


async def test_a_dropped_line_leaves_an_accepted_mail_behind_and_a_second_try_makes_no_second_slip() -> None:
    faults = Faults(["smtp-drop"], seed=5)
    async with post(faults) as p:
        failed = []
        for number in range(60):
            try:
                await aiosmtplib.send(order_mail(number), hostname=p.host, port=p.port, start_tls=False)
            except aiosmtplib.SMTPServerDisconnected:
                failed.append(number)
        assert len(failed) == faults.struck["smtp-drop"] > 0
        assert p.box.history.count("dropped_after_accept") == len(failed)
        again = len(failed)
        for number in failed:
            try:
                await aiosmtplib.send(order_mail(number), hostname=p.host, port=p.port, start_tls=False)
            except aiosmtplib.SMTPServerDisconnected:
                again += 0
        await p.wait(100)
        assert len(p.box.mails) == 60 + again
        assert set(p.ne.history.per_key("slip_opened").values()) == {1}
        assert len(p.ne.slips) == 60


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return tls_contexts(tmp_path_factory.mktemp("tls"))


async def test_starttls_and_auth_plain(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = contexts
    async with post(tls=server, credentials=("shop", "見本-password")) as p:
        where = {"hostname": p.host, "port": p.port, "start_tls": True, "tls_context": client}
        async with aiosmtplib.SMTP(**where) as line:  # type: ignore[arg-type]
            await line.ehlo()
            assert line.server_auth_methods == ["plain"]
            await line.auth_plain("shop", "見本-password")
            await line.send_message(order_mail(1))
        async with aiosmtplib.SMTP(**where) as line:  # type: ignore[arg-type]
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await line.auth_plain("shop", "wrong")
            with pytest.raises(aiosmtplib.SMTPSenderRefused):
                await line.send_message(order_mail(2))
        assert [mail.message_id for mail in p.box.mails] == ["<1@shop.example.jp>"]


async def test_auth_without_tls_is_possible_on_loopback() -> None:
    async with post(credentials=("shop", "password")) as p:
        async with aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False) as line:
            await line.login("shop", "password")
            await line.send_message(order_mail(1))
        assert len(p.box.mails) == 1


async def test_stopping_hangs_up_on_whoever_is_still_there() -> None:
    p = Post()
    p.host, p.port = await p.box.start()
    line = aiosmtplib.SMTP(hostname=p.host, port=p.port, start_tls=False)
    await line.connect()
    await p.box.stop()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await line.noop()
    line.close()
    await p.box.stop()
