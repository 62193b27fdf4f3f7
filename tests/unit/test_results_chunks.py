"""A large result file is taken in pieces: the same end as in one, whatever lies apart in it or breaks it off."""

from __future__ import annotations

import random
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from connector.adapters.wms import pieces
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.adapters.wms.shipments import Rules, gather
from connector.bench import measure_results, results_lines
from connector.bench import results as bench
from connector.bench.results_day import HEADER
from connector.clock import SteppedClock
from connector.config import shipped_mappings
from connector.errors import Malformed
from connector.journey import SlipState
from connector.ledger import archive, codec
from connector.ledger.database import Database, migrate
from connector.ledger.history import verify
from connector.ledger.ledger import Ledger
from connector.ledger.record import By
from connector.ledger.schema import exchanges, history, shipments, slips, strays, tracking_numbers
from connector.mapping import load_tables
from connector.outcome import Advance
from connector.ports import Ports
from connector.runner.counts import Counts
from connector.runner.results import Results
from connector.shop import Shop
from connector.slip import Slip, SlipRow
from connector.stages.collect import STAGE
from connector.stages.shipped import whole
from connector.transport.folder import FolderDrop
from sqlalchemy import func, insert, select, update

MAPPINGS = shipped_mappings()
TABLES = load_tables(MAPPINGS / "tables")
GENERIC = load_mappings(MAPPINGS / "wms/generic", TABLES, {})
PLAIN = load_mappings(MAPPINGS / "wms/yupri", TABLES, {})
RULES = Rules(today=date(2026, 11, 24))
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SHOP = Shop(key="mihon", name="見本店", start_at=NOW - timedelta(days=9), ne_shop_id="1")
SAME = ("1", "20261124", "YAMATO_TAKKYUBIN")
DONE = "2026/11/24 18:05:00"


def tracking(n: int) -> str:
    digits = 99_990_000_000 + n
    return f"{digits}{digits % 7}"


def parcel(slip: int | str, number: str, n: int = 1, of: int = 1, event: str = "") -> list[str]:
    return [event or f"R{slip}", f"{slip}", "0", *SAME, number, str(n), str(of), *[""] * 6, DONE]


def goods(slip: int | str, event: str = "", quantity: int = 1) -> list[str]:
    return [event or f"R{slip}", f"{slip}", "1", *SAME, "", "", "", "MH-001", str(quantity), *[""] * 4, DONE]


def file_of(rows: list[list[str]]) -> bytes:
    lines = [",".join(f'"{cell}"' for cell in row) for row in ([*HEADER], *rows)]
    return ("\r\n".join(lines) + "\r\n").encode("cp932")


def wild(rng: random.Random) -> bytes:
    """Slips that lie apart, numbers of two slips, wrapped and broken numbers, rows in any order."""
    rows: list[list[str]] = []
    events, oddity = rng.randrange(1, 60), rng.choice((0, 0.05, 0.3))

    def odd() -> bool:
        return rng.random() < oddity

    for n in range(events):
        slip = str(300_000 + (rng.randrange(events) if odd() else n))
        event = f"R{slip}-{rng.randrange(2) if odd() else 0}"
        number = tracking(rng.randrange(events) if odd() else n)
        number = "1.2E+11" if odd() else f"=''{number}''" if odd() else number
        written = f"'{slip}" if odd() else slip
        rows += [parcel(written, number, event=event), goods(written, event)]
        if rng.random() < 0.2:
            rows[-2:-1] = [
                parcel(slip, number, 1, 2, event),
                parcel(slip, tracking(events + n), 2, 2, event),
            ]
    if odd():
        rng.shuffle(rows)
    return file_of(rows).replace(b"''", b'""')


