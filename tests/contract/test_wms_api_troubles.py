"""Warehouses with an API when things go wrong: storms of 429, ended sessions, pages of HTML, late answers to a stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from connector.errors import Barred, Closed, NotDone, Unknown
from connector.outcome import Absent, CannotTell, Reason, Reply, Sent
from connector.ports import Receipt, ResultFile
from connector.sandbox.warehouse.faces import LogilessFace, LogizardFace, OpenlogiFace, Trouble
from connector.sandbox.warehouse.slips import State

from tests.contract.wms_api_desk import FACES, ApiDesk, a_slip, desk_at, shipments_of
from tests.contract.wms_faces import Counterpart


@pytest.fixture
async def open_desk(
    tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[ApiDesk, Counterpart]]:
    async with Counterpart(tmp_path, FACES[request.param]) as shop:
        desk = await desk_at(shop, request.param)
        yield desk, shop
        await desk.close()


Open = tuple[ApiDesk, Counterpart]
every = pytest.mark.parametrize("open_desk", list(FACES), indirect=True)
openlogi = pytest.mark.parametrize("open_desk", ["openlogi"], indirect=True)
logiless = pytest.mark.parametrize("open_desk", ["logiless"], indirect=True)
logizard = pytest.mark.parametrize("open_desk", ["logizard"], indirect=True)
WRITES = {"openlogi": "/shipments", "logiless": "sales_orders/new", "logizard": "addorder"}


def accepted(shop: Counterpart) -> int:
    return shop.house.history.count("slip_accepted")


@every
@pytest.mark.parametrize("kind", ["html-503", "html-200", "500", "504", "drop"])
@pytest.mark.parametrize("applied", [False, True])
async def test_a_write_without_a_clear_answer_is_unknown(open_desk: Open, kind: str, applied: bool) -> None:
    desk, shop = open_desk
    await shipments_of(desk.warehouse)  # signed in
    shop.face.troubles.plan(Trouble(kind, path=WRITES[desk.folder.name], applied=applied))
    with pytest.raises(Unknown):
        await desk.warehouse.send(desk.instruction())
    assert accepted(shop) == int(applied)
    found = await desk.warehouse.lies_there(desk.instruction())
    if desk.folder.name == "logizard":
        assert isinstance(found, CannotTell)
    else:
        assert isinstance(found, Sent if applied else Absent)


@pytest.mark.parametrize("open_desk", ["openlogi", "logiless"], indirect=True)
async def test_a_storm_of_429_costs_nothing_and_is_waited_out(open_desk: Open) -> None:
    desk, shop = open_desk
    assert isinstance(shop.face, (OpenlogiFace, LogilessFace))
    await shipments_of(desk.warehouse)
    for _ in range(3):
        shop.face.limit.exhaust()
        with pytest.raises(NotDone) as told:
            await desk.warehouse.send(desk.instruction())
        assert told.value.after is not None
        assert 0 < told.value.after <= 61
        assert accepted(shop) == 0
        await desk.clock.sleep(told.value.after)
    assert isinstance(await desk.warehouse.send(desk.instruction()), Receipt)
    assert accepted(shop) == 1


@pytest.mark.parametrize("open_desk", ["openlogi", "logiless"], indirect=True)
async def test_a_slip_turned_away_has_used_no_try_and_the_others_do_not_even_ask(open_desk: Open) -> None:
    desk, shop = open_desk
    assert isinstance(shop.face, (OpenlogiFace, LogilessFace))
    await shipments_of(desk.warehouse)
    shop.face.limit.exhaust()
    with pytest.raises(Closed, match=r"混み合っているか.*（11/24 10:1.* から）: wms: .*\(429\)"):
        await desk.warehouse.send(desk.instruction())
    calls = desk.http.calls
    with pytest.raises(Closed, match="前の呼び出しで待つよう") as told:
        await desk.warehouse.send(desk.instruction(a_slip(3)))
    assert desk.http.calls == calls
    assert told.value.after is not None
    await desk.clock.sleep(told.value.after)
    assert isinstance(await desk.warehouse.send(desk.instruction(a_slip(3))), Receipt)
    assert (desk.door.busy_since, desk.door.shut_until) == (None, None)


@every
async def test_without_a_line_every_slip_waits_and_none_has_used_a_try(open_desk: Open) -> None:
    desk, shop = open_desk
    await shop.face.stop()
    for place in (0, 3):
        with pytest.raises(Closed, match="つながりません") as told:
            await desk.warehouse.send(desk.instruction(a_slip(place)))
        assert (told.value.after, desk.door.shut_until) == (60.0, None)


@pytest.mark.parametrize("open_desk", ["openlogi"], indirect=True)
async def test_a_wrong_token_bars_everything_and_blames_no_slip(open_desk: Open) -> None:
    _, shop = open_desk
    desk = ApiDesk("openlogi", shop.base, shop.house.clock, token="wrong")
    for call in (desk.warehouse.send(desk.instruction()), desk.warehouse.lies_there(desk.instruction())):
        with pytest.raises(Barred, match="認証に失敗しました"):
            await call
    await desk.close()


# --- sessions and tokens -----------------------------------------------------------------------------------


@logizard
async def test_an_ended_session_is_opened_again_once(open_desk: Open) -> None:
    desk, shop = open_desk
    assert isinstance(shop.face, LogizardFace)
    await desk.warehouse.send(desk.instruction())
    shop.face.end_sessions()
    assert isinstance(await desk.warehouse.send(desk.instruction(a_slip(3))), Receipt)
    assert accepted(shop) == 2


@logiless
async def test_the_pair_is_stored_before_it_is_used_and_outlives_the_process(open_desk: Open) -> None:
    desk, shop = open_desk
    await desk.warehouse.send(desk.instruction())
    assert len(desk.store.pairs) == 1
    again = ApiDesk("logiless", shop.base, desk.clock, store=desk.store, refresh_token="spent long ago")
    await again.warehouse.send(again.instruction(a_slip(3)))
    assert (len(desk.store.pairs), accepted(shop)) == (1, 2)
    await again.close()


@logiless
async def test_an_old_token_is_renewed_before_its_end(open_desk: Open) -> None:
    desk, _ = open_desk
    await desk.warehouse.send(desk.instruction())
    first = desk.store.pair
    await desk.clock.advance_to(first.access_until - timedelta(hours=1))
    await desk.warehouse.lies_there(desk.instruction())
    assert desk.store.pair.access != first.access
    assert desk.store.pair.refresh != first.refresh


@logiless
async def test_a_token_that_is_taken_no_more_wants_a_person_and_asks_once(open_desk: Open) -> None:
    desk, shop = open_desk
    desk.door.account = type(desk.door.account)(
        url=shop.base,
        account="1",
        client_id="logiless-sandbox-client",
        client_secret="x",
        refresh_token="dead",
    )
    for _ in range(2):
        with pytest.raises(Barred, match="refresh_token_file に新しいトークン"):
            await desk.warehouse.send(desk.instruction())
    assert accepted(shop) == 0


@logiless
async def test_a_lost_renewal_is_tried_with_the_file_and_then_told(open_desk: Open) -> None:
    """The stored refresh token works once: its answer was lost, so only a new one in the file helps."""
    desk, shop = open_desk
    assert isinstance(shop.face, LogilessFace)
    await desk.warehouse.send(desk.instruction())
    await desk.clock.advance_to(desk.store.pair.access_until)
    shop.face.troubles.plan(Trouble("drop", path="/oauth2/token", applied=True))
    with pytest.raises(NotDone):
        await desk.warehouse.send(desk.instruction(a_slip(3)))
    with pytest.raises(Barred):
        await desk.warehouse.send(desk.instruction(a_slip(3)))
    token = str(shop.face.tokens.issue()["refresh_token"])
    mended = ApiDesk("logiless", shop.base, desk.clock, store=desk.store, refresh_token=token)
    assert isinstance(await mended.warehouse.send(mended.instruction(a_slip(3))), Receipt)
    await mended.close()


# --- stops -------------------------------------------------------------------------------------------------


@openlogi
@pytest.mark.parametrize("manner", ["early", "late", "never", "twice"])
@pytest.mark.parametrize("agrees", [True, False])
async def test_the_last_word_about_a_stop_is_the_warehouses_truth(
    open_desk: Open, manner: str, agrees: bool
) -> None:
    desk, shop = open_desk
    await desk.warehouse.send(desk.instruction())
    shop.warehouse.requests.promise("200101", manner, agrees=agrees)
    await shop.until(11, 10)
    stop = desk.stop()
    said: Reply | Receipt | None = await desk.warehouse.send(stop)
    assert isinstance(said, Sent)
    for hour in range(12, 23):
        await shop.until(hour)
        said = await desk.warehouse.receipt(stop)
        truth = shop.warehouse.counter.slip("200101").state
        if said is None:
            assert truth not in (State.SHIPPED, State.CANCELLED)
            assert isinstance(await desk.warehouse.lies_there(stop), Sent)
    assert isinstance(said, Receipt)
    assert bool(said.accepted) is (truth is State.CANCELLED)
    assert bool(said.refused) is (truth is State.SHIPPED)


@openlogi
async def test_what_is_gone_without_our_request_is_not_called_stopped(open_desk: Open) -> None:
    desk, shop = open_desk
    await desk.warehouse.send(desk.instruction())
    shop.warehouse.counter.cancel("200101", "openlogi")  # a person at the warehouse
    stop = desk.stop()
    assert isinstance(await desk.warehouse.send(stop), CannotTell)
    assert await desk.warehouse.receipt(stop) is None
    assert isinstance(await desk.warehouse.lies_there(stop), CannotTell)


@openlogi
async def test_a_lost_answer_to_a_stop_is_read_from_what_is_gone(open_desk: Open) -> None:
    desk, shop = open_desk
    await desk.warehouse.send(desk.instruction())
    stop = desk.stop()
    # The look before it passes; the deletion itself is done and nobody hears of it.
    shop.face.troubles.plan(Trouble("drop", path="/shipments/TS001-S", applied=True))
    with pytest.raises(Unknown):
        await desk.warehouse.send(stop)
    said = await desk.reopened().receipt(stop)
    assert said is not None
    assert said.accepted == ("200101",)
    assert isinstance(await desk.warehouse.lies_there(desk.instruction()), CannotTell), "never sent again"


@logiless
async def test_a_stop_of_what_is_worked_on_is_refused(open_desk: Open) -> None:
    desk, shop = open_desk
    await desk.warehouse.send(desk.instruction())
    await shop.until(11, 10)
    said = await desk.warehouse.send(desk.stop())
    assert isinstance(said, Receipt)
    assert said.refused == {"200101": "この伝票は出荷作業中のため変更できません。"}


# --- results -----------------------------------------------------------------------------------------------


@openlogi
async def test_other_peoples_shipments_are_told_once(open_desk: Open) -> None:
    desk, shop = open_desk
    for number in ("OTHER-1", "OTHER-2"):
        body = desk.instruction().body.replace(b'"200101"', b'"%s"' % number.encode())
        await desk.http.send_json("POST", "/shipments", body, headers=shop.headers())
    await desk.warehouse.send(desk.instruction())
    await shop.until(22)
    found = [one async for one in desk.warehouse.results()]
    read = [desk.warehouse.read_results(one.name, one.body) for one in found]  # type: ignore[union-attr]
    assert [one.slip_number for each in read for one in each.shipments] == ["200101"]
    (stray,) = [stray for each in read for stray in each.strays]
    assert stray.facts == {"count": 2}
    assert "OTHER" not in stray.where + stray.words


@every
async def test_after_an_absence_everything_since_the_last_answer_is_asked_for(open_desk: Open) -> None:
    desk, shop = open_desk
    await shipments_of(desk.warehouse)
    await desk.warehouse.send(desk.instruction())
    await shop.until(22)
    await shop.until(9, days=4)
    assert [one.slip_number for one in await shipments_of(desk.warehouse)] == ["200101"]
    assert await shipments_of(desk.warehouse) == [], "told, and no longer asked for"


@logiless
async def test_orders_in_one_box_are_each_told(open_desk: Open) -> None:
    desk, shop = open_desk
    assert isinstance(shop.face, LogilessFace)
    for place in (0, 2):
        await desk.warehouse.send(desk.instruction(a_slip(place)))
    shop.face.combine("200101", "200103")
    await shop.until(22)
    files = [one async for one in desk.warehouse.results() if isinstance(one, ResultFile)]
    read = [desk.warehouse.read_results(one.name, one.body) for one in files]
    told = [shipment for one in read for shipment in one.shipments]
    assert {one.slip_number for one in told} == {"200101", "200103"}
    assert len({one.tracking for one in told}) == 1
    ((number, slips),) = (pair for one in read for pair in one.one_box.items())
    assert (number, sorted(slips)) == (told[0].tracking[0], ["200101", "200103"])
    alone = files[0].body.replace(b'"is_combined": true', b'"is_combined": false')
    alone = alone.replace(b'"is_combined":true', b'"is_combined":false')
    assert desk.warehouse.read_results(files[0].name, alone).one_box == {}, "only by the API's own word"
    assert len({one.result_id for one in told}) == 2


@every
def test_a_slip_too_long_for_the_api_is_held_with_the_file_to_edit(open_desk: Open) -> None:
    desk, _ = open_desk
    long = "東京都渋谷区神宮前9-99-2" + "見本" * (250 if desk.folder.name == "logizard" else 25)
    ((number, hold),) = desk.built(a_slip(address1=long, address2="")).held
    assert (number, hold.reason) == ("200101", Reason.TEXT_TOO_LONG)
    assert f"wms/{desk.folder.name}/instruction.yaml" in hold.note


@openlogi
def test_a_wish_far_ahead_leaves_later_and_one_of_yesterday_is_held(open_desk: Open) -> None:
    desk, _ = open_desk
    wish = a_slip().deliver_on
    assert wish is not None
    far = msgspec.json.decode(desk.built(a_slip(deliver_on=wish + timedelta(days=20))).body)
    leaves, arrives = date.fromisoformat(far["shipping_date"]), date.fromisoformat(far["delivery_date"])
    assert (arrives, arrives - leaves) == (wish + timedelta(days=20), timedelta(days=7))
    gone = desk.built(a_slip(deliver_on=wish - timedelta(days=20))).held
    assert [hold.reason for _, hold in gone] == [Reason.DELIVERY_UNFIT]


@openlogi
def test_a_band_of_another_carrier_is_held(open_desk: Open) -> None:
    desk, _ = open_desk
    assert desk.built(a_slip(time_slot="12時-14時")).held
    assert not desk.built(a_slip(3, time_slot="12時-14時")).held, "佐川急便 has it"
