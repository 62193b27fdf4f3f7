"""What the relay writes on slips: claimed before anything leaves, refusals told, sent again when an operator asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from connector.errors import NotDone, Unknown
from connector.ledger import by_hand
from connector.ledger.schema import history
from connector.ledger.schema import slips as slip_rows
from connector.outcome import Effect, Hold, Reason, Reply, together
from connector.ports import Answers
from connector.slip import Result, Slip
from sqlalchemy import select

from tests.unit.test_runner_relay import instructed, relay_round
from tests.unit.world import CARD, TRANSFER, World, a_shipment, an_order, tracking, world

SENT, ERROR, RESEND = "[WMS送信済]", "[WMS:エラー]", "[WMS再送]"
UNSHIPPABLE, PARTIAL = "[WMS:出荷不可]", "[WMS:一部出荷]"


def tags(w: World, number: str) -> str:
    return w.ne.slips_held[number].tags


async def test_a_slip_is_tagged_before_its_instruction_leaves(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        send, seen = w.wms.send, list[str]()

        async def watched(effect: Effect) -> Reply:
            seen.extend(slip.tags for slip in w.ne.slips_held.values())
            assert w.effects("ne_claim") == ["done", "done"]
            return await send(effect)

        w.wms.instead(send=watched)
        await w.run("relay")
        assert seen == [SENT, SENT]
        assert {slip.status for slip in w.ne.slips_held.values()} == {20}, "printed only when it was taken"
        assert len(w.wms.inbox) == 1, "claimed and instructed in one pass, in one file"
        assert "出荷指示" not in w.slip(w.slip_of("T-1001")).waiting_for


async def test_a_slip_edited_since_it_was_read_is_read_again_before_it_goes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        edited, other = w.slip_of("T-1001"), w.slip_of("T-1002")
        claim = w.ne.claim

        async def disturbed(seen: Mapping[str, Slip]) -> Answers:
            if edited in seen and w.ne.slips_held[edited].address1 != "新しい住所":
                w.ne.edit(edited, address1="新しい住所")
            return await claim(seen)

        w.ne.instead(claim=disturbed)
        await w.run("relay")
        assert instructed(w) == [other]
        assert tags(w, edited) == ""
        w.pass_by(minutes=10)
        await w.run("relay")
        assert instructed(w) == [other, edited]
        assert "新しい住所" in list(w.wms.inbox.values())[-1][1].decode()


@pytest.mark.parametrize("fault", [NotDone("locked"), Unknown("no answer")])
async def test_no_claim_no_instruction(tmp_path: Path, fault: Exception) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.ne.faults.append(fault)
        await w.run("relay")
        assert instructed(w) == []
        for _ in range(3):
            w.pass_by(minutes=6)
            await w.run("relay")
        assert instructed(w) == [w.slip_of()]
        assert w.ne.count("claimed") == 1


async def test_somebody_elses_tag_stops_the_slip_until_a_person_lets_it_pass(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.ne.edit(slip, tags=SENT)
        await relay_round(w)
        assert w.holds(slip) == ["duplicate_shipment"]
        assert "別の連携" in w.hold_note(slip, "duplicate_shipment")
        assert instructed(w) == []
        w.release(slip, "duplicate_shipment")
        await relay_round(w)
        assert instructed(w) == [slip]


async def test_our_own_claim_goes_on_after_a_crash(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.faults.append(NotDone("connection refused"))
        await w.run("relay")
        assert (tags(w, w.slip_of()), instructed(w)) == (SENT, [])
        w.pass_by(minutes=10)
        w.runner = w.new_runner()
        await w.run("relay")
        assert instructed(w) == [w.slip_of()]
        assert w.ne.count("claimed") == 1


async def test_a_claim_that_an_operator_took_off_is_made_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.faults.append(NotDone("connection refused"))
        await w.run("relay")
        w.ne.edit(w.slip_of(), tags="")
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.ne.count("claimed") == 2
        assert (tags(w, w.slip_of()), instructed(w)) == (SENT, [w.slip_of()])


async def claimed_and_not_sent(w: World) -> tuple[str, Slip]:
    """Our tag is on the slip; the instruction did not leave. With the slip as it was before."""
    await w.to_print_ready(an_order())
    number = w.slip_of()
    before = w.ne.slips_held[number]
    w.wms.faults.append(NotDone("connection refused"))
    await w.run("relay")
    return number, before


@pytest.mark.parametrize("meanwhile", [20, 2])  # 2: sent back to 起票済, and to the printer again
async def test_whoever_takes_our_tag_off_takes_the_claim_back(tmp_path: Path, meanwhile: int) -> None:
    """The next who tags the slip sends it (W2): a claim of ours from before says nothing any more."""
    with world(tmp_path) as w:
        number, _ = await claimed_and_not_sent(w)
        w.ne.edit(number, tags="", status=meanwhile)
        await w.run("follow_slips")
        assert w.effects("ne_claim") == ["undone"]
        w.ne.edit(number, tags=SENT, status=20)
        await w.run("follow_slips")
        w.pass_by(minutes=10)
        await w.run("relay")
        assert (instructed(w), w.holds(number)) == ([], ["duplicate_shipment"])


async def test_a_slip_as_it_was_before_our_claim_takes_nothing_back(tmp_path: Path) -> None:
    """A page that was asked for before the claim, and arrives after it."""
    with world(tmp_path) as w:
        number, before = await claimed_and_not_sent(w)
        await w.runner.ledger.see_slips("follow_slips", [before], w.clock.now())
        assert w.effects("ne_claim") == ["done"]
        w.pass_by(minutes=10)
        await w.run("relay")
        assert (w.ne.count("claimed"), instructed(w)) == (1, [number])


async def test_the_payment_gate_stands_behind_the_claim_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order(payment=TRANSFER), an_order("T-1002", payment=CARD))
        slip, other = w.slip_of(), w.slip_of("T-1002")
        w.ne.edit(slip, deposit_type="2")
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        claim = w.ne.claim

        async def and_the_deposit_goes(seen: Mapping[str, Slip]) -> Answers:
            answers = await claim(seen)
            w.ne.edit(slip, deposit_type="0")
            return answers

        w.ne.instead(claim=and_the_deposit_goes)
        await w.run("relay")
        assert instructed(w) == [other]
        assert w.holds(slip) == ["payment_gate"]


async def test_a_refused_slip_goes_again_when_an_operator_sets_the_tag(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.wms.refuses[slip] = "E104 郵便番号がありません"
        await relay_round(w)
        await w.run("relay")
        assert tags(w, slip) == ERROR
        assert w.ne.slips_held[slip].worker_text == "E104 郵便番号がありません"
        w.ne.edit(slip, tags=ERROR + RESEND)
        await w.run("follow_slips")
        await relay_round(w)
        assert instructed(w) == [slip], "not while the error's tag is on"
        for n in (2, 3):
            w.ne.edit(slip, tags=RESEND, zip_code="1000001")
            await w.run("follow_slips")
            assert w.holds(slip) == []
            await relay_round(w)
            assert instructed(w) == [slip] * n
            await w.run("relay")
            assert (tags(w, slip), w.holds(slip)) == (ERROR, ["refused"]), "refused again, and told again"
            assert w.ne.count("tagged_refused") == n
        w.wms.refuses.clear()
        w.ne.edit(slip, tags="[贈答]" + RESEND)
        await w.run("follow_slips")
        await relay_round(w)
        assert (w.slip(slip).state, tags(w, slip)) == ("relayed", "[贈答]" + SENT)
        notes = w.rows(select(history.c.note).where(history.c.number == slip, history.c.event == "released"))
        assert [row.note for row in notes] == ["ネクストエンジンで再送の印が付きました"] * 3


async def test_a_slip_that_cannot_be_shipped_is_told_once_and_its_copy_goes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await w.run("relay")
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, result=Result.UNSHIPPABLE, reason_code="STOCKOUT", tracking=()))
        await w.run("collect")
        for _ in range(3):
            w.pass_by(minutes=10)
            await w.run("relay")
        held = w.ne.slips_held[slip]
        assert (held.status, held.tags) == (40, SENT + UNSHIPPABLE)
        assert "STOCKOUT" in held.worker_text
        assert w.ne.count("tagged_unshippable") == 1
        assert w.holds(slip) == ["unshippable"]
        w.ne.open("T-1001", status=20, copied_from=slip, instruct_at=w.clock.now())
        await w.run("follow_slips")
        await relay_round(w)
        assert len(instructed(w)) == 2


async def test_a_part_that_left_is_told_once_and_its_tag_goes_when_the_rest_left(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await w.run("relay")
        slip = w.slip_of()
        w.wms.reports(
            a_shipment(slip, result_id="E1", result=Result.PARTIAL, reason_code="STOCKOUT", reason="1個のみ")
        )
        await w.run("collect")
        for _ in range(3):
            w.pass_by(minutes=10)
            await w.run("relay")
        held = w.ne.slips_held[slip]
        assert (held.status, held.tags) == (40, SENT + PARTIAL)
        assert "一部出荷（欠品 STOCKOUT）、1個のみ" in held.worker_text
        assert (w.ne.count("tagged_partial"), w.effects("ne_partial")) == (1, ["done"])
        assert w.holds(slip) == ["partial_shipment"]
        w.ne.edit(slip, tags="[贈答]" + held.tags)
        w.wms.reports(a_shipment(slip, tracking(2), result_id="E2"))
        await w.run("collect", "confirm_shipment")
        w.pass_by(minutes=10)
        await w.run("relay", "confirm_shipment")
        assert (w.slip_state(), tags(w, slip)) == ("confirmed", "[贈答]" + SENT)
        assert w.ne.count("tagged_partial") == 1


async def test_a_slip_that_ships_after_all_loses_the_tag_of_what_was_said_before(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await w.run("relay")
        slip = w.slip_of()
        early = w.clock.now()
        gone = a_shipment(slip, result_id="E1", result=Result.UNSHIPPABLE, tracking=(), confirmed_at=early)
        w.wms.reports(gone)
        await w.run("collect", "relay")
        assert tags(w, slip) == SENT + UNSHIPPABLE
        w.pass_by(minutes=60)
        later = w.clock.now()
        w.wms.reports(a_shipment(slip, result_id="E2", result=Result.PARTIAL, confirmed_at=later))
        await w.run("collect", "relay")
        assert tags(w, slip) == SENT + PARTIAL, "a part left: what was said before is no longer true"
        w.wms.reports(a_shipment(slip, tracking(2), result_id="E3", confirmed_at=later))
        await w.run("collect", "confirm_shipment")
        assert (w.slip_state(), tags(w, slip)) == ("confirmed", SENT)


async def test_what_the_warehouse_would_refuse_is_not_claimed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        doubtful, unfit = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.doubted[doubtful] = (Hold(Reason.ADDRESS_DOUBTFUL, "番地がありません"),)
        w.wms.leaves_out.add(unfit)
        await relay_round(w)
        assert (w.holds(doubtful), w.holds(unfit)) == (["address_doubtful"], ["text_too_long"])
        assert (tags(w, doubtful), tags(w, unfit), instructed(w)) == ("", "", [])
        w.release(doubtful, "address_doubtful")
        await relay_round(w)
        assert instructed(w) == [doubtful], "exactly this finding was let pass"


async def test_everything_that_is_doubtful_is_shown_at_once_and_each_goes_when_it_is_mended(
    tmp_path: Path,
) -> None:
    address, text, wish = (
        Hold(Reason.ADDRESS_DOUBTFUL, "番地がありません"),
        Hold(Reason.TEXT_TOO_LONG, "宛名が長すぎます"),
        Hold(Reason.DELIVERY_UNFIT, "時間帯がありません"),
    )
    with world(tmp_path) as w:
        await w.to_intake(an_order(payment=TRANSFER))
        slip = w.slip_of()
        w.ne.edit(slip, deposit_type="2")
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        w.ne.edit(slip, deposit_type="0")
        w.wms.doubted[slip] = (address, text, wish)
        every = ["address_doubtful", "delivery_unfit", "payment_gate", "text_too_long"]
        for _ in range(2):
            await w.run("relay")
            assert sorted(w.holds(slip)) == every
            w.pass_by(minutes=10)
        w.ne.edit(slip, deposit_type="2")
        w.wms.doubted[slip] = (text, wish)
        await w.run("relay")
        assert sorted(w.holds(slip)) == ["delivery_unfit", "text_too_long"]
        w.release(slip, "text_too_long")
        await w.run("relay")
        assert (w.holds(slip), instructed(w)) == (["delivery_unfit"], [])
        w.wms.doubted.clear()
        w.pass_by(minutes=10)
        await relay_round(w)
        assert (w.holds(slip), instructed(w)) == ([], [slip])


async def test_who_releases_a_text_that_is_too_long_hears_that_it_is_never_cut(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.wms.leaves_out.add(slip)
        await w.run("relay")
        with w.database.engine.begin() as connection:
            answer = by_hand.release(
                connection, w.shop.key, slip, "見本 花子", "急ぎ", w.clock.now(), item="slip"
            )
        assert (answer.done, answer.code) == (True, "never_cut")
        for lang, words in (
            ("ja", "ネクストエンジンで短くするか、文字の置き換え表"),
            ("en", "shorten it in Next Engine"),
        ):
            assert words in answer.in_language(lang).words
        await relay_round(w)
        assert (w.holds(slip), instructed(w)) == (["text_too_long"], [])


def test_one_hold_for_each_reason() -> None:
    assert together([None, None]) is None
    one, same, other = Hold(Reason.BUG, "a"), Hold(Reason.BUG, "b"), Hold(Reason.REFUSED, "c")
    assert together([None, one, same]) == one
    assert together([Hold(Reason.BUG, "a", (other,)), same]) == Hold(Reason.BUG, "a", (other,))


async def test_an_empty_answer_about_very_many_slips_concludes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for n in range(50):
            w.cart.put(an_order(f"T-{2000 + n}"))
            w.ne.open(f"T-{2000 + n}", status=20)
        await w.run("ingest", "follow_slips")
        before = w.rows(select(slip_rows.c.waiting_for, slip_rows.c.next_at))

        async def nothing(numbers: list[str], *, rows: bool = False) -> dict[str, Slip]:
            return {}

        slips = w.ne.slips
        w.ne.instead(slips=nothing)
        counts = await w.runner.run("relay")
        assert "1件も返しませんでした" in counts.failed
        assert w.rows(select(slip_rows.c.waiting_for, slip_rows.c.next_at)) == before
        w.ne.instead(slips=slips)
        await w.run("relay")
        assert len(instructed(w)) == 50


async def test_a_slow_api_is_claimed_only_as_far_as_it_is_used(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.at_once = 2
        await w.to_print_ready(*(an_order(f"T-{n}") for n in range(1001, 1006)))
        await w.run("relay")
        assert (w.ne.count("claimed"), len(instructed(w))) == (2, 2)
        await w.run("relay")
        assert (w.ne.count("claimed"), len(instructed(w))) == (4, 4)
