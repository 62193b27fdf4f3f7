"""One order to several addresses (複数配送先), and slips that people bring back or pay."""

from __future__ import annotations

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.parcels import PARENT, PARENT_FLAG

from tests.contract.ne_case import Town, restore_picture, town

HERE = {"receive_order_consignee_name": "贈答 受子"}
THERE = {"receive_order_consignee_name": "贈答 取男"}


async def part(t: Town, number: int = 1007) -> list[int]:
    parts = [{"consignee": HERE, "quantities": {"1": 1}}, {"consignee": THERE, "quantities": {"2": 1}}]
    numbers: list[int] = (await t.call.act("split-for-addresses", slip=number, parts=parts))["answer"]
    return numbers


async def test_children_carry_the_pieces_and_the_parent_the_money() -> None:
    async with town() as t:
        restore_picture(t.ne)
        before = t.ne.goods("TEST-SKU-001").allocated
        total = t.ne.slips[1007].fields[wire.TOTAL]
        here, there = await part(t)
        for number, name, goods in (
            (here, "贈答 受子", "TEST-SKU-001"),
            (there, "贈答 取男", "TEST-SKU-010"),
        ):
            told = await t.call.fields(
                number, (wire.ORDER_NUMBER, PARENT, PARENT_FLAG, wire.STATUS, "receive_order_consignee_name")
            )
            assert list(told.values()) == ["TEST000007", "1007", "0", "2", name]
            assert [row.goods_id for row in t.ne.slips[number].rows] == [goods]
        parent = t.ne.slips[1007]
        assert (parent.fields[PARENT_FLAG], parent.rows, parent.fields[wire.TOTAL]) == ("1", [], total)
        assert t.ne.goods("TEST-SKU-001").allocated == before
        await t.wait(minutes=5)
        assert [t.ne.tab(number) for number in (here, there)] == ["印刷待ち", "印刷待ち"]


async def test_the_order_has_left_when_its_last_child_has() -> None:
    async with town() as t:
        restore_picture(t.ne)
        here, there = await part(t)
        await t.wait(minutes=5)
        await t.call.act("ship", slip=here)
        assert t.ne.slips[1007].status == "20"
        await t.call.act("ship", slip=there)
        assert (t.ne.slips[1007].status, t.ne.slips[1007].fields[wire.SENT_AT]) == (
            "50",
            "2026-11-20 10:05:00",
        )
        await t.call.act("unship", slip=there)
        assert (t.ne.slips[1007].status, t.ne.slips[1007].fields[wire.SENT_AT]) == ("40", None)


async def test_every_piece_needs_an_address_and_a_family_is_not_parted_again() -> None:
    async with town() as t:
        restore_picture(t.ne)
        one = {"consignee": HERE, "quantities": {"1": 1}}
        for parts in (
            [one],
            [one, {"consignee": THERE, "quantities": {"1": 1}}],
            [one, {"consignee": {wire.TOTAL: "0"}, "quantities": {"2": 1}}],
            [one, {"consignee": THERE, "quantities": {"2": 0}}],
            [one, {"consignee": THERE}],
        ):
            assert (await t.call.act("split-for-addresses", slip=1007, parts=parts))["status"] == 400
        assert len(t.ne.slips) == 26
        children = await part(t)
        for number in (1007, *children):
            parts = [{"consignee": HERE, "quantities": {"1": 1}}] * 2
            assert (await t.call.act("split-for-addresses", slip=number, parts=parts))["status"] == 400


async def test_a_copy_of_a_child_is_nobodys_child() -> None:
    async with town() as t:
        restore_picture(t.ne)
        here, there = await part(t)
        twin = t.ne.slips[(await t.call.act("copy", slip=here))["answer"]]
        assert (twin.fields[PARENT], twin.fields[wire.COPIED_FROM]) == (None, str(here))
        await t.wait(minutes=5)
        for number in (here, there):
            await t.call.act("ship", slip=number)
        assert t.ne.slips[1007].status == "50"


async def test_a_cancelled_slip_is_brought_back_with_its_rows_but_never_a_bundled_one() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.act("cancel", slip=1007)
        assert t.ne.tab(1007) is None
        assert (await t.call.act("revive", slip=1007))["status"] == 200
        assert (t.ne.tab(1007), [row.allocated for row in t.ne.slips[1007].rows]) == ("印刷待ち", [1, 1])
        for number in (1007, 1014):  # live already; bundled into 1015
            assert (await t.call.act("revive", slip=number))["status"] == 400


async def test_what_the_card_company_said_is_written_by_hand() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.act("approve-credit", slip=1003, number="A0001")
        fields = (
            *(f"receive_order_credit_approval_{name}" for name in ("type_name", "no", "amount")),
            wire.TOTAL,
        )
        told = await t.call.fields(1003, fields)
        assert list(told.values())[:2] == ["承認済", "A0001"]
        assert told["receive_order_credit_approval_amount"] == told[wire.TOTAL]
