"""The contract of `ports.Mailbox` over IMAP: one class, inherited for the sandbox and for real dovecot.

The other side of the mailbox, whoever delivers there and other programs of the same user, is the standard
library's imaplib: it shares nothing with what we read with.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from connector.adapters.mail import mailbox as rooms
from connector.adapters.mail.mailbox import ImapMailbox, MailboxSettings
from connector.adapters.mail.reports import read_report
from connector.clock import SystemClock
from connector.errors import Barred, Misconfigured, NotDone
from connector.incoming import MailReport, MailSeen
from connector.ports import Mailbox
from connector.transport.imap import ImapLine, ImapServer

LARGEST = 200_000
ODD = {
    "one byte": b"x",
    "header only": b"Subject: nothing below\r\n\r\n",
    "parentheses": b"Subject: ((\r\n\r\n)((\r\n* 1 FETCH (UID 9 BODY[] {5}\r\n",
    "looks like replies": b"Subject: A1 OK\r\n\r\nABCD1 OK done\r\n* BYE\r\n+ idling\r\n* 3 EXPUNGE\r\n",
    "looks like a literal": b"Subject: {10}\r\n\r\nthe end {99}\r\n{3}\r\n",
    "8 bit": "Subject: 不達\r\n\r\n配信できませんでした\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "iso-2022-jp": "Subject: x\r\n\r\n配送エラー\r\n".encode("iso-2022-jp"),
    "long line": b"Subject: x\r\n\r\n" + b"y" * 100_000 + b"\r\n",
    "quotes": b'Subject: "\\\r\n\r\n"""\\"\r\n',
}


@dataclass(frozen=True)
class Partner:
    """Another program with the same account."""

    server: ImapServer
    ca: ssl.SSLContext | None = None

    @contextmanager
    def _signed_in(self) -> Iterator[imaplib.IMAP4]:
        if self.ca is None:
            imap = imaplib.IMAP4(self.server.host, self.server.port, timeout=10)
        else:
            imap = imaplib.IMAP4_SSL(self.server.host, self.server.port, ssl_context=self.ca, timeout=10)
        try:
            imap.login(self.server.username, self.server.password)
            yield imap
        finally:
            imap.logout()

    async def append(self, *bodies: bytes, folder: str = "INBOX") -> None:
        def deliver() -> None:
            with self._signed_in() as imap:
                for body in bodies:
                    status, said = imap.append(folder, "", "", body)
                    assert status == "OK", said

        await asyncio.to_thread(deliver)

    async def mails(self, folder: str = "INBOX") -> list[bytes]:
        return [body for _, body in await self._all(folder)]

    async def flags(self, folder: str = "INBOX") -> list[str]:
        return [flags for flags, _ in await self._all(folder)]

    async def _all(self, folder: str) -> list[tuple[str, bytes]]:
        def read() -> list[tuple[str, bytes]]:
            with self._signed_in() as imap:
                status, _ = imap.select(f'"{folder}"', readonly=True)
                if status != "OK":
                    return []
                numbers = imap.uid("SEARCH", "ALL")[1][0].split()
                rows = [imap.uid("FETCH", number.decode(), "(FLAGS BODY.PEEK[])")[1] for number in numbers]
            pieces: list[tuple[bytes, bytes]] = [row[0] for row in rows if isinstance(row[0], tuple)]
            tails = [row[1] if isinstance(row[1], bytes) else b"" for row in rows]
            return [
                (" ".join(re.findall(r"\\\w+", (head + tail).decode())), bytes(body))
                for (head, body), tail in zip(pieces, tails, strict=True)
            ]

        return await asyncio.to_thread(read)

    async def mark_deleted(self, number: int, *, expunge: bool = False) -> None:
        """The mail at this place of the inbox, counted from 1."""

        def mark() -> None:
            with self._signed_in() as imap:
                imap.select("INBOX")
                uid = imap.uid("SEARCH", "ALL")[1][0].split()[number - 1].decode()
                imap.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
                if expunge:
                    imap.expunge()

        await asyncio.to_thread(mark)


def a_mail(number: int, text: str = "本文 (見本)") -> bytes:
    return f"Message-ID: <{number}@other.example.jp>\r\nSubject: {number}\r\n\r\n{text}\r\n".encode()


@asynccontextmanager
async def opened(server: ImapServer, **settings: Any) -> AsyncIterator[ImapMailbox]:
    """A mailbox of ours, closed again; nothing of it may still run afterwards."""
    before = asyncio.all_tasks()
    mailbox = ImapMailbox(
        server, MailboxSettings(**{"largest": LARGEST, **settings}), reader=read_report, clock=SystemClock()
    )
    try:
        yield mailbox
    finally:
        await mailbox.close()
    ours = [task for task in asyncio.all_tasks() - before if "/sandbox/" not in str(task.get_coro())]
    assert [task for task in ours if "aioimaplib" in repr(task) or "transport/imap" in repr(task)] == []


