"""SmtpPool's door (メール送信の入口): addresses, settings, TLS and the login, reliability §9.4."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector.clock import SteppedClock
from connector.errors import Misconfigured, NotDone, Refused, Unknown
from connector.transport.smtp import MailServer, SmtpPool, checked_address

from tests.contract.smtp_server import AT, INTAKE, MAIL, SENDER, ScriptedServer, pool_to
from tests.contract.stubborn_smtp import turning_away_at
from tests.real.servers import certificate


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(AT)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer().listen() as server:
        yield server


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
    async with pool_to(server, clock) as pool:
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
    async with pool_to(server, clock, credentials=("mihon", "wrong")) as pool:
        results = await asyncio.gather(
            *(pool.send(SENDER, INTAKE, MAIL) for _ in range(8)), return_exceptions=True
        )
        await clock.advance_to(AT + timedelta(hours=1))
        with pytest.raises(Refused):
            await pool.send(SENDER, INTAKE, MAIL)
    assert all(isinstance(result, Refused) and result.code == "535" for result in results)
    assert server.verbs["AUTH"] == verbs
    assert server.mails == []


async def test_a_passing_fault_at_login_does_not_stop_thepool_to(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    server.auth, server.says["AUTH"] = "PLAIN", "454 4.7.0 temporary authentication failure"
    async with pool_to(server, clock, credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
        server.says.clear()
        await clock.advance_to(AT + timedelta(seconds=30))
        await pool.send(SENDER, INTAKE, MAIL)
    assert len(server.mails) == 1


async def test_no_known_login_method_is_not_done(server: ScriptedServer, clock: SteppedClock) -> None:
    async with pool_to(server, clock, credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.mails == []


async def test_a_server_without_starttls_gets_nothing_in_clear(
    server: ScriptedServer, clock: SteppedClock
) -> None:
    async with pool_to(server, clock, security="start_tls", credentials=("mihon", "secret")) as pool:
        with pytest.raises(NotDone):
            await pool.send(SENDER, INTAKE, MAIL)
    assert server.mails == []
    assert (server.verbs["AUTH"], server.verbs["MAIL"]) == (0, 0)


async def test_tls_reaches_a_server_whose_certificate_we_trust(clock: SteppedClock, tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, valid_until=AT.replace(year=2126))
    async with (
        ScriptedServer(tls=context).listen() as server,
        pool_to(server, clock, security="tls", ca_file=ca_file) as pool,
    ):
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")


@pytest.mark.parametrize("wrong", ["unknown", "expired", "host"])
async def test_bad_certificates_stop(clock: SteppedClock, tmp_path: Path, wrong: str) -> None:
    ends_at = datetime(2020, 1, 2, tzinfo=UTC) if wrong == "expired" else AT.replace(year=2126)
    context, ca_file = certificate(tmp_path, valid_until=ends_at, host="other" if wrong == "host" else "")
    async with (
        ScriptedServer(tls=context).listen() as server,
        pool_to(server, clock, security="tls", ca_file=None if wrong == "unknown" else ca_file) as pool,
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
    async with pool_to(server, clock, credentials=("mihon", "パスワード")) as pool:
        await pool.send(SENDER, INTAKE, MAIL)
    assert server.logins == [base64.b64encode("\0mihon\0パスワード".encode()).decode()]
    assert len(server.mails) == 1


async def test_a_server_that_never_says_farewell_over_tls_keeps_no_line(
    clock: SteppedClock, tmp_path: Path
) -> None:
    context, ca_file = certificate(tmp_path, valid_until=AT.replace(year=2126))
    with turning_away_at(b"QUIT", tls=context) as server:
        pool = SmtpPool(MailServer("localhost", server.port, "tls", ca_file=ca_file), clock=clock)
        assert (await pool.send(SENDER, INTAKE, MAIL)).startswith("250")
        await pool.close()
        assert (await asyncio.to_thread(server.seen)).let_go


async def test_of_a_mail_given_up_nothing_more_goes_out(clock: SteppedClock) -> None:
    """Else it would arrive after somebody looked, found nothing and sent it again."""
    mail = MAIL + b"0123456789abcde\r\n" * 1_000_000  # more than the kernel takes from us in advance
    with turning_away_at(b"DATA") as server:
        pool = SmtpPool(MailServer("127.0.0.1", server.port, "none", data_seconds=0.3), clock=clock)
        with pytest.raises(Unknown):
            await pool.send(SENDER, INTAKE, mail)
        await pool.close()
        seen = await asyncio.to_thread(server.seen)
    assert seen.let_go
    assert 0 < len(seen.rest) < len(mail)
    assert not seen.rest.endswith(b"\r\n.\r\n")
