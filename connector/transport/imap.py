"""ImapLine (メールボックスの接続): one connection to one folder of an IMAP server, thrown away at its first fault.

Dangerous: the library waits for ever. It does not notice a dead line, a late reply answers the next question, and
IDLE has no end of its own; so every call here is raced with a clock and with the loss of the connection, and after
either the whole object is given up with all its tasks (reliability §9.3). The library is GPL-3.0-only: it is
imported here alone, and only when somebody reads mail.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from connector.errors import Barred, Misconfigured, NotDone, Problem, Refused, Unknown
from connector.transport import imap_replies
from connector.transport.smtp import is_loopback

SYSTEM = "imap"
GOODBYE_SECONDS = 5.0
TURN_SECONDS = 0.1  # for a cancelled task to end
ALIVE_SECONDS = 10.0  # proof of life after a quiet IDLE
PASSING = (
    "UNAVAILABLE",
    "INUSE",
    "LIMIT",
    "SERVERBUG",
    "CONTACTADMIN",
)  # RFC 5530: a login that may work later


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where mail lies and how we prove who we are. `tls` overrides `ca_file`."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    security: Literal["tls", "none"] | str = "tls"
    ca_file: Path | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    command_seconds: float = 30.0
    body_seconds: float = 600.0  # a whole mail; silence is cut off after command_seconds all the same

    def problems(self) -> list[Problem]:
        found = []
        if self.security not in ("tls", "none"):
            found.append(_problem("security", "知らない値です", "tls, none", self.security))
        if self.security == "none" and not is_loopback(self.host):
            words = "暗号化なしで読めるのは、このマシン自身のメールサーバだけです"
            found.append(_problem("security", words, "tls", self.host))
        if not 0 < self.port < 65536:
            found.append(_problem("port", "ポート番号ではありません", "1..65535", str(self.port)))
        if not (self.username.isascii() and self.username.isprintable() and self.username):
            found.append(_problem("username", "ログイン名として使えません", "印字できる ASCII 文字"))
        if not (self.password.isascii() and self.password.isprintable() and self.password):
            found.append(_problem("password", "パスワードとして使えません", "印字できる ASCII 文字"))
        if self.tls is not None and (
            self.tls.verify_mode != ssl.CERT_REQUIRED or not self.tls.check_hostname
        ):
            found.append(_problem("tls", "証明書の確認は外せません", "確認する SSLContext"))
        return found


class ImapLine:
    """Signed in, one folder selected. After any raised NotDone nothing may be asked of it again."""

    def __init__(self, server: ImapServer, client: Any) -> None:
        self._server, self._client = server, client
        self._lost = asyncio.Event()  # nothing may be asked any more
        self._gone = asyncio.Event()  # the socket is closed
        self._tasks: set[asyncio.Task[Any]] = set()
        self._why = "接続が切れました"
        self.validity = 0
        # The TLS client takes no callback, so it is set here, before anything is awaited.
        client.protocol.conn_lost_cb = self._on_loss
        self._welcome, client.protocol.welcome = client.protocol.welcome, self._greeted

    @classmethod
    async def open(cls, server: ImapServer, folder: str) -> ImapLine:
        """Connected, signed in with one attempt, `folder` selected.

        Raises Misconfigured without the extra, Barred for a refused login, Refused without that folder, else
        NotDone.
        """
        library = _library()
        tls, seconds = _context(server), server.command_seconds
        if tls is None:
            client = library.IMAP4(server.host, server.port, timeout=seconds)
        else:
            client = library.IMAP4_SSL(server.host, server.port, timeout=seconds, ssl_context=tls)
        line = cls(server, client)
        try:
            await line._enter(folder)
        except BaseException:
            await line.abandon()
            raise
        return line

    @property
    def lost(self) -> bool:
        return self._lost.is_set()

    async def uids(self) -> list[int]:
        """Every mail in the folder, oldest first."""
        return imap_replies.uids(await self._ok("SEARCH", self._client.uid_search("ALL", charset=None)))

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """How large these mails are; what is gone is absent. A few hundred at once: the library recurses."""
        wanted = ",".join(map(str, uids))
        lines = await self._ok("FETCH", self._client.uid("FETCH", wanted, "(UID RFC822.SIZE)"))
        return {row.uid: row.size for row in imap_replies.fetched(lines) if row.size is not None}

    async def body(self, uid: int) -> bytes | None:
        """One mail, unmarked; None where it is gone."""
        asked = self._client.uid("FETCH", str(uid), "(UID BODY.PEEK[])")
        lines = await self._ok("FETCH", asked, seconds=self._server.body_seconds)
        rows = (row for row in imap_replies.fetched(lines) if row.uid == uid and row.body is not None)
        return next((row.body for row in rows), None)

    async def move(self, uid: int, folder: str, *, also: frozenset[int] = frozenset()) -> bool:
        """Into `folder`, made if missing; a mail that is gone is no fault. False: copied, marked, still here.

        Where the server can expunge only everything, it does so only if nothing but this mail and those of
        `also` is marked: a mail that somebody else deleted may be one that nobody has kept yet.
        """
        try:
            return await self._move(uid, folder, also)
        except NotDone as fault:
            raise Unknown(str(fault)) from fault

    async def _move(self, uid: int, folder: str, also: frozenset[int]) -> bool:
        if self._client.has_capability("MOVE"):
            await self._into(folder, lambda: self._client.uid("MOVE", str(uid), _quoted(folder)), "MOVE")
            return True
        await self._into(folder, lambda: self._client.uid("COPY", str(uid), _quoted(folder)), "COPY")
        await self._ok("STORE", self._client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
        if self._client.has_capability("UIDPLUS"):
            await self._ok("EXPUNGE", self._client.uid("EXPUNGE", str(uid)))
            return True
        marked = await self._ok("SEARCH", self._client.uid_search("DELETED", charset=None))
        if not set(imap_replies.uids(marked)) <= also | {uid}:
            return False
        await self._ok("EXPUNGE", self._client.expunge())
        return True

    async def noop(self) -> None:
        """Proof of life."""
        await self._ok("NOOP", self._client.noop(), seconds=ALIVE_SECONDS)

    async def pushed(self, seconds: float) -> bool:
        """IDLE for so long. True as soon as the server says that mail came; a hint, never the truth."""
        if not self._client.has_capability("IDLE"):
            raise Refused(SYSTEM, "IDLE", "サーバが IDLE に対応していません")
        ended = await self._raced(self._client.idle_start(2 * seconds), ALIVE_SECONDS)
        try:
            came = await self._news(seconds)
        except BaseException:
            await self.abandon()
            raise
        self._client.idle_done()
        await self._raced(_end_of(ended), ALIVE_SECONDS)
        return came

    async def _news(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            said = await self._first(self._client.protocol.idle_queue.get(), left)
            if self.lost:
                raise self._fault(said, seconds)
            if not _ended(said):
                return False
            if any(line.endswith(b" EXISTS") for line in said.result()):
                return True
        return False

    async def close(self) -> None:
        """Say goodbye if the other side still listens, and give everything back."""
        try:
            if not self.lost:
                await self._raced(self._client.logout(), GOODBYE_SECONDS)
        except NotDone:
            pass  # how it says goodbye changes nothing
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Cut the line and collect whatever the library left running."""
        self._lost.set()
        client, protocol = self._client, self._client.protocol
        if client._idle_waiter is not None:
            client._idle_waiter.cancel()
        if protocol.transport is not None:
            protocol.transport.abort()
        left = {client._client_task, *client.tasks, *protocol.tasks, *self._tasks}
        for task in left:
            task.cancel()
        ended, _ = await asyncio.wait(left, timeout=GOODBYE_SECONDS)
        for task in ended:
            _ = task.cancelled() or task.exception()  # seen, so that nobody reports it as unheard
        if protocol.transport is not None:  # after abort() the loop tells us in one of its next turns
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._gone.wait()
            except TimeoutError:
                pass

    async def _enter(self, folder: str) -> None:
        server = self._server
        await self._raced(self._client.wait_hello_from_server(), server.command_seconds)
        signed_in = await self._raced(
            self._client.login(_quoted(server.username), server.password), server.command_seconds
        )
        if signed_in.result != "OK":
            said = imap_replies.words(signed_in.lines)
            kind = imap_replies.code(signed_in.lines[-1]) if signed_in.lines else ""
            if kind in PASSING:
                raise NotDone(f"{server.host} は今ログインを受け付けません: {said}")
            raise Barred(SYSTEM, kind or "LOGIN", f"ログインを断られました: {said}")
        # What a server can do may change with the login, and not every server says so by itself.
        await self._raced(self._client.protocol.capability(), server.command_seconds)
        lines = await self._ok("SELECT", self._client.select(_quoted(folder)))
        validity = imap_replies.validity(lines)
        if validity is None:
            raise Refused(SYSTEM, "SELECT", f"フォルダ {folder} の UIDVALIDITY が分かりません")
        self.validity = validity

    async def _into(self, folder: str, command: Any, name: str) -> None:
        """MOVE or COPY; where the folder may be missing it is made and the command given once more."""
        answer = await self._raced(command(), self._server.command_seconds)
        if answer.result == "NO":
            # A folder that is there already answers NO as well; the second try tells the two apart.
            await self._raced(self._client.create(_quoted(folder)), self._server.command_seconds)
            await self._raced(self._client.subscribe(_quoted(folder)), self._server.command_seconds)
            answer = await self._raced(command(), self._server.command_seconds)
        if answer.result != "OK":
            raise Refused(SYSTEM, name, imap_replies.words(answer.lines))

    async def _ok(
        self, name: str, call: Coroutine[Any, Any, Any], *, seconds: float | None = None
    ) -> Sequence[imap_replies.Line]:
        answer = await self._raced(call, seconds or self._server.command_seconds)
        if answer.result != "OK":
            raise Refused(SYSTEM, name, imap_replies.words(answer.lines))
        lines: Sequence[imap_replies.Line] = answer.lines
        return lines

    async def _raced(self, call: Coroutine[Any, Any, Any], seconds: float) -> Any:
        """The call, the clock and the loss of the line: whichever comes first. Only the call leaves it usable."""
        try:
            task = await self._first(call, seconds)
        except BaseException:
            await self.abandon()
            raise
        if not _ended(task) or task.exception() is not None:
            fault = self._fault(task, seconds)
            await self.abandon()
            raise fault
        return task.result()

    async def _first(self, call: Coroutine[Any, Any, Any], seconds: float) -> asyncio.Task[Any]:
        """The call's task: ended, or told to end because the time was up or the line is gone."""
        task, loss = (self._begun(one) for one in (call, self._lost.wait()))
        try:
            await asyncio.wait({task, loss}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            loss.cancel()
        # Not for longer: inside the library one task may hold the lock that another needs to end.
        await asyncio.wait({task, loss}, timeout=TURN_SECONDS)
        return task

    def _begun(self, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _fault(self, task: asyncio.Task[Any], seconds: float) -> NotDone:
        where = f"{self._server.host} のメールボックス"
        if self.lost:
            return NotDone(f"{where}: {self._why}")
        if _ended(task) and (error := task.exception()) is not None:
            return NotDone(f"{where}: {str(error) or type(error).__name__}")
        return NotDone(f"{where}: {seconds:g}秒たっても返事がありません")

    def _on_loss(self, error: Exception | None) -> None:
        if error is not None:
            self._why = f"接続が切れました: {error}"
        self._gone.set()
        self._lost.set()

    async def _greeted(self, greeting: bytes) -> None:
        """Only a plain OK opens the door: the library would leave a BYE unheard, and take PREAUTH for us."""
        if not greeting.startswith(b"* OK"):
            self._why = f"挨拶が断りでした: {imap_replies.words([greeting])}"
            self._lost.set()
            return
        await self._welcome(greeting)


def _ended(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled()


async def _end_of(task: asyncio.Future[Any]) -> Any:
    return await task


def _library() -> ModuleType:
    """aioimaplib, or one clear sentence. Its own log would repeat whole mails and, escaped, the password."""
    try:
        import aioimaplib  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        words = "メールボックスを読む部品 (aioimaplib) がありません"
        raise Misconfigured([_problem("", words, 'pip install "connector[imap]"')]) from error
    logging.getLogger("aioimaplib").setLevel(logging.WARNING)
    library: ModuleType = aioimaplib
    return library


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _context(server: ImapServer) -> ssl.SSLContext | None:
    if server.security == "none":
        return None
    if server.tls is not None:
        return server.tls
    context = ssl.create_default_context(cafile=server.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _problem(where: str, words: str, expected: str, found: str = "") -> Problem:
    return Problem(f"{SYSTEM}.{where}".rstrip("."), 0, 0, words, found, expected)
