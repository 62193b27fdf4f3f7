"""Names of result files: what is only written differently is read, and what has no known name is shown once."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.clock import at_jst
from connector.ledger.schema import shipments, slips, strays
from connector.outcome import Stray
from sqlalchemy import select, update

from tests.contract.wms_desk import Kept, build, names_in
from tests.contract.wms_house import TUESDAY
from tests.contract.wms_mail_desk import RESULTS, SLIPS, a_mail, part
from tests.contract.wms_mail_desk import desk as mail_desk
from tests.golden.samples import slip
from tests.unit.world import World, world

OUT = "from_wms/out"
BODY = RESULTS[1]
STEM = "SHIPRES_demo_WH01_20261124183000_00000"


@dataclass
class Desk:
    """One shop whose results come into a folder. `look` is one pass of `collect`, a quarter of an hour later."""

    world: World
    root: Path

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            await self.world.run("collect")
            self.world.pass_by(minutes=15)

    def lay(self, name: str, body: bytes = BODY, day: int = 24) -> None:
        path = self.root / OUT / name
        path.write_bytes(body)
        at = datetime(2026, 11, day, 9, tzinfo=UTC).timestamp()
        os.utime(path, (at, at))

    def lies(self, folder: str = OUT) -> list[str]:
        return names_in(self.root, folder)

    def shown(self) -> list[str]:
        return [row.place for row in self.world.rows(select(strays).order_by(strays.c.id))]

    def booked(self) -> set[str]:
        return {row.slip_number for row in self.world.rows(select(shipments))}

    def restart(self) -> None:
        self.world.runner = self.world.new_runner()
        warehouse = build(self.root, self.world.clock)
        self.world.runner.ports = replace(self.world.runner.ports, warehouse=warehouse)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    with world(folder) as w:
        w.clock.set_to(at_jst(TUESDAY, 20))
        seen = [slip(number, order_number=f"EC-{number}", rows=()) for number in SLIPS]
        await w.ledger.see_slips("follow_slips", seen, w.clock.now())
        with w.database.engine.begin() as connection:
            connection.execute(update(slips).values(state="relayed"))
        one = Desk(w, folder / "drop")
        for place in ("out", "archive", "error"):
            (one.root / "from_wms" / place).mkdir(parents=True)
        one.restart()
        yield one


THEIRS = (
    f"{STEM}1.CSV",
    f"{STEM.lower()}1.csv",
    "ＳＨＩＰＲＥＳ＿demo＿WH01_20261124183000＿000001.csv",
    f"{STEM.replace('_', '-')}1.csv",
    f"{STEM}1 (1).csv",
    f"{STEM}1（２）.csv",
    f"{STEM}1 - コピー.csv",
    f"{STEM}1.csv.1",
    f"{STEM}1.ｃｓｖ",
)


@pytest.mark.parametrize("name", THEIRS)
async def test_a_name_that_was_only_typed_or_copied_differently_is_read(name: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        one.lay(name)
        await one.look(2)
        assert one.booked() == set(SLIPS[:7])
        assert (one.lies(), one.lies("from_wms/archive"), one.shown()) == ([], [name], [])


UNKNOWN = (
    "出荷実績.csv",
    "SHIPRES_demo_WH01_202611241830_000001.csv",  # a stamp without seconds
    f"{STEM}1.txt",
    f"{STEM}1.xlsx",
    f"SHIPORD{STEM[7:]}1.csv",  # our own file does not belong here
)


@pytest.mark.parametrize("name", UNKNOWN)
async def test_a_file_under_no_known_name_is_shown_once_and_stays(name: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        one.lay(name)
        await one.look()
        assert one.shown() == [], "it may still be growing, or be renamed"
        await one.look(3)
        one.restart()
        await one.look(3)
        assert one.shown() == [f"{OUT}/{name} (2026-11-24)"]
        (words,) = one.world.strays()
        assert "names" in words and "置き直して" in words and "取り除いて" in words
        assert (one.lies(), one.booked()) == ([name], set())


async def test_it_stands_in_no_ones_way_and_is_read_under_its_right_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        one.lay("実績その2.csv", RESULTS[2])
        one.lay(f"{STEM}1.csv")
        await one.look(2)
        assert one.booked() == set(SLIPS[:7])
        assert one.shown() == [f"{OUT}/実績その2.csv (2026-11-24)"]
        (one.root / OUT / "実績その2.csv").rename(one.root / OUT / f"{STEM}2.csv")
        await one.look(2)
        assert one.booked() == set(SLIPS)
        assert len(one.shown()) == 1


async def test_the_same_wrong_name_on_another_day_is_shown_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        for day in (24, 24, 25):
            one.lay("実績.csv", day=day)
            await one.look(3)
        assert one.shown() == [f"{OUT}/実績.csv (2026-11-{day})" for day in (24, 25)]


QUIET = (
    "Thumbs.db",
    "desktop.ini",
    "~$実績.xlsx",
    f"{STEM}9.csv.ok",
    f"{STEM}9.csv.OK",
    f"{STEM}9.csv.filepart",
)


async def test_markers_and_what_office_machines_leave_are_no_news(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        for name in QUIET:
            one.lay(name)
        await one.look(8)
        assert (one.shown(), one.lies()) == ([], sorted(QUIET))


def others(number: int, code: str = "demo_WH02") -> str:
    return f"SHIPRES_{code}_20261124183000_{number:06d}.csv"


async def test_what_others_fetch_from_a_shared_folder_is_no_news(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        for number in range(8):
            one.lay(others(number))
            one.lay(others(number, "other-shop_WH01"))
            await one.look(3)
            for code in ("demo_WH02", "other-shop_WH01"):  # its own connector takes it
                (one.root / OUT / others(number, code)).unlink()
        assert (one.shown(), one.booked()) == ([], set())


async def test_a_code_that_nobody_fetches_is_told_once_for_all_its_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        for number in range(4):
            one.lay(others(number))
            await one.look(7)
        one.restart()
        await one.look(7)
        assert one.shown() == [f"{OUT}/SHIPRES_demo_WH02_*_*.csv"]
        (words,) = one.world.strays()
        assert "demo・WH01 宛てではない" in words
        assert len(one.lies()) == 4 and one.booked() == set()


async def test_a_folder_that_serves_both_ways_holds_our_own_files_too(
    root: Path, clock: Any, kept: Kept
) -> None:
    both = dict.fromkeys(("in", "ack", "out"), "shared") | {"archive": "archive", "error": "error"}
    (root / "shared").mkdir()
    warehouse = build(root, clock, kept, folders=both)
    ours = ("SHIPORD_demo_WH01_20261124101500_000001", "SHIPCAN_demo_WH01_20261124101500_000001")
    for name in (*(f"{stem}{end}" for stem in ours for end in (".csv", ".xlsx")), f"SHIPACK_{ours[0]}.csv"):
        (root / "shared" / name).write_bytes(b"x")
    (root / "shared" / "出荷実績.csv").write_bytes(BODY)
    assert [found async for found in warehouse.results()] == []
    await clock.sleep(60)
    (stray,) = [found async for found in warehouse.results()]
    assert isinstance(stray, Stray) and stray.where.startswith("shared/出荷実績.csv")


async def test_no_look_asks_the_ledger_about_thousands(
    root: Path, clock: Any, warehouse: FileWarehouse
) -> None:
    for number in range(450):
        (root / OUT / f"{number:03d}.log").write_bytes(b"x")
    looks = []
    for _ in range(5):
        looks.append(len([found async for found in warehouse.results()]))
        await clock.sleep(60)
    assert looks == [0, 200, 200, 50, 0]


async def test_a_stray_that_was_not_kept_is_given_again(
    root: Path, clock: Any, warehouse: FileWarehouse
) -> None:
    (root / OUT / "実績.csv").write_bytes(BODY)
    assert [found async for found in warehouse.results()] == []
    await clock.sleep(60)
    for _ in range(2):
        found = warehouse.results()
        assert isinstance(await anext(found), Stray)
        await found.aclose()  # whoever should have kept it failed


# --- by mail -----------------------------------------------------------------------------------------------

TEXT = "Content-Type: text/plain; charset=utf-8\r\n"
SECOND = {
    "SHIPRES_2.csv.1": part(RESULTS[2], name="SHIPRES_2.csv.1", kind="text/plain"),
    "SHIPRES_2.ｃｓｖ": part(RESULTS[2], name="SHIPRES_2.ｃｓｖ", kind="text/plain"),
    "a table called a picture": part(RESULTS[2], name="SHIPRES_2.csv", kind="image/png"),
    "a table called a pdf": part(RESULTS[2], name="SHIPRES_2.CSV", kind="application/pdf"),
}
LOST = {
    "SHIPRES_2.dat": part(RESULTS[2], name="SHIPRES_2.dat", kind="text/plain"),
    "SHIPRES_2": part(RESULTS[2], name="SHIPRES_2", kind="text/plain"),
    "SHIPRES_2.csv.gz": part(RESULTS[2], name="SHIPRES_2.csv.gz", kind="text/calendar"),
    "SHIPRES_2.log": part(RESULTS[2], name="SHIPRES_2.log", kind="text/plain").replace(
        b"attachment", b"inline"
    ),
    "SHIPRES_3.dat": part(RESULTS[2], name="SHIPRES_3.dat", kind="image/png"),
    "text/plain": part(RESULTS[2], kind="text/plain").replace(b'; filename="SHIPRES.csv"', b""),
}
NO_FILE = (
    f"{TEXT}\r\n本日分をお送りします。".encode(),
    f"{TEXT}Content-Disposition: inline\r\n\r\n見本倉庫".encode(),
    part(b"GIF", name="logo.gif", kind="image/gif").replace(b"attachment", b"inline"),
    part(b"PNG", name="image001.PNG", kind="image/png"),
    part(b"%PDF", name="送付状.pdf", kind="application/pdf"),
)


@pytest.mark.parametrize("name", SECOND)
async def test_a_second_attachment_is_read_by_what_its_name_says(name: str, tmp_path: Path) -> None:
    async with mail_desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(part(BODY), SECOND[name]))
        await one.look()
        assert len(one.files()) == 2 and set(one.booked()) == set(SLIPS)
        assert (one.world.strays(), one.folders()) == ([], {"Processed": 1})


@pytest.mark.parametrize("name", LOST)
async def test_an_attachment_is_never_taken_for_the_letter(name: str, tmp_path: Path) -> None:
    async with mail_desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(NO_FILE[0], part(BODY), LOST[name]))
        await one.look()
        (words,) = one.world.strays()
        assert f"の添付 {name} は取り込みません: 読めない種類の添付です" in words
        assert set(one.booked()) == set(SLIPS[:7]), "its neighbour is read all the same"
        assert one.folders() == {"Quarantine": 1}


async def test_letters_signatures_and_pictures_are_no_news(tmp_path: Path) -> None:
    async with mail_desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(*NO_FILE, part(BODY)))
        await one.look()
        assert (one.world.strays(), one.folders()) == ([], {"Processed": 1})
