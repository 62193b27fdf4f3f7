"""What people do at the screens between two calls of ours, and slips made out of slips: split, bundle, copy."""

from __future__ import annotations

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import Goods

from tests.contract.ne_case import Reply, Town, restore_picture, town, update_xml

LOCK = "receive_order_last_modified_date"


async def test_stock_taking_bars_every_write_and_sends_printed_slips_back() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.act("start-stock-taking")
        assert (t.ne.slips[1010].status, t.ne.tab(1010)) == ("20", "印刷待ち")
        for path in (wire.BASE_UPDATE, wire.BASE_SHIPPED, wire.BASE_RECEIPTED):
            assert (await t.call.write(path, 1007, {"data": update_xml({})}))["code"] == "008010"
        bulk = await t.call(
            wire.BASE_BULKUPDATE,
            {"data_type": "xml", "data": f'<root><receiveorder {wire.SLIP_ID}="1007"/></root>'},
        )
        assert bulk["code"] == "008010"
        assert (await t.call.act("add-stock", sku="TEST-SKU-001", quantity=1))["status"] == 400
        await t.call.act("stop-stock-taking")
        assert (await t.call.write(wire.BASE_SHIPPED, 1010))["result"] == "success"


async def test_a_slip_being_printed_is_locked_until_it_is_printed() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.act("begin-printing", slip=1007)
        assert (await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({})}))["code"] == "008007"
        await t.call.act("finish-printing", slip=1007)
        assert (await t.call.slip(1007))[wire.STATUS] == "40"


async def test_a_person_ships_and_unships_and_the_stock_follows() -> None:
    async with town() as t:
        restore_picture(t.ne)
        goods = t.ne.goods("TEST-SKU-001")
        before = (goods.stock, goods.allocated)
        await t.call.act("ship", slip=1007)
        assert (goods.stock, goods.allocated) == (before[0] - 1, before[1] - 1)
        await t.call.act("unship", slip=1007)
        assert (goods.stock, goods.allocated) == before
        seen = await t.call.slip(1007)
        assert (seen[wire.STATUS], seen[wire.SENT_AT]) == ("40", None)


async def test_an_edit_moves_the_lock_under_our_feet() -> None:
    async with town() as t:
        restore_picture(t.ne)
        lock = (await t.call.slip(1007))[wire.LOCK]
        await t.call.act("edit", slip=1007, fields={"receive_order_consignee_name": "見本 次郎"})
        reply = await t.call(wire.BASE_SHIPPED, {wire.SLIP_ID: "1007", LOCK: lock})
        assert reply["code"] == "008002"
        assert (await t.call.act("edit", slip=1007, fields={wire.STATUS: "50"}))["status"] == 400


async def test_activation_completes_a_mail_slip_without_its_csv() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods("A-1", "見本", 5)])
        mail = "Subject: order\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n受注番号：T-1\n商品：A-1,1,100\n"
        t.ne.deliver(mail.encode(), "intake-shop1@ne.example.jp")
        await t.wait(minutes=1)
        number = t.ne.slips_of("T-1")[0].number
        assert (await t.call.act("activate", slip=number))["status"] == 200
        assert (t.ne.slips[number].status, t.ne.tab(number)) == ("2", "入金待ち")
        await t.wait(hours=2)
        assert t.ne.slips[number].fields[wire.MAIL_STATUS] == "J"
        assert (await t.call.act("activate", slip=number))["status"] == 400


async def split_by_api(t: Town, number: int, quantities: dict[int, int]) -> Reply:
    rows = {no: {wire.ROW_QUANTITY: str(quantity)} for no, quantity in quantities.items()}
    return await t.call.write(wire.BASE_DIVIDE, number, {"data": update_xml({}, rows)})


