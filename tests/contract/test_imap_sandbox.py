"""The mailbox server as the wire shows it, and as aioimaplib meets it: strict, and badly behaved on request."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from connector.clock import SteppedClock
from connector.sandbox.imap import ImapSandbox, Mischief

from tests.contract.ne_case import PICTURE_AT, at, tls_contexts

aioimaplib = pytest.importorskip("aioimaplib")  # the extra `imap`

USER, PASSWORD = "connector@shop.example.jp", "not-a-secret"
MAIL = b"Subject: =?utf-8?B?6KaL5pys?=\r\nMessage-ID: <1@shop.example.jp>\r\n\r\n\xe8\xa6\x8b\xe6\x9c\xac (a)\r\n"


class Raw:
    """Commands as bytes, replies as lines; literals stay in their line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.count = 0

    async def line(self) -> bytes:
        line = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 5)
        if line.endswith(b"}\r\n"):
            size = int(line.rpartition(b"{")[2][:-3])
            line += await self.reader.readexactly(size) + await self.line()
        return line

    async def __call__(self, command: str | bytes) -> list[bytes]:
        """Send a command; everything up to its tagged reply."""
        self.count += 1
        tag = f"a{self.count}".encode()
        self.writer.write(tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        lines = [await self.line()]
        while not lines[-1].startswith(tag + b" "):
            lines.append(await self.line())
        return [line.removeprefix(tag + b" ").removesuffix(b"\r\n") for line in lines]

    async def answer(self, command: str | bytes) -> str:
        return (await self(command))[-1].decode()


@asynccontextmanager
async def box(tls: ssl.SSLContext | None = None) -> AsyncIterator[ImapSandbox]:
    sandbox = ImapSandbox(SteppedClock(at(PICTURE_AT)), user=USER, password=PASSWORD, ssl_context=tls)
    try:
        yield sandbox
    finally:
        await sandbox.stop()


@asynccontextmanager
async def raw(sandbox: ImapSandbox, *, selected: bool = True) -> AsyncIterator[Raw]:
    if sandbox._server is None:
        sandbox.address = await sandbox.start()  # type: ignore[attr-defined]
    reader, writer = await asyncio.open_connection(*sandbox.address)  # type: ignore[attr-defined]
    line = Raw(reader, writer)
    assert (await line.line()).startswith(b"* OK ")
    if selected:
        assert (await line.answer(f'LOGIN {USER} "{PASSWORD}"')).startswith("OK ")
        assert (await line.answer("SELECT INBOX")).startswith("OK [READ-WRITE]")
    try:
        yield line
    finally:
        writer.close()


async def test_it_tells_what_it_can_and_lets_nobody_in_with_a_wrong_password() -> None:
    async with box() as sandbox, raw(sandbox, selected=False) as say:
        assert (await say("CAPABILITY"))[0] == b"* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS"
        assert (await say.answer("SELECT INBOX")).startswith("BAD")
        assert (await say.answer(f"LOGIN {USER} wrong")).startswith("NO [AUTHENTICATIONFAILED]")
        assert (await say.answer("LOGIN {9}\r\nsomeone@x wrong")).startswith("NO")
        assert (await say.answer(f"LOGIN {USER} {PASSWORD}")).startswith("OK")
        assert (await say.answer("UID FETCH 1 (UID)")).startswith("BAD")  # nothing selected
        assert await say("LOGOUT") == [b"* BYE Logging out", b"OK Logout completed."]
        assert await say.reader.read() == b""


async def test_select_tells_count_validity_and_the_next_uid() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        sandbox.append("INBOX", MAIL)
        told = await say("EXAMINE inbox")
        assert b"* 1 EXISTS\r\n" in told[2] + b"\r\n"
        validity = sandbox.folders["INBOX"].validity
        assert f"* OK [UIDVALIDITY {validity}] UIDs valid".encode() in told
        assert b"* OK [UIDNEXT 2] Predicted next UID" in told
        assert told[-1].startswith(b"OK [READ-ONLY]")
        assert (await say.answer("UID STORE 1 +FLAGS (\\Seen)")).startswith("NO")
        assert (await say.answer("SELECT Nowhere")).startswith("NO")


async def test_bodies_come_as_literals_byte_for_byte_and_peek_leaves_no_mark() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        odd = b"Subject: x\r\n\r\n)\x00\xff\r\na2 OK not the end\r\n{3}\r\n"
        sandbox.append("INBOX", MAIL)
        sandbox.append("INBOX", odd)
        await say("NOOP")  # as by real servers, mails exist for a connection once they were told
        told = await say("UID FETCH 1:* (UID RFC822.SIZE FLAGS)")
        assert told[:2] == [
            f"* 1 FETCH (UID 1 RFC822.SIZE {len(MAIL)} FLAGS ())".encode(),
            f"* 2 FETCH (UID 2 RFC822.SIZE {len(odd)} FLAGS ())".encode(),
        ]
        peeked = await say("UID FETCH 2 (UID BODY.PEEK[])")
        assert peeked[0] == f"* 2 FETCH (UID 2 BODY[] {{{len(odd)}}}\r\n".encode() + odd + b")"
        assert sandbox.folders["INBOX"].mail(2).flags == set()
        await say("UID FETCH 2 BODY[]")
        assert sandbox.folders["INBOX"].mail(2).flags == {r"\Seen"}
        assert (await say("UID FETCH 1 BODY.PEEK[HEADER]"))[0].endswith(b"<1@shop.example.jp>\r\n\r\n)")


async def test_uid_sets_are_read_as_the_rfc_says() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        for _ in range(4):
            sandbox.append("INBOX", MAIL)
        sandbox.remove("INBOX", 2)
        await say("NOOP")
        for asked, found in {
            "ALL": b"* SEARCH 1 3 4",
            "UID 3:*": b"* SEARCH 3 4",
            "UID 900:*": b"* SEARCH 4",  # `*` is the highest there is, so the set names it
            "UID 1,4": b"* SEARCH 1 4",
            "CHARSET utf-8 UNSEEN UID 4:3": b"* SEARCH 3 4",
            "UID 2": b"* SEARCH",
            "SEEN": b"* SEARCH",
        }.items():
            assert (await say(f"UID SEARCH {asked}"))[0] == found, asked
        assert (await say.answer("UID SEARCH CHARSET x-odd ALL")).startswith("NO [BADCHARSET")


@pytest.mark.parametrize(
    "command",
    [
        *(
            "FETCH 1 (UID)",
            "SEARCH ALL",
            "STARTTLS",
            "UID THREAD ALL",
            "UID FETCH 1 ENVELOPE",
            "UID FETCH 0 UID",
        ),
        *(
            "UID FETCH one UID",
            "UID FETCH 1",
            "UID FETCH 1 (UID",
            "UID FETCH 1 UID)",
            "SELECT  INBOX",
            "NOOP NOOP",
        ),
        *(
            "UID STORE 1 FLAGS (\\Odd)",
            "UID SEARCH SUBJECT x",
            "UID SEARCH",
            "SELECT 出荷",
            'SELECT "出荷"',
            "",
        ),
        *("UID", "LOGIN a b", 'SELECT "INBOX', "CREATE Pro*", "STORE 1 +FLAGS (\\Seen)"),
    ],
)
async def test_what_it_does_not_know_to_the_letter_is_bad(command: str) -> None:
    async with box() as sandbox, raw(sandbox) as say:
        sandbox.append("INBOX", MAIL)
        await say("NOOP")
        say.writer.write(b"b1 " + command.encode() + b"\r\n")
        assert (await say.line()).split(b" ")[1] == b"BAD"
        assert (await say.answer("NOOP")).startswith("OK")  # and the line lives


async def test_moved_mails_get_new_uids_and_the_target_must_exist() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        for _ in range(3):
            sandbox.append("INBOX", MAIL)
        await say("NOOP")
        assert (await say.answer("UID MOVE 1 Processed")).startswith("NO [TRYCREATE]")
        assert (await say.answer("CREATE Processed")).startswith("OK")
        assert (await say.answer("CREATE Processed")).startswith("NO [ALREADYEXISTS]")
        target = sandbox.folders["Processed"]
        moved = await say("UID MOVE 1:2 Processed")
        assert moved == [
            f"* OK [COPYUID {target.validity} 1,2 1,2] Moved UIDs.".encode(),
            b"* 2 EXPUNGE",
            b"* 1 EXPUNGE",
            b"OK Move completed.",
        ]
        assert [mail.uid for mail in sandbox.folders["INBOX"].mails] == [3]
        assert await say("UID MOVE 1 Processed") == [b"OK Move completed."]  # gone already
        assert (await say("UID COPY 3 Processed"))[-1].startswith(b"OK [COPYUID ")
        await say("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
        assert await say("EXPUNGE") == [b"* 1 EXPUNGE", b"OK Expunge completed."]
        assert [mail.uid for mail in target.mails] == [1, 2, 3]
        assert (await say('LIST "" "*"'))[:2] == [
            b'* LIST (\\HasNoChildren) "/" "INBOX"',
            b'* LIST (\\HasNoChildren) "/" "Processed"',
        ]


async def test_who_idles_is_told_at_once_and_others_at_their_next_command() -> None:
    async with box() as sandbox, raw(sandbox) as idler, raw(sandbox) as other:
        idler.writer.write(b"i1 IDLE\r\n")
        assert await idler.line() == b"+ idling\r\n"
        sandbox.append("INBOX", MAIL)
        assert await idler.line() == b"* 1 EXISTS\r\n"
        assert sandbox.idlers == 1
        assert (await other("NOOP"))[0] == b"* 1 EXISTS"
        sandbox.remove("INBOX", 1)
        assert await idler.line() == b"* 1 EXPUNGE\r\n"
        idler.writer.write(b"DONE\r\n")
        assert await idler.line() == b"i1 OK Idle completed.\r\n"


async def test_a_renewed_validity_gives_other_uids_and_throws_everybody_out() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        for _ in range(3):
            sandbox.append("INBOX", MAIL)
        sandbox.remove("INBOX", 1)
        folder = sandbox.folders["INBOX"]
        before = folder.validity
        sandbox.renew_validity("INBOX")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await say("NOOP")
        assert (folder.validity, [mail.uid for mail in folder.mails]) == (before + 1, [1, 2])
        assert sandbox.append("INBOX", MAIL) == 3


# Mischief, seen raw.


async def test_a_late_reply_comes_in_front_of_the_next_and_a_missing_one_never() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        sandbox.misbehave("late-reply", command="NOOP")
        say.writer.write(b"l1 NOOP\r\n")
        assert (await say("CAPABILITY"))[0] == b"l1 OK NOOP completed."
        sandbox.misbehave("late-reply")
        say.writer.write(b"l2 NOOP\r\n")
        await asyncio.sleep(0.05)
        sandbox.release()
        assert await say.line() == b"l2 OK NOOP completed.\r\n"
        sandbox.misbehave("no-reply")
        say.writer.write(b"n1 NOOP\r\n")
        assert (await say("CAPABILITY"))[0].startswith(b"* CAPABILITY")


async def test_idle_may_end_in_bye_or_in_nothing() -> None:
    async with box() as sandbox:
        async with raw(sandbox) as say:
            sandbox.misbehave("bye-for-idle")
            assert (await say("NOOP"))[-1].startswith(b"OK")  # waits for an IDLE
            say.writer.write(b"i1 IDLE\r\n")
            assert await say.line() == b"* BYE Too many connections\r\n"
            assert await say.reader.read() == b""
        async with raw(sandbox) as say:
            sandbox.misbehave(Mischief.KILL_IDLE)
            say.writer.write(b"i1 IDLE\r\n")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                assert await say.line() == b"+ idling\r\n"
                await say.line()


async def test_a_half_open_line_is_silent_and_a_cut_one_has_done_its_work() -> None:
    async with box() as sandbox:
        async with raw(sandbox) as say:
            sandbox.misbehave("half-open")
            say.writer.write(b"h1 NOOP\r\nh2 NOOP\r\n")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(say.reader.read(1), 0.2)
            assert sandbox.connections == 1
        async with raw(sandbox) as say:
            sandbox.misbehave("cut", command="CREATE")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await say("CREATE Processed")
            assert "Processed" in sandbox.folders


async def test_another_client_removes_a_mail_between_search_and_fetch() -> None:
    async with box() as sandbox, raw(sandbox) as say:
        for _ in range(3):
            sandbox.append("INBOX", MAIL)
        await say("NOOP")
        sandbox.misbehave("expunge-between", command="UID FETCH")
        told = await say("UID FETCH 1,2 (UID)")
        assert told == [b"* 1 EXPUNGE", b"* 1 FETCH (UID 2)", b"OK Fetch completed."]


# aioimaplib meets it.


@asynccontextmanager
async def client(sandbox: ImapSandbox) -> AsyncIterator[Any]:
    host, port = await sandbox.start()
    imap = aioimaplib.IMAP4(host, port, timeout=5)
    await imap.wait_hello_from_server()
    assert (await imap.login(USER, PASSWORD)).result == "OK"
    yield imap
    if imap.get_state() != "LOGOUT":
        await imap.logout()


async def test_aioimaplib_reads_moves_and_idles() -> None:
    async with box() as sandbox, client(sandbox) as imap:
        assert imap.has_capability("IDLE")
        assert imap.has_capability("MOVE")
        await imap.create("Processed")
        sandbox.append("INBOX", MAIL)
        assert (await imap.select("INBOX")).result == "OK"
        found = await imap.uid_search("ALL")
        assert (found.result, found.lines[0]) == ("OK", b"1")
        fetched = await imap.uid("fetch", "1", "(UID BODY.PEEK[])")
        assert bytes(fetched.lines[1]) == MAIL
        idle = await imap.idle_start(timeout=5)
        sandbox.append("INBOX", MAIL)
        assert await imap.wait_server_push(timeout=5) == [b"2 EXISTS"]
        imap.idle_done()
        await asyncio.wait_for(idle, 5)
        moved = await imap.uid("move", "1", "Processed")
        assert moved.result == "OK"
        assert moved.lines[0].startswith(b"OK [COPYUID ")
        appended = await imap.append(MAIL, mailbox="Processed")
        assert appended.result == "OK"
        assert [mail.body for mail in sandbox.folders["Processed"].mails] == [MAIL, MAIL]


async def test_aioimaplib_reads_a_reply_that_arrives_in_crumbs() -> None:
    async with box() as sandbox, client(sandbox) as imap:
        big = MAIL + b"x" * 50_000
        sandbox.append("INBOX", big)
        await imap.select("INBOX")
        sandbox.misbehave("fragments", times=2)
        assert (await imap.uid_search("ALL")).lines[0] == b"1"
        fetched = await imap.uid("fetch", "1", "(UID BODY.PEEK[])")
        assert bytes(fetched.lines[1]) == big


async def test_the_standard_library_reads_it_over_tls(tmp_path: Path) -> None:
    server, trusting = tls_contexts(tmp_path)
    async with box(server) as sandbox:
        _, port = await sandbox.start()
        sandbox.append("INBOX", MAIL)

        def read() -> bytes:
            with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trusting, timeout=5) as imap:
                imap.login(USER, PASSWORD)
                imap.select("INBOX")
                return bytes(imap.uid("FETCH", "1", "(BODY.PEEK[])")[1][0][1])

        assert await asyncio.to_thread(read) == MAIL
