"""Shares: what the parcels of an order are dealt sums to the cart's figures to the yen, and every parcel ties."""

from __future__ import annotations

import random

import msgspec
import pytest
from connector.adapters.ecforce.parcels import parcels
from connector.adapters.ecforce.shares import shares
from connector.amounts import differences
from connector.order import Amounts, Order, OrderLine, Recipient
from connector.shop import Rounding
from msgspec.structs import replace

from tests.unit.world import an_order

SEED = 20261124
UNSAID = ("points8", "points10", "total8", "total10")


def a_line(address_id: int, yen: int, rate: int, quantity: int = 1) -> OrderLine:
    return OrderLine(
        line_id=1,
        sku=f"SKU-{rate}",
        product_number="P",
        name="見本",
        unit_price=yen,
        quantity=quantity,
        tax_rate=rate,
        address_id=address_id,
    )


def rounded(hundredths: int, how: Rounding) -> int:
    down = hundredths // 100
    rest = hundredths - down * 100
    return down + {Rounding.FLOOR: 0, Rounding.HALF_UP: rest >= 50, Rounding.CEIL: rest > 0}[how]


def a_whole(rng: random.Random) -> Order:
    """An order as the cart would settle it, written here anew: spec/ecforce.md §15.4."""
    addresses = range(1, rng.randint(2, 5) + 1)
    said = rng.random() < 0.7  # 8/10 on the lines, and discounts per rate
    lines = tuple(
        a_line(address, rng.randint(1, 4000), rng.choice((8, 10)), rng.randint(1, 3))
        for address in addresses
        for _ in range(rng.randint(1, 3))
    )
    goods = {rate: sum(x.unit_price * x.quantity for x in lines if x.tax_rate == rate) for rate in (8, 10)}
    fee, charge = rng.choice((0, 550, 800)), rng.choice((0, 330))
    cut = {rate: rng.choice((0, rng.randint(0, yen))) for rate, yen in goods.items()}
    exclusive, how = rng.random() < 0.5, rng.choice(tuple(Rounding))
    if exclusive and not said:
        cut = {8: 0, 10: 0}
    tax8 = rounded((goods[8] - cut[8]) * 8, how) if exclusive else 0
    tax10 = rounded((goods[10] - cut[10] + fee + charge) * 10, how) if exclusive else 0
    gross = sum(goods.values()) - sum(cut.values()) + tax8 + tax10 + fee + charge
    adjustment = rng.choice((0, -rng.randint(0, gross // 3), rng.randint(0, 500)))
    points = rng.choice((0, rng.randint(0, gross + adjustment)))
    amounts = Amounts(
        subtotal=sum(goods.values()),
        subtotal8=goods[8],
        subtotal10=goods[10],
        discount=sum(cut.values()),
        points=points,
        delivery_fee=fee,
        charge=charge,
        misc_fee=0,
        adjustment=adjustment,
        tax=tax8 + tax10,
        tax8=tax8,
        tax10=tax10,
        total=gross + adjustment,
        payable=gross + adjustment - points,
        discount8=cut[8] if said else None,
        discount10=cut[10] if said else None,
    )
    if not said:
        lines = tuple(replace(line, tax_rate=0) for line in lines)
    address = an_order().recipient.address
    recipients = tuple(Recipient(address_id=id_, address=address) for id_ in addresses)
    return an_order("T-1", lines=lines, recipients=recipients, amounts=amounts)


def test_every_field_sums_to_the_carts_and_every_parcel_ties() -> None:
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    for n in range(2000):
        whole = a_whole(rng)
        parts = parcels(whole)
        assert len(parts) == len(whole.recipients), n
        for field in Amounts.__struct_fields__:
            every = [getattr(part.amounts, field) for part in parts]
            if None not in every:
                assert sum(every) == getattr(whole.amounts, field), (n, field)
        for part in parts:
            assert part.amounts.difference() == 0, n
            assert part.amounts.payable >= 0, n
            assert part.amounts.subtotal == sum(x.unit_price * x.quantity for x in part.lines), n
            assert differences(part, Rounding.FLOOR) == (), (n, part.amounts)
        assert parcels(whole) == parts, "deterministic"


def test_reductions_begin_with_the_first_and_overflow_to_the_next() -> None:
    goods = [(a_line(1, 1000, 8),), (a_line(2, 3000, 10),), (a_line(3, 500, 8),)]
    whole = replace(
        an_order().amounts,
        subtotal=4500,
        subtotal8=1500,
        subtotal10=3000,
        discount=1200,
        delivery_fee=550,
        points=2000,
        adjustment=-38,
        total=3812,
        payable=1812,
    )
    parts = shares(whole, goods)
    assert [part.delivery_fee for part in parts] == [550, 0, 0]
    assert [part.discount for part in parts] == [1000, 200, 0], "never more than a parcel's goods"
    assert [part.adjustment for part in parts] == [-38, 0, 0]
    assert [part.points for part in parts] == [512, 1488, 0]
    assert [part.payable for part in parts] == [0, 1312, 500]
    assert [part.difference() for part in parts] == [0, 0, 0]


def test_an_order_that_does_not_tie_does_not_tie_in_its_first_parcel() -> None:
    goods = [(a_line(1, 1000, 8),), (a_line(2, 3000, 10),)]
    amounts = replace(
        an_order().amounts, subtotal=4000, subtotal8=1000, subtotal10=3000, total=4001, payable=4001
    )
    first, second = shares(amounts, goods)
    assert (first.difference(), second.difference()) == (1, 0)


@pytest.mark.parametrize("rest", UNSAID)
def test_what_cannot_be_said_of_a_parcel_is_left_unsaid(rest: str) -> None:
    whole = msgspec.structs.replace(an_order().amounts, **dict.fromkeys(UNSAID, 0))
    goods = [(a_line(1, 1100, 10),), (a_line(2, 1100, 10),)]
    assert [getattr(part, rest) for part in shares(whole, goods)] == [None, None]
