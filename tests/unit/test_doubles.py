"""The comparison of one slip with what was sent (二重出荷の見張り): each way alone, and its genuine neighbour."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from connector import doubles
from connector.doubles import Behind, Kind, Sending
from connector.doubles.folding import fold_name, house, persons, plain
from connector.shop import Shop
from connector.slip import Slip, SlipRow
from connector.words.doubles import DOUBLES
from msgspec.structs import replace

from tests.unit.world import START

SHOP = Shop(key="mihon", name="見本店", start_at=START - timedelta(days=30), ne_shop_id="1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def behind(number: str, at: datetime = START, **more: Any) -> Behind:
    return Behind(number=number, cart=number, placed_at=at, lines={"A": 2}, **more)


OLD = Sending(
    slip="9001", at=START, number="T-1", orders=(behind("T-1"),), goods={"A": 2}, likeness="x", persons=("p", "q"),
    ordered_at=START - HOUR, made_at=START - HOUR,
)  # fmt: skip
NEW = replace(OLD, slip="9002", number="T-2", orders=(behind("T-2", START + DAY),), at=START + DAY)


def found(new: Sending, *old: Sending) -> list[Kind]:
    return [one.kind for one in doubles.alike(new, old or (OLD,), SHOP)]


def rounds(number: str, **more: Any) -> tuple[Behind, ...]:
    return (behind(number, subscription=5, generated=True, **({"round": 3} | more)),)


FOREIGN = replace(NEW, orders=(), number="", ordered_at=START + DAY)
BUNDLE = replace(OLD, orders=(behind("T-1"), behind("T-2")), goods={"A": 4}, took_in=("9002",))

DOUBLE: list[tuple[Kind, Sending, Sending]] = [
    (Kind.ROUND, replace(NEW, likeness="y", orders=rounds("T-2")), replace(OLD, orders=rounds("T-1"))),
    (Kind.REIMPORT, replace(NEW, number="T-1", orders=()), OLD),
    (Kind.REIMPORT, replace(NEW, number="T-1", orders=OLD.orders, persons=(), likeness=""), OLD),
    (Kind.COPY, replace(FOREIGN, copied_from="9001", persons=(), likeness=""), OLD),
    (Kind.SPLIT, replace(NEW, orders=OLD.orders, split_from="9001", goods={"A": 1}), OLD),
    (Kind.SPLIT, replace(FOREIGN, split_from="9001", made_at=START + HOUR), replace(OLD, orders=())),
    (Kind.BUNDLE, NEW, BUNDLE),
    (Kind.HAND_MADE, FOREIGN, OLD),
    (Kind.HAND_MADE, NEW, replace(OLD, orders=(), number="", ours=False, at=START + 2 * DAY)),
    (Kind.HAND_MADE, replace(FOREIGN, ordered_at=START), replace(OLD, orders=(), number="")),
    (Kind.GO_LIVE, replace(NEW, orders=(behind("T-2"),)), replace(OLD, orders=(), number="L-1", ours=False)),
    (Kind.GO_LIVE, replace(NEW, number="T-1", orders=OLD.orders), replace(OLD, ours=False)),
    (Kind.TWIN, replace(NEW, orders=(behind("T-2", START + 5 * HOUR),)), OLD),
]  # fmt: skip
GENUINE: dict[str, tuple[Sending, Sending]] = {
    "the next round": (replace(NEW, orders=rounds("T-2", round=4)), replace(OLD, orders=rounds("T-1"))),
    "a round counted again after a refund": (
        replace(NEW, orders=rounds("T-2", planned_on=date(2026, 12, 24))),
        replace(OLD, orders=rounds("T-1", planned_on=date(2026, 11, 24))),
    ),
    "two addresses of one order of a round": (
        replace(NEW, orders=(replace(rounds("T-1-2")[0], cart="T-1"),), persons=("r",)),
        replace(OLD, orders=rounds("T-1")),
    ),
    "the same again the next day": (NEW, OLD),
    "a renewal and an order": (replace(NEW, orders=(behind("T-2", generated=True),)), OLD),
    "another name at one address": (replace(NEW, likeness="y", orders=(behind("T-2"),)), OLD),
    "another address": (replace(NEW, persons=("r", "s"), orders=(behind("T-2"),)), OLD),
    "a part of one order": (replace(NEW, orders=OLD.orders, goods={"A": 1}), replace(OLD, goods={"A": 1})),
    "a part that was made before the first part left": (
        replace(FOREIGN, split_from="9001", made_at=START - HOUR), replace(OLD, orders=()),
    ),
    "what stays in the slip it was split from": (FOREIGN, replace(OLD, orders=(), split_from="9002")),
    "other goods in a copy": (replace(FOREIGN, copied_from="9001", goods={"B": 1}, likeness="y"), OLD),
    "telephone orders on two days": (FOREIGN, replace(OLD, orders=(), number="")),
    "the next order after the old link's": (NEW, replace(OLD, orders=(), ours=False)),
    "itself": (replace(OLD, at=START + DAY), OLD),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "new", "old"), DOUBLE)
def test_each_way_of_sending_twice_is_found(kind: Kind, new: Sending, old: Sending) -> None:
    assert found(new, old) == [kind]


@pytest.mark.parametrize("what", GENUINE)
def test_a_genuine_repeat_passes(what: str) -> None:
    new, old = GENUINE[what]
    assert found(new, old) == []


def test_parts_count_together_not_pair_by_pair() -> None:
    """2 + 2 of an order of three: each pair would fit a larger order, all of them do not."""
    order = (replace(behind("T-1"), lines={"A": 3}),)
    parts = [replace(OLD, slip=f"900{n}", orders=order, goods={"A": 1}) for n in (3, 4)]
    assert found(replace(NEW, orders=order, goods={"A": 1}), *parts) == []
    assert found(replace(NEW, orders=order, goods={"A": 2}), *parts) == [Kind.REIMPORT] * 2


def test_unknown_goods_of_the_same_order_are_asked_about() -> None:
    assert found(replace(NEW, orders=OLD.orders), replace(OLD, goods={}, ours=False)) == [Kind.GO_LIVE]


def test_the_twin_hours_are_the_shops() -> None:
    new = replace(NEW, orders=(behind("T-2", START + 5 * HOUR),))
    shop = replace(SHOP, doubles=replace(SHOP.doubles, twin_hours=4))
    assert doubles.alike(new, [OLD], shop) == ()


def test_the_sentence_names_the_other_slip_its_date_the_way_and_what_is_equal() -> None:
    new = replace(NEW, orders=(behind("T-2", START + 5 * HOUR),))
    (one,) = doubles.alike(new, [OLD], SHOP)
    said = doubles.sentence(one)
    assert (
        said
        == "伝票 9001（11/24 09:00 出荷指示）: 同じ方の同じ商品が短い間に二度です。同じもの: 届け先・商品 A。"
    )
    assert doubles.named(f"{said}\n{said.replace('9001', '9005')}") == {"9001", "9005"}


def test_every_way_has_words() -> None:
    assert set(DOUBLES) == set(Kind)
    assert len(Kind) == 8


@pytest.mark.parametrize(
    ("one", "other"),
    [("髙澤 太郎", "高沢太郎"), ("見本\u3000花子 様", "見本花子"), ("ﾐﾎﾝ ﾊﾅｺ", "ミホン ハナコ"),
     ("株式会社見本 御中", "株式会社 見本"), ("渡邉\U000e0100 一", "渡辺一")],
)  # fmt: skip
def test_one_name_in_two_spellings(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("address", "number"),
    [("見本町1-2-3", "1-2-3"), ("見本町１丁目２番３号", "1-2-3"), ("見本町一丁目二番三号", "1-2-3"),
     ("見本町十二丁目3−4 見本ビル501", "12-3-4"), ("三田八王子1ー2", "1-2"), ("大字見本 無番地", "大字見本無番地")],
)  # fmt: skip
def test_one_house_in_several_writings(address: str, number: str) -> None:
    assert house(address) == number


def test_a_person_is_the_name_and_two_of_three() -> None:
    who = persons("見本 太郎", "000-0000-0001", "000-0001", "見本町1-2-3")

    def same(name: str, phone: str, zip_code: str, address: str) -> bool:
        return not set(who).isdisjoint(persons(name, phone, zip_code, address))

    assert same("見本太郎", "+81 00-0000-0001", "〒0000001", "")
    assert same("見本太郎", "", "000-0001", "見本町1丁目2番3号")
    assert same("見本太郎", "00000000001", "", "見本町１－２－３")
    assert not same("見本 太郎", "000-0000-0001", "000-0002", "別町9-9"), "a second home"
    assert not same("見本 花子", "000-0000-0001", "000-0001", "見本町1-2-3"), "the family"
    assert persons("", "000-0000-0001", "000-0001", "見本町1-2-3") == ()
    assert plain(" ｔ-１００１ ") == "T-1001"


def test_a_free_leaflet_does_not_make_other_goods_and_a_free_slip_has_goods() -> None:
    def likeness(*rows: SlipRow) -> str:
        slip = Slip(number="1", order_number="", ne_shop_id="1", status=20, name="見本 太郎", rows=rows)
        return doubles.sending(slip, (), START).likeness

    main = SlipRow(no=1, sku="A", name="", quantity=2, unit_price=1100)
    leaflet = SlipRow(no=2, sku="F", name="", quantity=1, unit_price=0)
    assert likeness(main, leaflet) == likeness(main)
    assert likeness(main) != likeness(replace(main, quantity=1))
    assert likeness(main) == likeness(replace(main, unit_price=0))
    assert likeness(replace(main, cancelled=True)) == ""
