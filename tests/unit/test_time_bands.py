"""Time bands (時間帯) and carriers (運送会社) in each system's words, and what happens to a code that has drifted."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from connector.carriers import BANDS, BandCode, Bands, Missing, Services, System, Verdict
from connector.mapping.carrier_files import read_carriers
from connector.slip import Carrier

from tests.golden import samples

TODAY = date(2026, 11, 24)
COLUMNS = ("yamato_b2", "sagawa_ehiden3", "japanpost_yupri", "openlogi")


@cache
def bands() -> Bands:
    return samples.tables().bands


@cache
def services() -> Services:
    return samples.tables().services


def rows() -> list[dict[str, str]]:
    with (samples.FIXTURES / "wms/time_slots.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["no"])
def test_the_fixtures_bands_in_every_system(row: dict[str, str]) -> None:
    slot = samples.tables().time_slot(row["text"], row["reading_context"])
    assert (slot.band if slot else "unknown") == row["canonical"]
    if slot is None:
        return
    for system in COLUMNS:
        choice = bands().code(system, slot.band, TODAY)
        said = choice.code if choice.code is not None else choice.verdict.value
        assert said == row[system], system
        assert bool(choice.words) == (choice.verdict is not Verdict.OFFERED)
    old = "configured replacement, with a warning" in row["note"]
    assert (bands().code("yamato_b2", slot.band, TODAY).verdict is Verdict.REPLACED) == old


def test_all_sixty_are_there_and_every_band_is_met() -> None:
    assert len(rows()) == 60
    assert {row["canonical"] for row in rows()} == {*BANDS, "unknown"}


def test_what_is_written_reads_back_to_the_same_band() -> None:
    known = samples.tables().time_slots.codes
    for system, codes in known.items():
        table = bands().systems.get(system)
        for code, band in codes.items():
            written = table.bands[band].code if table else code
            assert written == code, (system, band)
    for system in COLUMNS:
        for band, row in bands().systems[system].bands.items():
            if row.code:
                assert known[system][row.code] == band


@pytest.mark.parametrize(
    ("band", "on", "verdict", "code"),
    [
        ("B2021", date(2017, 6, 18), Verdict.OFFERED, "2021"),
        ("B2021", date(2017, 6, 19), Verdict.REPLACED, "1921"),
        ("B1921", date(2017, 6, 18), Verdict.NOT_OFFERED, None),
        ("B1214", date(2017, 6, 18), Verdict.OFFERED, "1214"),
        ("B1214", date(2017, 6, 19), Verdict.NOT_OFFERED, None),
    ],
)
def test_a_code_lives_from_one_day_to_another(
    band: str, on: date, verdict: Verdict, code: str | None
) -> None:
    choice = bands().code("yamato_b2", band, on)
    assert (choice.verdict, choice.code) == (verdict, code)
    assert ("2017/06/1" in choice.words) == (verdict is not Verdict.OFFERED)


@pytest.mark.parametrize(
    ("missing", "band", "verdict", "code"),
    [
        (Missing.HOLD, "B1214", Verdict.NOT_OFFERED, None),
        (Missing.NEAREST, "B1214", Verdict.REPLACED, "1416"),
        (Missing.NEAREST, "B1821", Verdict.REPLACED, "1820"),
        (Missing.NEAREST, "B2021", Verdict.REPLACED, "1820"),
        (Missing.NEAREST, "T10", Verdict.NOT_OFFERED, None),  # another service, not an hour
        (Missing.NONE, "B1214", Verdict.REPLACED, ""),
        (Missing.NONE, "T17", Verdict.REPLACED, ""),
        (Missing.NEAREST, "AM", Verdict.OFFERED, "0812"),
    ],
)
def test_what_a_shop_may_choose_for_a_band_that_is_not_offered(
    missing: Missing, band: str, verdict: Verdict, code: str | None
) -> None:
    codes = {"NONE": "", "AM": "0812", "B1416": "1416", "B1820": "1820"}
    rows = {name: BandCode(code=code) for name, code in codes.items()}
    choice = System(name="見本運輸", bands=rows, missing=missing).choose(band, TODAY)
    assert (choice.verdict, choice.code) == (verdict, code)
    assert (verdict is Verdict.OFFERED) == (choice.words == "")


def test_a_replacement_that_is_gone_too_is_a_hold() -> None:
    rows = {"NONE": BandCode(code=""), "B2021": BandCode(instead="B1921")}
    choice = System(name="見本運輸", bands=rows).choose("B2021", TODAY)
    assert (choice.verdict, choice.code) == (Verdict.NOT_OFFERED, None)


def test_a_band_for_one_carrier_only() -> None:
    assert bands().code("openlogi", "B1214", TODAY, "SAGAWA_TAKUHAI").code == "12"
    choice = bands().code("openlogi", "B1214", TODAY, "YAMATO_TAKKYUBIN")
    assert (choice.verdict, choice.code) == (Verdict.NOT_OFFERED, None)
    assert "SAGAWA_TAKUHAI" in choice.words


def test_every_carrier_has_its_row_and_is_read_back() -> None:
    assert set(services().rows) == set(Carrier)
    for carrier, row in services().rows.items():
        for system, code in row.codes.items():
            found = services().read(system.removesuffix("_cod"), code, carrier)
            assert found is not None
            assert (found.carrier, found.code, found.warning) == (carrier, code, "")


@pytest.mark.parametrize(
    ("system", "code", "sent", "carrier", "now"),
    [
        ("yamato_b2", "7", "YAMATO_NEKOPOS", "YAMATO_NEKOPOS", "A"),  # with a warning
        ("yamato_b2", "7", "YAMATO_YUPACKET", "YAMATO_YUPACKET", "7"),
        ("yamato_b2", "7", "", "YAMATO_YUPACKET", "7"),
        ("yamato_b2", "A", "", "YAMATO_NEKOPOS", "A"),
        ("yamato_b2", "9", "", "YAMATO_COMPACT", "9"),
        ("logiless", "letter_pack_light", "", "JP_LETTERPACK", "letter_pack_light"),
        ("openlogi", "SAGAWA", "", "SAGAWA_TAKUHAI", "SAGAWA"),
        ("openlogi", "YAMATO", "YAMATO_COMPACT", "YAMATO_COMPACT", "YAMATO"),
    ],
)
def test_codes_of_other_systems(system: str, code: str, sent: str, carrier: str, now: str) -> None:
    found = services().read(system, code, sent)
    assert found is not None
    assert (found.carrier, found.code) == (carrier, now)
    assert bool(found.warning) == (code != now)


@pytest.mark.parametrize(
    ("system", "code"), [("openlogi", "YAMATO"), ("yamato_b2", "2"), ("yamato_b2", ""), ("yamato_b2", "Z")]
)
def test_what_several_carriers_share_is_not_guessed(system: str, code: str) -> None:
    assert services().read(system, code) is None


def test_cash_on_delivery_has_its_own_kind_of_label() -> None:
    assert services().code("yamato_b2", "YAMATO_COMPACT") == "8"
    assert services().code("yamato_b2", "YAMATO_COMPACT", cash_on_delivery=True) == "9"
    assert services().code("openlogi", "JP_YUPACK") is None
    assert services().code("openlogi", "NEKO_UNKNOWN") is None
    assert [code for code in Carrier if not services().tracked(code)] == [Carrier.JP_TEIKEIGAI]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("systems:\n  x: {name: x, bands: {NONE: '', B1999: '1'}}\n", "B1999"),
        ("systems:\n  x: {name: x, bands: {NONE: '', AM: '1', B1416: '1'}}\n", "同じコード"),
        ("systems:\n  x: {name: x, bands: {NONE: '', AM: {code: '1', valid_to: 2017/6/18}}}\n", "日付"),
        ("systems:\n  x: {name: x, if_not_offered: guess, bands: {NONE: ''}}\n", "guess"),
        ("systems:\n  x: {name: x, bands: {NONE: '', AM: {valid_to: '2017-06-18'}}}\n", "どれか"),
        ("systems: []\n", "名前: 値"),
        ("carriers: {}\n", "systems"),
        ("", "名前: 値"),
    ],
)
def test_a_broken_table_of_bands_says_where(tmp_path: Path, body: str, words: str) -> None:
    (tmp_path / "time_slot_by_system.yaml").write_text(body, "utf-8")
    told = "\n".join(map(str, read_carriers(tmp_path).problems))
    assert words in told
    assert "time_slot_by_system.yaml" in told


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("carriers:\n  YAMATO: {name: x}\n", "YAMATO"),
        ("carriers:\n  SEINO: {name: x, b2: '0'}\n", "b2"),
        ("carriers:\n  SEINO: {name: x, formerly: {yamato_b2: '7'}}\n", "今のコードのない"),
        ("carriers:\n  SEINO: {logiless: seino_express}\n", "name"),
    ],
)
def test_a_broken_table_of_carriers_says_where(tmp_path: Path, body: str, words: str) -> None:
    (tmp_path / "carriers_by_system.yaml").write_text(body, "utf-8")
    assert words in "\n".join(map(str, read_carriers(tmp_path).problems))


def test_the_lint_of_both_tables_tells_file_line_column_and_the_nearest_word(tmp_path: Path) -> None:
    (tmp_path / "carriers_by_system.yaml").write_text(
        "carriers:\n  YAMATO_NEKOPSO: {name: x}\n  SEINO: {name: x, cod_most: many, cool: maybe}\n", "utf-8"
    )
    (tmp_path / "time_slot_by_system.yaml").write_text(
        "systems:\n  x: {name: x, if_not_offered: nearst, bands: {NONE: ''}}\n", "utf-8"
    )
    found = [
        (problem.where.rpartition("/")[2], problem.line, problem.found)
        for problem in read_carriers(tmp_path).problems
    ]
    assert found == [
        ("carriers_by_system.yaml", 2, "YAMATO_NEKOPSO"),
        ("carriers_by_system.yaml", 3, "many"),
        ("carriers_by_system.yaml", 3, "maybe"),
        ("time_slot_by_system.yaml", 2, "nearst"),
    ]
    assert "YAMATO_NEKOPOS" in read_carriers(tmp_path).problems[0].expected
    assert read_carriers(samples.MAPPINGS / "tables").problems == []


def test_bands_of_the_shops_own_contract() -> None:
    yamato = bands().systems["yamato_b2"]
    assert yamato.among(()).choose("B1416", TODAY).verdict is Verdict.OFFERED
    assert yamato.among(("AM",)).choose("B1416", TODAY).verdict is Verdict.NOT_OFFERED
    assert yamato.among(("AM",)).choose("NONE", TODAY).verdict is Verdict.OFFERED
    assert yamato.among(("B1921",)).choose("B2021", TODAY).code == "1921"
