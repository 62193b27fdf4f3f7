"""Mailer (注文通知メール): what a letter is, that it says what the order says, and that it is sent once each."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from connector.adapters.mail import MailSettings, Outgoing
from connector.adapters.mail.outgoing import Unreadable, message_id_of, read_mail, read_text
from connector.clock import SteppedClock, at_jst
from connector.errors import Closed, Misconfigured, NotDone, Refused, Unknown
from connector.mapping import MailForm, Unfit, load_mail
from connector.order import Buyer, Order
from connector.outcome import Done, Effect, Hold, Reason, Reply
from connector.ports import Letter, Mailer
from connector.sandbox.faults import Faults
from connector.sandbox.mailbox import MailSandbox
from connector.transport.smtp import MailServer, SmtpPool
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.samples import FIXTURES, MAPPINGS, address, line, order, tables

SETTINGS = MailSettings(
    shop_key="demo-shop",
    sender="connector@shop.example.test",
    recipient="intake-shop1@ne.example.jp",
    domain="shop.example.test",
)
PLACED_AT = at_jst(date(2026, 11, 20), 9, 58, 12)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 11, 20, 1, 30, tzinfo=UTC))


@pytest.fixture
def pool(clock: SteppedClock) -> SmtpPool:
    return SmtpPool(MailServer("127.0.0.1", 1, "none"), clock=clock)


@pytest.fixture
def outgoing(pool: SmtpPool) -> Mailer:
    form = load_mail(MAPPINGS / "next_engine/mail.yaml", tables())
    return Outgoing(SETTINGS, form=form, pool=pool)


@dataclass(frozen=True)
class _Form:
    """A form as a shop might have made it by mistake."""

    words: str = ""
    change: Callable[[str], str] = lambda text: text
    headline: str = "ご注文"

    def subject(self, order: Order) -> str:
        return self.headline

    def text(self, order: Order) -> str:
        plain = (
            f"受注番号：{order.number}\n受注日時：2026/11/24 10:30:00\n購入者名：{order.buyer.address.name}\n"
            "商品：MIHON-TEA-30,2,1000\n"
        )
        return self.change(plain)


def _with(pool: SmtpPool, **parts: Any) -> Outgoing:
    return Outgoing(SETTINGS, form=cast(MailForm, _Form(**parts)), pool=pool)


def _letter(mailer: Mailer, order: Order) -> Letter:
    letter = mailer.letter(order)
    assert isinstance(letter, Letter), letter
    return letter


def test_the_message_id_is_made_from_the_order_number_alone(outgoing: Mailer) -> None:
    known = (FIXTURES / "mail/bounce/real/01_failed_5.1.1_remote.eml").read_text()
    letter = _letter(outgoing, order("EC-2026-000101"))
    assert f"Message-ID: {letter.name}" in known
    assert letter.facts == {"order_number": "EC-2026-000101"}


def test_the_same_order_gives_the_same_bytes(outgoing: Mailer) -> None:
    first = _letter(outgoing, order("TEST000201"))
    again = _letter(outgoing, order("TEST000201", updated_at=datetime(2026, 12, 1, tzinfo=UTC)))
    assert first == again
    assert first.name != _letter(outgoing, order("TEST000202")).name


def test_any_mail_program_reads_what_the_order_says(outgoing: Mailer) -> None:
    lines = (line(1, sku="TEST-SKU-001", quantity=2, unit_price=3980), line(2, sku="GIFT-1", unit_price=0))
    letter = _letter(outgoing, order("TEST000201", placed_at=PLACED_AT, lines=lines))
    mail = email.message_from_bytes(letter.body, policy=email.policy.default)
    assert mail.defects == []
    assert mail["From"] == SETTINGS.sender
    assert mail["To"] == SETTINGS.recipient
    assert mail["Message-ID"] == letter.name
    assert "TEST000201" in mail["Subject"]
    assert not mail["Subject"].lower().startswith("fw")
    text = mail.get_content().replace("\r\n", "\n")
    assert "受注番号：TEST000201\n" in text
    assert "受注日時：2026/11/20 09:58:12\n" in text
    assert "購入者名：見本 太郎\n" in text
    assert "商品：TEST-SKU-001,2,3980\n商品：GIFT-1,2,0\n" in text


def test_the_bytes_travel_through_any_mail_server(outgoing: Mailer) -> None:
    lines = tuple(line(number, sku=f"TEST-SKU-{number:03}") for number in range(1, 100))
    body = _letter(outgoing, order(lines=lines)).body
    assert body.isascii()
    assert b"\r\n\r\n" in body
    assert b"\n" not in body.replace(b"\r\n", b"") and b"\r" not in body.replace(b"\r\n", b"")
    head, _, rest = body.partition(b"\r\n\r\n")
    assert max(map(len, rest.split(b"\r\n"))) <= 76
    assert max(map(len, head.split(b"\r\n"))) <= 128  # a Message-ID cannot be folded; RFC 5322 allows 998


def test_the_text_reads_as_the_known_intake_mail_reads() -> None:
    """The strict reader and the sandbox's fixtures agree on the form (spec/next_engine.md §14.5)."""
    mail = email.message_from_bytes(
        (FIXTURES / "next_engine/intake_mail/01_plain_utf8.eml").read_bytes(), policy=email.policy.default
    )
    told = read_text("", mail.get_content().replace("\r\n", "\n").replace("\n", "\r\n"))
    assert (told.number, told.buyer, told.items) == ("TEST000201", "見本 太郎", (("TEST-SKU-001", 2, 3980),))
    assert told.placed_at == PLACED_AT


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("a1b2c3d4e5", "a1b2c3d4e6"),
        lambda text: text.replace("10:30:00", "10:30:01"),
        lambda text: text.replace(",2,1000", ",3,1000"),
        lambda text: text.replace(",2,1000", ",2,999"),
        lambda text: text.replace("MIHON-TEA-30", "MIHON-TEA-31"),
        lambda text: text + "商品：MIHON-TEA-30,2,1000\n",
        lambda text: text.replace("商品：", "商品:"),
        lambda text: text.replace("受注日時：", "日時："),
        lambda text: text + "受注番号：a1b2c3d4e5\n",
        lambda text: text.replace("2026/11/24", "2026/11/31"),
        lambda text: text.replace(",2,1000", ",2,1000,5"),
        lambda text: text.replace(",2,1000", ",２,1000"),
    ],
)
def test_a_mail_that_says_something_else_never_goes(pool: SmtpPool, change: Callable[[str], str]) -> None:
    assert isinstance(_with(pool).letter(order()), Letter)
    hold = _with(pool, change=change).letter(order())
    assert isinstance(hold, Hold)
    assert hold.reason is Reason.UNMAPPABLE_TEXT
    assert hold.note


