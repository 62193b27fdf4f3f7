"""Late, repeated, renamed, cumulative, out of order: the same rows end alike (S5), whoever cuts the files."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.ledger.schema import holds, shipments
from connector.order import Order, OrderLine
from msgspec.structs import replace
from sqlalchemy import select

from tests.contract.wms_desk import build
from tests.contract.wms_house import GENERIC
from tests.contract.wms_profiles_desk import ODDITIES, warehouse
from tests.unit.world import World, an_order, world

SHIPPED = {  # the day's slips of fixtures/wms/generic: what was asked for
    "200101": {"MH-SERUM-30": 1, "MH-TEA-20": 5},
    "200102": {"MH-CREAM-50": 1, "MH-MASK-07": 1},
    "200103": {"MH-MASK-07": 1},
    "200104": {"MH-SUPPL-60": 2},
    "200105": {"MH-TEA-20": 1},
    "200106": {"MH-SERUM-30": 6, "MH-CREAM-50": 12, "MH-TEA-20": 24},
    "200107": {"MH-SERUM-30": 1},
    "200108": {"MH-CREAM-50": 1, "MH-SAMPLE-01": 1},
    "200110": {"MH-SUPPL-60": 1},
    "200111": {"MH-SUPPL-60": 5, "MH-MASK-07": 1},
    "200112": {"MH-CREAM-50": 1},
}
LABELS = ("200101", "200102", "200103", "200121", "200122", "200131", "200132", "200133")


def an_order_of(number: str, goods: dict[str, int]) -> Order:
    lines = tuple(
        OrderLine(
            line_id=n,
            sku=sku,
            product_number=sku,
            name="見本",
            unit_price=100,
            quantity=quantity,
            tax_rate=10,
        )
        for n, (sku, quantity) in enumerate(goods.items(), 1)
    )
    order, total = an_order(number), 100 * sum(goods.values())
    amounts = replace(order.amounts, subtotal=total, subtotal10=total, total=total, payable=total)
    return replace(order, lines=lines, amounts=amounts)


async def relayed(w: World, asked: dict[str, dict[str, int]]) -> dict[str, str]:
    """These slips at the warehouse; their numbers in the files and in this world."""
    await w.to_relayed(*(an_order_of(f"T-{number}", goods) for number, goods in asked.items()))
    slips = {number: w.slip_of(f"T-{number}") for number in asked}
    assert {w.slip(slip).state for slip in slips.values()} == {"relayed"}
    return slips


def reads(w: World, partner: FileWarehouse) -> None:
    """From now on this world's files are bytes, read by the product's own reader."""
    w.wms.instead(read_results=partner.read_results)


def renumbered(body: bytes, slips: dict[str, str]) -> bytes:
    for number, slip in slips.items():
        body = body.replace(f'"{number}"'.encode(), f'"{slip}"'.encode())
        body = body.replace(f"\n{number},".encode(), f"\n{slip},".encode())
    return body


def end_state(w: World, *, primary: bool = True) -> dict[str, object]:
    """Everything that somebody could see of it, by order."""
    seen: dict[str, object] = {}
    pinned = w.rows(select(holds).where(holds.c.closed_at.is_(None)).order_by(holds.c.number, holds.c.reason))
    for number, order in w.cart.orders.items():
        slip = w.ne.slips_held[w.slip_of(number)]
        numbers = {slip.tracking, *slip.worker_text.replace("【送り状番号】", "").split("、")}
        seen[number] = (
            str(w.slip(slip.number).state),
            w.state(number),
            slip.status,
            slip.tracking if primary else sorted(numbers - {""}),
            order.tracking if primary else bool(order.tracking),
            order.state_code,
            tuple((row.reason, row.note) for row in pinned if row.number in (slip.number, number)),
        )
    return seen


async def to_the_end(w: World) -> None:
    """NE and the cart, as far as they come by themselves."""
    w.pass_by(minutes=11)
    await w.run("follow_slips", "confirm_shipment")
    w.pass_by(minutes=11)
    await w.run("follow_slips", "confirm_shipment")
    await w.complete_now()
    w.pass_by(minutes=1)
    await w.run("complete")


async def ends(w: World, folder: Path, files: Iterable[tuple[str, bytes]], *, primary: bool = True) -> object:
    """On a copy of this world, one collect pass a file: how it ends."""
    with closing(w.fork(folder)) as other:
        for name, body in files:
            other.wms.out[name] = body
            await other.run("collect")
        await to_the_end(other)
        return end_state(other, primary=primary)


async def all_orders(
    w: World,
    folder: Path,
    files: dict[str, bytes],
    orders: Sequence[tuple[str, ...]],
    *,
    primary: bool = True,
) -> set[str]:
    """The different ends of these orders; one is what we want."""
    found = set()
    for n, order in enumerate(orders):
        state = await ends(w, folder / str(n), [(name, files[name]) for name in order], primary=primary)
        found.add(repr(state))
    return found


def generic(*numbers: int) -> dict[str, bytes]:
    paths = [path for n in numbers for path in GENERIC.glob(f"**/SHIPRES_*_{n:06}.csv")]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture
def day(tmp_path: Path) -> Callable[[World], FileWarehouse]:
    return lambda w: build(tmp_path / "partner", w.clock)


async def orders_of_the_day(
    folder: Path,
    day: Callable[[World], FileWarehouse],
    some: Callable[[Iterable[str]], list[tuple[str, ...]]],
) -> int:
    """No slip is in more than four different ones of the nine files, and 000008 is 000001: each half by itself."""
    count = 0
    with world(folder) as w:
        slips = await relayed(w, SHIPPED)
        reads(w, day(w))
        w.pass_by(hours=30)
        for half, numbers, primary in (("one", (1, 6, 7, 9), False), ("two", (2, 3, 4, 5), True)):
            files = {name: renumbered(body, slips) for name, body in generic(*numbers).items()}
            assert len(files) == 4
            orders = some(files)
            (folder / half).mkdir()
            assert len(await all_orders(w, folder / half, files, orders, primary=primary)) == 1
            count += len(orders)
    return count


def a_few(files: Iterable[str]) -> list[tuple[str, ...]]:
    every = list(permutations(files))
    return [every[0], every[-1], *random.Random(5).sample(every[1:-1], 3)]


def every_one(files: Iterable[str]) -> list[tuple[str, ...]]:
    return list(permutations(files))


async def test_some_orders_of_the_days_files(tmp_path: Path, day: Callable[[World], FileWarehouse]) -> None:
    assert await orders_of_the_day(tmp_path, day, a_few) == 10


@pytest.mark.long
async def test_every_order_of_the_days_files(tmp_path: Path, day: Callable[[World], FileWarehouse]) -> None:
    count = await orders_of_the_day(tmp_path, day, every_one)
    assert count == 48
    print(f"{count} orders stand for all orders of the nine files: one end")


async def test_what_the_days_files_end_in(tmp_path: Path, day: Callable[[World], FileWarehouse]) -> None:
    with world(tmp_path) as w:
        slips = await relayed(w, SHIPPED)
        reads(w, day(w))
        w.pass_by(hours=30)
        for number in (7, 5, 3, 9, 6, 4, 8, 2, 1):  # 000009 before 000001: its first row is the primary one
            w.wms.out |= {name: renumbered(body, slips) for name, body in generic(number).items()}
            await w.run("collect")
        await to_the_end(w)
        held = {number: w.ne.slips_held[slip] for number, slip in slips.items()}
        assert {number: slip.tracking for number, slip in held.items() if slip.tracking} == {
            "200101": "999900001015",
            "200102": "999900001026",
            "200103": "999900001030",
            "200104": "888800010490",
            "200105": "777700010592",
            "200106": "999900010631",
            "200107": "999900001074",
            "200108": "888800010814",
            "200111": "888800001110",
        }
        assert "888800001110、888800011120" in held["200111"].worker_text
        assert "999900010620" in held["200106"].worker_text
        assert w.holds(slips["200110"]) == ["unshippable"]
        assert w.hold_note(slips["200110"], "unshippable") == (
            "出荷不可（欠品 STOCKOUT）、在庫不足のため出荷不可"
        )
        assert w.holds(slips["200112"]) == ["unshippable"]
        assert w.strays() == []
        assert w.ne.count("confirmed") == 9
        assert w.cart.count("sold_twice") == 0


async def orders_of_the_cumulative_file(
    folder: Path, some: Callable[[Iterable[str]], list[tuple[str, ...]]]
) -> int:
    with world(folder) as w:
        slips = await relayed(w, {number: {"SKU-1": 1} for number in LABELS})
        reads(w, warehouse(folder / "partner", "b2cloud", date(2026, 11, 26)))
        w.pass_by(days=3)
        days = {path.parent.name: path.read_bytes() for path in sorted(ODDITIES.glob("cumulative/*/*.csv"))}
        days["reordered"] = next(ODDITIES.glob("reordered/*.csv")).read_bytes()
        files = {name: renumbered(body, slips) for name, body in days.items()}
        orders = some(files)
        assert len(await all_orders(w, folder, files, orders, primary=False)) == 1
        return len(orders)


async def test_a_cumulative_file_in_some_orders(tmp_path: Path) -> None:
    assert await orders_of_the_cumulative_file(tmp_path, a_few) == 5


@pytest.mark.long
async def test_a_cumulative_file_in_every_order(tmp_path: Path) -> None:
    assert await orders_of_the_cumulative_file(tmp_path, every_one) == 24


async def test_a_file_without_a_day_read_again_tomorrow_is_no_news(tmp_path: Path) -> None:
    body = "荷扱い1,伝票番号\r\n200101,999900001015\r\n200102,999900001026\r\n".encode("cp932")
    with world(tmp_path) as w:
        slips = await relayed(w, {"200101": {"SKU-1": 1}, "200102": {"SKU-1": 1}})
        first = renumbered(body, {"200101": slips["200101"]}).replace(b"200102,999900001026\r\n", b"")
        for day, told in ((date(2026, 11, 24), first), (date(2026, 11, 25), renumbered(body, slips))):
            reads(w, warehouse(tmp_path / f"{day}", "b2cloud", day))
            w.wms.out["31項目4項目_発行済データ.csv"] = told
            await w.run("collect", "confirm_shipment")
            w.pass_by(days=1)
        with w.database.engine.connect() as connection:
            days = dict(connection.execute(select(shipments.c.slip_number, shipments.c.shipped_on)).all())
        assert days == {slips["200101"]: date(2026, 11, 24), slips["200102"]: date(2026, 11, 25)}
        assert {w.slip(slip).state for slip in slips.values()} == {"confirmed"}
        assert "corrected" not in w.events(slips["200101"])
        assert w.strays() == []
