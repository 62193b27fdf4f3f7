"""Drop (受け渡しフォルダ): one contract, kept by the plain folder and by SFTP.

`DropContract` is inherited by every implementation; tests/real does so with OpenSSH.
"""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from connector.clock import SteppedClock
from connector.errors import Malformed, Misconfigured, NotDone, Refused, Unknown
from connector.transport.drop import Drop
from connector.transport.folder import FolderDrop
from connector.transport.sftp import SftpDoor, SftpDrop

from tests.contract.ssh_partner import Partner

BODY = '"出荷指示番号","届先名"\r\n"200107","髙﨑 見本"\r\n'.encode("cp932")
LARGEST = 4096


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The tree as the other side sees it."""
    for folder in ("to_wms/in", "from_wms/out", "from_wms/archive"):
        (tmp_path / "tree" / folder).mkdir(parents=True)
    return tmp_path / "tree"


class DropContract:
    """What every Drop promises. Implementations give the fixture `drop`, which works on `root`."""

    async def test_a_file_arrives_whole_and_leaves_no_trace_of_the_way(self, drop: Drop, root: Path) -> None:
        await drop.put("to_wms/in", "SHIPORD_1.csv", BODY)
        assert (root / "to_wms/in/SHIPORD_1.csv").read_bytes() == BODY
        assert [path.name for path in (root / "to_wms/in").iterdir()] == ["SHIPORD_1.csv"]

    async def test_the_same_bytes_again_change_nothing(self, drop: Drop, root: Path) -> None:
        await drop.put("to_wms/in", "a.csv", BODY)
        before = (root / "to_wms/in/a.csv").stat()
        await drop.put("to_wms/in", "a.csv", BODY)
        after = (root / "to_wms/in/a.csv").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    @pytest.mark.parametrize("other", [BODY + b"x", BODY[:-1], b"", BODY[:-1] + b"x"])
    async def test_other_bytes_never_take_a_name_that_is_taken(
        self, drop: Drop, root: Path, other: bytes
    ) -> None:
        await drop.put("to_wms/in", "a.csv", BODY)
        with pytest.raises(Refused) as refused:
            await drop.put("to_wms/in", "a.csv", other)
        assert refused.value.code == "exists"
        assert (root / "to_wms/in/a.csv").read_bytes() == BODY

    async def test_an_empty_file_can_be_handed_over(self, drop: Drop, root: Path) -> None:
        await drop.put("to_wms/in", "empty.csv", b"")
        assert (root / "to_wms/in/empty.csv").read_bytes() == b""

    async def test_what_a_dead_try_left_is_written_anew(self, drop: Drop, root: Path) -> None:
        (root / "to_wms/in/.a.csv.part").write_bytes(BODY * 3)
        await drop.put("to_wms/in", "a.csv", BODY)
        assert (root / "to_wms/in/a.csv").read_bytes() == BODY
        assert not (root / "to_wms/in/.a.csv.part").exists()

    async def test_a_missing_folder_is_certainly_not_done(self, drop: Drop, root: Path) -> None:
        with pytest.raises(NotDone):
            await drop.put("to_wms/nowhere", "a.csv", BODY)
        assert not (root / "to_wms/nowhere").exists()

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../a.csv", "x/a.csv", "/a.csv", ".a.csv", "a.part", "A.TMP", "a\nb", "a\\b"]
    )
    async def test_names_that_could_lead_elsewhere_are_refused(
        self, drop: Drop, root: Path, name: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            await drop.put("to_wms/in", name, BODY)
        assert refused.value.code == "name"
        assert list((root / "to_wms/in").iterdir()) == []

    @pytest.mark.parametrize("folder", ["..", "to_wms/../..", "/tmp", "to_wms\\in"])  # noqa: S108
    async def test_folders_stay_below_the_root(self, drop: Drop, folder: str) -> None:
        with pytest.raises(Refused) as refused:
            await drop.list(folder)
        assert refused.value.code == "folder"

    async def test_only_whole_files_are_listed(self, drop: Drop, root: Path) -> None:
        out = root / "from_wms/out"
        for name in ("b.csv", "a.csv", "a.csv.ok", ".hidden", "c.csv.tmp", "d.filepart", "e.PART"):
            (out / name).write_bytes(BODY)
        (out / "folder.csv").mkdir()
        entries = await drop.list("from_wms/out")
        assert [entry.name for entry in entries] == ["a.csv", "a.csv.ok", "b.csv"]
        assert {entry.size for entry in entries} == {len(BODY)}

    async def test_the_other_sides_time_is_an_aware_instant(self, drop: Drop, root: Path) -> None:
        path = root / "from_wms/out/a.csv"
        path.write_bytes(BODY)
        at = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        os.utime(path, (at.timestamp(), at.timestamp()))
        (entry,) = await drop.list("from_wms/out")
        assert entry.modified_at == at

    async def test_a_missing_folder_cannot_be_listed(self, drop: Drop) -> None:
        with pytest.raises(NotDone):
            await drop.list("from_wms/nowhere")

    @pytest.mark.parametrize("name", ["a.csv", "出荷実績＿2項目3項目_20261124.csv", "a b;c'd.csv"])
    async def test_bytes_come_back_as_they_lie_there(self, drop: Drop, root: Path, name: str) -> None:
        body = bytes(range(256)) * 8
        (root / "from_wms/out" / name).write_bytes(body)
        (entry,) = await drop.list("from_wms/out")
        assert entry.name == name
        assert await drop.read("from_wms/out", name) == body

    async def test_a_name_that_is_no_utf8_can_be_read_too(self, drop: Drop, root: Path) -> None:
        raw = os.fsencode(root / "from_wms/out") + b"/" + "出荷実績.csv".encode("cp932")
        Path(os.fsdecode(raw)).write_bytes(BODY)
        (entry,) = await drop.list("from_wms/out")
        assert await drop.read("from_wms/out", entry.name) == BODY

    async def test_a_file_that_is_gone_can_be_asked_for_again(self, drop: Drop) -> None:
        with pytest.raises(NotDone):
            await drop.read("from_wms/out", "gone.csv")

    async def test_reading_cannot_leave_the_folder(self, drop: Drop, root: Path) -> None:
        (root / "secret").write_bytes(b"x")
        with pytest.raises(Refused):
            await drop.read("from_wms/out", "../../secret")

    async def test_the_size_limit_holds_while_reading(self, drop: Drop, root: Path) -> None:
        (root / "from_wms/out/fits.csv").write_bytes(b"x" * LARGEST)
        (root / "from_wms/out/bomb.csv").write_bytes(b"x" * (LARGEST + 1))
        assert len(await drop.read("from_wms/out", "fits.csv")) == LARGEST
        with pytest.raises(Malformed) as malformed:
            await drop.read("from_wms/out", "bomb.csv")
        assert malformed.value.problem.where == "bomb.csv"
        assert "4,096" in malformed.value.problem.expected

    async def test_a_file_is_moved_aside(self, drop: Drop, root: Path) -> None:
        (root / "from_wms/out/a.csv").write_bytes(BODY)
        await drop.move("from_wms/out", "a.csv", "from_wms/archive")
        assert list((root / "from_wms/out").iterdir()) == []
        assert (root / "from_wms/archive/a.csv").read_bytes() == BODY

    async def test_moving_never_overwrites(self, drop: Drop, root: Path) -> None:
        for number in range(3):
            (root / "from_wms/out/a.csv").write_bytes(b"%d" % number)
            await drop.move("from_wms/out", "a.csv", "from_wms/archive")
        kept = {path.name: path.read_bytes() for path in (root / "from_wms/archive").iterdir()}
        assert kept == {"a.csv": b"0", "a-2.csv": b"1", "a-3.csv": b"2"}

    async def test_the_archive_of_a_day_is_made_when_needed(self, drop: Drop, root: Path) -> None:
        (root / "from_wms/out/a.csv").write_bytes(BODY)
        await drop.move("from_wms/out", "a.csv", "from_wms/archive/20261124")
        assert (root / "from_wms/archive/20261124/a.csv").read_bytes() == BODY

    async def test_moving_what_is_not_there_does_nothing(self, drop: Drop, root: Path) -> None:
        with pytest.raises(NotDone):
            await drop.move("from_wms/out", "gone.csv", "from_wms/archive")
        assert list((root / "from_wms/archive").iterdir()) == []

    async def test_after_closing_the_next_call_works(self, drop: Drop) -> None:
        await drop.put("to_wms/in", "a.csv", BODY)
        await drop.close()
        assert [entry.name for entry in await drop.list("to_wms/in")] == ["a.csv"]


class TestFolderDrop(DropContract):
    @pytest.fixture
    def drop(self, root: Path) -> Drop:
        return FolderDrop(root, largest=LARGEST)

    async def test_a_link_out_of_the_folder_is_not_followed(self, drop: Drop, root: Path) -> None:
        (root / "secret").write_bytes(b"x")
        (root / "from_wms/out/a.csv").symlink_to(root / "secret")
        assert await drop.list("from_wms/out") == ()
        with pytest.raises(NotDone):
            await drop.read("from_wms/out", "a.csv")

    async def test_a_move_cut_short_is_finished_not_doubled(self, drop: Drop, root: Path) -> None:
        source = root / "from_wms/out/a.csv"
        source.write_bytes(BODY)
        (root / "from_wms/archive/a.csv").hardlink_to(source)
        await drop.move("from_wms/out", "a.csv", "from_wms/archive")
        assert not source.exists()
        assert [path.name for path in (root / "from_wms/archive").iterdir()] == ["a.csv"]

    @pytest.mark.parametrize(
        ("number", "kind"),
        [
            (errno.EPERM, Refused),
            (errno.ENOTSUP, Refused),
            (errno.EACCES, Refused),
            (errno.ENOSPC, NotDone),
            (errno.EIO, Unknown),
            (errno.ESTALE, Unknown),
        ],
    )
    async def test_faults_at_the_last_step_are_told_apart(
        self, drop: Drop, root: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
    ) -> None:
        def fail(*_args: object, **_options: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("connector.transport.folder.os.link", fail)
        with pytest.raises(kind):
            await drop.put("to_wms/in", "a.csv", BODY)
        assert not (root / "to_wms/in/a.csv").exists()

    async def test_a_full_disk_is_certainly_not_done(
        self, drop: Drop, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_handle: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("connector.transport.folder.os.fsync", full)
        with pytest.raises(NotDone):
            await drop.put("to_wms/in", "a.csv", BODY)
        assert not (root / "to_wms/in/a.csv").exists()


class TestSftpDrop(DropContract):
    @pytest.fixture
    async def partner(self, root: Path) -> AsyncIterator[Partner]:
        partner = Partner(root)
        async with partner.open():
            yield partner

    @pytest.fixture
    def clock(self) -> SteppedClock:
        return SteppedClock(datetime(2026, 11, 24, tzinfo=UTC))

    @pytest.fixture
    async def drop(self, partner: Partner, clock: SteppedClock) -> AsyncIterator[Drop]:
        drop = SftpDrop(_door(partner), clock=clock)
        yield drop
        await drop.close()

    async def test_one_session_serves_all_calls(self, drop: Drop, partner: Partner) -> None:
        for number in range(10):
            await drop.put("to_wms/in", f"{number}.csv", BODY)
        assert len(await drop.list("to_wms/in")) == 10
        assert partner.logins == 1

    async def test_a_session_unused_for_long_is_opened_anew(
        self, drop: Drop, partner: Partner, clock: SteppedClock
    ) -> None:
        await drop.list("to_wms/in")
        await clock.advance_to(clock.now() + timedelta(seconds=61))
        await drop.list("to_wms/in")
        assert partner.logins == 2

    async def test_a_lost_line_costs_one_call(self, drop: Drop, partner: Partner) -> None:
        await drop.list("to_wms/in")
        partner.hang_up()
        with pytest.raises(NotDone):
            await drop.list("to_wms/in")
        assert await drop.list("to_wms/in") == ()
        assert partner.logins == 2

    async def test_a_line_lost_while_writing_is_certainly_not_done(
        self, drop: Drop, partner: Partner, root: Path
    ) -> None:
        partner.cut_while_writing = True
        with pytest.raises(NotDone):
            await drop.put("to_wms/in", "a.csv", BODY)
        assert await _listed_after_healing(drop, partner) == []
        await drop.put("to_wms/in", "a.csv", BODY)
        assert (root / "to_wms/in/a.csv").read_bytes() == BODY

    @pytest.mark.parametrize("done", [True, False])
    async def test_a_lost_reply_to_the_rename_is_unknown(
        self, drop: Drop, partner: Partner, done: bool
    ) -> None:
        partner.cut_after_rename, partner.cut_before_rename = done, not done
        with pytest.raises(Unknown):
            await drop.put("to_wms/in", "a.csv", BODY)
        assert await _listed_after_healing(drop, partner) == (["a.csv"] if done else [])
        await drop.put("to_wms/in", "a.csv", BODY)
        assert await drop.read("to_wms/in", "a.csv") == BODY

    async def test_missing_rights_are_refused(self, drop: Drop, partner: Partner) -> None:
        partner.forbids = True
        with pytest.raises(Refused) as refused:
            await drop.put("to_wms/in", "a.csv", BODY)
        assert refused.value.code == "permission"
        assert "read only today" in refused.value.words

    async def test_another_host_key_stops_the_drop(self, partner: Partner, clock: SteppedClock) -> None:
        stranger = asyncssh.generate_private_key("ssh-ed25519")
        drop = SftpDrop(_door(partner, known_hosts=partner.known_hosts(stranger)), clock=clock)
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                await drop.list("to_wms/in")
            assert refused.value.code == "host_key"
        assert len(partner.connections) == 1
        assert partner.logins == 0
        await drop.close()

    async def test_a_wrong_password_is_tried_once(self, partner: Partner, clock: SteppedClock) -> None:
        drop = SftpDrop(_door(partner, password="wrong"), clock=clock)
        for _ in range(3):
            with pytest.raises(Refused) as refused:
                await drop.list("to_wms/in")
            assert refused.value.code == "credentials"
        assert partner.refused_logins == 1
        await drop.close()

    async def test_nobody_listening_is_not_done(self, partner: Partner, clock: SteppedClock) -> None:
        drop = SftpDrop(_door(partner, port=1), clock=clock)
        with pytest.raises(NotDone):
            await drop.put("to_wms/in", "a.csv", BODY)

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"known_hosts": ""}, "sftp.known_hosts"),
            ({"known_hosts": " \n"}, "sftp.known_hosts"),
            ({"password": None}, "sftp.password / key_file"),
            ({"key_file": Path("id")}, "sftp.password / key_file"),
            ({"port": 0}, "sftp.port"),
        ],
    )
    async def test_settings_that_cannot_be_right_are_named(
        self, partner: Partner, clock: SteppedClock, change: dict[str, object], place: str
    ) -> None:
        with pytest.raises(Misconfigured) as misconfigured:
            SftpDrop(_door(partner, **change), clock=clock)
        assert [problem.where for problem in misconfigured.value.problems] == [place]


def _door(partner: Partner, **changes: object) -> SftpDoor:
    settings: dict[str, object] = {
        "host": "127.0.0.1",
        "port": partner.port,
        "username": "mihon",
        "known_hosts": partner.known_hosts(),
        "password": "secret",
        "root": "/",
        "call_seconds": 10.0,
        "largest": LARGEST,
    }
    return SftpDoor(**{**settings, **changes})  # type: ignore[arg-type]


async def _listed_after_healing(drop: Drop, partner: Partner) -> list[str]:
    partner.cut_after_rename = partner.cut_before_rename = partner.cut_while_writing = False
    return [entry.name for entry in await drop.list("to_wms/in")]
