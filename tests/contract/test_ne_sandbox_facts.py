"""Every row of the fixtures' table of facts, brought about in the sandbox and asked over HTTP.

The searches and masters are compared byte for byte in test_ne_sandbox.py; here stands what needs a scene of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import NextEngineSettings

from tests.contract.ne_case import (
    ACCESS,
    FIXTURES,
    REFRESH,
    Reply,
    Town,
    load,
    restore_picture,
    seed_setup,
    town,
    update_xml,
)
from tests.contract.test_ne_sandbox import ISSUED, SEARCHES, TOKEN_FIELDS

FACTS: dict[str, dict[str, Any]] = load("replies/facts.json")
LOCK = "receive_order_last_modified_date"
QUE_FIELDS = (
    "que_id,que_method_name,que_shop_id,que_upload_name,que_client_file_name,que_file_name,que_status_id,que_message,"
    "que_deleted_flag,que_creation_date,que_last_modified_date,que_last_modified_null_safe_date,que_creator_id,"
    "que_creator_name,que_last_modified_by_id,que_last_modified_by_name"
)
CHANGE = {"data": update_xml({wire.WORKER_TEXT: "x"})}
ELSEWHERE = {  # reply → the test that has it
    "api_neauth": "test_ne_sandbox.py::test_neauth_answers_every_key_on_file_with_or_without_a_slash",
    "receiveorder_base_search_empty": "test_ne_sandbox.py::test_nothing_found_is_an_empty_list_and_a_count_of_nought",
    **dict.fromkeys(
        (
            *("error_000001_no_path", "error_004001_permission", "error_003002_overloaded"),
            *("error_002007_platform_maintenance", "error_999999_with_tokens", "error_999999_without_tokens"),
        ),
        "test_ne_sandbox.py::test_errors_have_the_shape_on_file",
    ),
    **dict.fromkeys(SEARCHES, "test_ne_sandbox.py::test_a_read_answers_the_reply_on_file"),
}


async def que(t: Town) -> Reply:
    return await t.call(wire.QUE_SEARCH, {"fields": QUE_FIELDS, "que_id-eq": "45"})


async def upload(t: Town, case: str, **wait: float) -> Reply:
    seed_setup(t.ne)
    if case:
        for slip in load(f"import_csv/{case}/before.json")["slips"]:
            t.ne.restore(
                {wire.CONFIRM_CHECK: "0", **{k: v for k, v in slip.items() if k != "rows"}}, slip["rows"]
            )
    name = case or "ok_1_one_order_one_item"
    reply = await t.call.upload((FIXTURES / "import_csv" / name / "upload.csv").read_bytes())
    await t.wait(**wait)
    return reply


async def queued(t: Town) -> Reply:
    return await upload(t, "", seconds=0)


async def count(t: Town) -> Reply:
    return await t.call(wire.BASE_COUNT, {"receive_order_id-lte": "1018"})


def after(case: str, seconds: float) -> Callable[[Town], Awaitable[Reply]]:
    async def scene(t: Town) -> Reply:
        await upload(t, case, seconds=seconds)
        return await que(t)

    return scene


def write(path: str, number: int, *, act: str = "", **params: str) -> Callable[[Town], Awaitable[Reply]]:
    """A single write, after somebody did something at the screen."""

    async def scene(t: Town) -> Reply:
        if act:
            await t.call.act(act, **({"slip": number} if act == "begin-printing" else {}))
        return await t.call.write(path, number, params)

    return scene


def bulk(path: str, slips: dict[int, str], inner: str) -> Callable[[Town], Awaitable[Reply]]:
    """A bulk write; an empty lock value means the right one."""

    async def scene(t: Town) -> Reply:
        rows = "".join(
            f'<receiveorder {wire.SLIP_ID}="{n}" {LOCK}="{lock or t.ne.slips[n].lock}">{inner}</receiveorder>'
            for n, lock in slips.items()
        )
        return await t.call(path, {"data_type": "xml", "data": f"<root>{rows}</root>"})

    return scene


def planned(code: str, **how: Any) -> Callable[[Town], Awaitable[Reply]]:
    async def scene(t: Town) -> Reply:
        await t.call.act("plan-reply", reply=code, **how)
        return await t.call(wire.BASE_COUNT)

    return scene


async def while_importing(t: Town) -> Reply:
    await upload(t, "", seconds=30)
    return await t.call.write(wire.BASE_UPDATE, 1007, CHANGE)


async def moved_lock(t: Town) -> Reply:
    return await t.call(wire.BASE_UPDATE, {**CHANGE, wire.SLIP_ID: "1007", LOCK: "2026-11-20 00:00:00"})


async def old_pair(t: Town) -> Reply:
    await t.call.act("rotate-tokens")
    return await t.call(wire.LOGIN_USER_INFO)


async def both_ended(t: Town) -> Reply:
    await t.call.act("expire-tokens", access=True, refresh=True)
    return await t.call(wire.LOGIN_USER_INFO)


async def rotated(t: Town) -> Reply:
    await t.wait(days=1, seconds=65)
    return await t.call(wire.LOGIN_USER_INFO, {"fields": "uid,pic_ne_id"})


async def rotated_in_an_error(t: Town) -> Reply:
    await t.wait(days=1, seconds=65)
    return await planned("003002")(t)


NOTE = f"<receiveorder_base><{wire.NOTE}>x</{wire.NOTE}></receiveorder_base>"
STALE = "2026-11-01 00:00:00"
SCENES: dict[str, Callable[[Town], Awaitable[Reply]]] = {
    "receiveorder_base_count": count,
    "receiveorder_base_upload": queued,
    "system_que_0_waiting": after("", 0),
    "system_que_1_running": after("", 30),
    "system_que_2_success": after("ok_1_one_order_one_item", 120),
    "system_que_2_with_skipped": after("bad_4_number_of_31_characters", 120),
    "system_que_minus1_failed": after("bad_1_header_half_width_1", 120),
    "system_que_no_row_yet": que,
    "receiveorder_base_update": write(wire.BASE_UPDATE, 1007, **CHANGE),
    "receiveorder_base_shipped": write(wire.BASE_SHIPPED, 1007),
    "receiveorder_base_receipted": write(wire.BASE_RECEIPTED, 1007),
    "receiveorder_base_bulkupdatereceipted": bulk(wire.BASE_BULKRECEIPTED, {1007: "", 1024: ""}, ""),
    "error_002002_old_token": old_pair,
    "redirect_002004_expired": both_ended,
    "error_003001_congested": planned("003001"),
    "error_008003_import_running": while_importing,
    "error_008007_invoice_printing": write(wire.BASE_UPDATE, 1007, act="begin-printing", **CHANGE),
    "error_008010_stock_taking": write(wire.BASE_UPDATE, 1007, act="start-stock-taking", **CHANGE),
    "error_008002_lock_unverified": moved_lock,
    "error_020009_status1": bulk(wire.BASE_BULKUPDATE, {1002: ""}, NOTE),
    "error_020500_bulk_partial": bulk(
        wire.BASE_BULKUPDATE, {1003: STALE, 1002: "", 1004: "", 1007: ""}, NOTE
    ),
    "error_020500_bulk_string": bulk(wire.BASE_BULKUPDATE, {}, ""),
    "error_bulkupdatereceipted_partial": bulk(wire.BASE_BULKRECEIPTED, {1007: "", 1008: ""}, ""),
    "error_empty_tokens": planned("999999", empty_tokens=True),
    "rotation_success_new_pair": rotated,
    "rotation_error_new_pair": rotated_in_an_error,
}
WHOLE = {  # nothing in these is of another moment or another wording
    *(
        "receiveorder_base_count",
        "receiveorder_base_upload",
        "receiveorder_base_update",
        "receiveorder_base_shipped",
    ),
    *("receiveorder_base_receipted", "receiveorder_base_bulkupdatereceipted", "error_002002_old_token"),
    *("redirect_002004_expired", "error_003001_congested", "error_008003_import_running"),
    *("error_008007_invoice_printing", "error_008010_stock_taking", "error_008002_lock_unverified"),
    *("error_020500_bulk_string", "error_bulkupdatereceipted_partial"),
}


@pytest.mark.parametrize("name", SCENES)
async def test_a_scene_gives_the_reply_on_file(name: str) -> None:
    expected, fact = load(f"replies/{name}.json"), FACTS[f"{name}.json"]
    async with town(ISSUED, settings=NextEngineSettings(first_que_id=45)) as t:
        restore_picture(t.ne)
        reply = await SCENES[name](t)
    if name == "error_020009_status1":  # in a bulk call the code stands by its slip
        assert reply["message"][0]["code"] == fact["code"]
        return
    assert list(reply) == list(expected)
    if name in WHOLE:
        assert reply == expected
    assert_fact(reply, expected, fact)


def assert_fact(reply: Reply, expected: Reply, fact: dict[str, Any]) -> None:
    """What the table says of this reply."""
    assert reply["result"] == expected["result"]
    assert reply.get("code") == fact.get("code", expected.get("code"))
    pair = tuple(reply.get(name) for name in (wire.ACCESS_TOKEN, wire.REFRESH_TOKEN))
    says = str(fact.get("tokens", "same pair"))
    if says.startswith("NEW"):
        assert ACCESS not in pair
        assert REFRESH not in pair
        assert all(pair)
        assert {name: reply[name] for name in (wire.ACCESS_END, wire.REFRESH_END)} == {
            name: expected[name] for name in (wire.ACCESS_END, wire.REFRESH_END)
        }
        assert reply[wire.ACCESS_END] == fact.get(wire.ACCESS_END, reply[wire.ACCESS_END])
    else:
        wanted = {"same": (ACCESS, REFRESH), "none": (None, None), "empty": ("", "")}[
            says.partition(" ")[0].strip(",")
        ]
        assert pair == wanted
    if isinstance(fact.get("failed"), dict):
        assert {one[wire.SLIP_ID] for one in reply["message"]} == set(fact["failed"])
        attested = {number: code for number, code in fact["failed"].items() if code.isdecimal()}
        assert attested.items() <= {one[wire.SLIP_ID]: one["code"] for one in reply["message"]}.items()
    if "que_id" in fact and "status" in fact:
        row = reply["data"][0]
        assert list(row) == list(expected["data"][0])
        assert (row["que_id"], row["que_status_id"]) == (fact["que_id"], fact["status"])
        assert row["que_message"] == (fact.get("message") or row["que_message"])
        assert bool(row["que_message"]) is bool(expected["data"][0]["que_message"])


@pytest.mark.parametrize(
    ("scene", "numbers", "done"),
    [
        ("error_020500_bulk_partial", (1002, 1003, 1004, 1007), (1004, 1007)),
        ("error_020009_status1", (1002,), ()),
        ("error_020500_bulk_string", (1004, 1007), ()),
    ],
)
async def test_the_slips_a_bulk_call_does_not_name_are_done(
    scene: str, numbers: tuple[int, ...], done: tuple[int, ...]
) -> None:
    async with town() as t:
        restore_picture(t.ne)
        await SCENES[scene](t)
        notes = [(await t.call.fields(number, (wire.NOTE,)))[wire.NOTE] for number in numbers]
    assert tuple(number for number, note in zip(numbers, notes, strict=True) if note == "x") == done


async def test_a_queue_row_that_is_not_visible_yet_is_not_there() -> None:
    settings = NextEngineSettings(first_que_id=45, que_hidden=timedelta(seconds=10))
    async with town(ISSUED, settings=settings) as t:
        await upload(t, "", seconds=0)
        reply = await que(t)
        assert reply == load("replies/system_que_no_row_yet.json")


def test_every_fact_of_the_table_is_shown_somewhere() -> None:
    shown = SCENES.keys() | ELSEWHERE.keys()
    assert {name.removesuffix(".json") for name in FACTS} == shown
    assert not SCENES.keys() & ELSEWHERE.keys()
    assert set(TOKEN_FIELDS) == {wire.ACCESS_TOKEN, wire.ACCESS_END, wire.REFRESH_TOKEN, wire.REFRESH_END}


# §3.1 and §3.2 as the specification lists them; {a,b} stands for a name's endings.
SLIP_NAMES = """
shop_id id shop_cut_form_id date import_date important_check_id important_check_name confirm_check_id
confirm_check_name confirm_ids mail_status gruoping_tag import_type_id import_type_name cancel_type_id
cancel_type_name cancel_date order_status_id order_status_name delivery_id delivery_name payment_method_id
payment_method_name total_amount tax_amount charge_amount delivery_fee_amount other_amount point_amount goods_amount
deposit_amount deposit_type_id deposit_type_name deposit_date note statement_delivery_text worker_text
picking_instruct include_possible_order_id include_to_order_id multi_delivery_parent_order_id divide_from_order_id
copy_from_order_id multi_delivery_parent_flag statement_delivery_instruct_printing_date
statement_delivery_printing_date send_date send_plan_date send_sequence label_print_date label_print_flag
hope_delivery_date hope_delivery_time_slot_id hope_delivery_time_slot_name delivery_method_id delivery_method_name
seal1_id seal1_name seal2_id seal2_name seal3_id seal3_name seal4_id seal4_name business_office_stop_id
business_office_stop_name invoice_id invoice_name temperature_id temperature_name business_office_name gift_flag
delivery_cut_form_id delivery_cut_form_note credit_type_id credit_type_name credit_approval_no
credit_approval_amount credit_approval_type_id credit_approval_type_name credit_approval_date credit_approval_rate
credit_number_payments credit_authorization_center_id credit_authorization_center_name
credit_approval_fax_printing_date customer_type_id customer_type_name customer_id purchaser_name purchaser_kana
purchaser_zip_code purchaser_address1 purchaser_address2 purchaser_tel purchaser_fax purchaser_mail_address
consignee_name consignee_kana consignee_zip_code consignee_address1 consignee_address2 consignee_tel consignee_fax
important_check_pic_id important_check_pic_name pic_id pic_name send_pic_id send_pic_name creation_date
last_modified_date last_modified_null_safe_date creator_id creator_name last_modified_by_id last_modified_by_name
last_modified_by_null_safe_id last_modified_by_null_safe_name deleted_flag option_receive_order_id
option_single_word_memo option_message option_noshi option_rapping option_1 option_2 option_3 option_4 option_5
option_6 option_7 option_8 option_9 option_10 option_received_time_shop_coupon option_received_time_mall_coupon
"""
ROW_NAMES = """
row_receive_order_id row_shop_cut_form_id row_no row_shop_row_no row_goods_id row_goods_name row_quantity
row_unit_price row_received_time_first_cost row_tax_rate row_wholesale_retail_ratio row_sub_total_price
row_goods_option row_cancel_flag row_multi_delivery_parent_order_id row_divide_from_row_no row_copy_from_row_no
row_stock_allocation_quantity row_advance_order_stock_allocation_quantity row_stock_allocation_date
row_received_time_merchandise_id row_received_time_merchandise_name row_received_time_goods_type_id
row_received_time_goods_type_name row_returned_good_quantity row_returned_bad_quantity row_returned_reason_id
row_returned_reason_name row_org_row_no row_deleted_flag row_creation_date row_last_modified_date
row_last_modified_null_safe_date row_last_modified_newest_date row_creator_id row_last_modified_by_id
include_from_order_id include_from_row_no
"""


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (wire.BASE_SEARCH, SLIP_NAMES),
        (wire.ROW_SEARCH, ROW_NAMES + SLIP_NAMES),
        (wire.OPTION_SEARCH, " ".join(name for name in SLIP_NAMES.split() if name.startswith("option_"))),
    ],
)
async def test_every_field_of_the_specification_can_be_asked_for_and_be_a_condition(
    path: str, names: str
) -> None:
    fields = [f"receive_order_{name}" for name in names.split()]
    async with town() as t:
        restore_picture(t.ne)
        reply = await t.call(path, {"fields": ",".join(fields)})
        assert reply["result"] == "success", reply
        assert list(reply["data"][0]) == fields
        for name in fields:
            told = await t.call(path.replace("search", "count"), {f"{name}-null": ""})
            assert told["result"] == "success", name
