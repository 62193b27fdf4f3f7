"""Taken, not yet answered: the warehouse's poll takes our file away, and its receipt comes a while later.

Between the two the file lies nowhere. Where it was seen there it is on its way, never "provably absent". Where even the
reply to the put was lost, nobody knows: what goes again goes under the same name with the same bytes, by which a
warehouse knows it, and only for so long (spec/wms.md §6.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from connector.errors import Unknown
from connector.transport.folder import FolderDrop
from msgspec.structs import replace

from tests.contract.wms_desk import build, names_in
from tests.unit.world import World, an_order, world

FOLDERS = ("to_wms/in", "to_wms/ack", "from_wms/out", "from_wms/archive", "from_wms/error")
ADDRESS = {
    "zip_code": "150-0001",
    "address1": "東京都渋谷区神宮前9-99-2",
    "phone": "090-0000-0101",
    "delivery_id": "20",
    "delivery_method": "ヤマト(発払い)B2v6",
    "name": "見本 花子",
}


@pytest.mark.parametrize("what", ["the file", "only its marker"])
async def test_what_the_warehouse_took_is_not_sent_again(tmp_path: Path, what: str) -> None:
    root = tmp_path / "drop"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    with world(tmp_path) as w:
        w.wms = cast(Any, build(root, w.clock, marker=what != "the file"))
        w.runner = w.new_runner()
        await w.to_print_ready(an_order())
        w.ne.edit(w.slip_of(), **ADDRESS)
        await w.run("follow_slips", "relay")
        for _ in range(2):
            w.pass_by(minutes=10)
            await w.run("relay")
        assert w.effects("wms_file") == ["sent"]
        sent = {name for name in names_in(root, "to_wms/in") if name.endswith(".csv")}
        taken = ".csv" if what == "the file" else ".ok"
        for name in [name for name in names_in(root, "to_wms/in") if name.endswith(taken)]:
            (root / "to_wms/in" / name).unlink()
        for _ in range(6):
            w.pass_by(minutes=11)
            await w.run("relay")
        left = {name for name in names_in(root, "to_wms/in") if name.endswith(".csv")}
        assert left <= sent
        assert len(sent) == 1
        assert len(w.effects("wms_file")) == 1


class Line(FolderDrop):
    """A line that is cut at one moment of the next put; the warehouse takes at once whatever arrives."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.cut = ""
        self.taken: list[tuple[str, bytes]] = []
        self.takes = True

    async def put(self, folder: str, name: str, body: bytes) -> None:
        marker = name.endswith(".ok")
        cut, self.cut = (self.cut, "") if marker == (self.cut == "marker") else ("", self.cut)
        if cut in ("before", "marker"):
            raise Unknown("the line was cut")
        await super().put(folder, name, body)
        if folder == "to_wms/in" and self.takes:
            self.taken.append((name, body))
            self.path(name).unlink()
        if cut:
            raise Unknown("the line was cut")

    def path(self, name: str) -> Path:
        return self.root / "to_wms/in" / name


@contextmanager
def at_the_door(tmp_path: Path, **profile: Any) -> Iterator[tuple[World, Line]]:
    """One slip ready to go, and a line to the warehouse's folder."""
    line = Line(tmp_path / "drop")
    for folder in FOLDERS:
        (line.root / folder).mkdir(parents=True)
    with world(tmp_path) as w:
        w.wms = cast(Any, build(line.root, w.clock, drop=line, **profile))
        w.runner = w.new_runner()
        yield w, line


async def ready(w: World) -> None:
    await w.to_print_ready(an_order())
    w.ne.edit(w.slip_of(), **ADDRESS)
    await w.run("follow_slips")


