"""ImapMailbox (受信メールボックス): its contract against the sandbox, and every trap of reliability §9.3 by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from connector.adapters.mail import mailbox as rooms
from connector.clock import SteppedClock
from connector.errors import NotDone, Unknown
from connector.sandbox.imap import ImapSandbox, Mischief
from connector.transport import imap
from connector.transport.imap import ImapLine, ImapServer

from tests.contract.mailbox_contract import MailboxContract, Partner, a_mail, check_settings, opened, seen_in

AT = datetime(2026, 11, 24, tzinfo=UTC)
USER, PASSWORD = "connector@shop.example.jp", 'not "a\\ secret'

test_settings_that_cannot_be_right_are_named = check_settings


@pytest.fixture
async def box() -> AsyncIterator[ImapSandbox]:
    box = ImapSandbox(SteppedClock(AT), user=USER, password=PASSWORD)
    try:
        yield box
    finally:
        await box.stop()


@pytest.fixture
async def server(box: ImapSandbox, monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    """Short patience: a test of silence should not take half a minute."""
    monkeypatch.setattr(imap, "ALIVE_SECONDS", 0.3)
    monkeypatch.setattr(imap, "GOODBYE_SECONDS", 0.3)
    host, port = await box.start()
    return ImapServer(host, port, USER, PASSWORD, security="none", command_seconds=0.3, body_seconds=0.5)


class TestSandbox(MailboxContract):
    @pytest.fixture
    async def partner(self, box: ImapSandbox) -> Partner:
        host, port = await box.start()
        return Partner(ImapServer(host, port, USER, PASSWORD, security="none"))


# --- a line that breaks or lies, at each question --------------------------------------------------------

QUESTIONS = ("LOGIN", "CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH")
BREAKS = (Mischief.BYE, Mischief.CUT, Mischief.NO_REPLY, Mischief.LATE_REPLY, Mischief.HALF_OPEN)


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("command", QUESTIONS)
async def test_a_broken_answer_ends_the_poll_and_the_next_one_is_whole(
    box: ImapSandbox, server: ImapServer, command: str, kind: Mischief
) -> None:
    mails = [a_mail(number) for number in range(3)]
    for mail in mails:
        box.append("INBOX", mail)
    box.misbehave(kind, command=command)
    async with opened(server) as mailbox:
        with pytest.raises(NotDone):
            await seen_in(mailbox)
        box.release()
        assert [mail.body for mail in await seen_in(mailbox)] == mails


@pytest.mark.parametrize("kind", BREAKS)
async def test_a_broken_answer_to_a_move_is_unknown_and_moving_again_is_safe(
    box: ImapSandbox, server: ImapServer, kind: Mischief
) -> None:
    box.append("INBOX", a_mail(1))
    box.append("Processed", a_mail(0))
    box.misbehave(kind, command="UID MOVE")
    async with opened(server) as mailbox:
        (mail,) = await seen_in(mailbox)
        with pytest.raises(Unknown):
            await mailbox.move(mail, understood=True)
        await mailbox.move(mail, understood=True)
        assert await seen_in(mailbox) == []
    assert [mail.body for mail in box.folders["Processed"].mails] == [a_mail(0), a_mail(1)]


async def test_a_late_reply_never_answers_another_question(box: ImapSandbox, server: ImapServer) -> None:
    """The size of one mail, come late, must not stand for another's."""
    box.append("INBOX", a_mail(1))
    box.append("INBOX", a_mail(2, "longer than the first"))
    line = await ImapLine.open(server, "INBOX")
    box.misbehave(Mischief.LATE_REPLY, command="UID FETCH")
    with pytest.raises(NotDone):
        await line.sizes([1])
    assert line.lost
    with pytest.raises(NotDone):
        await line.sizes([2])
    await line.close()


async def test_replies_in_crumbs_and_news_between_are_read(box: ImapSandbox, server: ImapServer) -> None:
    for number in range(3):
        box.append("INBOX", a_mail(number))
    box.misbehave(Mischief.FRAGMENTS, times=5)
    async with opened(server) as mailbox:
        assert len(await seen_in(mailbox)) == 3
        box.misbehave(Mischief.EXPUNGE_BETWEEN, command="UID FETCH")
        assert [mail.body for mail in await seen_in(mailbox)] == [a_mail(1), a_mail(2)]


async def test_a_validity_that_changes_during_the_poll_ends_it(box: ImapSandbox, server: ImapServer) -> None:
    for number in range(3):
        box.append("INBOX", a_mail(number))
    async with opened(server) as mailbox:
        poll = mailbox.waiting()
        first = await anext(poll)
        box.renew_validity()
        await asyncio.sleep(0.05)
        with pytest.raises(NotDone):
            await anext(poll)
        again = await seen_in(mailbox)
        assert again[0].body == first.body
        assert again[0].uid_validity == first.uid_validity + 1
        await mailbox.move(first, understood=True)  # its number means nothing now
        assert len(box.folders["INBOX"].mails) == 3