async def test_a_split_keeps_pieces_money_and_stock_together() -> None:
    async with town() as t:
        restore_picture(t.ne)
        reply = await split_by_api(t, 1005, {2: 1})
        part, rest = t.ne.slips[int(reply[wire.SLIP_ID])], t.ne.slips[1005]
        assert (part.fields[wire.DIVIDED_FROM], part.order_number, part.status) == (
            "1005",
            rest.order_number,
            "2",
        )
        assert [(row.goods_id, row.quantity, row.allocated) for row in part.rows] == [("TEST-SKU-005", 1, 0)]
        assert [(row.goods_id, row.quantity, row.allocated) for row in rest.rows] == [
            ("TEST-SKU-001", 1, 1),
            ("TEST-SKU-005", 1, 1),
        ]
        assert (part.fields[wire.TOTAL], rest.fields[wire.TOTAL]) == ("2750.00", "7280.00")
        await t.call.act("add-stock", sku="TEST-SKU-005", quantity=1)
        assert part.rows[0].allocated == 1
        assert t.ne.tab(1005) != "引当待ち"


async def test_a_split_must_leave_something_behind() -> None:
    async with town() as t:
        restore_picture(t.ne)
        assert (await split_by_api(t, 1008, {1: 1}))["code"] == "008005"
        assert (await t.call.act("split", slip=1005, quantities={"1": 1, "2": 2}))["status"] == 400
        answer = await t.call.act("split", slip=1005, quantities={"1": 1})
        assert t.ne.slips[answer["answer"]].rows[0].goods_id == "TEST-SKU-001"
        assert [row.no for row in t.ne.slips[1005].rows] == [2]


async def test_a_bundle_absorbs_rows_and_says_where_they_came_from() -> None:
    async with town() as t:
        restore_picture(t.ne)
        held = t.ne.goods("TEST-SKU-002").allocated
        reply = await t.call.write(wire.BASE_BUNDLE, 1007, {"include_order_ids": "1024"})
        assert reply["result"] == "success"
        into, absorbed = t.ne.slips[1007], t.ne.slips[1024]
        assert (absorbed.fields[wire.CANCEL_TYPE], absorbed.fields[wire.BUNDLED_INTO]) == ("3", "1007")
        assert absorbed.fields[wire.TOTAL] == "0.00"
        assert into.fields[wire.TOTAL] == "6730.00"  # 4530 + 2200; the second delivery fee is gone
        names = (wire.ROW_NO, wire.ROW_GOODS, wire.ROW_BUNDLED_FROM_SLIP, wire.ROW_BUNDLED_FROM_ROW)
        assert list((await t.call.rows(1007, names))[-1].values()) == ["3", "TEST-SKU-002", "1024", "1"]
        assert t.ne.goods("TEST-SKU-002").allocated == held
        assert (await t.call.act("bundle", into=1007, absorbed=1025))["status"] == 400


async def test_bundle_candidates_go_to_the_same_place() -> None:
    async with town() as t:
        restore_picture(t.ne)
        place = {
            f"receive_order_consignee_{part}": "見本" for part in ("name", "zip_code", "address1", "address2")
        }
        for number in (1007, 1024):
            t.ne.operator.edit(number, place)
        reply = await t.call(wire.BASE_BUNDLE_CANDIDATES)
        assert {"receive_order_ids": "1007,1024"} in reply["data"]
        assert reply["count"] == str(len(reply["data"]))


async def test_a_copy_is_an_unpaid_slip_of_the_same_order() -> None:
    async with town() as t:
        restore_picture(t.ne)
        number = (await t.call.act("copy", slip=1007))["answer"]
        twin = t.ne.slips[number]
        assert (twin.fields[wire.COPIED_FROM], twin.order_number, twin.status) == ("1007", "TEST000007", "2")
        assert (twin.fields[wire.DEPOSIT_TYPE], t.ne.tab(number)) == ("0", "入金待ち")
        assert [row.allocated for row in twin.rows] == [1, 1]
        assert t.ne.history.per_key("slip_opened")["TEST000007"] == 1


async def test_a_slip_stands_in_the_books_once() -> None:
    async with town() as t:
        restore_picture(t.ne)
        with pytest.raises(ValueError, match="1007"):
            t.ne.restore(
                {wire.SLIP_ID: "1007", wire.SHOP_ID: "1", wire.ORDER_NUMBER: "T-1", wire.STATUS: "2"}
            )
        assert len(t.ne.slips) == 26