@pytest.mark.parametrize("seeds", [range(60), range(60, 120)])
def test_in_pieces_a_file_says_what_it_says_as_a_whole(seeds: range) -> None:
    taken = 0
    for seed in seeds:
        rng = random.Random(seed)
        body = wild(rng)
        whole = gather("x.csv", GENERIC.result.read("x.csv", body), RULES)
        first = pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", body), RULES, rng.randrange(2, 9))
        parts = [first, *first.later]
        taken += len(parts)
        said = sorted((one for part in parts for one in part.shipments), key=lambda one: one.to_bytes())
        assert said == sorted(whole.shipments, key=lambda one: one.to_bytes()), seed
        aside = sorted((one.where, one.words) for part in parts for one in part.strays)
        assert aside == sorted((one.where, one.words) for one in whole.strays), seed
    assert taken > 3 * len(seeds)


def test_the_parcels_of_a_slip_from_both_ends_of_a_plain_file_are_one_event() -> None:
    head = "お客様側管理番号,お問い合わせ番号"
    lines = [f"{300_000 + n},{tracking(n)}" for n in range(50)]
    body = "\r\n".join([head, *lines, f"300000,{tracking(99)}", ""]).encode("cp932")
    rules = Rules(today=RULES.today, lines_optional=True, plain=True)
    first = pieces.in_pieces("x.csv", PLAIN.result.open("x.csv", body), rules, rows=10)
    found = [one for part in (first, *first.later) for one in part.shipments]
    assert len(found) == 50
    assert {one.slip_number: one.tracking for one in found}["300000"] == (tracking(0), tracking(99))


def test_a_chain_of_shared_numbers_is_one_piece_and_no_endless_work() -> None:
    rows = [row for n in range(4_000) for row in (parcel(n, tracking(n)), parcel(n, tracking(n + 1), 2, 2))]
    runs = pieces.Runs(GENERIC.result.open("x.csv", file_of(rows)))
    assert [len(group) for group in runs.tied()] == [4_000]


def test_memory_grows_by_places_and_not_by_rows() -> None:
    def peak(events: int) -> int:
        body = file_of([row for n in range(events) for row in (parcel(n, tracking(n)), goods(n))])
        tracemalloc.start()
        first = pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", body), RULES)
        booked = len(first.shipments) + sum(len(part.shipments) for part in first.later)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert booked == events
        return most

    small, large = peak(1_000), peak(4_000)
    assert large - small < 6_000 * 200, f"{(large - small) / 6_000:.0f} bytes a row"


# --- booking ---------------------------------------------------------------------------------------------------


class Desk:
    """A ledger with relayed slips, and the reader of their results."""

    def __init__(self, folder: Path, numbers: range) -> None:
        self.database = Database(f"sqlite:///{folder / 'ledger.sqlite3'}", inline=True)
        migrate(self.database)
        nothing = cast(Any, None)
        others = dict.fromkeys(("cart", "mailer", "orders", "archive"), nothing)
        warehouse = FileWarehouse(
            GENERIC, drop=FolderDrop(folder / "tree"), archive=nothing, clock=SteppedClock(NOW)
        )
        self.ports = Ports(shop=SHOP, warehouse=warehouse, now=NOW, **others)
        self.ledger = Ledger(self.database, SHOP)
        with self.database.engine.begin() as connection:
            connection.execute(insert(slips), [_slip(number) for number in numbers])

    def keep(self, body: bytes, name: str = "SHIPRES.csv") -> None:
        with self.database.engine.begin() as connection:
            archive.keep(connection, SHOP.key, NOW, system="wms", direction="in", name=name, body=body)

    async def read(self) -> Counts:
        counts = Counts()
        await Results(self.ledger).read(STAGE, self.ports, counts)
        return counts

    def count(self, table: Any, *where: Any) -> int:
        with self.database.engine.connect() as connection:
            return int(connection.scalar(select(func.count()).select_from(table).where(*where)) or 0)

    def end(self) -> tuple[int, int, int, int]:
        """Slips dispatched, shipments, tracking numbers, moves in the history."""
        return (
            self.count(slips, slips.c.state == "dispatched"),
            self.count(shipments),
            self.count(tracking_numbers),
            self.count(history, history.c.event == "moved"),
        )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(pieces, "ROWS", 50)
    made = Desk(tmp_path, range(400_000, 400_300))
    yield made
    made.database.close()


