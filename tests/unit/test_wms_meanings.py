"""The words of a warehouse's result files mean something, or the profile is not loaded: every problem at its place."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from connector.adapters.wms.inbound import read_inbound
from connector.adapters.wms.kinds import misfits
from connector.adapters.wms.logizard import load_results
from connector.adapters.wms.mappings import load_mappings
from connector.adapters.wms.meanings import NUMBERED, load_reader
from connector.adapters.wms.pieces import in_pieces, whole
from connector.adapters.wms.shipments import Rules
from connector.errors import Malformed, Misconfigured
from connector.mapping.grammars import GRAMMARS, TRACKING, WORDS
from connector.ports import ReadResults
from connector.slip import Result, Shipment

from tests.contract.wms_desk import OWN
from tests.golden import samples
from tests.unit.test_results_chunks import tracking

CASES = sorted((samples.ROOT / "tests/bad_configs").glob("profile_*"))
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WAYS = (*GRAMMARS, TRACKING, WORDS)


def profile_of(folder: Path, like: str = "generic") -> Path:
    """A profile that a test may edit."""
    return Path(shutil.copytree(samples.MAPPINGS / "wms" / like, folder / "mine"))


def told(folder: Path) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        load_mappings(folder, samples.tables(), OWN)
    return [str(problem).replace(f"{folder}/", "") for problem in raised.value.problems]


def read(folder: Path, *lines: str) -> ReadResults:
    body = "\r\n".join([*lines, ""]).encode("cp932")
    return whole(read_inbound(load_mappings(folder, samples.tables(), OWN), "result", "実績.csv", body, NOW))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_everything_that_means_nothing_is_told_at_once(case: Path, tmp_path: Path) -> None:
    folder = profile_of(tmp_path)
    for path in case.glob("*.yaml"):
        shutil.copy(path, folder / path.name)
    assert told(folder) == (case / "expected.txt").read_text("utf-8").splitlines()


PLAIN = """\
kind: csv_reader
encoding: cp932
absent: {carrier: YAMATO_TAKKYUBIN}
columns:
  - {name: 番号, key: slip_number, grammar: code}
  - {name: 日, key: shipped_on, grammar: date}
  - {name: 送り状, key: tracking, grammar: tracking, carrier: carrier}
  - {name: 区分, key: result, grammar: one_of, words: {出荷: shipped, 取消: cancelled}}
