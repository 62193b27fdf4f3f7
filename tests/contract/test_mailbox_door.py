"""ImapMailbox's door (受信メールボックスの入口): certificates, logins, the missing extra, and odd answers."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from connector.clock import SteppedClock
from connector.errors import ConnectorError, Misconfigured, NotDone, Refused
from connector.sandbox.imap import ImapSandbox
from connector.transport import imap
from connector.transport.imap import ImapLine, ImapServer

from tests.contract.mailbox_contract import a_mail, opened, seen_in
from tests.real.servers import certificate

AT = datetime(2026, 11, 24, tzinfo=UTC)
USER, PASSWORD = "connector@shop.example.jp", 'not "a\\ secret'
MAIL = a_mail(1, "見本 " * 200)

Say = Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]  # the writer, and the command's tag
USUAL = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
    b"SELECT": b"* OK [UIDVALIDITY 7] x\r\n",
    b"UID SEARCH": b"* SEARCH 1\r\n",
    b"UID FETCH": b"* 1 FETCH (UID 1 RFC822.SIZE %d)\r\n" % len(MAIL),
    b"BODY": b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
}


@pytest.fixture
async def box() -> AsyncIterator[ImapSandbox]:
    box = ImapSandbox(SteppedClock(AT), user=USER, password=PASSWORD)
    try:
        yield box
    finally:
        await box.stop()


@pytest.fixture
async def server(box: ImapSandbox, monkeypatch: pytest.MonkeyPatch) -> ImapServer:
    monkeypatch.setattr(imap, "GOODBYE_SECONDS", 0.3)
    host, port = await box.start()
    return ImapServer(host, port, USER, PASSWORD, security="none", command_seconds=0.3, body_seconds=0.6)


@asynccontextmanager
async def saying(odd: dict[bytes, bytes | Say]) -> AsyncIterator[int]:
    """A server that says the usual, and at one command something odd ($ is its tag); gives its port."""
    lines: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(writer)
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.strip().partition(b" ")
            words = command.split()
            name = b" ".join(words[:2]) if words[0] == b"UID" else words[0]
            name = b"BODY" if b"BODY.PEEK[]" in command else name
            answer = odd.get(name, USUAL.get(name, b""))
            if isinstance(answer, bytes):
                tagged = b"" if b"$" in answer else tag + b" OK done\r\n"
                writer.write(answer.replace(b"$", tag) + tagged)
            else:
                await answer(writer, tag)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    door = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with door:
        yield door.sockets[0].getsockname()[1]
        for writer in lines:
            writer.transport.abort()
        await asyncio.sleep(0.02)


async def drip(writer: asyncio.StreamWriter, tag: bytes) -> None:
    for byte in USUAL[b"BODY"]:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def cut_short(writer: asyncio.StreamWriter, tag: bytes) -> None:
    writer.write(USUAL[b"BODY"][:60] + b")\r\n" + tag + b" OK done\r\n")


async def reset(writer: asyncio.StreamWriter, tag: bytes) -> None:
    writer.write(USUAL[b"BODY"][:60])
    await writer.drain()
    writer.transport.abort()


@pytest.mark.parametrize("odd", [drip, cut_short, reset])
async def test_a_body_that_does_not_come_whole_is_no_body(server: ImapServer, odd: Say) -> None:
    """One byte at a time, fewer bytes than promised, a reset in the middle; fetched anew, it is whole."""
    answers: dict[bytes, bytes | Say] = {b"BODY": odd}
    async with saying(answers) as port, opened(replace(server, port=port)) as mailbox:
        async with asyncio.timeout(3):
            with pytest.raises(NotDone):
                await seen_in(mailbox)
        answers.clear()
        assert [mail.body for mail in await seen_in(mailbox)] == [MAIL]


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        (b"LOGIN", b"$ NO [UNAVAILABLE] the directory is away\r\n", NotDone),
        (b"LOGIN", b"$ BAD what\r\n", Refused),
        (b"SELECT", b"* 3 EXISTS\r\n$ OK no validity\r\n", Refused),
        (b"UID SEARCH", b"$ NO not now\r\n", Refused),
        (b"UID FETCH", b"$ BAD what\r\n", Refused),
        (b"BODY", b"$ NO not this one\r\n", Refused),
        (b"UID SEARCH", b"X1 OK an answer to nobody\r\n", NotDone),
        (b"UID SEARCH", b"* 1 EXPUNGE\r\n" * 4000 + b"$ OK done\r\n", NotDone),
    ],
)
async def test_every_odd_answer_is_one_of_our_kinds(
    server: ImapServer, command: bytes, answer: bytes, kind: type[ConnectorError]
) -> None:
    """The last row: the library takes each line one call deeper, and ends in a RecursionError."""
    answers: dict[bytes, bytes | Say] = {command: answer}
    async with saying(answers) as port, opened(replace(server, port=port)) as mailbox:
        with pytest.raises(kind):
            await seen_in(mailbox)
        answers.clear()
        if command != b"LOGIN" or kind is NotDone:
            assert [mail.body for mail in await seen_in(mailbox)] == [MAIL]


async def test_a_mail_that_went_away_is_passed_over(server: ImapServer) -> None:
    async with saying({b"BODY": b"* 1 EXPUNGE\r\n"}) as port, opened(replace(server, port=port)) as mailbox:
        assert await seen_in(mailbox) == []


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"* BYE too many connections\r\n", "too many connections"),
        (b"* PREAUTH welcome, whoever you are\r\n", "PREAUTH"),
        (b"220 mail.example.jp ESMTP\r\n", "220 mail"),
        (b"", "返事がありません"),
    ],
)
async def test_only_a_plain_greeting_opens_the_door(server: ImapServer, greeting: bytes, words: str) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    door = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    async with door, opened(replace(server, port=port)) as mailbox:
        with pytest.raises(NotDone, match=words):
            await seen_in(mailbox)
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("wrong", ["", "unknown", "expired", "host"])
async def test_only_a_certificate_that_somebody_vouches_for_is_spoken_to(tmp_path: Path, wrong: str) -> None:
    ends_at = datetime(2020, 1, 2, tzinfo=UTC) if wrong == "expired" else datetime(2126, 1, 1, tzinfo=UTC)
    context, ca_file = certificate(tmp_path, valid_until=ends_at, host="other" if wrong == "host" else "")
    box = ImapSandbox(SteppedClock(AT), user=USER, password=PASSWORD, ssl_context=context)
    host, port = await box.start()
    box.append("INBOX", a_mail(1))
    server = ImapServer(host, port, USER, PASSWORD, ca_file=None if wrong == "unknown" else ca_file)
    try:
        async with opened(server) as mailbox:
            if wrong:
                with pytest.raises(NotDone, match=r"(?i)certificate"):
                    await seen_in(mailbox)
            else:
                assert len(await seen_in(mailbox)) == 1
    finally:
        await box.stop()


async def test_without_the_extra_one_sentence_says_what_to_install(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = builtins.__import__

    def missing(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("aioimaplib"):
            raise ModuleNotFoundError(name)
        return usual(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    async with opened(server) as mailbox:
        with pytest.raises(Misconfigured, match=r'pip install "connector\[imap\]"') as misconfigured:
            await seen_in(mailbox)
        assert len(misconfigured.value.problems) == 1
        await mailbox.listen(lambda: None)


def test_the_password_stands_in_no_repr() -> None:
    assert "secret" not in repr(ImapServer("imap.example.jp", 993, "mihon", "secret"))


async def test_the_librarys_log_says_nothing_of_mails_and_passwords(
    box: ImapSandbox, server: ImapServer, caplog: pytest.LogCaptureFixture
) -> None:
    box.append("INBOX", a_mail(1, "見本 太郎"))
    with caplog.at_level("DEBUG"):
        async with opened(server) as mailbox:
            await seen_in(mailbox)
    assert not [record for record in caplog.records if record.name.startswith("aioimaplib")]


async def test_every_fault_is_one_of_our_kinds(box: ImapSandbox, server: ImapServer) -> None:
    """Whatever the library raises inside (here for a line break in a folder's name) comes out as ours."""
    line = await ImapLine.open(server, "INBOX")
    with pytest.raises(ConnectorError):
        await line.move(1, "a\r\nb LOGOUT")
    await line.close()
