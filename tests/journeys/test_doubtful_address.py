"""An address that would not arrive: held at the warehouse's door, mended in Next Engine or let pass by a person."""

from __future__ import annotations

from connector import ops
from connector.adapters.next_engine import wire
from connector.outcome import Reason
from connector.sandbox.cart import Order
from msgspec.structs import replace

from tests.journeys.day import HOME, Day

# 番地抜け: the cart and Next Engine let it pass. Two people, or the second would be held as a double of the first.
NOWHERE = replace(HOME, addr02="", addr03="見本マンション101")
OTHER = replace(NOWHERE, name01="架空", name02="花子", addr03="見本マンション202", tel="090-0000-0002")
THIRD = replace(HOME, name01="例示", name02="次郎", addr02="99-3-4", tel="090-0000-0003")
MENDED = {"receive_order_consignee_address2": "９９−１−２　見本マンション１０１"}


async def let_pass(day: Day, order: Order) -> None:
    said = await ops.release(
        day.demo.world.database,
        day.demo.shop.shop.key,
        str(day.slip(order).number),
        actor="見本 花子",
        why="電話で番地なしと確かめた",
        now=day.now,
        only=Reason.ADDRESS_DOUBTFUL,
        item="slip",
    )
    assert said.done, said.words


async def test_a_missing_house_number_is_held_until_it_is_mended_or_a_person_lets_it_pass(day: Day) -> None:
    await day.alone_until("08:30")
    mended, passed, plain = day.place(billing=NOWHERE), day.place(billing=OTHER), day.place(billing=THIRD)

    await day.until("10:40")
    for order in (mended, passed):
        held = await day.holds(order)
        assert held.keys() == {"address_doubtful"}
        assert "番地がありません" in held["address_doubtful"]
        assert "ネクストエンジンの「送り先住所」" in held["address_doubtful"]
    assert [day.relayed(order) for order in (mended, passed, plain)] == [0, 0, 1]

    day.town.next_engine.operator.edit(day.slip(mended).number, MENDED)
    await let_pass(day, passed)
    await day.until("12:00")
    assert [day.relayed(order) for order in (mended, passed, plain)] == [1, 1, 1]
    for order in (mended, passed):
        assert await day.holds(order) == {}
        assert await day.held_once(order) == ["address_doubtful"]


async def test_what_the_file_says_otherwise_is_in_the_record_of_the_slip(day: Day) -> None:
    await day.alone_until("08:30")
    wavy = day.place(billing=replace(HOME, name01="髙﨑", addr03="コーポ見本〜弐番館 7"))
    await day.until("10:40")
    assert day.relayed(wavy) == 1
    (file,) = [act for act in (await day.picture(wavy)).effects if act.kind == "wms_file"]
    mine = [words for words in file.facts["replaced"] if words.startswith(f"{day.slip(wavy).number} ")]
    assert all("〜" in words or "～" in words or "−" in words for words in mine)
    assert not any("髙" in words for words in mine), "what cp932 can carry is carried as it is"
    assert isinstance(file.facts["remarks"], list)


async def test_a_day_that_has_passed_is_asked_about_before_the_parcel_leaves(day: Day) -> None:
    await day.alone_until("08:30")
    late, plain = day.place(), day.place()
    await day.until("10:04")
    slip, desk = day.slip(late).number, day.town.next_engine.operator
    desk.edit(slip, {wire.HOPE_ON: "2026-11-23 00:00:00"})
    await day.until("10:40")
    assert "お届け希望日 2026-11-23 に間に合いません" in (await day.holds(late))["delivery_unfit"]
    assert [day.relayed(order) for order in (late, plain)] == [0, 1]

    desk.edit(slip, {wire.HOPE_ON: "2026-11-26 00:00:00"})
    await day.until("12:00")
    assert (await day.holds(late), day.relayed(late)) == ({}, 1)
