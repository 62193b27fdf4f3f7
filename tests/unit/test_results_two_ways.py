"""A result file in pieces, by remembered shapes, says what the plain reading of the whole file says: seeded files."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

import pytest
from connector.adapters.wms import pieces
from connector.adapters.wms.files import load_mappings
from connector.adapters.wms.mappings import Mappings
from connector.adapters.wms.shipments import Rules, gather
from connector.config import shipped_mappings
from connector.errors import Malformed
from connector.mapping import load_tables
from connector.ports import ReadResults

from tests.unit.test_results_chunks import tracking

MAPPINGS = shipped_mappings()
TABLES = load_tables(MAPPINGS / "tables")
USUAL = {
    "generic": {"result": "1", "carrier": "YAMATO_TAKKYUBIN"},
    "b2cloud": {"carrier": "0"},
    "ehiden3": {"pieces": "1"},
    "yupri": {"carrier": "0"},
    "logizard-csv": {"sku": "MH-001", "quantity": "1"},
}
PROFILES = {name: load_mappings(MAPPINGS / "wms" / name, TABLES, {}) for name in USUAL}
TODAY = date(2026, 11, 24)
DONE = "2026/11/24 18:05:00"
TIMES = (DONE, DONE, "2026/11/24 18:05:59", "2026/11/24 9:05", "2026/13/45 99:99:99", "", " ", "'", '=""')
DAYS = ("20261124", "2026/11/23", "20261301", "20270101", "")
CODES = ("YAMATO_TAKKYUBIN", "SAGAWA_TAKUHAI", "JP_YUPACK", "FUKUYAMA", "0", "9", "4", "")
ZEROS = "0" * 12
Row = dict[str, str]  # key of the mapping -> text


def parted(by: str) -> Callable[[str], str]:
    return lambda text: by.join((text[:4], text[4:8], text[8:]))


WAYS_TO_WRITE: tuple[Callable[[str], str], ...] = (
    *(parted(mark) for mark in ("-", "ー", "ｰ", "−", "‐", " ")),
    *(lambda text, form=form: form.format(text) for form in (" {}", "　{}　", "'{}", '="{}"', "={}", "0{}")),
    *(lambda _, text=text: text for text in ("", " ", "=", "'", "''", '=""', "1.2E+11", ZEROS)),
    lambda text: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    lambda text: text[:-1],
)


def rows_of(rng: random.Random, profile: str, slip: str, number: str, odd: Callable[[], bool]) -> list[Row]:
    own = {"slip_number": slip, "result_id": f"R{slip}", "shipped_on": "20261124"}
    own |= {"shipped_on": rng.choice(DAYS)} if odd() else {}
    own |= USUAL[profile] | ({"carrier": rng.choice(CODES)} if odd() else {})
    numbers = (number, tracking(5_000 + rng.randrange(500)))[: rng.choice((1, 1, 2))]
    parcel = own | {"line_no": "0", "parcels": str(len(numbers))}
    rows = [parcel | {"tracking": one, "parcel": str(n)} for n, one in enumerate(numbers, 1)]
    return rows + ([own | {"line_no": "1", "sku": "MH-001", "quantity": "1"}] if profile == "generic" else [])


def a_file(rng: random.Random, profile: str, mappings: Mappings) -> bytes:
    oddity, many = rng.choice((0.0, 0.03, 0.1, 0.3)), rng.randrange(2, 40)

    def odd() -> bool:
        return rng.random() < oddity

    day_is_done = rng.choice(TIMES)
    rows: list[Row] = []
    for n in range(many):
        slip = str(300_000 + (rng.randrange(many) if odd() else n))
        event = rows_of(rng, profile, slip, tracking(rng.randrange(many) if odd() else n), odd)
        done = rng.choice(TIMES) if rng.random() < max(oddity, 0.1) else day_is_done
        rows += [row | {"confirmed_at": done} for row in event]
        if odd():
            rows.append(dict(rng.choice(rows)))
        if odd():
            write, cell = rng.choice(WAYS_TO_WRITE), rng.choice(("slip_number", "tracking", *rows[0]))
            text = write(rng.choice(rows).get(cell, ""))
            for row in rng.choices(rows, k=2):
                row[cell] = text
    if odd():
        rng.shuffle(rows)
    columns = mappings.result.columns
    lines = [
        [column.header for column in columns],
        *([row.get(one.key, "") for one in columns] for row in rows),
    ]
    quoted = (",".join('"' + text.replace('"', '""') + '"' for text in line) for line in lines)
    return "\r\n".join([*quoted, ""]).encode("utf-8-sig")


def said(found: list[ReadResults]) -> tuple[list[bytes], list[tuple[str, str]]]:
    shipments = sorted(one.to_bytes() for part in found for one in part.shipments)
    return shipments, sorted((one.where, one.words) for part in found for one in part.strays)


def both_ways(seed: int) -> int:
    """Into how many pieces the file of this seed went; 0 where both refuse it."""
    rng = random.Random(seed)
    profile = rng.choice(("generic", *PROFILES))
    mappings = PROFILES[profile]
    rules = Rules(today=TODAY, lines_optional=mappings.profile.lines_optional, plain=mappings.plain)
    body = a_file(rng, profile, mappings)
    try:
        whole = gather("x.csv", mappings.result.read("x.csv", body), rules)
    except Malformed:
        with pytest.raises(Malformed):
            pieces.in_pieces("x.csv", mappings.result.open("x.csv", body), rules, 1)
        return 0
    first = pieces.in_pieces("x.csv", mappings.result.open("x.csv", body), rules, rng.randrange(1, 9))
    parts = [first, *first.later]
    assert said(parts) == said([whole]), f"seed {seed}, {profile}"
    return len(parts)


def test_some_files_read_in_both_ways_say_the_same() -> None:
    assert sum(both_ways(seed) for seed in range(500)) > 1_500


@pytest.mark.long
def test_many_files_read_in_both_ways_say_the_same() -> None:
    taken = [both_ways(seed) for seed in range(500, 30_500)]
    print(f"{len(taken)} files of seeds 500 to 30499 in {sum(taken)} pieces: no difference")
    assert sum(taken) > 3 * len(taken)