async def test_a_poll_that_is_given_up_leaves_no_line(box: ImapSandbox, server: ImapServer) -> None:
    for number in range(3):
        box.append("INBOX", a_mail(number))
    async with opened(server) as mailbox:
        poll = mailbox.waiting()
        await anext(poll)
        await poll.aclose()
        await asyncio.sleep(0.05)
        assert box.connections == 0


@pytest.mark.parametrize("command", ["LOGIN", "UID FETCH"])
async def test_a_cancelled_poll_leaves_nothing_behind(
    box: ImapSandbox, server: ImapServer, command: str
) -> None:
    box.append("INBOX", a_mail(1))
    box.misbehave(Mischief.HALF_OPEN, command=command)
    async with opened(replace(server, command_seconds=30.0)) as mailbox:
        poll = asyncio.create_task(seen_in(mailbox))
        await asyncio.sleep(0.15)
        poll.cancel()
        await asyncio.wait([poll])
        assert poll.cancelled()
        await asyncio.sleep(0.05)
        assert box.connections == 0
        assert len(await seen_in(mailbox)) == 1


# --- IDLE is a hint --------------------------------------------------------------------------------------

IDLES = {
    "killed": Mischief.KILL_IDLE,
    "BYE in place of + idling": Mischief.BYE_FOR_IDLE,
    "half-open": Mischief.HALF_OPEN,
    "cut": Mischief.CUT,
}


@pytest.mark.parametrize("kind", IDLES.values(), ids=IDLES.keys())
async def test_a_line_that_dies_in_idle_is_given_up_in_time(
    box: ImapSandbox, server: ImapServer, kind: Mischief
) -> None:
    line = await ImapLine.open(server, "INBOX")
    box.misbehave(kind, command="IDLE")
    with pytest.raises(NotDone):
        async with asyncio.timeout(3):
            await line.pushed(0.5)
            await line.noop()
    assert line.lost
    await line.close()


async def test_a_server_that_dies_during_a_quiet_idle_is_noticed_at_once(
    box: ImapSandbox, server: ImapServer
) -> None:
    line = await ImapLine.open(server, "INBOX")
    quiet = asyncio.create_task(line.pushed(60))
    await asyncio.sleep(0.1)
    assert box.idlers == 1
    box.kill_lines()
    async with asyncio.timeout(1):
        with pytest.raises(NotDone):
            await quiet
    await line.close()


async def test_a_line_that_goes_silent_in_idle_fails_its_proof_of_life(
    box: ImapSandbox, server: ImapServer
) -> None:
    line = await ImapLine.open(server, "INBOX")
    quiet = asyncio.create_task(line.pushed(0.2))
    await asyncio.sleep(0.1)
    box.mute_lines()
    async with asyncio.timeout(3):
        with pytest.raises(NotDone):
            await quiet
            await line.noop()
    await line.close()


async def test_the_hint_comes_back_after_each_death(
    box: ImapSandbox, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "FIRST_PAUSE", 0.0)
    hints: asyncio.Queue[None] = asyncio.Queue()
    async with opened(server) as mailbox:
        mailbox._clock = _Impatient(AT)
        listening = asyncio.create_task(mailbox.listen(lambda: hints.put_nowait(None)))
        for number in range(3):
            await _idling(box)
            box.append("INBOX", a_mail(number))
            await asyncio.wait_for(hints.get(), 3)
            box.kill_lines()
            await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.wait([listening])


async def _idling(box: ImapSandbox) -> None:
    for _ in range(300):
        if box.idlers:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody idles")


async def test_a_bug_in_the_hint_stops_nobody(
    box: ImapSandbox, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def pushed(self: ImapLine, seconds: float) -> bool:
        nonlocal calls
        calls += 1
        raise RuntimeError("a bug of the library")

    monkeypatch.setattr(ImapLine, "pushed", pushed)
    async with opened(server) as mailbox:
        mailbox._clock = _Impatient(AT)
        listening = asyncio.create_task(mailbox.listen(lambda: None))
        await asyncio.sleep(0.3)
        assert calls > 2
        assert not listening.done()
        listening.cancel()
        await asyncio.wait([listening])


class _Impatient(SteppedClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.01)


async def test_quiet_idles_are_begun_anew(
    box: ImapSandbox, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "IDLE_SECONDS", 0.1)
    hints: asyncio.Queue[None] = asyncio.Queue()
    async with opened(server) as mailbox:
        listening = asyncio.create_task(mailbox.listen(lambda: hints.put_nowait(None)))
        await asyncio.sleep(0.5)
        assert (box.connections, hints.qsize()) == (1, 0)
        box.append("INBOX", a_mail(1))
        await asyncio.wait_for(hints.get(), 3)
        listening.cancel()
        await asyncio.wait([listening])
