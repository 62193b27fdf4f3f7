"""SftpDrop against OpenSSH (本物のsshd): the whole Drop contract, and a host key that changes."""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest
from connector.clock import SystemClock
from connector.errors import NotDone, Refused
from connector.transport.drop import Drop
from connector.transport.sftp import SftpDoor, SftpDrop

from tests.contract.test_drop import BODY, LARGEST, DropContract
from tests.real.servers import Sshd, only_root, running_sshd

pytestmark = pytest.mark.realserver


def _drop(sshd: Sshd, root: Path, *, username: str = "", known_hosts: str = "") -> SftpDrop:
    door = SftpDoor(
        host="127.0.0.1",
        port=sshd.port,
        username=username or getpass.getuser(),
        known_hosts=known_hosts or sshd.known_hosts(),
        key_file=sshd.key_file,
        root=str(root),
        call_seconds=10.0,
        largest=LARGEST,
    )
    return SftpDrop(door, clock=SystemClock())


def _tree(sshd: Sshd) -> Path:
    root = Path(tempfile.mkdtemp(dir=sshd.root))
    for folder in ("to_wms/in", "from_wms/out", "from_wms/archive"):
        (root / folder).mkdir(parents=True)
    return root


class TestOpenSSH(DropContract):
    @pytest.fixture
    def root(self, sshd: Sshd) -> Path:
        return _tree(sshd)

    @pytest.fixture
    async def drop(self, sshd: Sshd, root: Path) -> AsyncIterator[Drop]:
        drop = _drop(sshd, root)
        yield drop
        await drop.close()

    async def test_a_stranger_without_rights_is_refused(self, sshd: Sshd, root: Path) -> None:
        only_root("an sshd that lets other users in")
        root.chmod(0o755)
        drop = _drop(sshd, root, username="nobody")
        (root / "from_wms/out/a.csv").write_bytes(BODY)
        for act in (
            drop.put("to_wms/in", "a.csv", BODY),
            drop.move("from_wms/out", "a.csv", "from_wms/archive"),
        ):
            with pytest.raises(Refused) as refused:
                await act
            assert refused.value.code == "permission"
        assert await drop.read("from_wms/out", "a.csv") == BODY
        await drop.close()
        assert list((root / "to_wms/in").iterdir()) == []


async def test_a_changed_host_key_stops_the_drop() -> None:
    with running_sshd() as sshd:
        root, pinned = _tree(sshd), sshd.known_hosts()
        drop = _drop(sshd, root, known_hosts=pinned)
        await drop.put("to_wms/in", "a.csv", BODY)
        sshd.change_host_key()
        with pytest.raises(NotDone):  # the old session died with the old server
            await drop.list("to_wms/in")
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                await drop.put("to_wms/in", "b.csv", BODY)
            assert refused.value.code == "host_key"
        assert [path.name for path in (root / "to_wms/in").iterdir()] == ["a.csv"]
        await drop.close()


async def test_a_restarted_server_costs_one_call() -> None:
    with running_sshd() as sshd:
        drop = _drop(sshd, _tree(sshd))
        await drop.put("to_wms/in", "a.csv", BODY)
        sshd.stop()
        with pytest.raises(NotDone):
            await drop.put("to_wms/in", "b.csv", BODY)
        sshd.start()
        await drop.put("to_wms/in", "b.csv", BODY)
        assert [entry.name for entry in await drop.list("to_wms/in")] == ["a.csv", "b.csv"]
        await drop.close()


async def test_a_foreign_key_file_is_tried_once(sshd: Sshd, tmp_path: Path) -> None:
    stranger = tmp_path / "id"
    stranger.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    door = SftpDoor(
        "127.0.0.1", sshd.port, getpass.getuser(), known_hosts=sshd.known_hosts(), key_file=stranger
    )
    drop = SftpDrop(door, clock=SystemClock())
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await drop.list("")
        assert refused.value.code == "credentials"
    await drop.close()
