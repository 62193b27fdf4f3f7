"""What the Next Engine client writes, against the sandbox: places, repeats, races and lost replies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from connector.adapters.next_engine import wire
from connector.errors import NotDone, Refused, Unknown
from connector.slip import Result, Shipment, Slip

from tests.contract.ne_desk import Desk
from tests.contract.ne_shop import a_shop, a_slip, refused, relayed, shipped


async def test_relaying_tags_prints_and_repeats_safely() -> None:
    async with a_shop() as (sandbox, desk, ne):
        sandbox.operator.edit(1007, {wire.TAGS: "[贈答][WMS:エラー]"})
        done = await relayed(ne, "1007")
        assert (done.status, done.tags) == (40, "[贈答][WMS送信済]")
        before = desk.http.calls
        assert await relayed(ne, "1007") == done
        assert desk.http.calls == before + 1  # one look, no write
        out = [each.name for each in desk.archive.kept if each.direction == "out"]
        assert out == [wire.BASE_UPDATE, wire.BASE_RECEIPTED]
        assert {each.key for each in desk.archive.kept} == {"1007"}


async def test_a_refused_slip_keeps_its_place_and_the_words() -> None:
    async with a_shop() as (sandbox, desk, ne):
        sandbox.operator.edit(1007, {wire.WORKER_TEXT: "至急"})
        for _ in range(2):
            slip = await refused(ne, "1007", "E201 郵便番号 & 住所")
        assert (slip.status, slip.tags) == (20, "[WMS:エラー]")
        assert slip.worker_text == "至急\nE201 郵便番号 & 住所"
        assert len([each for each in desk.archive.kept if each.direction == "out"]) == 1


async def test_shipping_with_tracking_number_repeats_safely() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = ("999900001111", "999900001122")
        done = await shipped(ne, "1007", *numbers)
        assert (done.status, done.tracking) == (50, "999900001111")
        assert done.shipped_at is not None
        before = desk.http.calls
        assert await shipped(ne, "1007", *numbers) == done
        assert desk.http.calls == before + 1
        assert sandbox.history.per_key("shipped") == {"1007": 1}
        with pytest.raises(Refused, match="999900001111"):
            await shipped(ne, "1007", "888800001111")


async def test_shipping_without_a_number_and_after_relaying() -> None:
    async with a_shop() as (_, _, ne):
        await relayed(ne, "1007")
        done = await shipped(ne, "1007")
        assert (done.status, done.tracking) == (50, "")


async def test_a_person_shipped_it_with_the_same_number() -> None:
    async with a_shop() as (sandbox, desk, ne):
        sandbox.operator.edit(1007, {wire.TRACKING: "9999-0000-1111"})
        sandbox.operator.ship(1007)
        done = await shipped(ne, "1007", "999900001111")
        assert done.status == 50
        assert desk.archive.kept == []


@pytest.mark.parametrize(
    ("number", "error"),
    [("1005", Refused), ("1002", Refused), ("1013", Refused), ("1014", Refused), ("1009", NotDone)],
)
async def test_shipping_from_the_wrong_place(number: str, error: type[Exception]) -> None:
    """Waiting, bare mail, cancelled, merged; a slip that is just being printed is left for later."""
    async with a_shop() as (_, desk, ne):
        with pytest.raises(error):
            await shipped(ne, number)
        assert desk.archive.kept == []


@pytest.mark.parametrize(("number", "error"), [("1005", Refused), ("1013", Refused), ("1009", NotDone)])
async def test_relaying_from_the_wrong_place(number: str, error: type[Exception]) -> None:
    async with a_shop() as (sandbox, _, ne):
        if number == "1009":
            sandbox.operator.edit(1009, {wire.TAGS: "[WMS送信済]"})
        with pytest.raises(error):
            await relayed(ne, number)


async def test_cancelling_in_any_place_but_shipped() -> None:
    async with a_shop() as (_, desk, ne):
        for number in ("1002", "1005", "1007", "1010"):
            slip = await ne.cancel(a_slip(number), "お客様のキャンセル")
            assert (slip.cancel_type, slip.worker_text) == ("1", "お客様のキャンセル")
        writes = len(desk.archive.kept)
        assert not (await ne.cancel(a_slip("1007"), "again")).live
        assert len(desk.archive.kept) == writes
        with pytest.raises(Refused, match="出荷確定済み"):
            await ne.cancel(a_slip("1011"), "too late")


async def test_a_slip_that_is_not_there() -> None:
    async with a_shop() as (_, _, ne):
        with pytest.raises(Refused, match="9999"):
            await ne.cancel(a_slip("9999"), "")


def before_each_write(desk: Desk, act: Callable[[], None], times: int) -> None:
    """Somebody does something between our read and our write."""
    write, left = desk.session.write, times

    async def disturbed(path: str, pairs: Any, *, key: str) -> Any:
        nonlocal left
        if left:
            left -= 1
            await desk.clock.sleep(2)  # lock values know seconds only
            act()
        return await write(path, pairs, key=key)

    desk.session.write = disturbed  # type: ignore[method-assign]


async def test_somebody_else_changed_the_slip_in_between() -> None:
    async with a_shop() as (sandbox, desk, ne):
        before_each_write(desk, lambda: sandbox.operator.edit(1007, {wire.TAGS: "[贈答]"}), times=1)
        slip = await relayed(ne, "1007")
        assert (slip.status, slip.tags) == (40, "[贈答][WMS送信済]")


async def test_somebody_who_never_stops_changing_it() -> None:
    async with a_shop() as (sandbox, desk, ne):
        notes = iter(range(100))
        before_each_write(desk, lambda: sandbox.operator.edit(1007, {wire.NOTE: str(next(notes))}), times=9)
        with pytest.raises(NotDone):
            await relayed(ne, "1007")


async def test_somebody_else_did_it_in_between() -> None:
    async with a_shop() as (sandbox, desk, ne):

        def by_hand() -> None:
            sandbox.operator.edit(1007, {wire.TRACKING: "999900001111"})
            sandbox.operator.ship(1007)

        before_each_write(desk, by_hand, times=1)
        slip = await shipped(ne, "1007", "999900001111")
        assert slip.status == 50
        assert sandbox.history.per_key("shipped") == {"1007": 1}


async def test_a_refusal_that_nobody_explains_is_handed_on() -> None:
    async with a_shop() as (sandbox, _, ne):
        sandbox.plan_reply("020015", path=wire.BASE_UPDATE)
        with pytest.raises(Refused) as caught:
            await relayed(ne, "1007")
        assert caught.value.code == "020015"


@pytest.mark.parametrize("reply", ["drop", "999999", "html-502", "empty"])
async def test_a_lost_reply_is_settled_by_reading_back(reply: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        sandbox.plan_reply(reply, path=wire.BASE_SHIPPED, applied=True)
        slip = await shipped(ne, "1007", "999900001111")
        assert slip.status == 50
        assert sandbox.history.per_key("shipped") == {"1007": 1}


@pytest.mark.parametrize("reply", ["drop", "999999", "html-502", "empty"])
async def test_a_lost_reply_that_does_not_show_stays_unknown_and_may_be_repeated(reply: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        sandbox.plan_reply(reply, path=wire.BASE_SHIPPED, applied=False)
        with pytest.raises(Unknown):
            await shipped(ne, "1007", "999900001111")
        assert (await shipped(ne, "1007", "999900001111")).status == 50
        assert sandbox.history.per_key("shipped") == {"1007": 1}


@pytest.mark.parametrize("code", ["003001", "003002", "008003", "008007", "008010", "003004"])
async def test_busy_is_not_done(code: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        sandbox.plan_reply(code, path=wire.BASE_UPDATE)
        with pytest.raises(NotDone):
            await relayed(ne, "1007")
        assert (await relayed(ne, "1007")).status == 40


def sent_numbers(*numbers: str) -> Shipment:
    return Shipment(
        result_id="R1",
        slip_number="1007",
        result=Result.SHIPPED,
        shipped_on=date(2026, 11, 24),
        carrier="YAMATO_TAKKYUBIN",
        tracking=numbers,
    )


async def test_a_number_is_corrected_after_the_confirmation_and_repeats_safely() -> None:
    async with a_shop() as (sandbox, desk, ne):
        await shipped(ne, "1007", "999900001111")
        corrected = {"1007": sent_numbers("999900001122")}
        slip = (await ne.correct_tracking(corrected))["1007"]
        assert isinstance(slip, Slip)
        assert (slip.status, slip.tracking) == (50, "999900001122")
        assert "【送り状番号訂正】999900001111 → 999900001122" in slip.worker_text
        before = desk.http.calls
        assert (await ne.correct_tracking(corrected))["1007"] == slip
        assert desk.http.calls == before + 1
        assert sandbox.history.per_key("shipped") == {"1007": 1}


async def test_all_numbers_of_several_parcels_stand_in_the_workers_field() -> None:
    async with a_shop() as (_, _, ne):
        slip = await shipped(ne, "1007", "999900001111", "999900001122")
        assert slip.worker_text == "【送り状番号】999900001111、999900001122（2個口）"
        more = {"1007": sent_numbers("999900001111", "999900001122", "999900001133")}
        after = (await ne.correct_tracking(more))["1007"]
        assert isinstance(after, Slip)
        assert after.tracking == "999900001111"
        assert "999900001133（3個口）" in after.worker_text
        assert "訂正" not in after.worker_text


async def test_a_correction_of_a_cancelled_slip_is_refused() -> None:
    async with a_shop() as (_, _, ne):
        answers = await ne.correct_tracking({"1013": sent_numbers("999900001122")})
        assert isinstance(answers["1013"], Refused)
