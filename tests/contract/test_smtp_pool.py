"""SmtpPool (メール送信): every reply and fault of reliability §9.4 against a small server made for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from connector.clock import SteppedClock
from connector.errors import Closed, NotDone, Refused, Unknown
from connector.transport.smtp import MailServer

from tests.contract.smtp_server import AT, DROP, INTAKE, MAIL, SENDER, SILENCE, ScriptedServer, pool_to


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(AT)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer().listen() as server:
        yield server


async def test_a_mail_arrives_byte_for_byte(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock) as pool:
        reply = await pool.send(SENDER, INTAKE, MAIL)
    assert reply == "250 2.0.0 Ok: queued as 4Xyz"
    assert server.mails == [(SENDER, INTAKE, MAIL)]
    assert server.verbs["QUIT"] == 1


async def test_one_connection_carries_many_mails(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock) as pool:
        for _ in range(10):
            await pool.send(SENDER, INTAKE, MAIL)
    assert (server.verbs["CONNECT"], server.verbs["EHLO"], len(server.mails)) == (1, 1, 10)


async def test_many_mails_share_at_most_size_connections(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock, size=3) as pool:
        await asyncio.gather(*(pool.send(SENDER, INTAKE, MAIL) for _ in range(60)))
    assert len(server.mails) == 60
    assert server.most_open <= 3


async def test_a_connection_is_changed_after_fifty_mails(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock, size=1, max_mails=5) as pool:
        for _ in range(11):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.verbs["CONNECT"] == 3
    assert server.verbs["QUIT"] == 3


async def test_a_connection_is_changed_after_a_minute(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        await clock.advance_to(AT + timedelta(seconds=61))
        await pool.send(SENDER, INTAKE, MAIL)
    assert server.verbs["CONNECT"] == 2


async def test_a_rested_connection_is_asked_before_it_is_used(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with pool_to(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, MAIL)
    assert (server.verbs["CONNECT"], server.verbs["RSET"]) == (1, 1)


async def test_a_connection_the_server_dropped_is_replaced(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with pool_to(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        server.hang_up()
        await asyncio.sleep(0.05)
        await pool.send(SENDER, INTAKE, MAIL)
    assert len(server.mails) == 2
    assert server.verbs["CONNECT"] == 2


@pytest.mark.parametrize(
    ("says", "kind", "code"),
    [
        # before the mail was handed over: certainly not done, and where nobody gets in, no try of its own
        ({"CONNECT": "421 4.3.2 too busy"}, Closed, ""),
        ({"CONNECT": DROP}, Closed, ""),
        ({"CONNECT": SILENCE}, Closed, ""),
        ({"CONNECT": "554 no service"}, Refused, "554"),
        ({"CONNECT": "nonsense"}, Closed, ""),
        ({"EHLO": DROP}, NotDone, ""),
        ({"EHLO": SILENCE}, NotDone, ""),
        ({"EHLO": "421 4.3.2 shutting down"}, NotDone, ""),
        ({"MAIL": "421 4.3.2 shutting down"}, NotDone, ""),
        ({"MAIL": "451 4.3.0 later"}, NotDone, ""),
        ({"MAIL": DROP}, NotDone, ""),
        ({"MAIL": SILENCE}, NotDone, ""),
        ({"MAIL": "nonsense"}, NotDone, ""),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, Refused, "530"),
        ({"RCPT": "450 4.2.1 greylisted"}, NotDone, ""),
        ({"RCPT": "452 4.5.3 too many"}, NotDone, ""),
        ({"RCPT": "550 5.1.1 no such user"}, Refused, "550"),
        ({"RCPT": DROP}, NotDone, ""),
        ({"RCPT": SILENCE}, NotDone, ""),
        ({"RCPT": "nonsense"}, NotDone, ""),
        ({"RCPT": "421 4.3.2 shutting down"}, NotDone, ""),
        # the server's answer to the mail
        ({"DATA": "451 4.3.0 later"}, NotDone, ""),
        ({"DATA": "554 5.5.1 no valid recipients"}, Refused, "554"),
        ({"DATA": "421 4.3.2 shutting down"}, NotDone, ""),
        ({"DOT": "421 4.3.2 shutting down"}, NotDone, ""),
        ({"DOT": "451 4.3.0 queue full"}, NotDone, ""),
        ({"DOT": "552 5.3.4 too big"}, Refused, "552"),
        # no answer to the mail: it may have been taken
        ({"DATA": DROP}, Unknown, ""),
        ({"DATA": SILENCE}, Unknown, ""),
        ({"DOT": DROP}, Unknown, ""),
        ({"LOST_DOT": ""}, Unknown, ""),
        ({"DOT": SILENCE}, Unknown, ""),
        ({"DOT": "nonsense"}, Unknown, ""),
        ({"DOT": "333 what"}, Unknown, ""),
    ],
)
async def test_every_reply_has_its_meaning(
    server: ScriptedServer, clock: SteppedClock, says: dict[str, str], kind: type[Exception], code: str
) -> None:
    server.says.update(says)
    async with pool_to(server, clock) as pool:
        with pytest.raises(kind) as fault:
            await pool.send(SENDER, INTAKE, MAIL)
        assert type(fault.value) is kind
        if isinstance(fault.value, Refused):
            assert (fault.value.system, fault.value.code) == ("smtp", code)
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, b"Subject: next\r\n\r\nhealed\r\n")
    assert server.mails[-1][2] == b"Subject: next\r\n\r\nhealed\r\n"


@pytest.mark.parametrize("says", [DROP, SILENCE, "421 4.3.2 shutting down", "nonsense"])
async def test_a_rested_connection_that_fails_its_question_is_replaced(
    server: ScriptedServer, clock: SteppedClock, says: str
) -> None:
    """Asked before the mail, so the mail itself goes once, over the new one."""
    async with pool_to(server, clock, size=1) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        server.says["RSET"] = says
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, MAIL)
    assert (len(server.mails), server.verbs["CONNECT"], server.verbs["MAIL"]) == (2, 2, 2)


async def test_a_reply_that_comes_too_late_is_not_the_next_mails(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    """The first mail was taken, its 250 comes after our patience: unknown; and the next mail has its own line."""
    async with pool_to(server, clock, size=1) as pool:
        server.says["DOT"] = SILENCE
        server.late["DOT"] = (0.5, "250 2.0.0 Ok: queued as LATE")
        with pytest.raises(Unknown):
            await pool.send(SENDER, INTAKE, MAIL)
        server.says.clear()
        server.late.clear()
        assert (await pool.send(SENDER, INTAKE, MAIL)).endswith("4Xyz")
    assert server.verbs["CONNECT"] == 2


def test_the_reply_to_the_mail_may_take_ten_minutes() -> None:
    assert MailServer("mail.example.jp", 587).data_seconds >= 600  # RFC 5321 §4.5.3.2.6


STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "LOST_DOT", "QUIT", "RSET")
FAULTS = (DROP, SILENCE, "451 4.3.0 later", "554 5.0.0 no", "nonsense")


async def test_two_thousand_mails_through_faults_at_every_step(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    """Whatever breaks wherever: a yes is a mail that is there, a no and a not-done one that is not, none twice."""
    chance, said = random.Random(20261124), dict[int, str]()
    async with pool_to(server, clock, size=1, max_mails=20, seconds=0.05) as pool:
        for number in range(2_000):
            server.says.clear()
            if chance.random() < 0.15:
                server.says[chance.choice(STEPS)] = chance.choice(FAULTS)
            try:
                await pool.send(SENDER, INTAKE, b"Subject: %d\r\n\r\n" % number)
                said[number] = "done"
            except (NotDone, Refused, Unknown) as error:
                said[number] = type(error).__name__
            await clock.advance_to(clock.now() + timedelta(seconds=21))
        server.says.clear()
    taken = [int(body.split()[1]) for _, _, body in server.mails]
    assert len(taken) == len(set(taken))
    assert {said[number] for number in taken} <= {"done", "Unknown"}
    assert {number for number, outcome in said.items() if outcome == "done"} <= set(taken)
    assert set(said.values()) == {"done", "Closed", "NotDone", "Refused", "Unknown"}


async def test_a_server_that_ends_connections_after_some_mails_costs_no_mail_a_minute(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    server.most_mails = 3
    async with pool_to(server, clock, size=2) as pool:
        await asyncio.gather(*(pool.send(SENDER, INTAKE, b"Subject: %d\r\n\r\n" % n) for n in range(20)))
    assert sorted(int(body.split()[1]) for _, _, body in server.mails) == list(range(20))
    assert server.most_open <= 2


async def test_a_reused_connection_is_replaced_once_and_not_for_ever(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with pool_to(server, clock, size=1) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        server.says["MAIL"] = "421 4.3.2 shutting down"
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
        server.says["MAIL"] = "451 4.3.0 later"  # a no to this mail is no broken line
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
    assert (server.verbs["MAIL"], server.verbs["CONNECT"], len(server.mails)) == (4, 3, 1)


async def test_a_drop_at_quit_takes_nothing_back(server: ScriptedServer, clock: SteppedClock) -> None:
    server.says["QUIT"] = DROP
    async with pool_to(server, clock) as pool:
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")
    assert len(server.mails) == 1


async def test_a_refused_recipient_does_not_touch_its_neighbours(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with pool_to(server, clock, size=1) as pool:
        server.says["RCPT"] = "550 5.1.1 no such user"
        with pytest.raises(Refused):
            await pool.send(SENDER, "nobody@ne.example.jp", MAIL)
        server.says.clear()
        await pool.send(SENDER, INTAKE, MAIL)
    assert [recipient for _, recipient, _ in server.mails] == [INTAKE]
    assert (server.verbs["CONNECT"], server.verbs["RSET"]) == (1, 1)


async def test_nobody_listening_is_not_done_and_is_not_asked_for_every_mail(
    clock: SteppedClock, server: ScriptedServer
) -> None:
    server.says["CONNECT"] = SILENCE
    async with pool_to(server, clock, size=4) as pool:
        results = await asyncio.gather(
            *(pool.send(SENDER, INTAKE, MAIL) for _ in range(20)), return_exceptions=True
        )
        assert {type(result) for result in results} == {Closed}, "no try of theirs"
        assert server.verbs["CONNECT"] == 1
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=21))
        await pool.send(SENDER, INTAKE, MAIL)


async def test_the_longer_the_door_is_shut_the_less_often_it_is_tried(
    clock: SteppedClock, server: ScriptedServer
) -> None:
    server.says["CONNECT"] = "421 4.3.2 shutting down"
    waits = []
    async with pool_to(server, clock) as pool:
        for minute in (0, 1, 5, 9, 30):
            await clock.advance_to(AT + timedelta(minutes=minute))
            with pytest.raises(Closed) as closed:
                await pool.send(SENDER, INTAKE, MAIL)
            waits.append(closed.value.after)
        assert waits == [60, 60, 300, 540, 600]
        server.says.clear()
        await clock.advance_to(AT + timedelta(minutes=40))
        await pool.send(SENDER, INTAKE, MAIL)
        server.says["CONNECT"] = DROP
        await clock.advance_to(AT + timedelta(minutes=60))
        with pytest.raises(Closed) as closed:
            await pool.send(SENDER, INTAKE, MAIL)
        assert closed.value.after == 60, "another time begins anew"


async def test_a_mail_given_up_half_way_spoils_no_other(server: ScriptedServer, clock: SteppedClock) -> None:
    server.says["DOT"] = SILENCE
    async with pool_to(server, clock, size=1) as pool:
        task = asyncio.create_task(pool.send(SENDER, INTAKE, MAIL))
        await server.handed_over.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.says.clear()
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")
    assert server.verbs["CONNECT"] == 2