@pytest.mark.parametrize("mark", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_name_can_forge_a_line(pool: SmtpPool, mark: str) -> None:
    name = f"見本{mark}商品：MIHON-TEA-30,2,1000"
    forged = order(buyer=Buyer(customer_id=1, email="taro@example.jp", address=address(name=name)))
    assert isinstance(_with(pool).letter(forged), Hold)


@pytest.mark.parametrize("mark", ["\n", "\r", "\r\nBcc: nobody@example.jp", "\0", "\x7f", "\u2028"])
def test_no_text_becomes_a_header(pool: SmtpPool, mark: str) -> None:
    hold = _with(pool, headline=f"ご注文{mark}").letter(order())
    assert isinstance(hold, Hold)
    assert hold.reason is Reason.UNMAPPABLE_TEXT


def test_a_text_that_utf8_cannot_carry_is_held(pool: SmtpPool) -> None:
    hold = _with(pool, change=lambda text: text + "\ud800").letter(order())
    assert isinstance(hold, Hold)


def test_what_the_form_refuses_is_its_own_hold(pool: SmtpPool) -> None:
    def refuse(text: str) -> str:
        raise Unfit(Reason.MALFORMED, "明細が一つもありません")

    assert _with(pool, change=refuse).letter(order()) == Hold(Reason.MALFORMED, "明細が一つもありません")


_PRINTABLE = st.text(
    st.sampled_from("ご注文 髙﨑①〜😀AZaz09-_=?,.:;<>@\"'　") | st.characters(categories=("L", "N", "P", "S"))
)


@given(subject=_PRINTABLE.filter(str.isprintable))
def test_every_subject_comes_back(subject: str) -> None:
    pool = SmtpPool(MailServer("127.0.0.1", 1, "none"), clock=SteppedClock(PLACED_AT))
    letter = _letter(_with(pool, headline=subject), order())
    mail = email.message_from_bytes(letter.body, policy=email.policy.default)
    assert mail["Subject"].strip() == subject.strip()
    words = re.findall(rb"=\?utf-8\?b\?[A-Za-z0-9+/=]*\?=", letter.body)
    assert max(map(len, words)) <= 75


def test_the_reader_takes_only_our_own_form(outgoing: Mailer) -> None:
    letter = _letter(outgoing, order())
    assert read_mail(SETTINGS, letter.name, letter.body).number == "a1b2c3d4e5"
    for changed in (
        letter.body.replace(b"To: intake-shop1", b"To: intake-shop2"),
        letter.body.replace(b"MIME-Version", b"Bcc: nobody@example.jp\r\nMIME-Version"),
        letter.body.replace(b"From: ", b"From: x\r\nFrom: "),
        letter.body.replace(b"UTF-8", b"ISO-2022-JP"),
        letter.body.replace(b"\r\n\r\n", b"\r\n"),
        letter.body[:-8] + b"****\r\n",
        letter.body.replace(base64.b64encode("ご".encode()), b"/////w=="),
    ):
        assert changed != letter.body
        with pytest.raises(Unreadable):
            read_mail(SETTINGS, letter.name, changed)
    with pytest.raises(Unreadable):
        read_mail(SETTINGS, message_id_of(SETTINGS, "other"), letter.body)


@pytest.mark.parametrize("name", ["sender", "recipient", "domain"])
def test_settings_that_are_no_address_are_named(pool: SmtpPool, name: str) -> None:
    settings = replace(SETTINGS, **{name: "見本 <a@b>"})
    with pytest.raises(Misconfigured) as misconfigured:
        Outgoing(settings, form=cast(MailForm, _Form()), pool=pool)
    assert [problem.where for problem in misconfigured.value.problems] == [f"mail.{name}"]


# --- sending ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def _town(
    clock: SteppedClock, faults: Faults | None = None
) -> AsyncIterator[tuple[Outgoing, MailSandbox]]:
    mailbox = MailSandbox(clock, faults=faults)
    host, port = await mailbox.start()
    pool = SmtpPool(MailServer(host, port, "none"), clock=clock)
    try:
        yield (
            Outgoing(SETTINGS, form=load_mail(MAPPINGS / "next_engine/mail.yaml", tables()), pool=pool),
            mailbox,
        )
    finally:
        await pool.close()
        await mailbox.stop()


