"""The warehouse sandbox's SFTP door, spec/wms.md §7.1 and §9."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import asyncssh
import pytest
from connector.adapters.wms import wire
from connector.sandbox.warehouse import WarehouseSettings

from tests.contract.wms_house import (
    GENERIC,
    HOLIDAYS,
    ORDER_1,
    TUESDAY,
    House,
    fixture_rows,
    rows_of,
    without,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# The SFTP door.


@pytest.fixture
async def door(house: House) -> AsyncIterator[House]:
    await house.warehouse.start_sftp()
    yield house
    await house.warehouse.stop()


def sign_in(house: House, **changes: object) -> dict[str, object]:
    door = house.warehouse.sftp
    known = asyncssh.import_known_hosts(door.known_hosts_line)
    options: dict[str, object] = {
        "host": door.host,
        "port": door.port,
        "username": house.warehouse.settings.username,
        "client_keys": [asyncssh.import_private_key(door.client_key)],
        "known_hosts": known,
        "config": None,
    }
    return {**options, **changes}


async def test_upload_by_rename_is_taken_and_answered(door: House) -> None:
    async with asyncssh.connect(**sign_in(door)) as line, line.start_sftp_client() as sftp:
        async with sftp.open(f"/to_wms/in/.{ORDER_1}.tmp", "wb") as file:
            await file.write((GENERIC / ORDER_1).read_bytes())
        await sftp.rename(f"/to_wms/in/.{ORDER_1}.tmp", f"/to_wms/in/{ORDER_1}")
        await sftp.put(str(GENERIC / f"{ORDER_1}.ok"), f"/to_wms/in/{ORDER_1}.ok")
        await door.clock.advance_to(door.clock.now() + timedelta(minutes=1))
        assert f"SHIPACK_{ORDER_1}" in await sftp.listdir("/to_wms/ack")
        async with sftp.open(f"/to_wms/ack/SHIPACK_{ORDER_1}", "rb") as file:
            answer = rows_of(await file.read())
        assert without(answer, "処理日時") == without(fixture_rows(f"SHIPACK_{ORDER_1}"), "処理日時")
        await sftp.rename(f"/to_wms/ack/SHIPACK_{ORDER_1}", f"/from_wms/archive/SHIPACK_{ORDER_1}")
    assert (door.root / wire.FOLDER_ARCHIVE / f"SHIPACK_{ORDER_1}").exists()


async def test_plain_rename_never_overwrites_and_posix_rename_does(door: House) -> None:
    folder = door.root / wire.FOLDER_IN
    (folder / ".new.tmp").write_bytes(b"new")
    (folder / ".kept.tmp").write_bytes(b"kept")
    async with asyncssh.connect(**sign_in(door)) as line, line.start_sftp_client() as sftp:
        with pytest.raises(asyncssh.SFTPFailure):
            await sftp.rename("/to_wms/in/.new.tmp", "/to_wms/in/.kept.tmp")
        assert (folder / ".kept.tmp").read_bytes() == b"kept"
        assert (folder / ".new.tmp").exists()
        await sftp.posix_rename("/to_wms/in/.new.tmp", "/to_wms/in/.kept.tmp")
    assert (folder / ".kept.tmp").read_bytes() == b"new"


async def test_the_door_opens_by_password_and_to_nobody_else(door: House) -> None:
    by_password = sign_in(door, client_keys=None, password=door.warehouse.settings.password)
    async with asyncssh.connect(**by_password) as line, line.start_sftp_client() as sftp:
        assert sorted(await sftp.listdir("/")) == [".", "..", "from_wms", "to_wms"]
    for wrong in (
        {"client_keys": None, "password": "wrong"},
        {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]},
        {"username": "somebody"},
    ):
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(**sign_in(door, **wrong))


async def test_an_admitted_key_signs_in(door: House) -> None:
    own = asyncssh.generate_private_key("ssh-ed25519")
    door.warehouse.sftp.admit(own.export_public_key().decode())
    async with asyncssh.connect(**sign_in(door, client_keys=[own])) as line, line.start_sftp_client() as sftp:
        assert await sftp.isdir("/to_wms/in")


async def test_another_host_key_is_noticed(door: House) -> None:
    before = sign_in(door)
    await door.warehouse.stop()
    door.warehouse.sftp.change_host_key()
    await door.warehouse.start_sftp(port=door.warehouse.sftp.port)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await asyncssh.connect(**before)
    async with asyncssh.connect(**sign_in(door)) as line, line.start_sftp_client() as sftp:
        assert await sftp.isdir("/to_wms/in")


async def test_nobody_climbs_out_of_the_tree(door: House) -> None:
    (door.root.parent / "outside.txt").write_text("secret", encoding="ascii")
    async with asyncssh.connect(**sign_in(door)) as line, line.start_sftp_client() as sftp:
        assert not await sftp.exists("/../outside.txt")
        with pytest.raises(asyncssh.SFTPError):
            await sftp.open("../../outside.txt", "rb")


async def test_the_door_needs_to_be_opened_first(tmp_path: Path) -> None:
    house = House(tmp_path)
    with pytest.raises(RuntimeError, match="start_sftp"):
        _ = house.warehouse.known_hosts_line
    await house.warehouse.stop()


def test_settings_are_values() -> None:
    settings = replace(WarehouseSettings(), holidays=HOLIDAYS)
    assert settings.open_day_from(date(2026, 11, 21)) == TUESDAY
    assert not settings.is_open(date(2026, 11, 23))


@pytest.mark.realserver
async def test_the_sftp_client_of_openssh_works(door: House, tmp_path: Path) -> None:
    client = shutil.which("sftp")
    if client is None:
        pytest.skip("no OpenSSH sftp client on this machine")
    server = door.warehouse.sftp
    (tmp_path / "key").write_text(server.client_key, "ascii")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "known_hosts").write_text(server.known_hosts_line + "\n", "ascii")
    (tmp_path / "batch").write_text(
        f"put {GENERIC / ORDER_1} /to_wms/in/.{ORDER_1}.tmp\n"
        f"rename -l /to_wms/in/.{ORDER_1}.tmp /to_wms/in/{ORDER_1}\n"
        f"put {GENERIC / ORDER_1}.ok /to_wms/in/{ORDER_1}.ok\n"
        "ls /to_wms/in\n",
        "ascii",
    )
    options = {
        "IdentityFile": tmp_path / "key",
        "UserKnownHostsFile": tmp_path / "known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
    }
    flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    target = f"{door.warehouse.settings.username}@{server.host}"
    process = await asyncio.create_subprocess_exec(
        *(client, "-F", "/dev/null", "-b", str(tmp_path / "batch"), "-P", str(server.port), *flags, target),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert f"/to_wms/in/{ORDER_1}" in output.decode()
    await door.until(door.clock.now() + timedelta(minutes=1))
    assert door.history.count("slip_accepted") == 8
