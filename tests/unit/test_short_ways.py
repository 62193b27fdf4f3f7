"""The short ways of a result file say, event by event and row by row, what the long ways say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import combinations, permutations
from typing import Any

import pytest
from connector.adapters.wms import pieces, shapes
from connector.adapters.wms.shipments import Rules, gather
from connector.ledger import inserts
from connector.ledger.database import Database, among, migrate
from connector.ledger.schema import holds, shipments, slips, tracking_numbers
from connector.ledger.storable import _replaced, plain_facts
from connector.slip import Shipment, SlipRow
from connector.stages import shipped
from sqlalchemy import insert, select

from tests.unit.test_results_chunks import GENERIC, RULES, goods, parcel, tracking
from tests.unit.test_runner_collect_mixes import STORIES, event
from tests.unit.test_runner_collect_mixes import goods as story_goods

ROWS = {
    "as asked": (("TEA", 5), ("MASK", 1)),
    "other width": (("tea", 5), ("Mask", 1)),
    "one item": (("TEA", 5),),
    "more": (("TEA", 9), ("MASK", 1)),
    "less": (("TEA", 3), ("MASK", 1)),
    "twice": (("TEA", 2), ("TEA", 3), ("MASK", 1)),
    "nothing known": (),
}


def rows_of(name: str) -> tuple[SlipRow, ...]:
    return tuple(
        SlipRow(no=no, sku=sku, name="見本", quantity=quantity, unit_price=100)
        for no, (sku, quantity) in enumerate(ROWS[name], 1)
    )


def parts(events: list[Shipment]) -> Iterator[tuple[Shipment, ...]]:
    """Every event alone, any two in both orders, and all of them."""
    for size in (1, 2):
        for some in combinations(events, size):
            yield from permutations(some)
    yield tuple(events)


@pytest.mark.parametrize("asked", list(ROWS))
def test_a_picture_at_once_is_the_picture_pieced_together(asked: str) -> None:
    rows = rows_of(asked)
    cancelled = tuple(
        SlipRow(no=8, sku="TEA", name="", quantity=5, unit_price=1, cancelled=True) for _ in "1"
    )
    for story in STORIES.values():
        for events in parts(story.events("1001", 10)):
            for known in (rows, rows + cancelled):
                assert shipped.picture(events, known) == shipped.pieced_together(events, known)


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("quantity", [0, 4, 5])
def test_a_slip_of_one_row(quantity: int, cancelled: bool) -> None:
    row = SlipRow(no=1, sku="tea", name="見本", quantity=quantity, unit_price=100, cancelled=cancelled)
    one = event("1001", "A", 0, 10, lines=story_goods(mask=0))
    assert shipped.picture([one], [row]) == shipped.pieced_together([one], [row])
    assert (shipped._sole(one, [row]) is not None) == (quantity == 5 and not cancelled)


def test_the_usual_event_goes_the_short_way() -> None:
    (one,) = STORIES["whole"].events("1001", 10)
    assert shipped._sole(one, rows_of("as asked")) is not None
    assert shipped._sole(one, rows_of("more")) is None


ODD = {  # column -> texts that are not the usual ones
    0: ("", '="R1"', "'R7", "R 1", "R" * 21, "1E+12", "Ｒ１"),
    1: ("", "あ", '="2001"', " 2003", "2" * 16),
    2: ("-1", "x", "２"),
    3: ("2", "3", "9"),
    4: ("20261126", "20260101", "20261132", ""),
    5: ("JP_YUPACK", "FUKUYAMA", "NOBODY", ""),
    6: ("", tracking(1), "123456789012", "9999-0000-0017", "1E+11", "'" + tracking(77)),
    7: ("2", "0", ""),
    8: ("2", "", "x"),
    9: ("", "MH-777"),
    10: ("", "-1", "3"),
    13: ("OTHER",),
    15: ("", "2026/11/24 25:00:00", "2026/11/24 18:05", "2026/11/23 09:00:01", "x"),
}


def odd_file(rng: random.Random) -> bytes:
    lines = []
    for slip in range(2_000, 2_060):
        boxes = rng.choice((1, 1, 2))
        lines += [parcel(slip, tracking(10 * slip + n), n, boxes) for n in range(1, boxes + 1)]
        lines += [goods(slip, quantity=rng.choice((1, 1, 2)))]
    for line in rng.sample(lines, 25):
        at = rng.choice(list(ODD))
        line[at] = rng.choice(ODD[at])
    text = "\r\n".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line) for line in lines)
    header = ",".join(f'"{column.header}"' for column in GENERIC.result.columns)
    return f"{header}\r\n{text}\r\n".encode("cp932")


def said(read: Any) -> tuple[list[str], list[str]]:
    return sorted(map(repr, read.shipments)), sorted(map(repr, read.strays))


@pytest.mark.parametrize("rules", [RULES, Rules(today=date(2026, 11, 24), lines_optional=True)])
def test_odd_rows_among_like_ones_are_read_as_by_the_long_way(rules: Rules) -> None:
    for seed in range(60):
        body = odd_file(random.Random(seed))
        table = GENERIC.result.open("x.csv", body)
        long = gather("x.csv", list(map(table.row, table.lines())), rules)
        short = pieces.whole(pieces.in_pieces("x.csv", GENERIC.result.open("x.csv", body), rules, rows=20))
        assert said(short) == said(long), seed


def test_like_events_are_read_by_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for n in range(500) for row in (parcel(3_000 + n, tracking(n)), goods(3_000 + n))]
    text = "\r\n".join(",".join(row) for row in ([column.header for column in GENERIC.result.columns], *rows))
    looked: list[int] = []

    def counted(*args: Any) -> Any:
        looked.append(1)
        return gather(*args)

    monkeypatch.setattr(shapes, "gather", counted)
    table = GENERIC.result.open("x.csv", text.encode("cp932"))
    read = pieces.whole(pieces.in_pieces("x.csv", table, RULES, rows=100))
    assert (len(read.shipments), len(looked)) == (500, 1)


def test_an_event_that_lacks_a_row_is_not_read_like_a_whole_one() -> None:
    rows = [row for n in range(30) for row in (parcel(3_000 + n, tracking(n)), goods(3_000 + n))]
    rows += [parcel("", tracking(99), event="R3025")]
    text = "\r\n".join(",".join(row) for row in ([column.header for column in GENERIC.result.columns], *rows))
    table = GENERIC.result.open("x.csv", text.encode("cp932"))
    read = pieces.whole(pieces.in_pieces("x.csv", table, RULES, rows=20))
    assert {one.slip_number for one in read.shipments} == {str(n) for n in range(3_000, 3_030)} - {"3025"}


NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STORED = {
    shipments: {
        "shop": "a",
        "slip_number": "1",
        "result_id": "R",
        "version": 1,
        "result": "shipped",
        "shipped_on": date(2026, 11, 24),
        "tracking": "1 2",
        "body": b"{}",
        "exchange_id": None,
        "at": NOW,
    },
    tracking_numbers: {"shop": "a", "number": "1", "slip_number": "1", "at": NOW},
    holds: {
        "shop": "a",
        "item": "slip",
        "item_id": 1,
        "number": "1",
        "reason": "bug",
        "note": "髙",
        "stage": "x",
        "opened_at": NOW,
        "closed_at": None,
        "closed_by": "",
        "close_note": "",
    },
}


def test_the_driver_stores_what_the_core_stores() -> None:
    kept = []
    for store in (
        lambda connection, table, row: inserts.insert_all(connection, table, [row]),
        lambda connection, table, row: connection.execute(insert(table), [row]),
    ):
        database = Database("sqlite://", inline=True)
        with database.engine.connect() as connection:
            for table, row in STORED.items():
                table.create(connection)
                store(connection, table, row)
            raw = [
                connection.exec_driver_sql(f"SELECT * FROM {table.name}").all()  # noqa: S608
                for table in STORED
            ]
        kept.append(raw)
        database.close()
    assert kept[0] == kept[1]


def test_among_finds_what_an_in_list_finds(tmp_path: Any) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite3'}", inline=True)
    migrate(database)
    fixed = {"state": "open", "since": NOW, "body": b"", "seen_at": NOW, "status": 1, "cancel_type": "0"}
    numbers = ["1", "01", "髙", 'a"b', "x'y"]
    with database.engine.begin() as connection:
        rows = [{"shop": "a", "number": n, "order_number": "", "total": 0, **fixed} for n in numbers]
        connection.execute(insert(slips), rows)
        for some in (numbers, numbers[1:2], ["1 "], []):
            short = connection.scalars(select(slips.c.number).where(among(connection, slips.c.number, some)))
            long = connection.scalars(select(slips.c.number).where(slips.c.number.in_(some)))
            assert sorted(short) == sorted(long)
        ids = list(connection.scalars(select(slips.c.id).where(among(connection, slips.c.id, [1, 3]))))
        assert ids == [1, 3]
    database.close()


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"a": "髙", "b": ["x", ("y", 1)], "c": {"d": None}},
        {"day": date(2026, 11, 24), "at": NOW, "n": 1.5, "t": True},
        {"zero": "a\0b", "half": "\ud800", "in": [{"k\0": "\0"}]},
    ],
)
def test_facts_are_stored_alike(facts: dict[str, Any]) -> None:
    assert plain_facts(facts) == _replaced(facts)