def _effects(outgoing: Outgoing, count: int) -> list[Effect]:
    letters = [_letter(outgoing, order(f"TEST{number:06}")) for number in range(count)]
    return [
        Effect(kind="mail", key=letter.name, items=(number,), body=letter.body, name=letter.name)
        for number, letter in enumerate(letters)
    ]


async def _replies(outgoing: Outgoing, effects: list[Effect]) -> dict[str, Reply]:
    return {effect.name: reply async for effect, reply in outgoing.send_all(effects)}


async def test_each_mail_arrives_once_under_its_own_id(clock: SteppedClock) -> None:
    async with _town(clock) as (outgoing, mailbox):
        effects = _effects(outgoing, 40)
        replies = await _replies(outgoing, effects)
        assert set(replies) == {effect.name for effect in effects}
        for name, reply in replies.items():
            assert isinstance(reply, Done)
            assert reply.evidence["message_id"] == name
            assert reply.evidence["recipient"] == SETTINGS.recipient
            assert reply.evidence["reply"].startswith("250")
        assert sorted(mail.message_id for mail in mailbox.mails) == sorted(replies)
        assert {mail.recipient for mail in mailbox.mails} == {SETTINGS.recipient}
        assert sorted(mail.raw for mail in mailbox.mails) == sorted(effect.body for effect in effects)


