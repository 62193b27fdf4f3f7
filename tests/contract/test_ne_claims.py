"""Claims against the sandbox: our tag under the lock value that was read, and nobody else's tag counts as ours."""

from __future__ import annotations

from typing import Any

import pytest
from connector.adapters.next_engine import wire
from connector.errors import NotDone, Unknown

from tests.contract.ne_crowd import calls_of, more_slips, shipments, slips_of
from tests.contract.ne_shop import a_shipment, a_shop


async def test_claiming_two_hundred_slips_takes_two_requests_and_the_mark_after_it_two_less() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 200)
        seen = await ne.slips(numbers)
        before = desk.http.calls
        claimed = slips_of(await ne.claim(seen))
        assert desk.http.calls == before + 2
        assert calls_of(desk) == ["bulkupdate"]
        assert {(slip.status, slip.tags) for slip in claimed.values()} == {(20, "[WMS送信済]")}
        slips_of(await ne.mark_relayed(numbers))
        assert desk.http.calls == before + 2 + 3, "the tag is there already: one look, one write, one look"


@pytest.mark.parametrize("others", [{wire.NOTE: "電話"}, {wire.TAGS: "[贈答][WMS送信済]"}])
@pytest.mark.parametrize("crowd", [1, 3])
async def test_a_slip_that_was_edited_since_is_not_claimed(others: dict[str, str], crowd: int) -> None:
    """Not even where it shows the very tag: somebody else was faster."""
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, crowd)
        seen = await ne.slips(numbers)
        sandbox.operator.edit(int(numbers[0]), others)
        answers = await ne.claim(seen)
        late = answers.pop(numbers[0])
        assert isinstance(late, NotDone)
        assert "読み取りの後に変更" in str(late)
        assert {slip.tags for slip in slips_of(answers).values()} <= {"[WMS送信済]"}
        assert (await ne.slips(numbers[:1]))[numbers[0]].tags == others.get(wire.TAGS, "")


async def test_a_claim_takes_the_tags_of_a_refusal_and_of_a_resend_off() -> None:
    async with a_shop() as (sandbox, _, ne):
        (number,) = more_slips(sandbox, 1, **{wire.TAGS: "[贈答][WMS:エラー][WMS再送]"})
        claimed = slips_of(await ne.claim(await ne.slips([number])))
        assert claimed[number].tags == "[贈答][WMS送信済]"
        refused = slips_of(await ne.mark_refused({number: "在庫がありません"}))
        assert refused[number].tags == "[贈答][WMS:エラー]"
        assert refused[number].worker_text == "E 在庫がありません"
        unfit = slips_of(await ne.mark_unshippable({number: "出荷不可（欠品 STOCKOUT）"}))
        assert unfit[number].tags == "[贈答][WMS:エラー][WMS:出荷不可]"
        assert unfit[number].worker_text.splitlines()[1] == "E 出荷不可（欠品 STOCKOUT）"


async def test_what_shipped_after_all_loses_our_tags_in_the_same_call_and_keeps_those_of_others() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 3, **{wire.TAGS: "[贈答]"})
        unfit, part, plain = numbers
        slips_of(await ne.mark_unshippable({unfit: "出荷不可", part: "出荷不可"}))
        told = slips_of(await ne.mark_partial({part: "一部出荷（欠品 STOCKOUT）"}))
        assert told[part].tags == "[贈答][WMS:一部出荷]"
        assert told[part].worker_text.splitlines() == ["E 出荷不可", "E 一部出荷（欠品 STOCKOUT）"]
        before = len(calls_of(desk))
        shipped = shipments(numbers) | {unfit: a_shipment(unfit)}
        done = slips_of(await ne.confirm_shipments(shipped))
        assert calls_of(desk)[before:].count("bulkupdate") == 1
        assert {(slip.status, slip.tags) for slip in done.values()} == {(50, "[贈答]")}
        assert done[plain].tracking == shipped[plain].tracking[0]


async def test_after_a_lost_answer_the_tag_may_be_anybody_s_and_the_slip_says_whose() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 2)
        seen, write = await ne.slips(numbers), desk.session.write

        async def lost(path: str, pairs: Any, *, key: str) -> Any:
            await write(path, pairs, key=key)
            raise Unknown("no answer")

        desk.session.write = lost  # type: ignore[method-assign]
        assert {type(answer) for answer in (await ne.claim(seen)).values()} == {Unknown}
        desk.session.write = write  # type: ignore[method-assign]
        assert {slip.tags for slip in (await ne.slips(numbers)).values()} == {"[WMS送信済]"}
        assert await ne.changed_by_us(numbers) == dict.fromkeys(numbers, True)
        for number, by in zip(numbers, ("99", None), strict=True):
            sandbox.slips[int(number)].fields[wire.MODIFIED_BY] = by
        assert await ne.changed_by_us(numbers) == {numbers[0]: False}, "and of the other nobody can say"
        await desk.clock.sleep(2)
        sandbox.operator.edit(int(numbers[0]), {wire.TAGS: ""})
        assert {type(late) for late in (await ne.claim(seen)).values()} == {NotDone}, (
            "an old lock claims nothing"
        )
