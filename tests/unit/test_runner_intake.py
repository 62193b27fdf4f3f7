"""What may stand between the cart and the mail: settling, payment, unknown values, cancels, the start date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from connector.errors import NotDone
from connector.order import PaymentState
from connector.ports import CartPage
from msgspec.structs import replace

from tests.unit.world import DEFERRED, START, an_order, world


async def test_an_order_that_still_changes_settles_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        await w.run("ingest", "notify")
        w.pass_by(minutes=9)
        w.cart.put(an_order(memo="thanks offer"))
        await w.run("ingest", "notify")
        w.pass_by(minutes=9)
        await w.run("ingest", "notify")
        assert w.mailer.sent == []
        w.pass_by(minutes=1)
        await w.run("notify")
        assert w.state() == "notified"
        assert w.order().version == 2
        assert len(w.mailer.sent) == 1


async def test_a_refused_payment_is_held_and_goes_on_by_itself_when_it_heals(tmp_path: Path) -> None:
    refused = replace(DEFERRED, state=PaymentState.REFUSED, state_code="auth_failed", words="G12 限度額超過")
    with world(tmp_path) as w:
        w.cart.put(an_order(payment=refused))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == ["payment_refused"]
        assert w.hold_note("T-1001", "payment_refused") == "G12 限度額超過"
        w.pass_by(minutes=30)
        await w.run("notify")
        assert w.mailer.sent == []

        w.cart.put(an_order())
        await w.run("ingest")
        w.pass_by(minutes=11)
        await w.run("notify")
        assert w.holds() == []
        assert w.state() == "notified"
        assert w.mailer.count("sent", "T-1001") == 1
        assert w.events() == [
            "received",
            "payment_case",
            "held",
            "version",
            "payment_case",
            "released",
            "received>notified",
        ]


async def test_an_unknown_value_is_held_until_the_tables_know_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order(unknown=("payment: 後払いX",)))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == ["unknown_value"]
        assert w.mailer.sent == []
        w.cart.known.add("payment: 後払いX")
        w.pass_by(minutes=9)
        await w.run("notify")
        assert w.state() == "received"
        w.pass_by(minutes=2)
        await w.run("notify")
        assert w.state() == "notified"
        assert w.holds() == []


async def test_an_order_bound_for_two_addresses_waits_for_a_word(tmp_path: Path) -> None:
    order = an_order()
    with world(tmp_path) as w:
        w.cart.put(replace(order, recipients=order.recipients * 2))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == ["address_split_unknown"]
        assert w.mailer.sent == []


async def test_amounts_that_do_not_tie_are_held_with_the_difference(tmp_path: Path) -> None:
    order = an_order()
    with world(tmp_path) as w:
        w.cart.put(replace(order, amounts=replace(order.amounts, payable=2199)))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == ["amount_differs"]
        words = "支払い合計 2,199円（計算では 2,200円、-1円）: 合計−利用ポイントと合いません"
        assert w.hold_note("T-1001", "amount_differs") == words


async def test_cancelled_before_the_hand_over_it_just_leaves(tmp_path: Path) -> None:
    refused = replace(DEFERRED, state=PaymentState.REFUSED, state_code="auth_failed")
    with world(tmp_path) as w:
        w.cart.put(an_order(payment=refused))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        w.cart.put(an_order(payment=refused, cancelled=True))
        await w.run("ingest", "notify")
        assert w.state() == "cancelled"
        assert w.holds() == []
        assert w.stop() == ""
        w.pass_by(days=1)
        await w.everything()
        assert w.mailer.sent == []
        assert w.ne.slips_held == {}


async def test_a_cancelled_order_that_lives_again_walks(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order(cancelled=True))
        await w.run("ingest")
        assert w.state() == "cancelled"
        w.cart.put(an_order())
        await w.run("ingest")
        assert w.state() == "received"
        w.pass_by(minutes=11)
        await w.run("notify")
        assert w.state() == "notified"
        assert w.events() == ["received", "cancelled>received", "version", "received>notified"] or (
            w.events() == ["received", "version", "cancelled>received", "received>notified"]
        )


async def test_orders_before_the_start_are_shown_and_never_due(tmp_path: Path) -> None:
    old = START - timedelta(days=2)
    with world(tmp_path) as w:
        w.cart.put(an_order("T-0001", placed_at=old))
        w.ne.open("T-0001", status=20)
        for _ in range(4):
            await w.everything(minutes=11)
        assert w.order("T-0001").left_out == "before_start"
        assert w.state("T-0001") == "received"
        assert w.mailer.sent == []
        assert w.wms.inbox == {}, "its slip stands in 印刷待ち, and is not ours to ship"
        assert w.ne.history == []


async def test_slips_of_an_old_order_are_not_foreign_slips(tmp_path: Path) -> None:
    with world(tmp_path, relay_foreign_slips=True) as w:
        w.cart.put(an_order("T-0001", placed_at=START - timedelta(days=2)))
        w.ne.open("T-0001", status=20)
        w.ne.open("BEFORE-US", status=20, created_at=START - timedelta(days=1))
        hand_made = w.ne.open("HAND-MADE", status=20)
        for _ in range(2):
            await w.everything(minutes=11)
        assert [number for what, number in w.wms.history if what == "instructed"] == [hand_made.number]


async def test_one_page_may_show_an_order_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        now = w.clock.now()
        await w.ledger.receive(CartPage((an_order(),), (), b"1"), now)
        twice = CartPage((an_order(memo="old"), an_order(memo="new")), (), b"2")
        await w.ledger.receive(twice, now)
        assert w.order().version == 2
        assert b'"memo":"new"' in w.order().body


@pytest.mark.parametrize("number", ["", "N" * 41, "NUL\0"])
async def test_a_number_that_cannot_be_a_key_is_set_aside_alone(tmp_path: Path, number: str) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order(number))
        w.cart.put(an_order("T-1002"))
        await w.run("ingest")
        assert w.state("T-1002") == "received"
        assert len(w.strays()) == 1
        await w.run("ingest")
        assert len(w.strays()) == 1


async def test_what_cannot_be_read_does_not_move_the_cursor(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        broken = w.cart.changed_since

        async def cut_off(since: datetime) -> AsyncIterator[CartPage]:
            async for page in broken(since):
                yield page
                raise NotDone("line cut")

        for n in range(150):
            w.cart.put(an_order(f"T-{2000 + n}"))
        w.cart.instead(changed_since=cut_off)
        counts = await w.runner.run("ingest")
        assert counts.failed == "line cut"
        assert await w.ledger.cursor("ingest") is None
        assert w.state("T-2000") == "received"
        w.cart.instead(changed_since=broken)
        w.pass_by(hours=3)
        await w.run("ingest")
        assert w.state("T-2149") == "received"
        assert await w.ledger.cursor("ingest") == w.clock.now()


async def test_what_the_cart_shows_late_is_inside_the_overlap(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.run("ingest")
        w.pass_by(hours=1)
        await w.run("ingest")
        late = replace(an_order(), updated_at=w.clock.now() - timedelta(minutes=14))
        w.cart.orders[late.number] = late
        w.pass_by(seconds=30)
        await w.run("ingest")
        assert w.state() == "received"


async def test_a_slip_shown_late_is_inside_the_overlap(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.run("follow_slips")
        w.pass_by(hours=1)
        slip = w.ne.open("T-1001", status=20)
        w.pass_by(minutes=10)
        kept, w.ne.slips_held = w.ne.slips_held, {}
        await w.run("follow_slips")
        w.ne.slips_held = kept
        await w.run("follow_slips")
        assert w.slip(slip.number).state == "print_ready"