async def passes(w: World, times: int, minutes: int = 5) -> None:
    for _ in range(times):
        w.pass_by(minutes=minutes)
        await w.run("relay")


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_put_without_a_reply_goes_again_under_its_name_with_its_bytes(
    tmp_path: Path, moment: str
) -> None:
    with at_the_door(tmp_path) as (w, line):
        await ready(w)
        line.cut = moment
        await passes(w, 1)
        assert w.effects("wms_file") == ["unknown"]
        await passes(w, 1)
        assert w.effects("wms_file") == ["unknown"], "it may have been taken, and be answered in a minute"
        await passes(w, 4)
        assert w.effects("wms_file") == ["sent"]
        assert len(set(line.taken)) == 1, "one name, one content: a warehouse knows it again"
        assert len(line.taken) == (1 if moment == "before" else 2)
        assert w.holds(w.slip_of()) == []


async def test_a_receipt_answers_a_put_without_a_reply(tmp_path: Path) -> None:
    with at_the_door(tmp_path) as (w, line):
        await ready(w)
        line.cut = "after"
        await passes(w, 1)
        ((name, _),) = line.taken
        answer_of(line, name, w.slip_of())
        await passes(w, 4)
        assert (w.effects("wms_file"), w.slip_state()) == (["done"], "relayed")
        assert len(line.taken) == 1, "nothing was sent again"


async def test_a_file_that_lacks_its_marker_gets_the_marker(tmp_path: Path) -> None:
    with at_the_door(tmp_path, marker=True) as (w, line):
        await ready(w)
        line.cut, line.takes = "marker", False
        await passes(w, 1)
        (name,) = names_in(line.root, "to_wms/in")
        await passes(w, 2)
        assert names_in(line.root, "to_wms/in") == [name, f"{name}.ok"]
        assert w.effects("wms_file") == ["sent"]


async def test_a_doubt_that_is_old_is_a_question_and_sends_nothing(tmp_path: Path) -> None:
    with at_the_door(tmp_path) as (w, line):
        await ready(w)
        line.cut = "after"
        await passes(w, 1)
        w.pass_by(minutes=120)  # nobody was running
        await passes(w, 3)
        assert len(line.taken) == 1
        assert w.holds(w.slip_of()) == ["cannot_tell"]
        assert "倉庫がこのファイルを取り込んだか確かめてください" in w.hold_note(w.slip_of(), "cannot_tell")
        w.release(w.slip_of(), "cannot_tell")
        await passes(w, 3)
        assert len(line.taken) == 2, "a person said that the warehouse does not have it"


async def test_what_must_not_leave_any_more_is_not_put_again(tmp_path: Path) -> None:
    """The put never arrived. Now its order is cancelled: the first file to arrive must not be the instruction."""
    with at_the_door(tmp_path) as (w, line):
        await ready(w)
        line.cut = "before"
        await passes(w, 1)
        w.cart.put(replace(an_order(), cancelled=True, updated_at=w.clock.now()))
        for _ in range(6):
            w.pass_by(minutes=5)
            await w.run("ingest", "relay", "stop")
        assert {name.partition("_")[0] for name, _ in line.taken} == {"SHIPCAN"}
        assert w.stop() != "stopped"


async def test_nor_what_changed_since(tmp_path: Path) -> None:
    with at_the_door(tmp_path) as (w, line):
        await ready(w)
        line.cut = "before"
        await passes(w, 1)
        w.ne.edit(w.slip_of(), address1="大阪府大阪市北区見本1-2-3")
        await w.run("follow_slips")
        await passes(w, 5)
        assert line.taken == []
        assert set(w.holds(w.slip_of())) == {"changed_after_relay", "cannot_tell"}


def answer_of(line: Line, name: str, slip: str) -> None:
    head = "元ファイル名,行数,受付区分,出荷指示番号,行番号,エラーコード,エラー内容,処理日時"
    at = "2026/11/24 11:00:00"
    rows = [f"{name},1,A,*FILE*,0,,,{at}", f"{name},1,A,{slip},0,,,{at}"]
    text = "".join(f"{row}\r\n" for row in (head, *rows))
    (line.root / "to_wms/ack" / f"SHIPACK_{name}").write_bytes(text.encode("cp932"))
