"""SFTP door (SFTPサーバー) to the warehouse's folders: one account, chrooted, by key or by password.

Plain SFTP v3 rename never overwrites and posix-rename does, exactly as OpenSSH answers: a client that takes
one for the other loses files.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncssh

KEY_KIND = "ssh-ed25519"


class _Account(asyncssh.SSHServer):
    """Who may come in."""

    def __init__(self, username: str, password: str, keys: list[asyncssh.SSHKey]) -> None:
        self._username, self._password, self._keys = username, password, keys

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._username, self._password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._username and any(key == known for known in self._keys)


class _Folders(asyncssh.SFTPServer):
    """The folder tree, seen from inside."""

    def __init__(
        self, channel: asyncssh.SSHServerChannel[bytes], root: Path, before_look: Callable[[], None]
    ) -> None:
        super().__init__(channel, chroot=os.fsencode(root))
        self._before_look = before_look

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        self._before_look()
        async for name in super().scandir(path):
            yield name

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        source, target = self.map_path(oldpath), self.map_path(newpath)
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError as taken:
            raise asyncssh.SFTPFailure("Failure") from taken
        Path(os.fsdecode(source)).unlink()


class SftpDoor:
    """One listening SSH server with a fresh host key and a fresh client key."""

    def __init__(self, root: Path, before_look: Callable[[], None], *, username: str, password: str) -> None:
        self._root = root
        self._before_look = before_look
        self._username, self._password = username, password
        self._host_key = asyncssh.generate_private_key(KEY_KIND)
        self._client_key = asyncssh.generate_private_key(KEY_KIND)
        self._keys = [self._client_key.convert_to_public()]
        self._listener: asyncssh.SSHAcceptor | None = None
        self.host, self.port = "", 0

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. `port` 0 picks a free one."""
        self._listener = await asyncssh.create_server(
            lambda: _Account(self._username, self._password, self._keys),
            host,
            port,
            server_host_keys=[self._host_key],
            sftp_factory=lambda channel: _Folders(channel, self._root, self._before_look),
            sftp_version=3,
            allow_scp=False,
            agent_forwarding=False,
        )
        self.host, self.port = host, self._listener.get_port()
        return self.port

    def change_host_key(self) -> None:
        """From the next start on the server shows another key, as after a careless move."""
        self._host_key = asyncssh.generate_private_key(KEY_KIND)

    def admit(self, public_key: str) -> None:
        """One more public key (OpenSSH line) may sign in."""
        self._keys.append(asyncssh.import_public_key(public_key))

    @property
    def client_key(self) -> str:
        """A private key (OpenSSH PEM) the server accepts."""
        return self._client_key.export_private_key().decode("ascii")

    @property
    def known_hosts_line(self) -> str:
        public = self._host_key.export_public_key().decode("ascii").split()
        return f"[{self.host}]:{self.port} {public[0]} {public[1]}"

    async def stop(self) -> None:
        if self._listener is None:
            return
        self._listener.close()
        async with asyncio.timeout(10):
            await self._listener.wait_closed()
        self._listener = None
