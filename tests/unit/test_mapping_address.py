"""Address fitting: complete or held, never cut, no run broken (spec/wms.md §5.1)."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence

import pytest
from connector.mapping import Unfit, place, split, width
from connector.mapping.address import fit, tidied, tidy
from connector.mapping.text import Replacement, undone
from connector.outcome import Reason
from hypothesis import example, given
from hypothesis import strategies as st

from tests.golden.samples import FIXTURES, instruction, writer

B2 = (8, 24, 32, 32)
EHIDEN = (32, 32, 32)
YUPRI = (50, 50, 50)
RUN = re.compile(r"[0-9]+(?:-[0-9]+)*|[ァ-ヺー]+|[A-Za-z]+")


def rows() -> list[dict[str, str]]:
    with (FIXTURES / "wms/addresses.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plain(*texts: str) -> str:
    return unicodedata.normalize("NFKC", "".join("".join(texts).split()))


def fits(pieces: Sequence[str], widths: Sequence[int]) -> bool:
    return place(pieces, widths) is not None


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["no"])
def test_the_fixtures_addresses(row: dict[str, str]) -> None:
    parts = split(row["pref"] + row["city"], f"{row['street']} {row['building']}")
    whole = plain(row["pref"], row["city"], row["street"], row["building"])
    pieces = (parts.prefecture, parts.city, parts.street, parts.building)
    three = (parts.prefecture + parts.city, parts.street, parts.building)

    assert (parts.prefecture, parts.city) == (row["pref"], row["city"])
    assert plain(*pieces) == whole
    for these, widths in ((pieces, B2), (three, EHIDEN), (three, YUPRI)):
        placed = place(these, widths)
        if placed is None:
            assert row["verdict"] == "hold_for_some"
            continue
        assert plain(*placed) == whole
        assert all(width(piece) <= limit for piece, limit in zip(placed, widths, strict=True))
        assert all(run in " ".join(placed) for run in RUN.findall(" ".join(these)))
    assert fits(three, YUPRI)
    if "too long for b2" in row["reason"]:
        assert not fits(pieces, B2)
        assert not fits(three, EHIDEN)
    elif row["verdict"] == "accept":
        assert fits(pieces, B2)
        assert fits(three, EHIDEN)


@pytest.mark.parametrize("row", [row for row in rows() if "E103" in row["reason"]], ids=lambda row: row["no"])
def test_an_address_with_a_character_cp932_lacks_is_held_once_with_the_code_point(
    row: dict[str, str],
) -> None:
    item = instruction(
        address1=row["pref"] + row["city"], address2=f"{row['street']} {row['building']}", zip_code=row["zip"]
    )
    written = writer("wms/generic/instruction.yaml").write([item])
    ((key, hold),) = written.held
    assert (key, hold.reason) == ("200901", Reason.UNMAPPABLE_TEXT)
    assert "住所" in hold.note
    assert len(hold.note.splitlines()) == 1
    assert (points := re.findall(r"U\+[0-9A-F]{4,5}", hold.note))
    assert points[0] in (row["note"] or points[0])


def test_what_does_not_fit_is_held_with_the_proposed_split() -> None:
    with pytest.raises(Unfit) as raised:
        fit(("東京都千代田区", "丸の内9-99-99 テストグランドタワー見本プレミアムレジデンス2405"), B2)
    assert raised.value.reason is Reason.TEXT_TOO_LONG
    assert (
        "東京都 | 千代田区 | 丸の内9-99-99 | テストグランドタワー見本。入らない残り「プレミアムレジデンス2405」"
        in raised.value.words
    )


@given(st.text(alphabet="見本９9－ー-‐ 　ﾏﾝｼｮﾝＡa", max_size=30))
@example("9  9 ")
def test_what_is_tidied_is_recorded_and_leads_back_to_the_original(line: str) -> None:
    text, steps = tidied(line)
    assert text == tidy(line)
    record = [Replacement("", "", *note, step) for step, notes in enumerate(steps) for note in notes]
    assert undone(text, record) == line


@pytest.mark.parametrize("lines", [("渋谷区神宮前9-99",), ("東京都",), ("", "")])
def test_an_address_without_prefecture_or_city_is_held(lines: tuple[str, ...]) -> None:
    with pytest.raises(Unfit) as raised:
        fit(lines, B2)
    assert raised.value.reason is Reason.ADDRESS_DOUBTFUL


@pytest.mark.parametrize(
    ("line", "city"),
    [
        ("三重県四日市市諏訪町9-99", "四日市市"),
        ("広島県廿日市市見本9", "廿日市市"),
        ("千葉県市川市見本9", "市川市"),
        ("東京都町田市見本9", "町田市"),
        ("奈良県大和郡山市見本町9", "大和郡山市"),
        ("福島県郡山市中町9", "郡山市"),
        ("滋賀県蒲生郡日野町見本9", "蒲生郡日野町"),
        ("北海道余市郡余市町見本9", "余市郡余市町"),
        ("愛知県名古屋市中区栄9", "名古屋市中区"),
        ("東京都東村山市見本町9", "東村山市"),
    ],
)
def test_cities_whose_names_contain_city_words(line: str, city: str) -> None:
    assert split(line).city == city


def test_widths_and_dashes_are_tidied_and_kanji_are_not() -> None:
    assert tidy("１－２‐３　ﾃｽﾄﾊｲﾂＢ①　髙﨑") == "1-2-3 テストハイツB① 髙﨑"


@given(
    st.lists(st.text("東京見本町アイウ12-A ", max_size=20), min_size=4, max_size=4),
    st.lists(st.integers(1, 40), min_size=4, max_size=4),
)
def test_whatever_is_placed_is_whole_and_within_its_limits(pieces: list[str], widths: list[int]) -> None:
    placed = place(pieces, widths)
    if placed is None:
        return
    assert "".join("".join(placed).split()) == "".join("".join(pieces).split())
    assert all(width(piece) <= limit for piece, limit in zip(placed, widths, strict=True))
