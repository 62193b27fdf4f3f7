"""Amounts: the price cases of the fixtures to the yen and the field, each cause by its own story, and no guessing."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.amounts import Cause, Difference, differences
from connector.amounts.sentences import CAUSES, FIGURES, sentence, sentences
from connector.ledger import codec
from connector.order import Amounts, Order, OrderLine, content_digest, late_changes
from connector.shop import Rounding
from connector.words import amounts as words
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from tests.unit.world import an_order

PRICE_CASES = Path(__file__).parents[2] / "fixtures/ecforce/price_cases.csv"
FIGURE_OF = {"payment_total": "payable"}
CASES = list(csv.DictReader(PRICE_CASES.read_text(encoding="utf-8").splitlines()))


def lines(text: str) -> tuple[OrderLine, ...]:
    """`2160x2@8 5500x1@10`."""
    found = []
    for place, item in enumerate(text.split()):
        price, _, rest = item.partition("x")
        quantity, _, rate = rest.partition("@")
        found.append(
            OrderLine(
                line_id=place,
                sku=f"S-{place}",
                product_number="P",
                name="見本",
                unit_price=int(price),
                quantity=int(quantity),
                tax_rate=int(rate),
            )
        )
    return tuple(found)


def an_amount(**yen: int | None) -> Amounts:
    """Amounts of which only what matters is said; the rest is 0."""
    return Amounts(**({field.name: 0 for field in fields(Amounts) if field.required} | yen))  # type: ignore[arg-type]


def judged(
    items: str, said: Mapping[str, int | None], rounding: Rounding | None = Rounding.FLOOR
) -> list[Difference]:
    return list(differences(replace(an_order(), lines=lines(items), amounts=an_amount(**said)), rounding))


def of(case: dict[str, str]) -> Order:
    yen = {name: int(case[name]) for name in case if case[name].lstrip("-").isdigit()}
    return replace(
        an_order(),
        lines=lines(case["items"]),
        amounts=an_amount(
            subtotal=yen["cart_subtotal8"] + yen["cart_subtotal10"],
            subtotal8=yen["cart_subtotal8"],
            subtotal10=yen["cart_subtotal10"],
            discount=yen["discount8"] + yen["discount10"],
            discount8=yen["discount8"],
            discount10=yen["discount10"],
            points=yen["point"],
            delivery_fee=yen["deliv_fee"],
            charge=yen["charge"],
            misc_fee=yen["misc_fee"],
            adjustment=yen["adjustment"],
            tax=yen["cart_tax"],
            tax8=yen["cart_tax8"],
            tax10=yen["cart_tax10"],
            total=yen["cart_total"],
            payable=yen["cart_payment_total"],
        ),
    )


def test_all_price_cases_are_there() -> None:
    assert len(CASES) == 40
    assert sum(case["verdict"] == "off" for case in CASES) == 9


@pytest.mark.parametrize("case", CASES, ids=[case["case_id"] for case in CASES])
def test_price_case(case: dict[str, str]) -> None:
    found = differences(of(case), Rounding(case["rounding"] or "floor"))
    if case["verdict"] == "ties":
        assert found == ()
        return
    (one,) = found
    assert one.field == FIGURE_OF.get(case["off_field"], case["off_field"])
    assert one.yen == int(case["off_by"])


# --- causes -------------------------------------------------------------------------------------------------

# A tax-inclusive order: 2 teas at 8 %, a serum at 10 %, delivery 550, charge 330, coupon 982, 300 points, -38 yen.
ITEMS = "2160x2@8 5500x1@10"
RIGHT: dict[str, int | None] = {
    "subtotal": 9820, "subtotal8": 4320, "subtotal10": 5500,
    "discount": 982, "discount8": 432, "discount10": 550,
    "points": 300, "points8": 132, "points10": 168,
    "delivery_fee": 550, "charge": 330, "adjustment": -38,
    "total8": 3888, "total10": 5830, "total": 9680, "payable": 9380,
}  # fmt: skip
# The same shop without tax in its prices: tax8 311.04, tax10 583 of 5,830.
TAXED = RIGHT | {
    "tax": 894, "tax8": 311, "tax10": 583,
    "total8": 4199, "total10": 6413, "total": 10574, "payable": 10274,
}  # fmt: skip


@pytest.mark.parametrize("base", [RIGHT, TAXED], ids=["inclusive", "exclusive"])
def test_what_ties_has_no_difference(base: dict[str, int | None]) -> None:
    assert judged(ITEMS, base) == []
    assert judged(ITEMS, base, None) == []


@pytest.mark.parametrize(
    ("cause", "field", "items", "said"),
    [
        (Cause.ITEMS, "subtotal8", "2161x2@8 5500x1@10", RIGHT),
        (Cause.ITEMS, "subtotal", "9821x1@0", {"subtotal": 9820, "total": 9820, "payable": 9820}),
        (Cause.RATES_MIXED, "subtotal8", "2160x1@8 2160x1@10 5500x1@10", RIGHT),
        (Cause.PARTS, "discount", ITEMS, RIGHT | {"discount": 983}),
        (Cause.PARTS, "points", ITEMS, RIGHT | {"points": 301}),
        (Cause.PARTS, "tax", ITEMS, TAXED | {"tax": 893}),
        (Cause.ROUNDED_UP, "tax8", ITEMS, TAXED | {"tax8": 312}),
        (Cause.ROUNDED_HALF_UP, "tax8", "1985x1@8", {
            "subtotal": 1985, "subtotal8": 1985, "tax": 159, "tax8": 159, "total": 2144, "payable": 2144,
        }),
        (Cause.ROUNDED_PER_LINE, "tax8", "333x1@8 333x1@8 333x1@8", {
            "subtotal": 999, "subtotal8": 999, "tax": 78, "tax8": 78, "total": 1077, "payable": 1077,
        }),
        (Cause.TAX_8, "tax8", ITEMS, TAXED | {"tax8": 313}),
        (Cause.TAX_10, "tax10", ITEMS, TAXED | {"tax10": 582}),
        (Cause.POINTS_BEFORE_TAX, "tax8", ITEMS, TAXED | {"tax8": 300}),
        (Cause.ADJUSTMENT_BEFORE_TAX, "tax10", ITEMS, TAXED | {"tax10": 579}),
        (Cause.FEE_MISSING, "tax10", ITEMS, TAXED | {"tax10": 495}),
        (Cause.DISCOUNT_MISSING, "tax8", ITEMS, TAXED | {"tax8": 345}),
        (Cause.FEE_MISSING, "total10", ITEMS, RIGHT | {"total10": 5500}),
        (Cause.FEE_MISSING, "total", ITEMS, RIGHT | {"total": 9130, "payable": 8830}),
        (Cause.ADJUSTMENT_MISSING, "total", ITEMS, RIGHT | {"total": 9718, "payable": 9418}),
        (Cause.TAX_MISSING, "total", ITEMS, TAXED | {"total": 9680, "payable": 9380}),
        (Cause.DISCOUNT_TWICE, "total", ITEMS, RIGHT | {"total": 8698, "payable": 8398}),
        (Cause.DISCOUNT_MISSING, "total", ITEMS, RIGHT | {"total": 10662, "payable": 10362}),
        (Cause.POINTS_TWICE, "total", ITEMS, RIGHT | {"total": 9380, "payable": 9080}),
        (Cause.POINTS_TWICE, "payable", ITEMS, RIGHT | {"payable": 9080}),
        (Cause.POINTS_MISSING, "payable", ITEMS, RIGHT | {"payable": 9680}),
        (Cause.PAYABLE, "payable", ITEMS, RIGHT | {"payable": 9381}),
        (Cause.NOT_COUNTED, "discount8", ITEMS, RIGHT | {"discount8": 433}),
        (Cause.NOT_COUNTED, "delivery_fee", ITEMS, TAXED | {"delivery_fee": 1100}),
        (Cause.UNEXPLAINED, "total", ITEMS, RIGHT | {"total": 9681, "payable": 9381}),
    ],
)  # fmt: skip
def test_each_cause(cause: Cause, field: str, items: str, said: dict[str, int | None]) -> None:
    found = judged(items, said)
    assert found
    assert (found[0].cause, found[0].field) == (cause, field), found


def test_a_split_that_no_line_proves_is_said_as_such() -> None:
    """Lines without rates: 1,944 and 1,320 cannot be dealt into 1,950 and 1,320."""
    said = {"subtotal": 3264, "subtotal8": 1950, "subtotal10": 1310, "total": 3264, "payable": 3264}
    (one,) = judged("1944x1@0 1320x1@0", said)
    assert (one.field, one.follows, one.cause) == ("subtotal8", 1944, Cause.RATES_UNKNOWN)
    (one,) = judged("1944x1@0 1320x1@0", said | {"subtotal10": 1314})  # the sum is right, the split is not
    assert (one.field, one.follows, one.cause) == ("subtotal8", 1944, Cause.RATES_UNKNOWN)
    dealt = {"subtotal8": 1944, "subtotal10": 1320}
    assert judged("1944x1@0 1320x1@0", said | dealt) == []
    (one,) = judged("1944x1@0 1320x1@0", said | dealt | {"subtotal10": 1321})
    assert (one.field, one.follows) == ("subtotal10", 1320)


def test_a_fee_that_no_total_has_is_named_beside_the_total() -> None:
    (one,) = judged(ITEMS, RIGHT | {"delivery_fee": 551})
    assert (one.field, one.says, one.follows) == ("total10", 5830, 5831)
    assert one.or_else == ("delivery_fee", "charge")


# --- what is not said -----------------------------------------------------------------------------------------


def test_what_the_cart_does_not_split_is_not_judged() -> None:
    whole = {"discount8": None, "discount10": None, "points8": 0, "points10": 0, "total8": 0, "total10": 0}
    assert judged(ITEMS, RIGHT | whole) == []
    assert judged(ITEMS, TAXED | whole) == []
    rates = {"subtotal8": 0, "subtotal10": 0, "tax8": 0, "tax10": 0}
    assert judged("2160x2@0 5500x1@0", TAXED | whole | rates) == []
    (one,) = judged("2160x2@0 5500x1@0", TAXED | whole | rates | {"tax": 90})
    assert one.field == "tax"


def test_a_total_after_points_is_right_too_where_they_are_taken_off_once() -> None:
    """Whether 合計 is before or after points is not public (spec/ecforce.md §12)."""
    assert judged(ITEMS, RIGHT | {"total": 9380}) == []
    (one,) = judged(ITEMS, RIGHT | {"total": 9379})
    assert one.field == "total"


def test_without_a_known_rounding_any_of_the_three_is_right() -> None:
    up = TAXED | {"tax8": 312, "tax": 895, "total8": 4200, "total": 10575, "payable": 10275}
    assert judged(ITEMS, up, None) == []
    assert [one.cause for one in judged(ITEMS, up)] == [Cause.ROUNDED_UP]
    assert [one.field for one in judged(ITEMS, TAXED | {"tax8": 313}, None)] == ["tax8"]


def test_one_parcel_of_several_is_judged_by_what_can_be_said_of_it() -> None:
    """Its tax is a share, rounded down or up, and so is the split of lines without a rate."""
    said = {"subtotal": 1985, "subtotal8": 1985, "tax": 159, "tax8": 159, "total": 2144, "payable": 2144}
    order = replace(an_order(), lines=lines("1985x1@8"), amounts=an_amount(**said))
    assert [one.cause for one in differences(order, Rounding.FLOOR)] == [Cause.ROUNDED_HALF_UP]
    assert differences(replace(order, parcel_of="0000000001"), Rounding.FLOOR) == ()
    amounts = an_amount(subtotal=1944, subtotal8=624, subtotal10=1320, total=1944, payable=1944)
    order = replace(an_order(), lines=lines("1944x1@0"), amounts=amounts)
    assert [one.cause for one in differences(order)] == [Cause.RATES_UNKNOWN]
    assert differences(replace(order, parcel_of="0000000001")) == ()


def test_one_yen_of_tax_does_not_make_an_order_tax_exclusive() -> None:
    (one,) = judged(ITEMS, RIGHT | {"tax": 1})
    assert (one.field, one.says, one.follows) == ("tax", 1, 0)
    (one,) = judged(ITEMS, RIGHT | {"tax8": 1})
    assert (one.field, one.says, one.follows) == ("tax8", 1, 0)


@given(st.lists(st.integers(-3, 30_000), min_size=20, max_size=20), st.integers(0, 40_000), st.booleans())
def test_no_figures_whatever_break_the_check(yen: list[int], price: int, rated: bool) -> None:
    said = dict(zip([field.name for field in fields(Amounts)], yen, strict=True))
    found = judged(f"{price}x1@{8 if rated else 0} 5500x3@10", said)
    assert len({one.field for one in found}) == len(found)
    assert all(one.yen for one in found)
    assert sentences(found).count("円（計算では") == len(found)


# --- how it is said ---------------------------------------------------------------------------------------------


def test_every_figure_and_cause_has_words_in_both_languages() -> None:
    assert set(FIGURES) == set(words.FIGURES) == {field.name for field in fields(Amounts)}
    assert set(CAUSES) == set(words.CAUSES) == set(Cause)
    for text in (*words.FIGURES.values(), *words.CAUSES.values()):
        assert text.ja != text.en
        assert text.en.isascii() or "×" in text.en


def test_a_difference_is_said_with_both_figures_and_its_cause() -> None:
    (one,) = judged(ITEMS, RIGHT | {"delivery_fee": 551})
    assert sentence(one) == (
        "合計10% 5,830円（計算では 5,831円、-1円）: 原因を特定できません。送料・手数料の誤りでも説明できます"
    )
    assert words.amounts_note(sentence(one)) == sentence(one)
    assert words.amounts_note(sentence(one), "en") == (
        "total at 10 % 5,830 yen (computed 5,831 yen, -1): no cause fits; "
        "delivery fee, payment charge could be the wrong one, too"
    )


@pytest.mark.parametrize("cause", Cause)
def test_every_sentence_reads_in_english_too(cause: Cause) -> None:
    for field in FIGURES:
        said = Difference(field=field, says=1234, follows=-5, cause=cause, or_else=("subtotal8", "tax"))
        english = words.amounts_note(f"受注 a1 {sentence(said)}\n{sentence(said)}", "en")
        assert english.startswith(f"受注 a1 {words.FIGURES[field].en} 1,234 yen (computed -5 yen, +1,239): ")
        assert english.count(words.CAUSES[cause].en) == 2
        assert english.count("; goods at 8 %, tax could be the wrong one, too") == 2
    assert words.amounts_note("明細の合計 1円 と小計 2円 が +1円 違います", "en").startswith("明細")


# --- an older ledger ----------------------------------------------------------------------------------------------


def test_an_order_stored_before_reads_as_it_was_and_its_digest_stays() -> None:
    """Orders were stored without figures per rate; they must read, and be the same content."""
    old: dict[str, Any] = msgspec.json.decode(codec.encode(an_order()))
    assert set(old["amounts"]) == {field.name for field in fields(Amounts) if field.required}
    read = codec.order(msgspec.json.encode(old))
    assert read == an_order()
    assert content_digest(read) == content_digest(an_order())


def test_more_of_the_same_yen_is_no_late_change_and_another_yen_is() -> None:
    before = an_order()
    more = replace(before, amounts=replace(before.amounts, total8=0, total10=2200, discount8=0))
    assert content_digest(more) != content_digest(before)
    assert late_changes(before, more) == ()
    off = replace(more, amounts=replace(more.amounts, total10=2201))
    assert late_changes(more, off) == ("amounts",)
