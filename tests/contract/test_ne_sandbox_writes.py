"""Writes: locks, state rules, rows and their stock, cancel and revive, and the bulk calls with their complaints."""

from __future__ import annotations

import gzip

import pytest
from connector.adapters.next_engine import wire

from tests.contract.ne_case import Town, restore_picture, town, update_xml

LOCK = "receive_order_last_modified_date"


def bulk_xml(t: Town, *slips: tuple[int, str], lock: str | None = None) -> str:
    """`data` of the bulk calls: number and inner XML each, with the lock value as it is."""
    each = (
        f'<receiveorder {wire.SLIP_ID}="{number}" {LOCK}="{lock or t.ne.slips[number].lock}">{inner}</receiveorder>'
        for number, inner in slips
    )
    return f"<root>{''.join(each)}</root>"


def base_xml(name: str, value: str) -> str:
    return f"<receiveorder_base><{name}>{value}</{name}></receiveorder_base>"


async def test_tracking_then_shipped_as_a_careful_client_does_it() -> None:
    async with town() as t:
        restore_picture(t.ne)
        before = (await t.call.slip(1007))[wire.LOCK]
        tracking = update_xml({wire.TRACKING: "999900001111", wire.DELIVERY: "10"})
        reply = await t.call.write(wire.BASE_UPDATE, 1007, {"data": tracking})
        assert {name for name in reply if "token" not in name} == {"result"}
        after = await t.call.slip(1007)
        assert after[wire.TRACKING] == "999900001111"
        assert after[wire.LOCK] == "2026-11-20 10:00:00" != before
        stale = await t.call(wire.BASE_SHIPPED, {wire.SLIP_ID: "1007", LOCK: before})
        assert (stale["result"], stale["code"]) == ("error", "008002")
        assert (await t.call.write(wire.BASE_SHIPPED, 1007))["result"] == "success"
        shipped = await t.call.slip(1007)
        assert (shipped[wire.STATUS], shipped[wire.SENT_AT]) == ("50", "2026-11-20 10:00:00")
        again = await t.call.write(wire.BASE_SHIPPED, 1007)
        assert (again["result"], again["code"]) == ("error", "008005")
        assert t.ne.history.per_key("shipped") == {"1007": 1}
        assert t.ne.history.of("shipped")[0].detail["tracking"] == "999900001111"
        assert t.ne.tab(1007) == "出荷済み"


@pytest.mark.parametrize(
    ("sent", "result"),
    [
        ("2026-11-20 09:31:02", "success"),  # never changed: the creation date counts
        ("2026/11/20 09:31:02", "success"),
        ("2026-11-20 09:31:03", "error"),
        ("yesterday", "error"),
    ],
)
async def test_the_lock_is_null_safe_and_takes_dashes_or_slashes(sent: str, result: str) -> None:
    async with town() as t:
        restore_picture(t.ne)
        data = update_xml({wire.CANCEL_TYPE: "1"})
        reply = await t.call(wire.BASE_UPDATE, {wire.SLIP_ID: "1002", LOCK: sent, "data": data})
        assert reply["result"] == result
        assert t.ne.slips[1002].live is (result == "error")


async def test_a_status_1_slip_takes_cancel_type_and_worker_text_only() -> None:
    async with town() as t:
        restore_picture(t.ne)
        refused = await t.call.write(wire.BASE_UPDATE, 1002, {"data": update_xml({wire.PAYMENT_METHOD: "1"})})
        assert refused["code"] == "008005"
        allowed = update_xml({wire.WORKER_TEXT: "確認", wire.CANCEL_TYPE: "4"})
        assert (await t.call.write(wire.BASE_UPDATE, 1002, {"data": allowed}))["result"] == "success"
        assert t.ne.history.of("cancelled")[0].detail["cancel_type"] == "4"
        assert t.ne.tab(1002) is None


async def test_a_shipped_slip_needs_the_flag() -> None:
    async with town() as t:
        restore_picture(t.ne)
        data = {"data": update_xml({wire.WORKER_TEXT: "見本"})}
        assert (await t.call.write(wire.BASE_UPDATE, 1011, data))["code"] == "008005"
        flagged = await t.call.write(wire.BASE_UPDATE, 1011, {**data, wire.SHIPPED_UPDATE_FLAG: "1"})
        assert flagged["result"] == "success"


