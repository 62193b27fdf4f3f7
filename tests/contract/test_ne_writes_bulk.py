"""Many slips in few calls against the sandbox: what one reply says about each of them, and who is faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx
from connector.adapters.next_engine import bulk, client, wire
from connector.adapters.next_engine.writes import Step, Write, write_tracking
from connector.adapters.next_engine.xml import bulk_update_xml
from connector.errors import Barred, NotDone, Refused
from connector.sandbox.next_engine import NextEngineSandbox
from connector.slip import Shipment, Slip

from tests.contract.border import recorded
from tests.contract.ne_crowd import (
    calls_of,
    faults,
    in_between,
    more_slips,
    recorded_slips,
    shipments,
    slips_of,
)
from tests.contract.ne_desk import a_desk
from tests.contract.ne_shop import a_shop, engine
from tests.contract.test_ne_client import REQUESTS, SAMPLE, answer, assert_like_recorded

# ---- how many calls ----------------------------------------------------------------------------------------


async def test_relaying_two_hundred_slips_takes_five_requests() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 200)
        before = desk.http.calls
        done = slips_of(await ne.mark_relayed(numbers))
        assert desk.http.calls == before + 5
        assert calls_of(desk) == ["bulkupdate", "bulkupdatereceipted"]
        assert {(slip.status, slip.tags) for slip in done.values()} == {(40, "[WMS送信済]")}
        assert slips_of(await ne.mark_relayed(numbers)) == done
        assert desk.http.calls == before + 6, "one look, no write"


async def test_confirming_two_hundred_shipments_takes_one_request_each_and_four_more() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 200)
        before = desk.http.calls
        done = slips_of(await ne.confirm_shipments(shipments(numbers)))
        assert desk.http.calls == before + 204
        assert {number: slip.tracking for number, slip in done.items()} == {
            number: f"99990000{number}" for number in numbers
        }
        assert {slip.status for slip in done.values()} == {50}
        assert sandbox.history.per_key("shipped") == dict.fromkeys(numbers, 1)


async def test_a_thousand_at_once_and_the_rest_in_a_second_call() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 1005)
        slips_of(await ne.mark_relayed(numbers))
        assert calls_of(desk) == ["bulkupdate"] * 2 + ["bulkupdatereceipted"] * 2


async def test_refused_slips_keep_their_place_and_get_their_own_words() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 3, **{wire.WORKER_TEXT: "至急"})
        words = {number: f"E201 郵便番号 & <住所> {number}" for number in numbers}
        done = slips_of(await ne.mark_refused(words))
        assert {slip.status for slip in done.values()} == {20}
        assert {slip.tags for slip in done.values()} == {"[WMS:エラー]"}
        assert [slip.worker_text for slip in done.values()] == [f"至急\n{text}" for text in words.values()]
        assert calls_of(desk) == ["bulkupdate"]


# ---- recorded requests -------------------------------------------------------------------------------------


LOCKS = {"s1007": {wire.LOCK: "2026-11-20 08:05:11"}, "s1024": {wire.LOCK: "2026-11-20 08:05:11"}}


async def test_16_bulkupdatereceipted(httpx2_mock: respx.Router) -> None:
    """Ours keeps every slip a target of label output; the recorded one takes 1024 off, which we never do."""
    tags = {number: {**lock, wire.TAGS: "[WMS送信済]", wire.STATUS: "20"} for number, lock in LOCKS.items()}
    printed = {number: {**fields, wire.STATUS: "40"} for number, fields in tags.items()}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=[
            recorded_slips("1007", "1024", **tags),
            recorded_slips("1007", "1024", **printed),
        ]
    )
    httpx2_mock.route(path=wire.BASE_BULKRECEIPTED).mock(
        return_value=answer("receiveorder_base_bulkupdatereceipted.json")
    )
    async with a_desk(SAMPLE) as desk:
        slips_of(await engine(desk).mark_relayed(["1007", "1024"]))
    sent = httpx2_mock.calls[1].request
    ours = sent.content.replace(*label_flags())
    assert_like_recorded(
        httpx.Request(sent.method, sent.url, headers=sent.headers, content=ours), "16_bulkupdatereceipted"
    )


def label_flags() -> tuple[bytes, bytes]:
    """The last label flag of a body as we write it, and as the recorded one has it."""
    tail = b"%3C%2Freceive_order_label_print_flag%3E%3C%2Freceiveorder%3E%3C%2Froot%3E"
    return b"%3E1" + tail, b"%3E0" + tail


async def test_17_bulkupdate(httpx2_mock: respx.Router) -> None:
    """The recorded fields through our own writing."""
    httpx2_mock.route(path=wire.BASE_BULKUPDATE).mock(return_value=answer("receiveorder_base_update.json"))
    data = bulk_update_xml(
        [
            ("1003", "2026-11-20 08:05:11", {wire.CONFIRM_CHECK: "2"}),
            ("1022", "2026-11-20 09:55:20", {wire.WORKER_TEXT: "見本"}),
        ]
    )
    assert data == recorded(f"{REQUESTS}/17_bulkupdate.xml")
    async with a_desk(SAMPLE) as desk:
        pairs = ((wire.DATA_TYPE, wire.DATA_XML), (wire.DATA, data))
        await desk.session.write(wire.BASE_BULKUPDATE, pairs, key="k")
    assert_like_recorded(httpx2_mock.calls.last.request, "17_bulkupdate")


# ---- who is faster -----------------------------------------------------------------------------------------


async def test_a_slip_changed_between_reading_and_writing_is_done_by_itself() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 5)
        in_between(desk, wire.BASE_BULKUPDATE, lambda: sandbox.operator.edit(5002, {wire.TAGS: "[贈答]"}))
        in_between(desk, wire.BASE_BULKRECEIPTED, lambda: sandbox.operator.edit(5004, {wire.NOTE: "電話"}))
        done = slips_of(await ne.mark_relayed(numbers))
        assert {slip.status for slip in done.values()} == {40}
        assert done["5002"].tags == "[贈答][WMS送信済]", "what the other wrote stays"
        assert calls_of(desk) == ["bulkupdate", "update", "bulkupdatereceipted", "receipted"]


async def test_many_slips_that_somebody_else_keeps_changing_wait_for_the_next_pass() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, bulk.SINGLY + 4)

        def another_app() -> None:
            for number in numbers:
                sandbox.operator.edit(int(number), {wire.NOTE: "別のアプリ"})

        in_between(desk, wire.BASE_BULKUPDATE, another_app)
        told = await ne.mark_relayed(numbers)
        assert len(faults(told)) == 4
        assert all(isinstance(fault, Barred) for fault in faults(told).values()), "no try of their own"
        assert calls_of(desk).count("update") == bulk.SINGLY
        slips_of(await ne.mark_relayed(numbers))


def people(sandbox: NextEngineSandbox) -> dict[str, tuple[Callable[[], Any], str]]:
    """Seven ways to be in the way of 1,000 slips, each with what is said of that slip afterwards."""
    operator = sandbox.operator
    return {
        "5010": (lambda: operator.edit(5010, {wire.NOTE: "電話"}), ""),
        "5020": (lambda: operator.cancel(5020), "キャンセル"),
        "5030": (lambda: operator.ship(5030), ""),
        "5040": (lambda: operator.bundle(5041, 5040), "統合"),
        "5050": (lambda: sandbox._books.move(sandbox.slips[5050], "30", "納品書印刷"), "印刷中"),
        "5060": (lambda: sandbox._books.move(sandbox.slips[5060], "2", "確認"), "印刷待ちではありません"),
        "5070": (lambda: operator.edit(5070, {wire.PRINT_ON: "2026-12-24 00:00:00"}), "020015"),
    }


async def test_seven_kinds_of_failures_among_a_thousand() -> None:
    """Changed, cancelled, shipped by hand, bundled, being printed, sent back, dated into the future."""
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 1000)
        acts = people(sandbox)

        def all_of_them() -> None:
            for act, _ in acts.values():
                act()

        in_between(desk, wire.BASE_BULKUPDATE, all_of_them)
        before = desk.http.calls
        told = await ne.mark_relayed(numbers)
        wrong = faults(told)
        expected = {number: words for number, (_, words) in acts.items() if words}
        assert {number: type(fault) for number, fault in wrong.items()} == {
            "5020": Refused,
            "5040": Refused,
            "5050": NotDone,
            "5060": Refused,
            "5070": Refused,
        }
        for number, words in expected.items():
            assert words in str(wrong[number]) or number == "5070"
        printed = [n for n, slip in told.items() if isinstance(slip, Slip) and slip.status == 40]
        assert len(printed) == 1000 - len(expected) - 1
        assert isinstance(told["5030"], Slip)
        assert told["5030"].status == 50
        assert desk.http.calls - before <= 30
        assert max(sandbox.history.per_key("printed").values()) == 1


async def test_shipments_of_slips_that_people_changed_meanwhile() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 30)
        acts = people(sandbox)
        wanted = shipments(numbers)

        def meanwhile() -> None:
            sandbox.operator.cancel(5003)
            sandbox.operator.edit(5005, {wire.NOTE: "電話"})
            sandbox.operator.edit(5006, {wire.TRACKING: wanted["5006"].tracking[0]})
            sandbox.operator.ship(5006)
            acts["5010"][0]()

        in_between(desk, wire.BASE_SHIPPED, meanwhile)
        told = await ne.confirm_shipments(wanted)
        assert faults(told).keys() == {"5003"}
        assert {slip.status for slip in told.values() if isinstance(slip, Slip)} == {50}
        assert max(sandbox.history.per_key("shipped").values()) == 1


async def test_a_slip_shipped_and_taken_back_is_confirmed_again() -> None:
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, 3)
        slips_of(await ne.confirm_shipments(shipments(numbers)))
        sandbox.operator.unship(5002)
        done = slips_of(await ne.confirm_shipments(shipments(numbers)))
        assert {slip.status for slip in done.values()} == {50}
        assert sandbox.history.per_key("shipped") == {"5001": 1, "5002": 2, "5003": 1}


async def test_a_bug_about_one_slip_is_that_slip_s_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, 5)

        def breaks(shipment: Shipment, *gone: str) -> Step:
            def step(now: Slip) -> Write | None:
                raise ZeroDivisionError

            return step if shipment.slip_number == "5003" else write_tracking(shipment, *gone)

        monkeypatch.setattr(client, "write_tracking", breaks)
        told = await ne.confirm_shipments(shipments(numbers))
        assert {number: type(fault) for number, fault in faults(told).items()} == {"5003": ZeroDivisionError}
        assert sandbox.history.per_key("shipped") == dict.fromkeys(set(numbers) - {"5003"}, 1)
