"""SftpDrop (SFTP): files handed over through a partner's SSH server, one session reused across calls.

Dangerous: a server that is not the partner's. Its key is pinned; another key, or a refused login, stops this
drop until it is built anew. Only the plain rename of SFTP version 3 is used: it fails on an existing name,
while OpenSSH's `posix-rename` overwrites (reliability §9.2).
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from connector.clock import Clock
from connector.errors import Barred, Misconfigured, NotDone, Problem, Unknown
from connector.transport.drop import (
    LARGEST_FILE,
    MOST_NAMESAKES,
    Entry,
    crowded,
    is_unfinished,
    namesake,
    own_name,
    plain_folder,
    plain_name,
    taken,
    temporary,
    too_large,
)

if TYPE_CHECKING:
    import asyncssh

SYSTEM = "sftp"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SftpDoor:
    """Where the partner's server is and how we prove who we are; a key file or a password.

    `known_hosts` is the text of a known_hosts file with the pinned key. `root` is the folder all ours lie in.
    """

    host: str
    port: int
    username: str
    known_hosts: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    root: str = "."
    idle_seconds: float = 60.0  # a session unused for longer is not trusted to be alive
    call_seconds: float = 60.0  # patience for one step on the wire
    largest: int = LARGEST_FILE

    def problems(self) -> list[Problem]:
        found = []
        if not self.known_hosts.strip():
            found.append(_problem("known_hosts", "相手サーバの鍵が登録されていません", "known_hosts の内容"))
        if (self.password is None) == (self.key_file is None):
            found.append(
                _problem("password / key_file", "どちらか一つを指定してください", "鍵ファイルかパスワード")
            )
        if not 0 < self.port < 65536:
            found.append(_problem("port", "ポート番号ではありません", "1..65535"))
        return found


class SftpDrop:
    """A `Drop` on the partner's server."""

    def __init__(self, door: SftpDoor, *, clock: Clock) -> None:
        problems = door.problems()
        if problems:
            raise Misconfigured(problems)
        self._door, self._clock = door, clock
        self._connecting = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._files: asyncssh.SFTPClient | None = None
        self._used = 0.0
        self._stopped: tuple[str, str] | None = None

    async def put(self, folder: str, name: str, body: bytes) -> None:
        place = self._place(folder)
        target, part = str(place / own_name(SYSTEM, name)), str(place / temporary(name))
        if await self._lies_there(target, body):
            return
        async with self._session(f"{name} を書き込めません") as files:
            await _write(files, part, body)
            if (await files.stat(part)).size != len(body):
                raise NotDone(f"{name} の大きさが書き込んだものと違います")
        if not await self._rename(part, target) and not await self._lies_there(target, body):
            raise NotDone(f"{name} を置けません (相手が名前の変更を断りました)")

    async def list(self, folder: str) -> Sequence[Entry]:
        place = self._place(folder)
        async with self._session(f"フォルダ {folder} を一覧できません") as files:
            found = [_entry(item) async for item in files.scandir(str(place))]
        return tuple(sorted((entry for entry in found if entry), key=lambda entry: entry.name))

    async def read(self, folder: str, name: str) -> bytes:
        path = str(self._place(folder) / plain_name(SYSTEM, name))
        body = await self._read(path, self._door.largest + 1)
        if len(body) > self._door.largest:
            raise too_large(name, self._door.largest)
        return body

    async def move(self, folder: str, name: str, to_folder: str) -> None:
        source = str(self._place(folder) / plain_name(SYSTEM, name))
        archive = self._place(to_folder)
        async with self._session(f"移動先 {to_folder} を作れません") as files:
            if not await files.isdir(str(archive)):
                await files.mkdir(str(archive))
        for number in range(1, MOST_NAMESAKES + 1):
            target = str(archive / namesake(name, number))
            if await self._rename(source, target):
                return
            if not await self._exists(target):
                raise NotDone(f"{name!r} を {to_folder} へ移せません")
        raise crowded(SYSTEM, name)

    async def close(self) -> None:
        files, connection = self._files, self._connection
        self._files = self._connection = None
        if files is None or connection is None:
            await asyncio.sleep(0)  # a line that was cut closes its socket at the loop's next turn
            return
        files.exit()
        connection.close()
        try:
            async with asyncio.timeout(self._door.call_seconds):
                await connection.wait_closed()
        except TimeoutError:
            connection.abort()

    def _place(self, folder: str) -> PurePosixPath:
        return PurePosixPath(self._door.root) / plain_folder(SYSTEM, folder)

    async def _lies_there(self, target: str, body: bytes) -> bool:
        """Whether these very bytes lie under that name; other bytes under it are refused."""
        if not await self._exists(target):
            return False
        if await self._read(target, len(body) + 1) != body:
            raise taken(SYSTEM, PurePosixPath(target).name)
        return True

    async def _exists(self, path: str) -> bool:
        async with self._session(f"{PurePosixPath(path).name!r} を確認できません") as files:
            return await files.lexists(path)

    async def _read(self, path: str, most: int) -> bytes:
        async with self._session(f"{PurePosixPath(path).name!r} を読めません") as files:
            async with files.open(path, "rb") as file:
                body = bytearray()
                while len(body) < most and (piece := await file.read(min(_CHUNK, most - len(body)))):
                    body += cast(bytes, piece)
            return bytes(body)

    async def _rename(self, source: str, target: str) -> bool:
        """Plain rename; False where the server refused it. A lost reply is Unknown."""
        import asyncssh

        name = PurePosixPath(target).name
        sent = False
        try:
            async with self._session(f"{name!r} の名前を変えられません") as files:
                sent = True
                await files.rename(source, target)
        except NotDone as fault:
            if isinstance(fault.__cause__, asyncssh.SFTPError) and not _lost(fault.__cause__):
                return False
            if sent:
                raise Unknown(f"{name!r} に変える返事が届きませんでした") from fault
            raise
        return True

    @asynccontextmanager
    async def _session(self, words: str) -> AsyncIterator[asyncssh.SFTPClient]:
        """The living session; what breaks inside is NotDone, and a broken line is thrown away."""
        import asyncssh

        files = await self._open()
        try:
            async with asyncio.timeout(self._door.call_seconds):
                yield files
        except asyncssh.SFTPPermissionDenied as error:
            raise Barred(SYSTEM, "permission", f"{words}: {error.reason}") from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            if _lost(error):
                self._abandon(files)
            raise NotDone(f"{words}: {_said(error)}") from error
        self._used = self._clock.monotonic()

    async def _open(self) -> asyncssh.SFTPClient:
        async with self._connecting:
            if self._stopped is not None:
                raise Barred(SYSTEM, *self._stopped)
            if self._files is not None and self._clock.monotonic() - self._used > self._door.idle_seconds:
                await self.close()
            if self._files is None:
                self._files = await self._connect()
                self._used = self._clock.monotonic()
            return self._files

    async def _connect(self) -> asyncssh.SFTPClient:
        import asyncssh

        try:
            async with asyncio.timeout(self._door.call_seconds):
                return await self._sign_in()
        except asyncssh.HostKeyNotVerifiable as error:
            words = "相手サーバの鍵が登録したものと違います。相手に確認するまで接続しません"
            self._stopped = ("host_key", words)
            raise Barred(SYSTEM, *self._stopped) from error
        except asyncssh.PermissionDenied as error:
            # One attempt: a partner's server locks an account after a few.
            self._stopped = ("credentials", f"ログインを断られました: {error.reason}")
            raise Barred(SYSTEM, *self._stopped) from error
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise NotDone(f"{self._door.host} に接続できません: {_said(error)}") from error
        except ValueError as error:
            raise Barred(SYSTEM, "settings", f"鍵ファイルか known_hosts を読めません: {error}") from error

    async def _sign_in(self) -> asyncssh.SFTPClient:
        import asyncssh

        connection = await asyncssh.connect(self._door.host, self._door.port, **self._options())
        try:
            files = await connection.start_sftp_client(path_errors="surrogateescape")
        except BaseException:
            connection.abort()
            raise
        self._connection = connection
        return files

    def _options(self) -> dict[str, Any]:
        door = self._door
        return {
            "username": door.username,
            # As bytes: an empty text would make the library read the account's own file instead.
            "known_hosts": door.known_hosts.encode(),
            "client_keys": [str(door.key_file)] if door.key_file else None,
            "password": door.password,
            "agent_path": None,
            "config": None,
            "preferred_auth": "publickey" if door.key_file else "password,keyboard-interactive",
            "login_timeout": door.call_seconds,
            "keepalive_interval": 15,
        }

    def _abandon(self, files: asyncssh.SFTPClient) -> None:
        if files is not self._files:
            return
        if self._connection is not None:
            self._connection.abort()
        self._files = self._connection = None


