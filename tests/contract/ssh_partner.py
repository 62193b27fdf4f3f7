"""A partner's SSH server with SFTP over a folder, that counts its callers and misbehaves on request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh


class Partner:
    """One server: what it was asked, and how it shall fail."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logins = 0
        self.refused_logins = 0
        self.cut_before_rename = False
        self.cut_after_rename = False
        self.cut_while_writing = False
        self.forbids = False
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0

    def known_hosts(self, key: asyncssh.SSHKey | None = None) -> str:
        public = (key or self.key).export_public_key().decode().strip()
        return f"[127.0.0.1]:{self.port} {public}\n"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncssh.create_server(
            lambda: _Gate(self),
            "127.0.0.1",
            self.port,
            server_host_keys=[self.key],
            sftp_factory=lambda channel: _Files(channel, self),
        )
        self.port = server.get_port()
        try:
            yield
        finally:
            self.hang_up()
            server.close()
            await server.wait_closed()

    def hang_up(self) -> None:
        for connection in self.connections:
            connection.abort()
        self.connections.clear()


class _Gate(asyncssh.SSHServer):
    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._partner.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        good = (username, password) == ("mihon", "secret")
        self._partner.logins += good
        self._partner.refused_logins += not good
        return good


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], partner: Partner) -> None:
        super().__init__(channel, chroot=os.fsencode(partner.root))
        self._partner = partner

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self._partner.cut_while_writing:
            self._partner.hang_up()
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        if self._partner.forbids:
            raise asyncssh.SFTPPermissionDenied("read only today")
        if self._partner.cut_before_rename:
            self._partner.hang_up()
            return
        super().rename(oldpath, newpath)
        if self._partner.cut_after_rename:
            self._partner.hang_up()
