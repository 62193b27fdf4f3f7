"""SftpDrop against OpenSSH (本物のsshd): the whole Drop contract, and a host key that changes."""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.clock import SteppedClock, SystemClock, at_jst
from connector.errors import NotDone, Refused
from connector.outcome import Sent
from connector.ports import ResultFile
from connector.transport.drop import Drop
from connector.transport.sftp import SftpDoor, SftpDrop

from tests.contract.test_drop import BODY, LARGEST, DropContract
from tests.contract.wms_desk import RESULT_1, Kept, sent, the_days_slips
from tests.contract.wms_house import GENERIC, ORDER_1, TUESDAY
from tests.contract.wms_profiles_desk import WMS, mappings
from tests.golden.samples import MAPPINGS
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


PROFILES = {
    "generic": (RESULT_1, ("200101", "200102")),
    "b2cloud": ("見本_発行済データ（2項目）.csv", ("200101",)),
    "ehiden3": ("出荷＿データ 11月.csv", ("200104",)),
    "yupri": ("送り状データダウンロード_202611241830.csv", ("200102",)),
    "logizard-csv": ("D2C_出荷実績~#1.csv", ("200101",)),
}
"""The name a result lies there under, odd ones among them, and slips that it speaks of."""
SOURCES = {
    "generic": f"generic/{RESULT_1}",
    "b2cloud": "b2cloud/issued_by_name.csv",
    "ehiden3": "ehiden3/result.csv",
    "logizard-csv": "logizard-csv/result_d2c.csv",
}


def _result(profile: str) -> bytes:
    if profile in SOURCES:
        return (WMS / SOURCES[profile]).read_bytes()
    return "お客様側管理番号,お問い合わせ番号\r\n200102,777700001017\r\n".encode("cp932")


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_day_of_every_file_profile_over_openssh(sshd: Sshd, profile: str) -> None:
    root, clock = _tree(sshd), SteppedClock(at_jst(TUESDAY, 10, 15))
    for folder in ("to_wms/ack", "from_wms/error"):
        (root / folder).mkdir(parents=True)
    drop, name, loaded = _drop(sshd, root), PROFILES[profile][0], mappings(MAPPINGS / "wms" / profile)
    here = FileWarehouse(loaded, drop=drop, archive=Kept(root), clock=clock)
    (built,) = here.instructions(the_days_slips(), sequence=1, at=clock.now())
    effect = sent(built.facts["name"], built.body)
    for _ in range(2):  # sending the same again changes nothing
        assert isinstance(await here.send(effect), Sent)
        assert isinstance(await here.lies_there(effect), Sent)
    assert (root / "to_wms/in" / effect.name).read_bytes() == built.body
    if loaded.receipt is not None:
        receipt = GENERIC / f"SHIPACK_{ORDER_1}"
        (root / "to_wms/ack" / receipt.name).write_bytes(receipt.read_bytes())
        told = await here.receipt(effect)
        assert told is not None
        assert "200101" in told.accepted
    (root / "from_wms/out" / name).write_bytes(_result(profile))
    assert [one async for one in here.results()] == [], "it may still grow"
    await clock.advance_to(clock.now() + timedelta(minutes=1))
    (file,) = [one async for one in here.results()]
    assert isinstance(file, ResultFile)
    await here.acknowledge(file)
    assert [path.name for path in (root / "from_wms/archive").iterdir() if path.name == name] == [name]
    found = here.read_results(file.name, file.body)
    assert {one.slip_number for one in found.shipments} >= set(PROFILES[profile][1])
    await here.lay_aside(name, b"broken", "x.csv:1:1: broken")
    assert sorted(path.name for path in (root / "from_wms/error").iterdir()) == sorted(
        [name, f"{name}.reason.txt"]
    )
    await drop.close()