@pytest.mark.parametrize("number", [1001, 1002, 1004, 1009, 1011, 1013, 1014])
async def test_shipped_only_from_20_or_40_and_never_a_cancelled_one(number: int) -> None:
    async with town() as t:
        restore_picture(t.ne)
        reply = await t.call.write(wire.BASE_SHIPPED, number)
        assert reply["result"] == "error"
        assert reply["code"] == ("008007" if number == 1009 else "008005")
        assert t.ne.history.count("shipped") == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("<root><receiveorder_base>", "XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><root/>', "DTD"),
        (update_xml({wire.STATUS: "50"}), wire.STATUS),
        (update_xml({"receive_order_grouping_tag": "x"}), "receive_order_grouping_tag"),
        (update_xml({wire.DELIVERY: "77"}), wire.DELIVERY),
        (update_xml({wire.TOTAL: "1,000"}), wire.TOTAL),
        (update_xml({wire.TOTAL: "1000000000"}), wire.TOTAL),
        (update_xml({wire.HOPE_ON: "tomorrow"}), wire.HOPE_ON),
        (update_xml({}, {1: {wire.ROW_QUANTITY: "-1"}}), wire.ROW_QUANTITY),
        (update_xml({}, {1: {wire.ROW_ALLOCATED: "9"}}), wire.ROW_ALLOCATED),
        (update_xml({}, {5: {wire.ROW_QUANTITY: "1"}}), wire.ROW_NO),
    ],
)
async def test_bad_values_change_nothing_and_name_the_field(data: str, words: str) -> None:
    async with town() as t:
        restore_picture(t.ne)
        before = dict(t.ne.slips[1007].fields)
        reply = await t.call.write(wire.BASE_UPDATE, 1007, {"data": data})
        assert (reply["result"], reply["code"]) == ("error", "008011")
        assert words in reply["message"]
        assert t.ne.slips[1007].fields == before


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({wire.SLIP_ID: "1007"}, "004002"),
        ({LOCK: "2026-11-20 08:05:11"}, "004002"),
        ({wire.SLIP_ID: "9999", LOCK: "2026-11-20 08:05:11"}, "008001"),
        ({wire.SLIP_ID: "x", LOCK: "2026-11-20 08:05:11"}, "008001"),
    ],
)
async def test_missing_parameters_and_slips(params: dict[str, str], code: str) -> None:
    async with town() as t:
        restore_picture(t.ne)
        for path in (wire.BASE_UPDATE, wire.BASE_SHIPPED, wire.BASE_RECEIPTED, wire.BASE_LABELPRINTED):
            assert (await t.call(path, params))["code"] == code


async def test_rows_change_with_their_stock_but_money_is_never_recomputed() -> None:
    async with town() as t:
        restore_picture(t.ne)
        free = t.ne.goods("TEST-SKU-001").free
        new_row = {wire.ROW_GOODS: "TEST-SKU-003", wire.ROW_QUANTITY: "2", wire.ROW_UNIT_PRICE: "1100"}
        rows = {1: {wire.ROW_QUANTITY: "3"}, 2: {wire.ROW_CANCELLED: "1"}, 3: new_row}
        reply = await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({}, rows)})
        assert reply["result"] == "success"
        names = (wire.ROW_QUANTITY, wire.ROW_ALLOCATED, wire.ROW_SUB_TOTAL, wire.ROW_CANCELLED)
        found = [tuple(row[name] for name in names) for row in await t.call.rows(1007, names)]
        assert found == [("3", "3", "11940.00", "0"), ("1", "0", "0.00", "1"), ("2", "2", "2200.00", "0")]
        assert t.ne.goods("TEST-SKU-001").free == free - 2
        assert (await t.call.slip(1007))[wire.TOTAL] == "4530.00"


async def test_cancel_releases_stock_and_a_revival_takes_the_rows_along_only_when_asked() -> None:
    async with town() as t:
        restore_picture(t.ne)
        held = t.ne.goods("TEST-SKU-001").allocated
        await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({wire.CANCEL_TYPE: "1"})})
        assert t.ne.goods("TEST-SKU-001").allocated == held - 1
        back = {"data": update_xml({wire.CANCEL_TYPE: "0"})}
        await t.call.write(wire.BASE_UPDATE, 1007, back)
        assert (t.ne.slips[1007].live, t.ne.slips[1007].live_rows) == (True, [])
        await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({wire.CANCEL_TYPE: "1"})})
        await t.call.write(wire.BASE_UPDATE, 1007, {**back, wire.ROW_CANCEL_UPDATE_FLAG: "1"})
        assert [row.allocated for row in t.ne.slips[1007].live_rows] == [1, 1]
        assert t.ne.goods("TEST-SKU-001").allocated == held