async def _write(files: asyncssh.SFTPClient, part: str, body: bytes) -> None:
    import asyncssh

    async with files.open(part, "wb") as file:
        await file.write(body)
        try:
            await file.fsync()
        except asyncssh.SFTPOpUnsupported:
            return  # a partner's server may lack the extension; the size is checked in any case


def _entry(item: asyncssh.SFTPName) -> Entry | None:
    name, facts = cast(str, item.filename), item.attrs
    kind = stat.S_IFMT(facts.permissions or 0)  # some servers send the rights without the kind
    if not name or "/" in name or is_unfinished(name) or kind not in (0, stat.S_IFREG):
        return None
    modified_at = None if facts.mtime is None else datetime.fromtimestamp(facts.mtime, UTC)
    return Entry(name, facts.size or 0, modified_at)


def _lost(error: BaseException) -> bool:
    """Whether the line itself is gone, as against an answer of the server."""
    import asyncssh

    gone = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
    return isinstance(error, gone) or not isinstance(error, asyncssh.SFTPError)


def _said(error: BaseException) -> str:
    return str(getattr(error, "reason", "") or error) or type(error).__name__


def _problem(where: str, words: str, expected: str) -> Problem:
    return Problem(where=f"sftp.{where}", line=0, column=0, words=words, expected=expected)
