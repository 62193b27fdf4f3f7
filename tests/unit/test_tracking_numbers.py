"""Tracking numbers (送り状番号): the fixtures' eighty, and what a spreadsheet, a padding or a second number does."""

from __future__ import annotations

import csv
import unicodedata
from functools import cache

import pytest
from connector.carriers import Services
from connector.slip import TrackingNumber
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.samples import FIXTURES, tables

VERDICTS = {"accept": 41, "warn": 3, "refuse": 36}


def rows() -> list[dict[str, str]]:
    with (FIXTURES / "wms/tracking_numbers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def services() -> Services:
    return tables().services


def judged(row: dict[str, str]) -> tuple[str, str, str]:
    """Verdict, reason and normal form, as a reader of result files comes to them."""
    carrier = row["carrier"]
    if not row["as_written"] and not services().tracked(carrier):
        return "accept", "", ""
    padded_to = 15 if row["profile"] == "zero_padded_15" else 0
    try:
        number = TrackingNumber.read(row["as_written"], carrier, padded_to=padded_to, lenient_post=True)
    except ValueError as error:
        return "refuse", str(error), ""
    doubt = number.doubt(carrier)
    return ("warn" if doubt else "accept"), doubt, number


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["no"])
def test_the_fixtures_numbers(row: dict[str, str]) -> None:
    assert judged(row) == (row["verdict"], row["reason"], row["normal_form"])


def test_all_eighty_are_there() -> None:
    assert {verdict: sum(row["verdict"] == verdict for row in rows()) for verdict in VERDICTS} == VERDICTS
    assert len(rows()) == 80


def test_a_post_number_in_doubt_passes_only_for_who_shows_the_doubt() -> None:
    with pytest.raises(ValueError, match=r"^check_digit$"):
        TrackingNumber.read("777700010103", "JP_YUPACK")
    number = TrackingNumber.read("777700010103", "JP_YUPACK", lenient_post=True)
    assert number.doubt("JP_YUPACK") == "check_digit"
    with pytest.raises(ValueError, match=r"^check_digit$"):
        TrackingNumber.read("999900010105", "YAMATO_TAKKYUBIN", lenient_post=True)


@given(st.integers(0, 99_999_999_999), st.sampled_from(["SAGAWA_TAKUHAI", "YAMATO_COMPACT", "JP_YUPACK"]))
def test_padding_takes_nothing_of_the_number_itself(body: int, carrier: str) -> None:
    number = f"{body:011}{body % 7}"
    if body:
        assert TrackingNumber.read(f"000{number}", carrier, padded_to=15) == number
    with pytest.raises(ValueError, match=r"^too_long$"):
        TrackingNumber.read(f"000{number}", carrier)


@pytest.mark.parametrize(
    ("text", "carrier", "wanted"),
    [
        ("000000000000000", "YAMATO_TAKKYUBIN", "empty"),
        ("100999900010325", "YAMATO_TAKKYUBIN", "too_long"),
        ("000009999001000", "SEINO", "9999001000"),
        ("000077770001040", "JP_KAKITOME", "77770001040"),
        ("999900010325", "YAMATO_TAKKYUBIN", "999900010325"),
    ],
)
def test_what_is_padding_and_what_is_not(text: str, carrier: str, wanted: str) -> None:
    try:
        found = str(TrackingNumber.read(text, carrier, padded_to=15))
    except ValueError as error:
        found = str(error)
    assert found == wanted


@pytest.mark.parametrize("between", [" ", "　", "/", " / ", ",", "、", ";", "\n", "・", "|"])
@pytest.mark.parametrize("second", ["999900010373", "9999-0001-0373", "99990001"])
def test_two_numbers_in_one_cell_are_never_joined_into_one(between: str, second: str) -> None:
    with pytest.raises(ValueError, match=r"^several_in_one_cell$"):
        TrackingNumber.read(f"999900010362{between}{second}", "YAMATO_TAKKYUBIN")


@given(st.floats(min_value=1e7, max_value=9e14), st.sampled_from(["E", "e", "Ｅ"]))
def test_whatever_a_spreadsheet_rounds_is_damage(value: float, letter: str) -> None:
    text = f"{value:.5E}".replace("E", letter)
    assert "E" in unicodedata.normalize("NFKC", text).upper()
    with pytest.raises(ValueError, match=r"^excel_damage$"):
        TrackingNumber.read(text, "FUKUYAMA")


@pytest.mark.parametrize("serial", range(0, 100_000_000, 3_333_331))
def test_s10_has_one_right_check_digit(serial: int) -> None:
    """UPU S10: eleven minus the weighted sum modulo eleven, 10 written 0 and 11 written 5."""
    right = []
    for digit in range(10):
        try:
            right.append(TrackingNumber.read(f"ee {serial:08} {digit} jp", "JP_INTERNATIONAL"))
        except ValueError as error:
            assert str(error) == "check_digit"
    total = sum(w * int(d) for w, d in zip((8, 6, 4, 2, 3, 5, 9, 7), f"{serial:08}", strict=True))
    assert right == [f"EE{serial:08}{'50987654321'[total % 11]}JP"]


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("123460008", "not_s10"), ("EE12346000JP", "not_s10")]
)
def test_what_is_not_s10(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        TrackingNumber.read(text, "JP_INTERNATIONAL")