"""


def test_a_misspelt_column_never_lets_a_cancelled_row_pass_for_a_shipped_one(tmp_path: Path) -> None:
    folder = profile_of(tmp_path, "b2cloud")
    (folder / "result.yaml").write_text(PLAIN, "utf-8")
    found = read(
        folder, "番号,日,送り状,区分", f"1,20261124,{tracking(1)},出荷", f"2,20261124,{tracking(2)},取消"
    )
    assert [one.result for one in found.shipments] == [Result.SHIPPED, Result.CANCELLED]

    (folder / "result.yaml").write_text(PLAIN.replace("key: result", "key: status"), "utf-8")
    (words,) = told(folder)
    assert words.startswith("result.yaml:8:") and "'status'" in words and "「result」" in words


def test_the_export_of_an_api_is_held_to_the_same_words(tmp_path: Path) -> None:
    folder = profile_of(tmp_path, "logizard")
    load_results(folder, samples.tables())
    path = folder / "result.yaml"
    path.write_text(
        path.read_text("utf-8").replace("key: shipped_on, grammar: date", "key: shipped_on, grammar: text"),
        "utf-8",
    )
    with pytest.raises(Misconfigured, match=r"shipped_on \(出荷日\) をこの書式では読めません"):
        load_results(folder, samples.tables())
    instruction = folder / "instruction.yaml"
    instruction.write_text(instruction.read_text("utf-8").replace("name: TRSP_NAME", "name: NAME"), "utf-8")
    files = [Path(problem.where).name for problem in misfits(folder, samples.tables())]
    assert files == ["result.yaml", "instruction.yaml"], "both are told before anything is contacted"


@pytest.mark.parametrize("folder", sorted(samples.MAPPINGS.glob("wms/*")), ids=lambda path: path.name)
def test_every_profile_that_comes_with_the_product_means_something(folder: Path) -> None:
    assert misfits(folder, samples.tables()) == []


def test_what_stands_for_a_missing_column_is_read_like_its_cells(tmp_path: Path) -> None:
    folder = profile_of(tmp_path)
    path = folder / "result.yaml"
    columns = [line for line in path.read_text("utf-8").splitlines() if "key: parcel" not in line]
    path.write_text("\n".join([*columns, 'absent: {parcel: "1", parcels: "1"}', ""]), "utf-8")
    header = "実績番号,出荷指示番号,行番号,実績区分,出荷日,運送会社コード,送り状番号,商品コード,出荷数,理由コード,理由"
    found = read(folder, header, f"R1,200101,0,1,20261124,YAMATO_TAKKYUBIN,{tracking(1)},,,,")
    assert found.strays == ()
    (one,) = found.shipments
    assert (one.parcels, one.complete, one.shipped_on) == (1, True, date(2026, 11, 24))


def test_headings_are_found_whatever_their_width_and_blanks_but_not_in_another_case(tmp_path: Path) -> None:
    folder = profile_of(tmp_path, "b2cloud")
    (folder / "result.yaml").write_text(PLAIN.replace("name: 送り状", "name: Slip No(1)"), "utf-8")
    row = f"1,20261124,{tracking(1)},出荷"
    (one,) = read(folder, "番 号,　日,Ｓｌｉｐ　No（１）,区分", row).shipments
    assert one.tracking == (tracking(1),)
    with pytest.raises(Malformed, match="見出し"):
        read(folder, "番号,日,SLIP NO(1),区分", row)


def test_a_mapping_that_is_no_yaml_is_told_once(tmp_path: Path) -> None:
    folder = profile_of(tmp_path)
    (folder / "result.yaml").write_text("columns: [", "utf-8")
    assert len(told(folder)) == 1
    (folder / "result.yaml").write_text("kind: csv_reader\nencoding: cp932\ncolumns: none\n", "utf-8")
    assert {words.split(" (")[0] for words in told(folder)} == {
        "result.yaml:3:10: 「- 値」の並びを書いてください",
        "result.yaml:3:10: 列が一つもありません",
    }


USUAL = {
    **dict.fromkeys(("int", "whole"), "1"),
    "code": "200101",
    "text": "200101",
    "date": "20261124",
    "datetime_jst": "2026/11/24 18:05:00",
    "carrier": "SAGAWA_TAKUHAI",
    WORDS: "x",
}
ODD = ("", "0", "-1", "1.0", "ＡＢ", "1E+5", "20261301", "26/11/24 9:05", "YAMATO", "' ", tracking(3))
Columns = dict[str, str]  # key -> grammar


def a_column(rng: random.Random, key: str, grammar: str) -> str:
    meaning = NUMBERED[key]
    more = [name for name in ("blank: yes", "needed: no") if rng.random() < 0.02 + 0.3 * meaning.blank]
    if grammar == WORDS:
        more.append(f"words: {{x: '{rng.choice(meaning.words or ('y',))}'}}")
    if grammar == TRACKING:
        more = ["carrier: carrier", *more[:1]]
    return ", ".join((f"  - {{name: {key}, key: {key}, grammar: {grammar}", *more)) + "}\n"


def a_mapping(rng: random.Random) -> tuple[Columns, str]:
    """The columns of a result.yaml as somebody might write it who tries what may be said, and its text."""
    numbered, odd = rng.random() < 0.5, rng.random() < 0.2
    keys = [key for key in NUMBERED if rng.random() < 0.7 or key in ("slip_number", "tracking", "shipped_on")]
    keys = [key for key in keys if key != "result_id"] + ["result_id"] * numbered
    ways = {key: rng.choice(WAYS if odd and rng.random() < 0.1 else NUMBERED[key].grammars) for key in keys}
    absent = {"carrier": rng.choice(("YAMATO_TAKKYUBIN", "")), "result": "shipped"}
    absent |= dict.fromkeys(("parcel", "parcels", "quantity"), rng.choice(("0", "1", "")))
    absent |= dict.fromkeys(("sku", "reason", "reason_code"), rng.choice(("", "A1"))) | {"line_no": "0"}
    absent |= {} if numbered and not odd else {"shipped_on": "today"}
    instead = ", ".join(f"{key}: '{text}'" for key, text in absent.items() if rng.random() < 0.9)
    head = f"kind: csv_reader\nencoding: cp932\nabsent: {{{instead or 'lot: A'}}}\ncolumns:\n"
    return ways, head + "".join(a_column(rng, key, grammar) for key, grammar in ways.items())


def a_file(rng: random.Random, columns: Columns) -> bytes:
    """Mostly rows that can be read, of mostly all the columns."""
    heading = [key for key in columns if rng.random() < 0.97]
    usual = USUAL | {TRACKING: tracking(rng.randrange(9))}
    oddity = rng.choice((0.0, 0.1))

    def cell(key: str) -> str:
        if rng.random() < oddity:
            return rng.choice(ODD)
        return rng.choice("01") if key == "line_no" else usual[columns[key]]

    rows = [",".join(map(cell, heading)) for _ in range(rng.randrange(1, 4))]
    return "\r\n".join([",".join(heading), *rows, ""]).encode("cp932")


@pytest.mark.parametrize(
    "seeds", [range(200), pytest.param(range(200, 3_000), marks=pytest.mark.long)], ids=["some", "many"]
)
def test_what_is_loaded_can_be_read_whatever_the_file_says(tmp_path: Path, seeds: range) -> None:
    """No mapping that passes ends in a traceback, and whatever is booked has every value of its kind."""
    path, booked = tmp_path / "result.yaml", {True: 0, False: 0}
    for seed in seeds:
        rng = random.Random(seed)
        columns, mapping = a_mapping(rng)
        path.write_text(mapping, "utf-8")
        try:
            reader = load_reader(path, "result", samples.tables())
        except Misconfigured:
            continue
        numbered = "result_id" in reader.keys
        rules = Rules(today=date(2026, 11, 24), lines_optional=rng.random() < 0.7, plain=not numbered)
        for _ in range(5):
            body = a_file(rng, columns)
            try:
                found = whole(in_pieces("x.csv", reader.open("x.csv", body), rules, rng.choice((1, 1_000))))
            except Malformed:
                continue
            except Exception as error:
                raise AssertionError(f"seed {seed}: {error!r}\n{mapping}\n{body!r}") from error
            for one in found.shipments:
                booked[numbered] += 1
                assert Shipment.from_bytes(one.to_bytes()) == one, f"seed {seed}: {one}\n{mapping}"
    assert min(booked.values()) > len(seeds) / 10, booked