def _slip(number: int) -> dict[str, Any]:
    row = SlipRow(no=1, sku="MH-001", name="見本", quantity=1, unit_price=1)
    slip = Slip(number=str(number), order_number=f"T-{number}", ne_shop_id="1", status=40, rows=(row,))
    return {
        "shop": SHOP.key,
        "number": slip.number,
        "order_number": slip.order_number,
        "state": "relayed",
        "since": NOW,
        "body": codec.encode(slip),
        "seen_at": NOW,
        "status": 40,
        "cancel_type": "0",
        "total": 1,
    }


def three_hundred() -> list[list[str]]:
    return [row for n in range(300) for row in (parcel(400_000 + n, tracking(n)), goods(400_000 + n))]


async def test_all_pieces_are_booked_and_the_file_is_read_once(desk: Desk) -> None:
    desk.keep(file_of(three_hundred()))
    assert (await desk.read()).moved == 300
    assert desk.end() == (300, 300, 300, 300)
    assert desk.count(exchanges, exchanges.c.read_at.is_(None)) == 0
    with desk.database.engine.connect() as connection:
        assert verify(connection, SHOP.key) is None, "the chain of the history is whole"


async def test_broken_off_between_two_pieces_it_goes_on_and_books_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.keep(file_of(three_hundred()))
    book, calls = Ledger.book, 0

    async def breaks(self: Ledger, *words: Any, **more: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise RuntimeError("the power went")
        return await book(self, *words, **more)

    monkeypatch.setattr(Ledger, "book", breaks)
    assert "the power went" in (await desk.read()).failed
    assert desk.end() == (100, 100, 100, 100), "four pieces of fifty rows are committed"
    assert desk.count(exchanges, exchanges.c.read_at.is_(None)) == 1
    monkeypatch.undo()
    assert (await desk.read()).moved == 200
    assert desk.end() == (300, 300, 300, 300)
    assert desk.count(strays) == 0


async def test_a_file_that_breaks_in_its_last_line_books_nothing(desk: Desk) -> None:
    desk.keep(file_of(three_hundred()) + b'"R1","400001\r\n')
    await desk.read()
    assert desk.end() == (0, 0, 0, 0)
    with desk.database.engine.connect() as connection:
        (words,) = connection.scalars(select(strays.c.words))
    assert "SHIPRES.csv:602" in words
    assert "引用符" in words


async def test_one_number_for_two_slips_is_found_across_pieces_and_files(desk: Desk) -> None:
    rows = three_hundred()
    rows[-2][6] = tracking(0)  # the last slip claims the first one's number
    desk.keep(file_of(rows))
    await desk.read()
    assert desk.end()[0] == 298, "neither of the two is believed"
    desk.keep(file_of([parcel(400_299, tracking(7)), goods(400_299)]), "LATER.csv")
    await desk.read()
    assert desk.end()[0] == 298, "and a later file cannot take another slip's number"


@pytest.mark.parametrize("mark", ["-", "ー", "ｰ", "−"])
async def test_one_number_in_two_spellings_is_found_across_pieces(desk: Desk, mark: str) -> None:
    rows, claimed = three_hundred(), tracking(0)
    rows[-2][6] = mark.join((claimed[:4], claimed[4:8], claimed[8:]))
    desk.keep(file_of(rows))
    await desk.read()
    assert desk.end()[0] == 298, "neither of the two is believed"
    assert desk.count(strays) == 2


async def test_a_correction_counts_whatever_stands_in_the_time_of_an_event_before_it(desk: Desk) -> None:
    last = 400_299
    desk.keep(file_of([parcel(last, tracking(900)), goods(last)]), "MORNING.csv")
    await desk.read()
    rows = three_hundred()
    rows[0][15] = rows[1][15] = " "
    rows[-2][15] = rows[-1][15] = "2026/11/24 19:00:00"
    desk.keep(file_of(rows), "EVENING.csv")
    await desk.read()
    with desk.database.engine.connect() as connection:
        where = shipments.c.slip_number == str(last)
        told = [codec.shipment(body) for body in connection.scalars(select(shipments.c.body).where(where))]
        slip = codec.slip(connection.scalars(select(slips.c.body).where(slips.c.number == str(last))).one())
    counts = whole(told, slip.rows)
    assert counts is not None
    assert counts.tracking == (tracking(299),), "the later word of the two"


def test_an_unreadable_time_is_refused_though_an_event_before_it_has_a_blank_one() -> None:
    rows = three_hundred()
    rows[0][15] = rows[1][15] = " "
    rows[400][15] = "2026/13/45 99:99:99"
    found = pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", file_of(rows)), RULES, rows=50)
    parts = [found, *found.later]
    assert [one.where for part in parts for one in part.strays] == ["x.csv:402", "x.csv:403"]
    assert sum(one.confirmed_at is None for part in parts for one in part.shipments) == 1


def test_one_bad_row_among_many_is_named_with_its_line() -> None:
    rows = three_hundred()
    rows[401][10] = "いくつか"
    found = pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", file_of(rows)), RULES, rows=50)
    parts = [found, *found.later]
    assert [one.where for part in parts for one in part.strays] == ["x.csv:403", "x.csv:402"]
    assert sum(len(part.shipments) for part in parts) == 299


def test_a_row_that_names_no_slip_takes_its_event_out_wherever_the_rest_of_it_lies() -> None:
    rows = three_hundred()
    rows[0][1] = (
        "20 1"  # the parcel row of the first event; its goods row may follow, or be the file's last one
    )
    for body in (file_of(rows), file_of([*rows[:1], *rows[2:], rows[1]])):
        found = pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", body), RULES, rows=50)
        booked = {one.slip_number for part in (found, *found.later) for one in part.shipments}
        assert booked == {str(number) for number in range(400_001, 400_300)}


async def test_many_moves_at_once_leave_alone_what_moved_in_between(desk: Desk) -> None:
    numbers = [str(number) for number in range(400_000, 400_030)]
    items = await desk.ledger.slips_by_number(numbers)
    with desk.database.engine.begin() as connection:
        connection.execute(update(slips).where(slips.c.number == numbers[3]).values(state="cancelled"))
    by = By("collect", SlipState.DISPATCHED)
    said = [(items[number], Advance({"n": number})) for number in numbers]
    assert await desk.ledger.record(by, said, NOW) == 29
    assert desk.end()[0] == 29
    assert desk.count(history, history.c.number == numbers[3]) == 0
    assert await desk.ledger.record(by, said, NOW) == 0, "said again it moves nothing"


def test_nothing_is_given_of_a_file_that_cannot_be_read_to_its_end() -> None:
    body = file_of(three_hundred()) + b"\x81"
    with pytest.raises(Malformed, match=r"x\.csv:602:1"):
        pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", body), RULES, rows=50)


# --- the bench -------------------------------------------------------------------------------------------------


def test_all_ways_of_the_bench_end_alike() -> None:
    pytest.importorskip("pandas", reason="the bench compares with pandas, which is in the dev extra")
    (told,) = measure_results([600], rounds=1)
    assert (told["rows"], told["rounds"], len(told["ours_s"])) == (600, 1, 1)
    assert set(told["ratios"]) == set(bench.PEERS)
    assert all(f"{one['middle']:.2f}x" in results_lines([told]) for one in told["ratios"].values())


def test_without_pandas_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert results_lines(measure_results()).startswith("results: left out, pandas is not installed")


@pytest.mark.parametrize("written", ["1e5", "400150E3", "4E5"])
def test_a_slip_number_that_a_spreadsheet_rounded_is_none_in_the_short_way_either(written: str) -> None:
    rows = three_hundred()
    rows[300][1] = rows[301][1] = written  # an event like all before it
    found = pieces.whole(
        pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", file_of(rows)), RULES, rows=50)
    )
    assert written not in {one.slip_number for one in found.shipments}
    assert len(found.shipments) == 299
    assert sum("表計算ソフトで壊れた" in stray.words for stray in found.strays) == 2