async def test_a_mail_taken_before_the_line_dropped_is_unknown(clock: SteppedClock) -> None:
    faults = Faults(["smtp-drop"], seed=3)
    async with _town(clock, faults) as (outgoing, mailbox):
        replies = await _replies(outgoing, _effects(outgoing, 100))
        unknown = {name for name, reply in replies.items() if isinstance(reply, Unknown)}
        assert len(unknown) == faults.struck["smtp-drop"] > 0
        assert {type(replies[name]) for name in replies.keys() - unknown} == {Done}
        assert sorted(mail.message_id for mail in mailbox.mails) == sorted(replies)


async def test_no_connection_outlives_the_sending(clock: SteppedClock) -> None:
    async with _town(clock) as (outgoing, mailbox):
        await _replies(outgoing, _effects(outgoing, 8))
        await asyncio.wait_for(mailbox.stop(), timeout=5)
        assert len(mailbox.mails) == 8


async def test_nothing_to_send_opens_nothing(outgoing: Mailer) -> None:
    assert [reply async for reply in outgoing.send_all([])] == []


async def test_a_dead_server_is_a_reply_for_each_mail(outgoing: Mailer) -> None:
    assert isinstance(outgoing, Outgoing)
    replies = await _replies(outgoing, _effects(outgoing, 6))
    assert len(replies) == 6
    assert {type(reply) for reply in replies.values()} == {Closed}


class _ScriptedPool:
    """A pool of which every mail has its own fate."""

    size = 2

    def __init__(self, fates: dict[bytes, Exception | None]) -> None:
        self.fates, self.flying, self.most_flying, self.hung_up = fates, 0, 0, 0
        self.sent: list[tuple[str, str]] = []

    async def send(self, sender: str, recipient: str, body: bytes) -> str:
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        await asyncio.sleep(0)
        self.flying -= 1
        if fate := self.fates.get(body):
            raise fate
        self.sent.append((sender, recipient))
        return "250 ok"

    async def hang_up(self) -> None:
        self.hung_up += 1


async def test_one_bad_mail_stops_no_other() -> None:
    faults = [NotDone("busy"), Unknown("lost"), Refused("smtp", "550", "no"), RuntimeError("a bug")]
    pool = _ScriptedPool({b"%d" % number: fault for number, fault in enumerate(faults)})
    outgoing = Outgoing(SETTINGS, form=cast(MailForm, _Form()), pool=cast(SmtpPool, pool))
    effects = [Effect(kind="mail", key=str(n), items=(n,), body=b"%d" % n, name=str(n)) for n in range(9)]
    replies = await _replies(outgoing, effects)
    assert [replies[str(number)] for number in range(4)] == faults
    assert all(isinstance(replies[str(number)], Done) for number in range(4, 9))
    assert pool.sent == [(SETTINGS.sender, SETTINGS.recipient)] * 5
    assert (pool.most_flying, pool.hung_up) == (2, 1)


async def test_who_stops_listening_stops_the_sending() -> None:
    pool = _ScriptedPool({})
    outgoing = Outgoing(SETTINGS, form=cast(MailForm, _Form()), pool=cast(SmtpPool, pool))
    effects = [Effect(kind="mail", key=str(n), items=(n,), body=b"%d" % n, name=str(n)) for n in range(50)]
    replies = outgoing.send_all(effects)
    await anext(replies)
    await replies.aclose()
    assert len(pool.sent) <= 4
    assert pool.hung_up == 1
