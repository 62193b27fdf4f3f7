"""The contract of `ports.Warehouse`: one class, inherited for files and for each API, over the sandbox warehouse.

`Case` is what a kind has to provide besides the port itself: how its answer gets lost, and what the warehouse's own
history says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pytest
from connector.errors import ConnectorError, NotDone, Unknown
from connector.outcome import Absent, CannotTell, Effect, Reply, Sent
from connector.ports import Receipt, ResultFile, Warehouse
from connector.slip import Result, Shipment, Slip

from tests.contract.wms_api_desk import a_slip, effect_of
from tests.contract.wms_house import House


class Case(Protocol):
    """One kind of warehouse, with the sandbox behind it."""

    warehouse: Warehouse
    house: House
    finds: bool  # whether it can be asked for our key
    stops: bool  # whether it takes requests to stop

    def lose_answer(self) -> None:
        """The next write is done, and nobody hears of it."""
        ...

    def refuse_next(self) -> Slip:
        """A slip of ours that passes our checks and not the warehouse's."""
        ...

    async def wait(self) -> None:
        """Until a receipt would lie there."""
        ...

    async def until(self, hour: int, minute: int = 0) -> None: ...


def taken_in(case: Case) -> list[str]:
    """Slip numbers that the warehouse has accepted, by its own history."""
    return [event.key for event in case.house.history.of("slip_accepted")]


def act(case: Case, *slips: Slip) -> Effect:
    (effect,) = acts(case, slips)
    return effect


def acts(case: Case, slips: Sequence[Slip]) -> list[Effect]:
    built = case.warehouse.instructions(slips, sequence=1, at=case.house.clock.now())
    return [effect_of(one) for one in built if one.included]


async def said(case: Case, effect: Effect, reply: Reply | Receipt) -> Receipt:
    """The receipt, at once or after a while."""
    if isinstance(reply, Receipt):
        return reply
    assert isinstance(reply, Sent)
    await case.wait()
    receipt = await case.warehouse.receipt(effect)
    assert receipt is not None
    return receipt


async def shipped(case: Case) -> list[Shipment]:
    files = [one async for one in case.warehouse.results() if isinstance(one, ResultFile)]
    return [each for one in files for each in case.warehouse.read_results(one.name, one.body).shipments]


class WarehouseContract:
    """Inherit it and give `case`."""

    @pytest.fixture
    def case(self) -> Any:
        raise AssertionError("the inheriting class names its warehouse")

    def test_one_act_for_all_or_one_for_each(self, case: Case) -> None:
        slips = [a_slip(), a_slip(3)]
        effects = acts(case, slips)
        assert len(effects) == (2 if case.warehouse.singly else 1)
        assert [n for one in effects for n in one.facts["slips"].values()] == ["200101", "200104"]
        assert all(one.name and len(one.facts["sha256"]) == 64 for one in effects)
        assert case.warehouse.at_once >= 1

    def test_the_same_slip_makes_the_same_bytes(self, case: Case) -> None:
        assert act(case, a_slip()).fingerprint == act(case, a_slip()).fingerprint

    def test_a_slip_that_cannot_go_is_held_and_stops_no_other(self, case: Case) -> None:
        bad = a_slip(3, delivery_method="見本便", delivery_id="")
        built = case.warehouse.instructions([bad, a_slip()], sequence=1, at=case.house.clock.now())
        ((number, hold),) = [each for one in built for each in one.held]
        assert number == "200104"
        assert "見本便" in hold.note
        assert "carrier.yaml" in hold.note
        assert [n for one in built for n in one.included] == ["200101"]

    async def test_what_is_sent_is_taken_once(self, case: Case) -> None:
        effect = act(case, a_slip())
        receipt = await said(case, effect, await case.warehouse.send(effect))
        assert (receipt.accepted, receipt.refused) == (("200101",), {})
        assert taken_in(case) == ["200101"]

    async def test_what_was_never_sent_is_absent(self, case: Case) -> None:
        reply = await case.warehouse.lies_there(act(case, a_slip()))
        assert isinstance(reply, Absent if case.finds else CannotTell)
        assert taken_in(case) == []

    async def test_a_lost_answer_is_unknown_and_a_look_finds_the_act(self, case: Case) -> None:
        effect = act(case, a_slip())
        case.lose_answer()
        with pytest.raises(Unknown):
            await case.warehouse.send(effect)
        found = await case.warehouse.lies_there(effect)
        assert isinstance(found, Sent if case.finds else CannotTell)
        await case.wait()
        if case.finds:
            receipt = await case.warehouse.receipt(effect)
            assert receipt is not None
            assert receipt.accepted == ("200101",)
        assert taken_in(case) == ["200101"]

    async def test_the_same_act_again_is_no_second_one(self, case: Case) -> None:
        effect = act(case, a_slip())
        await case.warehouse.send(effect)
        reply = await case.warehouse.send(effect)
        if case.finds:
            assert (await said(case, effect, reply)).accepted == ("200101",)
        else:
            assert isinstance(reply, CannotTell)
        await case.wait()
        assert taken_in(case) == ["200101"]

    async def test_other_content_under_the_same_name_is_never_taken_for_ours(self, case: Case) -> None:
        await case.warehouse.send(act(case, a_slip()))
        other = act(case, a_slip(name="見本 次郎"))
        try:
            reply: object = await case.warehouse.send(other)
        except ConnectorError as fault:
            reply = fault
        assert not isinstance(reply, (Sent, Absent, Unknown, NotDone))
        assert not (isinstance(reply, Receipt) and reply.accepted)
        assert isinstance(await case.warehouse.lies_there(other), CannotTell)

    async def test_a_refusal_comes_in_the_warehouses_words(self, case: Case) -> None:
        effect = act(case, case.refuse_next())
        receipt = await said(case, effect, await case.warehouse.send(effect))
        assert receipt.accepted == ()
        assert list(receipt.refused) == [effect.facts["slips"]["1"]]
        assert all(receipt.refused.values())
        assert taken_in(case) == []

    async def test_what_left_is_told_again_as_the_same_event(self, case: Case) -> None:
        for effect in acts(case, [a_slip(), a_slip(3)]):
            await case.warehouse.send(effect)
        await case.until(22)
        first, second = await shipped(case), await shipped(case)
        assert {one.slip_number for one in first} == {"200101", "200104"}
        assert all(one.result is Result.SHIPPED and one.tracking for one in first)
        assert {one.result_id for one in first} == {one.result_id for one in second}
        assert [one.tracking for one in first] == [one.tracking for one in second]

    async def test_a_stop_in_time_is_stopped_and_one_too_late_is_not(self, case: Case) -> None:
        for effect in acts(case, [a_slip(), a_slip(3)]):
            await case.warehouse.send(effect)
        await case.wait()
        early = stop(case, "200101")
        told = await case.warehouse.send(early)
        if not case.stops:
            assert isinstance(told, Sent)
            assert "電話" in told.evidence["words"]
            assert await case.warehouse.receipt(early) is None
            return
        assert (await said(case, early, told)).accepted == ("200101",)
        await case.until(22)
        assert {one.slip_number for one in await shipped(case) if one.result is Result.SHIPPED} == {"200104"}
        late = stop(case, "200104", 2)
        answer = await said(case, late, await case.warehouse.send(late))
        assert answer.accepted == ()
        assert list(answer.refused) == ["200104"]


def stop(case: Case, number: str, sequence: int = 1) -> Effect:
    (built,) = case.warehouse.stops([number], sequence=sequence, at=case.house.clock.now())
    return effect_of(built, "wms_stop")
