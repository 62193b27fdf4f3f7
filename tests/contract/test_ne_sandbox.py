"""The sandbox against the fixtures' bytes: every request is taken, every reply has the shape and values on file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from connector.adapters.next_engine import wire
from connector.clock import SteppedClock
from connector.sandbox.next_engine import NextEngineSandbox, NextEngineSettings

from tests.contract.ne_case import (
    ACCESS,
    FIXTURES,
    PICTURE_AT,
    REFRESH,
    at,
    load,
    restore_picture,
    tls_contexts,
    town,
)

TOKEN_FIELDS = (wire.ACCESS_TOKEN, wire.ACCESS_END, wire.REFRESH_TOKEN, wire.REFRESH_END)
ISSUED = "2026-11-20 08:30:00"  # the fixtures' pair 1 ends a day later
BODIES = load("requests/index.json")

# reply → path and conditions; the fields are those of the reply itself
SEARCHES: dict[str, tuple[str, dict[str, str]]] = {
    "receiveorder_base_search_all_states": (wire.BASE_SEARCH, {}),
    "receiveorder_base_search_intake": (
        wire.BASE_SEARCH,
        {
            "receive_order_shop_id-eq": "1",
            "receive_order_shop_cut_form_id-in": "TEST000002,TEST000098,TEST000099",
            "receive_order_order_status_id-eq": "1",
            "receive_order_cancel_type_id-eq": "0",
        },
    ),
    "receiveorder_base_search_duplicated_number": (
        wire.BASE_SEARCH,
        {"receive_order_shop_cut_form_id-eq": "TEST000023"},
    ),
    "receiveorder_base_search_after_shipped": (wire.BASE_SEARCH, {"receive_order_id-eq": "1011"}),
    "receiveorder_base_search_every_field": (wire.BASE_SEARCH, {"receive_order_id-in": "1026,9999"}),
    "receiveorder_row_search_print_ready": (
        wire.ROW_SEARCH,
        {
            "receive_order_order_status_id-eq": "20",
            "receive_order_cancel_type_id-eq": "0",
            "receive_order_row_cancel_flag-eq": "0",
            "receive_order_shop_id-eq": "1",
        },
    ),
    "receiveorder_row_search_waiting": (
        wire.ROW_SEARCH,
        {"receive_order_row_receive_order_id-in": "1005,1006,1026"},
    ),
    "receiveorder_base_search_page1": (wire.BASE_SEARCH, {"offset": "0", "limit": "10"}),
    "receiveorder_base_search_page2": (wire.BASE_SEARCH, {"offset": "10", "limit": "10"}),
    "receiveorder_base_search_page3": (wire.BASE_SEARCH, {"offset": "20", "limit": "10"}),
    "receiveorder_uploadpattern_info": (wire.UPLOADPATTERN_INFO, {}),
    "login_user_info": (wire.LOGIN_USER_INFO, {}),
    "login_company_info": (wire.LOGIN_COMPANY_INFO, {}),
    "master_orderstatus": ("/api_v1_system_orderstatus/info", {}),
    "master_canceltype": ("/api_v1_system_canceltype/info", {}),
    "master_paymentmethod": ("/api_v1_system_paymentmethod/info", {}),
    "master_deposittype": ("/api_v1_system_deposittype/info", {}),
    "master_delivery": ("/api_v1_system_delivery/info", {}),
    "master_groupingtag": ("/api_v1_receiveorder_groupingtag/search", {}),
    "master_receiveorder_confirm": ("/api_v1_receiveorder_confirm/search", {}),
    "master_paymentdeliveryconvert": ("/api_v1_receiveorder_paymentdeliveryconvert/search", {}),
    "master_shop": ("/api_v1_master_shop/search", {}),
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_read_answers_the_reply_on_file(name: str) -> None:
    path, conditions = SEARCHES[name]
    expected = load(f"replies/{name}.json")
    async with town(ISSUED) as t:
        restore_picture(t.ne)
        reply = await t.call(path, {"fields": ",".join(expected["data"][0]), **conditions})
    assert reply == expected
    assert list(reply) == list(expected)


async def test_nothing_found_is_an_empty_list_and_a_count_of_nought() -> None:
    async with town(ISSUED) as t:
        reply = await t.call(
            wire.BASE_SEARCH, {"fields": wire.SLIP_ID, "receive_order_shop_cut_form_id-eq": "NOBODY"}
        )
    assert reply == load("replies/receiveorder_base_search_empty.json")


async def test_count_is_a_string_and_needs_no_fields() -> None:
    async with town() as t:
        restore_picture(t.ne)
        reply = await t.call(wire.BASE_COUNT, {"receive_order_cancel_type_id-eq": "0", "fields": ""})
    assert reply["count"] == "23"
    assert set(reply) == set(load("replies/receiveorder_base_count.json"))


async def test_facts_of_the_picture() -> None:
    facts = load("replies/facts.json")["receiveorder_base_search_all_states.json"]
    async with town(PICTURE := facts["now"]) as t:
        restore_picture(t.ne)
        tabs = {str(number): t.ne.tab(number) or "" for number in t.ne.slips}
    assert PICTURE == "2026-11-20 10:00:00"
    # 1017 waits for stock by rows that no fixture shows
    shown = {number: fact["tab"] for number, fact in facts["slips"].items() if number != "1017"}
    assert {number: tabs[number] for number in shown} == shown


def prepare(picture: Any, file: str) -> None:
    """14 is sent after 11: its slip stands at 40 with the lock value of that update."""
    slip = picture.slips[1011]
    picture.operator.unship(1011)
    slip.fields[wire.MODIFIED_AT] = "2026-11-20 09:12:30" if file.startswith("14") else "2026-11-20 09:02:14"


@pytest.mark.parametrize("entry", BODIES, ids=lambda entry: str(entry["body"]))
async def test_every_request_body_is_taken(entry: dict[str, str]) -> None:
    async with town() as t:
        restore_picture(t.ne)
        t.ne.new_state(state="st4te+Sample/0001==")
        if entry["body"].startswith(("11", "14")):
            prepare(t.ne, entry["body"])
        reply = await t.call.raw(entry["path"], (FIXTURES / "requests" / entry["body"]).read_bytes())
        assert reply["result"] == "success", reply
        if entry["body"].startswith("09"):
            assert reply["que_id"] == "1"
            await t.wait(minutes=2)
            assert (await t.call.slip(1002))[wire.STATUS] == "2"
        if entry["body"].startswith("12"):
            slip = await t.call.slip(1003)
            assert slip[wire.WORKER_TEXT] == 'A&B <至急> "見本" 50%+α'
            assert slip[wire.TAGS] == "[出荷指示済み][要確認]"
        if entry["body"].startswith("13"):
            assert (await t.call.slip(1002))[wire.CANCEL_TYPE] == "1"
        if entry["body"].startswith("14"):
            assert (await t.call.slip(1011))[wire.STATUS] == "50"
        if entry["body"].startswith("16"):
            assert [(await t.call.slip(number))[wire.STATUS] for number in (1007, 1024)] == ["40", "40"]


async def test_neauth_answers_every_key_on_file_with_or_without_a_slash() -> None:
    expected = load("replies/api_neauth.json")
    fixed = {name for name in expected if name not in TOKEN_FIELDS}
    body = (FIXTURES / "requests" / "01_api_neauth.body").read_bytes()
    async with town() as t:
        for path in ("/api_neauth", "/api_neauth/"):
            t.ne.new_state(state="st4te+Sample/0001==")
            reply = await t.call.raw(path, body + b"&access_token=stale&refresh_token=")
            assert {name: reply[name] for name in fixed} == {name: expected[name] for name in fixed}
            assert list(reply) == list(expected)
        again = await t.call.raw("/api_neauth", body)
    assert again["result"] == "error"
    assert wire.ACCESS_TOKEN not in again


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("error_000001_no_path", "/api_v1_nobody/search"),
        ("error_004001_permission", wire.BASE_COUNT),
        ("error_003002_overloaded", wire.BASE_SEARCH),
        ("error_002007_platform_maintenance", wire.BASE_SEARCH),
        ("error_999999_with_tokens", wire.BASE_SHIPPED),
        ("error_999999_without_tokens", wire.BASE_SHIPPED),
    ],
)
async def test_errors_have_the_shape_on_file(name: str, path: str) -> None:
    expected = load(f"replies/{name}.json")
    settings = NextEngineSettings(denied_paths=frozenset({wire.BASE_COUNT}))
    async with town(ISSUED, settings=settings) as t:
        if path in (wire.BASE_SEARCH, wire.BASE_SHIPPED):
            t.ne.plan_reply(expected["code"], path=path, with_tokens=wire.ACCESS_TOKEN in expected)
        reply = await t.call(path)
    assert reply == expected


async def test_only_requested_fields_come_back_and_blanks_are_tolerated() -> None:
    async with town() as t:
        restore_picture(t.ne)
        reply = await t.call(
            wire.BASE_SEARCH,
            {"fields": "receive_order_id, receive_order_date", "limit": "1", "app_version": "3"},
        )
    assert reply["data"] == [{"receive_order_id": "1001", "receive_order_date": "2026-11-20 09:10:41"}]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "004002"),
        ({"fields": "receive_order_id,receive_order_grouping_tag"}, "004003"),
        ({"fields": "receive_order_id", "receive_order_nobody-eq": "1"}, "004003"),
        ({"fields": "receive_order_id", "receive_order_id-near": "1"}, "004003"),
        ({"fields": "receive_order_id", "receive_order_id-in": ",".join(map(str, range(1001)))}, "008011"),
        ({"fields": "receive_order_id", "receive_order_date-in": "2026-11-20 09:10:41"}, "008011"),
        ({"fields": "receive_order_id", "receive_order_id-like": "10%"}, "008011"),
        ({"fields": "receive_order_id", "receive_order_date-gt": "yesterday"}, "008011"),
        ({"fields": "receive_order_id", "limit": "many"}, "008011"),
    ],
)
async def test_bad_searches_are_refused(params: dict[str, str], code: str) -> None:
    async with town() as t:
        reply = await t.call(wire.BASE_SEARCH, params)
    assert (reply["result"], reply["code"]) == ("error", code)
    assert reply[wire.ACCESS_TOKEN] == ACCESS


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ({"receive_order_id-gte": "1024", "receive_order_id-lt": "1026"}, "1024 1025"),
        ({"receive_order_total_amount-eq": "12490"}, "1010"),
        ({"receive_order_gruoping_tag-like": "%[出荷指示済み]%"}, "1010 1011"),
        ({"receive_order_send_date-nnull": ""}, "1011 1012"),
        ({"receive_order_last_modified_date-null": "1"}, "1001 1002 1017 1018 1022 1025"),
        ({"receive_order_mail_status-blank": "", "receive_order_shop_id-eq": "1"}, "1001 1002"),
        ({"receive_order_date-lt": "2026/11/16 0:00"}, "1012"),
        ({"receive_order_order_status_id-in": "30,40"}, "1009 1010 1019"),
        ({"receive_order_order_status_id-nin": "2,20,30,40,50"}, "1001 1002 1025"),
        ({"receive_order_include_to_order_id-eq": "1015"}, "1014"),
        ({"receive_order_shop_cut_form_id-like": "test00002_"}, "1022 1023 1024 1026"),
        ({"receive_order_worker_text-neq": "x"}, "1018"),  # NULL differs from nothing
    ],
)
async def test_operators(condition: dict[str, str], numbers: str) -> None:
    async with town() as t:
        restore_picture(t.ne)
        reply = await t.call(wire.BASE_SEARCH, {"fields": wire.SLIP_ID, **condition})
    assert " ".join(row[wire.SLIP_ID] for row in reply["data"]) == numbers


async def test_nlike_leaves_nulls_out_and_nlikeornull_takes_them() -> None:
    async with town() as t:
        restore_picture(t.ne)
        without = await t.call(wire.BASE_COUNT, {"receive_order_gruoping_tag-nlike": "%[出荷済み]%"})
        with_null = await t.call(wire.BASE_COUNT, {"receive_order_gruoping_tag-nlikeornull": "%[出荷済み]%"})
    assert (without["count"], with_null["count"]) == ("1", "25")


async def test_numbers_may_be_answered_as_numbers() -> None:
    async with town(settings=NextEngineSettings(numbers_as_strings=False)) as t:
        restore_picture(t.ne)
        reply = await t.call(
            wire.BASE_SEARCH,
            {"fields": "receive_order_id,receive_order_total_amount", "receive_order_id-eq": "1010"},
        )
    assert reply["data"] == [{"receive_order_id": 1010, "receive_order_total_amount": 12490}]
    assert reply["count"] == "1"


async def test_every_path_of_the_specification_exists() -> None:
    info = [wire.INFO.format(entity=f"system_{name}") for name in wire.SYSTEM_TABLES]
    searched = [wire.SEARCH.format(entity=name) for name in wire.SEARCHED_MASTERS]
    counted = [wire.COUNT.format(entity=name) for name in wire.SEARCHED_MASTERS]
    writes = [
        *(wire.BASE_UPDATE, wire.BASE_BULKUPDATE, wire.BASE_UPLOAD, wire.BASE_RECEIPTED, wire.BASE_SHIPPED),
        *(wire.BASE_BULKRECEIPTED, wire.BASE_LABELPRINTED, wire.BASE_DIVIDE, wire.BASE_BUNDLE),
        *(wire.BASE_BUNDLE_CANDIDATES, wire.NOTICE_ADD, wire.ROW_COUNT, wire.OPTION_COUNT, wire.QUE_COUNT),
    ]
    async with town() as t:
        for path in (*info, *searched, *counted, *writes, wire.OPTION_SEARCH, wire.QUE_SEARCH):
            reply = await t.call(path)
            assert reply.get("code") != wire.CODE_NO_PATH, path
        app = {"client_id": t.ne.client_id, "client_secret": t.ne.client_secret}
        companies = await t.call(wire.APP_COMPANY, app)
    assert companies["data"][0]["company_ne_id"] == "NE90001"


async def test_multipart_is_taken_too() -> None:
    edge = "sample-edge"
    parts = {"access_token": ACCESS, "refresh_token": REFRESH, "fields": "uid"}
    body = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    async with town() as t:
        reply = await t.call.raw(
            wire.LOGIN_USER_INFO, f"{body}--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
        )
    assert reply["data"][0]["uid"] == "u-sample-0001"


async def test_requests_and_bytes_are_counted_by_month_and_the_budget_is_told_once() -> None:
    async with town("2026-11-30 23:59:50", settings=NextEngineSettings(monthly_requests=2)) as t:
        for _ in range(4):
            await t.call(wire.LOGIN_USER_INFO)
        await t.wait(seconds=20)
        await t.call(wire.LOGIN_USER_INFO)
        usage = t.ne.usage
        assert (usage["2026-11"].requests, usage["2026-12"].requests) == (4, 1)
        assert usage["2026-11"].received_bytes > 4 * 80
        assert usage["2026-11"].sent_bytes > 4 * 300
        assert t.ne.history.per_key("budget_passed") == {"2026-11": 1}


def test_the_fixtures_account_is_the_default_one() -> None:
    setup = load("import_csv/setup.json")
    settings = NextEngineSettings()
    assert settings.payment_convert == setup["payment_convert"]
    assert settings.delivery_convert == setup["delivery_convert"]
    assert settings.shops[0].no_prior_payment == set(setup["shop"]["no_prior_payment"])
    assert at(setup["now"]).year == 2026


async def test_the_port_may_speak_tls(tmp_path: Path) -> None:
    server, client = tls_contexts(tmp_path)
    ne = NextEngineSandbox(SteppedClock(at(PICTURE_AT)))
    pair = ne.issue_pair()
    base = await ne.start(ssl_context=server)
    assert base.startswith("https://127.0.0.1:")
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            base + wire.LOGIN_USER_INFO, data={wire.ACCESS_TOKEN: pair.access}, ssl=client
        ) as answer,
    ):
        assert (await answer.json())["result"] == "success"
    await ne.stop()