async def seen_in(mailbox: Mailbox) -> list[MailSeen]:
    return [mail async for mail in mailbox.waiting()]


def without(monkeypatch: pytest.MonkeyPatch, *abilities: str) -> None:
    """The server's list of what it can do lacks these."""
    import aioimaplib  # type: ignore[import-untyped, unused-ignore]

    protocol = aioimaplib.aioimaplib.IMAP4ClientProtocol
    ask = protocol.capability

    async def capability(self: Any) -> None:
        await ask(self)
        self.capabilities -= set(abilities)

    monkeypatch.setattr(protocol, "capability", capability)


class MailboxContract:
    """Inherit it and give the fixture `partner`: an account whose folders are empty."""

    @pytest.fixture
    def partner(self) -> Partner:
        raise AssertionError("the inheriting class names its server")

    async def test_an_empty_inbox_gives_nothing(self, partner: Partner) -> None:
        async with opened(partner.server) as mailbox:
            assert await seen_in(mailbox) == []

    async def test_mails_come_oldest_first_whole_and_unmarked(self, partner: Partner) -> None:
        mails = [a_mail(number) for number in range(5)]
        await partner.append(*mails)
        async with opened(partner.server) as mailbox:
            first, again = await seen_in(mailbox), await seen_in(mailbox)
        assert [mail.body for mail in first] == mails
        assert [mail.size for mail in first] == [len(mail) for mail in mails]
        assert first == again
        assert sorted(mail.uid for mail in first) == [mail.uid for mail in first]
        assert not any("Seen" in flags for flags in await partner.flags())

    @pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
    async def test_odd_bytes_come_as_they_are(self, partner: Partner, body: bytes) -> None:
        await partner.append(a_mail(1), body, a_mail(2))
        async with opened(partner.server) as mailbox:
            found = [mail.body for mail in await seen_in(mailbox)]
        assert found == [a_mail(1), body, a_mail(2)]

    async def test_a_mail_above_the_limit_comes_without_its_body(self, partner: Partner) -> None:
        fits, large = a_mail(1, "x" * (LARGEST - 200)), a_mail(2, "x" * LARGEST)
        await partner.append(fits, large, a_mail(3))
        async with opened(partner.server) as mailbox:
            found = await seen_in(mailbox)
            assert [mail.body for mail in found] == [fits, None, a_mail(3)]
            assert found[1].size == len(large)
            await mailbox.move(found[1], understood=False)
        assert await partner.mails("Quarantine") == [large]

    async def test_more_mails_than_one_portion(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rooms, "PORTION", 7)
        mails = [a_mail(number) for number in range(23)]
        await partner.append(*mails)
        async with opened(partner.server) as mailbox:
            assert [mail.body for mail in await seen_in(mailbox)] == mails

    async def test_what_is_kept_leaves_the_inbox_while_the_poll_goes_on(self, partner: Partner) -> None:
        await partner.append(*(a_mail(number) for number in range(6)))
        async with opened(partner.server, processed="Read Mails", quarantine="Odd") as mailbox:
            async for mail in mailbox.waiting():
                await mailbox.move(mail, understood=mail.uid % 2 == 0)
            assert await seen_in(mailbox) == []
        assert len(await partner.mails("Read Mails")) == len(await partner.mails("Odd")) == 3
        assert await partner.mails() == []

    async def test_moving_again_and_moving_what_is_gone_change_nothing(self, partner: Partner) -> None:
        await partner.append(a_mail(1), a_mail(2))
        async with opened(partner.server) as mailbox:
            first, second = await seen_in(mailbox)
            await mailbox.move(first, understood=True)
            await mailbox.move(first, understood=True)
            await partner.mark_deleted(1, expunge=True)
            await mailbox.move(second, understood=True)
        assert await partner.mails("Processed") == [a_mail(1)]
        assert await partner.mails() == []

    async def test_a_number_of_another_validity_moves_nothing(self, partner: Partner) -> None:
        await partner.append(a_mail(1))
        async with opened(partner.server) as mailbox:
            (mail,) = await seen_in(mailbox)
            other = MailSeen(uid_validity=mail.uid_validity + 1, uid=mail.uid, size=mail.size, body=mail.body)
            await mailbox.move(other, understood=True)
        assert await partner.mails() == [a_mail(1)]

    async def test_a_mail_taken_out_during_the_poll_is_passed_over(self, partner: Partner) -> None:
        await partner.append(*(a_mail(number) for number in range(3)))
        found = []
        async with opened(partner.server) as mailbox:
            async for mail in mailbox.waiting():
                found.append(mail.body)
                if len(found) == 1:
                    await partner.mark_deleted(2, expunge=True)
        assert found == [a_mail(0), a_mail(2)]

    @pytest.mark.parametrize("abilities", [("MOVE",), ("MOVE", "UIDPLUS")], ids=["copy", "copy-and-expunge"])
    async def test_a_server_without_move_is_served_by_copies(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch, abilities: tuple[str, ...]
    ) -> None:
        without(monkeypatch, *abilities)
        await partner.append(*(a_mail(number) for number in range(3)))
        async with opened(partner.server) as mailbox:
            first, second, _ = await seen_in(mailbox)
            await mailbox.move(first, understood=True)
            await mailbox.move(second, understood=False)
        assert await partner.mails() == [a_mail(2)]
        assert await partner.mails("Processed") == [a_mail(0)]
        assert await partner.mails("Quarantine") == [a_mail(1)]

    async def test_what_somebody_else_deleted_is_not_removed_before_it_is_kept(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without(monkeypatch, "MOVE", "UIDPLUS")
        await partner.append(*(a_mail(number) for number in range(3)))
        await partner.mark_deleted(3)
        async with opened(partner.server) as mailbox:
            first, second, third = await seen_in(mailbox)
            await mailbox.move(first, understood=True)
            assert await partner.mails() == [a_mail(0), a_mail(1), a_mail(2)]
            await mailbox.move(third, understood=True)  # now nothing is marked that was not kept
            assert await partner.mails() == [a_mail(1)]
            await mailbox.move(second, understood=True)
        assert await partner.mails() == []
        assert sorted(await partner.mails("Processed")) == [a_mail(0), a_mail(1), a_mail(2)]

    async def test_a_wrong_password_is_tried_once(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried, opening = [], ImapLine.open

        async def counted(server: ImapServer, folder: str) -> ImapLine:
            tried.append(folder)
            return await opening(server, folder)

        monkeypatch.setattr(ImapLine, "open", counted)
        async with opened(replace(partner.server, password="wrong")) as mailbox:
            for _ in range(2):
                with pytest.raises(Barred) as barred:
                    await seen_in(mailbox)
                assert (barred.value.system, "wrong" in str(barred.value)) == ("imap", False)
            await mailbox.listen(lambda: None)  # and the hint does not try it again
        assert tried == ["INBOX"]

    async def test_a_missing_inbox_is_the_servers_no(self, partner: Partner) -> None:
        async with opened(partner.server, inbox="No Such Folder") as mailbox:
            with pytest.raises(Exception, match="imap refused") as refused:
                await seen_in(mailbox)
        assert type(refused.value).__name__ == "Refused"

    async def test_nobody_listening_is_not_done(self, partner: Partner) -> None:
        async with opened(replace(partner.server, port=1)) as mailbox:
            with pytest.raises(NotDone):
                await seen_in(mailbox)

    async def test_a_push_is_a_hint(self, partner: Partner) -> None:
        hints: asyncio.Queue[None] = asyncio.Queue()
        async with opened(partner.server) as mailbox:
            listening = asyncio.create_task(mailbox.listen(lambda: hints.put_nowait(None)))
            await asyncio.sleep(0.3)
            for number in range(2):
                await partner.append(a_mail(number))
                await asyncio.wait_for(hints.get(), 5)
                assert [mail.body for mail in await seen_in(mailbox)][-1] == a_mail(number)
            listening.cancel()
            await asyncio.wait([listening])
            assert listening.cancelled()

    async def test_reading_is_the_readers(self, partner: Partner) -> None:
        async with opened(partner.server) as mailbox:
            assert isinstance(mailbox.read(b"\0\xff"), MailReport)


@pytest.mark.parametrize(
    ("server", "settings", "places"),
    [
        ({"host": "imap.example.jp", "security": "none"}, {}, ["imap.security"]),
        ({"security": "maybe"}, {}, ["imap.security"]),
        ({"port": 0}, {}, ["imap.port"]),
        ({"username": "見本"}, {}, ["imap.username"]),
        ({"username": "a\r\nb"}, {}, ["imap.username"]),
        ({"password": "x\0"}, {}, ["imap.password"]),
        ({"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}, {}, ["imap.tls"]),
        ({}, {"processed": "処理済み", "quarantine": "a\nb"}, ["mailbox.processed", "mailbox.quarantine"]),
        ({}, {"quarantine": "INBOX"}, ["mailbox.inbox"]),
    ],
)
def check_settings(server: dict[str, Any], settings: dict[str, Any], places: list[str]) -> None:
    """Run as a test where it is imported under a test's name."""
    told = ImapServer(**{"host": "localhost", "port": 993, "username": "a", "password": "b", **server})
    with pytest.raises(Misconfigured) as misconfigured:
        ImapMailbox(told, MailboxSettings(**settings), reader=read_report, clock=SystemClock())
    assert [problem.where for problem in misconfigured.value.problems] == places
