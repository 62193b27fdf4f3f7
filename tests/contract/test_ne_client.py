"""The Next Engine client: recorded requests byte for byte, searches, and the order CSV on its way."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx
from connector.adapters.ecforce.reader import read_page
from connector.adapters.ecforce.translation import translate
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.client import NextEngine
from connector.adapters.next_engine.reader import ROW_FIELDS, SLIP_FIELDS
from connector.adapters.next_engine.writes import update
from connector.adapters.next_engine.xml import update_xml
from connector.errors import Refused, Unknown
from connector.outcome import Absent, CannotTell, Effect, Sent
from connector.ports import OrderManager, TokenPair
from connector.slip import Slip

from tests.contract.border import MemoryDrop, at, form, recorded, recorded_json
from tests.contract.ne_desk import NOW, Desk, a_desk
from tests.contract.ne_shop import TABLES, a_shop, a_slip, engine, relayed, shipped

REQUESTS = "next_engine/requests"
SAMPLE = TokenPair(
    access="sampleAccess01+aB/cD=",
    refresh="sampleRefresh01+eF/gH=",
    access_until=at("2026-11-21 08:30:00"),
    refresh_until=at("2026-11-23 08:30:00"),
)
FREE = (wire.WAIT_FLAG, wire.OFFSET, wire.LIMIT)


def answer(name: str, **changes: Any) -> httpx.Response:
    """A recorded reply, with changes to its first row."""
    document = recorded_json(f"next_engine/replies/{name}")
    if changes:
        document["data"] = [document["data"][0] | changes]
    return httpx.Response(200, content=json.dumps(document).encode())


def compared(body: bytes) -> dict[str, object]:
    """Decoded pairs without what the README leaves free; the gzip unpacked, XML as a tree of sorted fields."""
    pairs: dict[str, object] = {name: value for name, value in form(body) if name not in FREE}
    assert len(pairs) == len([name for name, _ in form(body) if name not in FREE])
    if "data_1" in pairs:
        raw = str(pairs["data_1"]).encode("utf-8", "surrogateescape")
        pairs["data_1"] = gzip.decompress(raw)
    if "data" in pairs:
        root = ET.fromstring(str(pairs["data"]))  # noqa: S314 -- our own bytes
        pairs["data"] = [(part.tag, sorted((field.tag, field.text) for field in part)) for part in root]
    return pairs


def assert_like_recorded(request: httpx.Request, name: str) -> None:
    expected = recorded_json(f"{REQUESTS}/{name}.json")
    assert request.method == expected["method"]
    assert request.url.path == expected["path"]
    assert request.headers["Content-Type"] == expected["content_type"]
    ours, theirs = compared(request.content), compared(recorded(f"{REQUESTS}/{name}.body"))
    if wire.FIELDS in theirs:
        shown, asked = (set(str(pairs.pop(wire.FIELDS)).split(",")) for pairs in (theirs, ours))
        assert shown <= asked
    assert ours == theirs


# ---- recorded requests -----------------------------------------------------------------------------------


@asynccontextmanager
async def recorded_desk() -> AsyncIterator[tuple[Desk, NextEngine]]:
    async with a_desk(SAMPLE) as desk:
        yield desk, engine(desk)


async def test_02_the_harmless_read(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=answer("login_user_info.json"))
    async with recorded_desk() as (desk, _):
        await desk.session.read(wire.LOGIN_USER_INFO)
    assert_like_recorded(httpx2_mock.calls.last.request, "02_login_user_info")


@pytest.mark.parametrize(
    ("name", "path", "fields"),
    [
        ("03_search_intake_by_numbers", wire.BASE_SEARCH, SLIP_FIELDS),
        ("05_row_search_print_ready", wire.ROW_SEARCH, ROW_FIELDS),
    ],
)
async def test_03_05_searches(
    httpx2_mock: respx.Router, name: str, path: str, fields: tuple[str, ...]
) -> None:
    """Our own searches ask with fewer conditions; these are the recorded ones through the same way."""
    httpx2_mock.route().mock(return_value=answer("receiveorder_base_search_empty.json"))
    not_conditions = (*FREE, wire.FIELDS, wire.ACCESS_TOKEN, wire.REFRESH_TOKEN)
    asked = [pair for pair in form(recorded(f"{REQUESTS}/{name}.body")) if pair[0] not in not_conditions]
    async with recorded_desk() as (_, ne):
        assert [page async for page in ne.search(path, fields, asked)] == [[]]
    assert_like_recorded(httpx2_mock.calls.last.request, name)


async def test_08_09_the_upload_of_an_order_csv(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route(path=wire.UPLOADPATTERN_INFO).mock(
        return_value=answer("receiveorder_uploadpattern_info.json")
    )
    httpx2_mock.route(path=wire.BASE_UPLOAD).mock(return_value=answer("receiveorder_base_upload.json"))
    effect = Effect(kind="import", key="k", items=(), body=recorded(f"{REQUESTS}/09_upload.csv"))
    async with recorded_desk() as (desk, ne):
        sent = await ne.upload(effect)
        again = await ne.upload(effect)
        kept = [(each.direction, each.key) for each in desk.archive.kept]
    assert isinstance(sent, Sent)
    assert sent.evidence == {"que_id": "45"}
    assert again == sent
    requests = [call.request for call in httpx2_mock.calls]
    assert_like_recorded(requests[0], "08_uploadpattern_info")
    assert_like_recorded(requests[1], "09_upload_gz")
    assert len(requests) == 3  # the pattern is asked for once
    assert kept == [("out", "k"), ("in", "k")] * 2


async def test_10_the_queue(httpx2_mock: respx.Router) -> None:
    replies = ["0_waiting", "1_running", "2_success", "2_with_skipped", "minus1_failed", "no_row_yet"]
    httpx2_mock.route().mock(side_effect=[answer(f"system_que_{name}.json") for name in replies])
    async with recorded_desk() as (_, ne):
        states = [await ne.queue("45") for _ in replies]
    assert_like_recorded(httpx2_mock.calls.last.request, "10_system_que_search")
    assert [state.status if state else None for state in states] == [0, 1, 2, 2, -1, None]
    assert states[3] is not None
    assert states[3].message
    assert states[4] is not None
    assert states[4].message == "受注住所１が存在しません"


def shipped_slip(**changes: Any) -> httpx.Response:
    return answer("receiveorder_base_search_after_shipped.json", **changes)


async def test_11_14_tracking_number_first_then_shipped(httpx2_mock: respx.Router) -> None:
    before = {wire.STATUS: "40", wire.TRACKING: None, wire.SENT_AT: None, wire.DELIVERY: "10"}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=[
            shipped_slip(**before, **{wire.LOCK: "2026-11-20 09:02:14"}),
            shipped_slip(**{**before, wire.TRACKING: "999900001111"}, **{wire.LOCK: "2026-11-20 09:12:30"}),
            shipped_slip(),
        ]
    )
    httpx2_mock.route(path=wire.BASE_UPDATE).mock(return_value=answer("receiveorder_base_update.json"))
    httpx2_mock.route(path=wire.BASE_SHIPPED).mock(return_value=answer("receiveorder_base_shipped.json"))
    async with recorded_desk() as (_, ne):
        slip = await shipped(ne, "1011", "999900001111")
    requests = [call.request for call in httpx2_mock.calls]
    assert_like_recorded(requests[1], "11_update_tracking")
    assert_like_recorded(requests[3], "14_shipped")
    assert len(requests) == 5
    assert (slip.status, slip.tracking) == (50, "999900001111")
    assert slip.shipped_at == at("2026-11-20 09:12:33")


async def test_15_receipted(httpx2_mock: respx.Router) -> None:
    ready = {wire.SLIP_ID: "1007", wire.TAGS: "[要確認][WMS送信済]", wire.LOCK: "2026-11-20 08:05:11"}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=[
            shipped_slip(**ready, **{wire.STATUS: "20"}),
            shipped_slip(**ready, **{wire.STATUS: "40"}),
        ]
    )
    httpx2_mock.route(path=wire.BASE_RECEIPTED).mock(return_value=answer("receiveorder_base_receipted.json"))
    async with recorded_desk() as (_, ne):
        slip = await relayed(ne, "1007")
    assert_like_recorded(httpx2_mock.calls[1].request, "15_receipted")
    assert (slip.status, slip.tags) == (40, "[要確認][WMS送信済]")


async def test_13_cancelling_a_slip_of_a_bare_mail(httpx2_mock: respx.Router) -> None:
    mail = {wire.SLIP_ID: "1002", wire.STATUS: "1", wire.LOCK: "2026-11-20 09:31:02"}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=[shipped_slip(**mail), shipped_slip(**mail, **{wire.CANCEL_TYPE: "1"})]
    )
    httpx2_mock.route(path=wire.BASE_UPDATE).mock(return_value=answer("receiveorder_base_update.json"))
    async with recorded_desk() as (_, ne):
        slip = await ne.cancel(a_slip("1002"), "")
    assert_like_recorded(httpx2_mock.calls[1].request, "13_update_cancel")
    assert not slip.live


def test_12_texts_are_escaped() -> None:
    text = 'A&B <至急> "見本" 50%+α'
    tags = "[出荷指示済み][要確認]"
    assert update_xml({wire.WORKER_TEXT: text, wire.TAGS: tags}) == recorded(
        f"{REQUESTS}/12_update_escaped_text.xml"
    )
    assert update_xml({"x": "a\x00\x0bb\n"}).endswith(b"<x>ab\n</x></receiveorder_base></root>")
    assert update({"x": "1"}).path == wire.BASE_UPDATE


# ---- searches ----------------------------------------------------------------------------------------------


async def test_numbers_go_in_batches_of_a_thousand(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=answer("receiveorder_base_search_empty.json"))
    numbers = [f"order{number:05d}" for number in range(2500)]
    async with recorded_desk() as (_, ne):
        assert await ne.slips_of([*numbers, numbers[0], "has,comma", "日本語", ""]) == {}
    asked = [dict(form(call.request.content)) for call in httpx2_mock.calls]
    batches = [each[f"{wire.ORDER_NUMBER}-in"].split(",") for each in asked]
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [number for batch in batches for number in batch] == numbers
    assert {each[f"{wire.SHOP_ID}-eq"] for each in asked} == {"1"}
    assert not any(wire.STATUS in name or wire.CANCEL_TYPE in name for each in asked for name in each)


async def test_pages_until_a_short_one(httpx2_mock: respx.Router) -> None:
    row = recorded_json("next_engine/replies/receiveorder_base_search_after_shipped.json")["data"][0]

    def page(request: httpx.Request) -> httpx.Response:
        asked = dict(form(request.content))
        start = int(asked[wire.OFFSET])
        numbers = range(start, min(start + int(asked[wire.LIMIT]), 2000))
        data = [row | {wire.SLIP_ID: str(number)} for number in numbers]
        return httpx.Response(200, json={"result": "success", "count": str(len(data)), "data": data})

    httpx2_mock.route().mock(side_effect=page)
    async with recorded_desk() as (_, ne):
        pages = [page async for page in ne.slips_changed_since(at("2026-11-17 10:00:00"))]
    assert [len(page) for page in pages] == [1000, 1000, 0]
    assert len({slip.number for page in pages for slip in page}) == 2000
    asked = dict(form(httpx2_mock.calls[0].request.content))
    assert asked[f"{wire.LOCK}-gte"] == "2026-11-17 10:00:00"


async def test_all_slips_of_numbers_cancelled_ones_too() -> None:
    async with a_shop() as (_, _, ne):
        found = await ne.slips_of(["TEST000023", "TEST000002", "TEST000099", "TEST000016"])
        assert {n: sorted(slip.number for slip in slips) for n, slips in found.items()} == {
            "TEST000023": ["1023", "1024"],
            "TEST000002": ["1002"],  # the one of the other shop is not ours
            "TEST000016": ["1016", "1017"],
        }


async def test_slips_with_rows_in_one_search_and_those_without_any_in_another() -> None:
    async with a_shop() as (_, desk, ne):
        before = desk.http.calls
        found = await ne.slips(["1015", "1026", "9999"], rows=True)
        assert desk.http.calls == before + 2
        assert found.keys() == {"1015", "1026"}
        assert [row.sku for row in found["1015"].rows] == ["TEST-SKU-001", "TEST-SKU-003"]
        assert [row.cancelled for row in found["1026"].rows] == [False, True]
        bare = await ne.slips(["1026"])
        assert bare["1026"].rows == ()
        without = {name: getattr(found["1026"], name) for name in Slip.__struct_fields__ if name != "rows"}
        assert without == {name: getattr(bare["1026"], name) for name in without}
        # 1010 stands in the books without a row
        assert (await ne.slips(["1010"], rows=True))["1010"].rows == ()


async def test_slips_changed_since() -> None:
    async with a_shop() as (_, _, ne):
        pages = [page async for page in ne.slips_changed_since(at("2026-11-20 09:12:30"))]
        numbers = sorted(slip.number for page in pages for slip in page)
        assert numbers == ["1002", "1009", "1011", "1019", "1022"]


async def test_success_that_the_slip_does_not_show_is_unknown(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(return_value=shipped_slip(**{wire.STATUS: "40"}))
    httpx2_mock.route(path=wire.BASE_SHIPPED).mock(return_value=answer("receiveorder_base_shipped.json"))
    async with recorded_desk() as (_, ne):
        with pytest.raises(Unknown):
            await shipped(ne, "1011")


# ---- the order CSV ---------------------------------------------------------------------------------------


async def test_from_the_cart_s_orders_to_slips_in_the_books() -> None:
    """Built, uploaded, queued, imported and read back: what the cart charges is what the slip says."""
    orders = [
        translate(order, TABLES)
        for number in (1, 2)
        for order in read_page(recorded(f"ecforce/orders_page{number}.json")).page.orders
        if not order.cancelled and not order.payment.refused
    ]
    async with a_shop() as (sandbox, desk, ne):
        built = ne.import_file(orders)
        held = {number for number, _ in built.held}
        assert held == {"1b2c3d4e5f"}
        act = Effect(kind="ne_import", key="k", items=(), body=built.body, name="orders.csv")
        sent = await ne.upload(act)
        assert isinstance(sent, Sent)
        state = await ne.queue(sent.evidence["que_id"])
        assert state is None or state.status in (0, 1)
        while (due := sandbox.next_event_at()) and due < NOW + timedelta(minutes=10):
            await desk.clock.advance_to(due)
            await sandbox.advance()
        state = await ne.queue(sent.evidence["que_id"])
        assert state is not None
        assert state.status == 2, state.message
        found = await ne.slips_of(built.included)
        assert found.keys() == set(built.included)
        payable = {order.number: order.amounts.payable for order in orders}
        assert {number: slip.total for number, (slip,) in found.items()} == {
            number: payable[number] for number in built.included
        }


# ---- the order CSV by way of a folder ----------------------------------------------------------------------


async def test_the_folder_route() -> None:
    drop = MemoryDrop()
    effect = Effect(kind="import", key="k", items=(1,), body=b"a,b\r\n", name="juchu_a_1.csv")
    async with a_desk(SAMPLE) as desk:
        ne = engine(desk, drop=drop, import_route="folder")
        assert isinstance(await ne.file_lies_there(effect), CannotTell)
        sent = await ne.upload(effect)
        assert isinstance(sent, Sent)
        assert sent.evidence["path"] == "ne_inbox/juchu_a_1.csv"
        assert isinstance(await ne.file_lies_there(effect), Sent)
        await drop.move("ne_inbox", effect.name, "taken")
        assert isinstance(await ne.file_lies_there(effect), CannotTell)
        knowing = engine(desk, drop=drop, import_route="folder", import_taken_folder="taken")
        taken = await knowing.file_lies_there(effect)
        assert isinstance(taken, Sent)
        assert taken.evidence["path"] == "taken/juchu_a_1.csv"
        drop.files.clear()
        assert isinstance(await knowing.file_lies_there(effect), Absent)
        assert isinstance(await engine(desk).file_lies_there(effect), CannotTell)
        with pytest.raises(Refused):
            await engine(desk, import_route="folder").upload(effect)


def test_it_is_the_port() -> None:
    manager: type[OrderManager] = NextEngine
    assert manager is NextEngine