async def test_cancelling_a_shipped_slip_brings_nothing_back() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.write(wire.BASE_SHIPPED, 1007)
        stock = t.ne.goods("TEST-SKU-001").stock
        flags = {wire.SHIPPED_UPDATE_FLAG: "1", "data": update_xml({wire.CANCEL_TYPE: "15"})}
        assert (await t.call.write(wire.BASE_UPDATE, 1007, flags))["result"] == "success"
        assert (t.ne.goods("TEST-SKU-001").stock, t.ne.slips[1007].status) == (stock, "50")


async def test_another_order_number_is_found_under_its_new_name() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({wire.ORDER_NUMBER: "NEW-1"})})
        reply = await t.call(
            wire.ROW_SEARCH, {"fields": wire.ROW_SLIP_ID, "receive_order_row_shop_cut_form_id-eq": "NEW-1"}
        )
        assert [row[wire.ROW_SLIP_ID] for row in reply["data"]] == ["1007", "1007"]
        assert t.ne.slips_of("TEST000007") == []


# many slips at once


@pytest.mark.parametrize("data_type", ["xml", "gz"])
async def test_bulkupdate_changes_the_slips_it_does_not_complain_about(data_type: str) -> None:
    """The case of replies/error_020500_bulk_partial.json: 1002 and 1003 fail, 1004 and 1007 are done."""
    async with town() as t:
        restore_picture(t.ne)
        good = base_xml(wire.WORKER_TEXT, "見本")
        text = bulk_xml(
            t, (1004, good), (1002, base_xml(wire.PAYMENT_METHOD, "1")), (1007, good)
        ).removesuffix("</root>")
        stale = bulk_xml(t, (1003, good), lock="2026-11-19 00:00:00").removeprefix("<root>")
        data = (text + stale).encode()
        reply = await t.call(
            wire.BASE_BULKUPDATE,
            {"data_type": data_type, "data": gzip.compress(data) if data_type == "gz" else data},
        )
        assert (reply["result"], reply["code"]) == ("error", "020500")
        assert {one["receive_order_id"]: one["code"] for one in reply["message"]} == {
            "1002": "020009",
            "1003": "020006",
        }
        changed = [number for number, slip in t.ne.slips.items() if slip.fields[wire.WORKER_TEXT] == "見本"]
        assert changed == [1004, 1007]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"data_type": "xml", "data": "<root/>"}, "更新する伝票がありません"),
        ({"data_type": "gz", "data": "<root/>"}, "展開できません"),
        ({"data_type": "csv", "data": "<root/>"}, "data_type"),
        ({"data_type": "xml", "data": "<root>" + "<receiveorder/>" * 1001 + "</root>"}, "1000件"),
    ],
)
async def test_a_bulk_call_that_does_nothing_says_so_in_a_sentence(
    params: dict[str, str], words: str
) -> None:
    async with town() as t:
        for path in (wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED):
            reply = await t.call(path, params)
            assert reply["code"] == "020500"
            assert isinstance(reply["message"], str)
            assert words in reply["message"]


async def test_bulkupdatereceipted_leaves_a_future_print_date_alone() -> None:
    """The case of replies/error_bulkupdatereceipted_partial.json."""
    async with town() as t:
        restore_picture(t.ne)
        flag = "<receive_order_label_print_flag>1</receive_order_label_print_flag>"
        data = bulk_xml(t, (1007, flag), (1008, flag))
        reply = await t.call(wire.BASE_BULKRECEIPTED, {"data_type": "xml", "data": data})
        assert [one["receive_order_id"] for one in reply["message"]] == ["1008"]
        assert [t.ne.slips[number].status for number in (1007, 1008)] == ["40", "20"]
        assert t.ne.slips[1007].fields[wire.LABEL_PRINT_FLAG] == "1"
        assert t.ne.history.per_key("printed") == {"1007": 1}


async def test_receipted_moves_20_to_40_once() -> None:
    async with town() as t:
        restore_picture(t.ne)
        assert (await t.call.write(wire.BASE_RECEIPTED, 1007))["result"] == "success"
        assert t.ne.slips[1007].fields[wire.PRINTED_AT] == "2026-11-20 10:00:00"
        assert (await t.call.write(wire.BASE_RECEIPTED, 1007))["code"] == "008005"
        assert (await t.call.write(wire.BASE_LABELPRINTED, 1007))["result"] == "success"
        assert t.ne.slips[1007].fields[wire.LABEL_PRINT_FLAG] == "2"
        assert (await t.call.write(wire.BASE_LABELPRINTED, 1007, {wire.LABEL_PRINT_FLAG: "9"}))[
            "code"
        ] == "008011"
