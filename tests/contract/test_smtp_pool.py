"""SmtpPool (メール送信): every reply and fault of reliability §9.4 against a small server made for it."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector.clock import SteppedClock
from connector.errors import Misconfigured, NotDone, Refused, Unknown
from connector.transport.smtp import MailServer, SmtpPool, checked_address

from tests.contract.smtp_server import DROP, SILENCE, ScriptedServer
from tests.real.servers import certificate

SENDER = "connector@shop.example.jp"
INTAKE = "intake-shop1@ne.example.jp"
MAIL = b"Subject: x\r\n\r\n.a line with a dot\r\n"
AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(AT)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer().listen() as server:
        yield server


@asynccontextmanager
async def _pool(
    server: ScriptedServer,
    clock: SteppedClock,
    *,
    size: int = 4,
    max_mails: int = 50,
    security: str = "none",
    credentials: tuple[str, str] | None = None,
    host: str = "127.0.0.1",
    ca_file: Path | None = None,
) -> AsyncIterator[SmtpPool]:
    username, password = credentials or (None, None)
    settings = MailServer(
        host=host,
        port=server.port,
        security=security,
        username=username,
        password=password,
        ca_file=ca_file,
        command_seconds=0.3,
        data_seconds=0.3,
    )
    pool = SmtpPool(settings, clock=clock, size=size, max_mails=max_mails)
    try:
        yield pool
    finally:
        await pool.close()


async def test_a_mail_arrives_byte_for_byte(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock) as pool:
        reply = await pool.send(SENDER, INTAKE, MAIL)
    assert reply == "250 2.0.0 Ok: queued as 4Xyz"
    assert server.mails == [(SENDER, INTAKE, MAIL)]
    assert server.verbs["QUIT"] == 1


async def test_one_connection_carries_many_mails(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock) as pool:
        for _ in range(10):
            await pool.send(SENDER, INTAKE, MAIL)
    assert (server.verbs["CONNECT"], server.verbs["EHLO"], len(server.mails)) == (1, 1, 10)


async def test_many_mails_share_at_most_size_connections(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock, size=3) as pool:
        await asyncio.gather(*(pool.send(SENDER, INTAKE, MAIL) for _ in range(60)))
    assert len(server.mails) == 60
    assert server.most_open <= 3


async def test_a_connection_is_changed_after_fifty_mails(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock, size=1, max_mails=5) as pool:
        for _ in range(11):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.verbs["CONNECT"] == 3
    assert server.verbs["QUIT"] == 3


async def test_a_connection_is_changed_after_a_minute(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        await clock.advance_to(AT + timedelta(seconds=61))
        await pool.send(SENDER, INTAKE, MAIL)
    assert server.verbs["CONNECT"] == 2


async def test_a_rested_connection_is_asked_before_it_is_used(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with _pool(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, MAIL)
    assert (server.verbs["CONNECT"], server.verbs["RSET"]) == (1, 1)


async def test_a_connection_the_server_dropped_is_replaced(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with _pool(server, clock) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
        server.hang_up()
        await asyncio.sleep(0.05)
        await pool.send(SENDER, INTAKE, MAIL)
    assert len(server.mails) == 2
    assert server.verbs["CONNECT"] == 2


@pytest.mark.parametrize(
    ("says", "kind", "code"),
    [
        # before the mail was handed over: certainly not done
        ({"CONNECT": "421 4.3.2 too busy"}, NotDone, ""),
        ({"CONNECT": DROP}, NotDone, ""),
        ({"CONNECT": SILENCE}, NotDone, ""),
        ({"CONNECT": "554 no service"}, Refused, "554"),
        ({"MAIL": "451 4.3.0 later"}, NotDone, ""),
        ({"MAIL": DROP}, NotDone, ""),
        ({"MAIL": SILENCE}, NotDone, ""),
        ({"MAIL": "nonsense"}, NotDone, ""),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, Refused, "530"),
        ({"RCPT": "450 4.2.1 greylisted"}, NotDone, ""),
        ({"RCPT": "452 4.5.3 too many"}, NotDone, ""),
        ({"RCPT": "550 5.1.1 no such user"}, Refused, "550"),
        ({"RCPT": DROP}, NotDone, ""),
        ({"RCPT": "421 4.3.2 shutting down"}, NotDone, ""),
        # the server's answer to the mail
        ({"DATA": "451 4.3.0 later"}, NotDone, ""),
        ({"DATA": "554 5.5.1 no valid recipients"}, Refused, "554"),
        ({"DOT": "451 4.3.0 queue full"}, NotDone, ""),
        ({"DOT": "552 5.3.4 too big"}, Refused, "552"),
        # no answer to the mail: it may have been taken
        ({"DATA": DROP}, Unknown, ""),
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
    async with _pool(server, clock) as pool:
        with pytest.raises(kind) as fault:
            await pool.send(SENDER, INTAKE, MAIL)
        assert type(fault.value) is kind
        if isinstance(fault.value, Refused):
            assert (fault.value.system, fault.value.code) == ("smtp", code)
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, b"Subject: next\r\n\r\nhealed\r\n")
    assert server.mails[-1][2] == b"Subject: next\r\n\r\nhealed\r\n"


async def test_a_drop_at_quit_takes_nothing_back(server: ScriptedServer, clock: SteppedClock) -> None:
    server.says["QUIT"] = DROP
    async with _pool(server, clock) as pool:
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")
    assert len(server.mails) == 1


async def test_a_refused_recipient_does_not_touch_its_neighbours(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with _pool(server, clock, size=1) as pool:
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
    async with _pool(server, clock, size=4) as pool:
        results = await asyncio.gather(
            *(pool.send(SENDER, INTAKE, MAIL) for _ in range(20)), return_exceptions=True
        )
        assert {type(result) for result in results} == {NotDone}
        assert server.verbs["CONNECT"] == 1
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=21))
        await pool.send(SENDER, INTAKE, MAIL)


async def test_a_mail_given_up_half_way_spoils_no_other(server: ScriptedServer, clock: SteppedClock) -> None:
    server.says["DOT"] = SILENCE
    async with _pool(server, clock, size=1) as pool:
        task = asyncio.create_task(pool.send(SENDER, INTAKE, MAIL))
        await server.handed_over.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.says.clear()
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")
    assert server.verbs["CONNECT"] == 2


@pytest.mark.parametrize(
    "address",
    [
        "u@x.test> AUTH=<e@x",
        "u@x.test\r\nRCPT TO:<e@x.test>",
        "u@x.test\n",
        "u@x.test\0",
        "u @x.test",
        "u@x.test,e@x.test",
        '"u v"@x.test',
        "a..b.@docomo.example.jp",
        "見本@x.test",
        "u@見本.test",
        "Mihon <u@x.test>",
        "u@-x.test",
        "u@",
        "@x.test",
        "",
        "u" * 65 + "@x.test",
        "u@" + "x" * 250 + ".test",
    ],
)
async def test_an_address_that_could_be_read_otherwise_is_refused_by_us(
    server: ScriptedServer, clock: SteppedClock, address: str
) -> None:
    async with _pool(server, clock) as pool:
        for sender, recipient in ((SENDER, address), (address, INTAKE)):
            with pytest.raises(Refused) as refused:
                await pool.send(sender, recipient, MAIL)
            assert refused.value.code == "address"
    assert server.verbs["CONNECT"] == 0


@pytest.mark.parametrize("address", ["a@b", "order+ne.1@mail-1.example.co.jp", "o'neill@x.test", SENDER])
def test_plain_addresses_pass_unchanged(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize(("offered", "verbs"), [("PLAIN LOGIN CRAM-MD5", 1), ("LOGIN", 1)])
async def test_a_wrong_password_is_tried_once_with_one_method(
    server: ScriptedServer, clock: SteppedClock, offered: str, verbs: int
) -> None:
    server.auth, server.says["AUTH"] = offered, "535 5.7.8 authentication failed"
    async with _pool(server, clock, credentials=("mihon", "wrong")) as pool:
        results = await asyncio.gather(
            *(pool.send(SENDER, INTAKE, MAIL) for _ in range(8)), return_exceptions=True
        )
        await clock.advance_to(AT + timedelta(hours=1))
        with pytest.raises(Refused):
            await pool.send(SENDER, INTAKE, MAIL)
    assert all(isinstance(result, Refused) and result.code == "535" for result in results)
    assert server.verbs["AUTH"] == verbs
    assert server.mails == []


async def test_a_passing_fault_at_login_does_not_stop_the_pool(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    server.auth, server.says["AUTH"] = "PLAIN", "454 4.7.0 temporary authentication failure"
    async with _pool(server, clock, credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, MAIL)
    assert len(server.mails) == 1


async def test_no_known_login_method_is_not_done(server: ScriptedServer, clock: SteppedClock) -> None:
    async with _pool(server, clock, credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.mails == []


async def test_a_server_without_starttls_gets_nothing_in_clear(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with _pool(server, clock, security="start_tls", credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.mails == []
    assert (server.verbs["AUTH"], server.verbs["MAIL"]) == (0, 0)


async def test_tls_reaches_a_server_whose_certificate_we_trust(clock: SteppedClock, tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, valid_until=AT.replace(year=2126))
    async with (
        ScriptedServer(tls=context).listen() as server,
        _pool(server, clock, security="tls", ca_file=ca_file) as pool,
    ):
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")


@pytest.mark.parametrize("wrong", ["unknown", "expired", "host"])
async def test_bad_certificates_stop(clock: SteppedClock, tmp_path: Path, wrong: str) -> None:
    ends_at = datetime(2020, 1, 2, tzinfo=UTC) if wrong == "expired" else AT.replace(year=2126)
    context, ca_file = certificate(tmp_path, valid_until=ends_at, host="other" if wrong == "host" else "")
    async with (
        ScriptedServer(tls=context).listen() as server,
        _pool(server, clock, security="tls", ca_file=None if wrong == "unknown" else ca_file) as pool,
    ):
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
        assert server.mails == []


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (MailServer("mail.example.jp", 25, "none"), "smtp.security"),
        (MailServer("192.0.2.1", 25, "none"), "smtp.security"),
        (MailServer("127.0.0.1.example.jp", 25, "none"), "smtp.security"),
        (MailServer("mail.example.jp", 25, "maybe"), "smtp.security"),
        (MailServer("mail.example.jp", 0), "smtp.port"),
        (MailServer("mail.example.jp", 587, username="mihon"), "smtp.username / password"),
        (MailServer("mail.example.jp", 587, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)), "smtp.tls"),
    ],
)
def test_settings_that_cannot_be_right_are_named(
    settings: MailServer, place: str, clock: SteppedClock
) -> None:
    with pytest.raises(Misconfigured) as misconfigured:
        SmtpPool(settings, clock=clock)
    assert [problem.where for problem in misconfigured.value.problems] == [place]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_itself_may_be_spoken_to_in_clear(host: str, clock: SteppedClock) -> None:
    assert SmtpPool(MailServer(host, 25, "none"), clock=clock).size == 4


def test_the_password_stands_in_no_repr() -> None:
    assert "secret" not in repr(MailServer("mail.example.jp", 587, username="mihon", password="secret"))


async def test_a_login_uses_one_method_and_the_mail_follows(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    server.auth = "CRAM-MD5 LOGIN PLAIN"
    async with _pool(server, clock, credentials=("mihon", "パスワード")) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
    assert server.logins == [base64.b64encode("\0mihon\0パスワード".encode()).decode()]
    assert len(server.mails) == 1
