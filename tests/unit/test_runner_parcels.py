"""Orders to several addresses: each address walks by itself, and one whose split changes is never lost or doubled."""

from __future__ import annotations

from pathlib import Path

from connector.ledger.views import intake
from connector.order import Order, Recipient
from connector.slip import NEStatus
from connector.stages.parcels import CHANGED, OTHERS, apart
from msgspec.structs import replace

from tests.unit.world import CARD, World, a_shipment, an_order, world


def addressed(*ids: int, **more: object) -> list[Order]:
    """The walking orders of cart order 77, "T-77", as the reader gives them for these addresses."""
    base = replace(an_order("T-77", payment=CARD), **more)
    if len(ids) < 2:
        return [base]
    address = base.recipient.address
    return [
        replace(
            base,
            number=f"T-77-{id_}",
            parcel_of="T-77",
            recipients=(Recipient(address_id=id_, address=address),),
        )
        for id_ in ids
    ]


def whole() -> list[Order]:
    """The same order while nobody says which line goes where."""
    (base,) = addressed()
    return [replace(base, recipients=base.recipients * 2)]


def show(w: World, shown: list[Order]) -> None:
    """From now on the cart shows order 77 like this, and nothing else of it."""
    w.cart.orders = {n: o for n, o in w.cart.orders.items() if o.cart_order_id != 77}
    for order in shown:
        w.cart.put(order)


async def ingest(w: World) -> None:
    w.pass_by(minutes=1)
    await w.run("ingest")


async def test_each_address_walks_to_its_own_slip(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(*addressed(911, 912))
        assert [w.state(f"T-77-{id_}") for id_ in (911, 912)] == ["shipped", "shipped"]
        assert {slip.order_number for slip in w.ne.slips_held.values()} == {"T-77-911", "T-77-912"}


async def test_a_split_that_becomes_known_lets_the_addresses_walk(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(*whole())
        assert w.holds("T-77") == ["address_split_unknown"]
        show(w, addressed(911, 912))
        await ingest(w)
        assert (w.state("T-77"), w.holds("T-77")) == ("cancelled", [])
        w.pass_by(minutes=11)
        await w.run("notify")
        assert [w.state(f"T-77-{id_}") for id_ in (911, 912)] == ["notified", "notified"]
        assert [number for what, number in w.mailer.history] == ["T-77-911", "T-77-912"]


async def test_an_order_under_two_names_is_one_order_with_its_yen_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(*whole())
        parcels = addressed(911, 912)
        shares = [
            replace(order.amounts, payable=yen) for order, yen in zip(parcels, (1500, 700), strict=True)
        ]
        show(w, [replace(order, amounts=mine) for order, mine in zip(parcels, shares, strict=True)])
        await ingest(w)
        with w.database.engine.connect() as connection:
            found = intake(connection, w.shop, w.clock.now())
        assert [(line.kind, line.count, line.yen) for line in found.lines] == [("on_its_way", 1, 2200)]


async def test_a_word_that_was_missing_for_a_while_loses_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for shown in (addressed(911, 912), whole(), addressed(911, 912)):
            show(w, shown)
            await ingest(w)
        assert [w.state(number) for number in ("T-77-911", "T-77-912", "T-77")] == [
            "received",
            "received",
            "cancelled",
        ]
        w.pass_by(minutes=11)
        await w.run("notify")
        assert w.mailer.count("sent") == 2


async def test_after_the_hand_over_both_are_held_and_the_old_word_frees_both(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(*addressed(911, 912))
        show(w, whole())
        await ingest(w)
        assert [w.holds(f"T-77-{id_}") for id_ in (911, 912)] == [["addresses_changed"]] * 2
        assert "T-77" in w.hold_note("T-77-911", "addresses_changed")
        w.pass_by(minutes=11)
        await w.run("notify", "relay")
        assert w.wms.history == []
        assert w.mailer.count("sent") == 2, "who stands in for them is not announced"
        show(w, addressed(911, 912))
        await ingest(w)
        assert [w.holds(f"T-77-{id_}") for id_ in (911, 912)] == [[], []]
        assert w.state("T-77") == "cancelled"
        await w.run("relay")
        assert len(w.wms.history) > 0


async def test_an_address_more_waits_until_the_old_slips_are_cancelled(tmp_path: Path) -> None:
    """T-77-911 stays as it is; 912 became 913. Whoever cancels 912's slip lets 913 walk."""
    with world(tmp_path) as w:
        await w.to_print_ready(*addressed(911, 912))
        show(w, addressed(911, 913))
        await ingest(w)
        assert w.holds("T-77-911") == []
        assert w.holds("T-77-912") == ["addresses_changed"]
        w.pass_by(minutes=11)
        await w.run("notify", "relay")
        assert w.holds("T-77-913") == ["double_round"]
        assert w.slip_state("T-77-911") == "print_ready"
        w.ne.edit(w.slip_of("T-77-912"), cancel_type="1")
        await w.run("follow_slips")
        assert (w.state("T-77-912"), w.holds("T-77-912")) == ("cancelled", [])
        w.pass_by(minutes=11)
        await w.run("notify")
        assert (w.state("T-77-913"), w.holds("T-77-913")) == ("notified", [])


async def test_a_cancelled_order_whose_split_is_gone_is_stopped(tmp_path: Path) -> None:
    """The cart shows a cancelled order without its lines: whole, and gone."""
    with world(tmp_path) as w:
        await w.to_print_ready(*addressed(911, 912))
        (gone,) = addressed(cancelled=True)
        show(w, [gone])
        await ingest(w)
        assert [w.stop(f"T-77-{id_}") for id_ in (911, 912)] == ["open", "open"]
        await w.run("stop")
        assert [w.state(f"T-77-{id_}") for id_ in (911, 912)] == ["cancelled", "cancelled"]
        assert w.state("T-77") == "cancelled"
        assert {slip.live for slip in w.ne.slips_held.values()} == {False}


async def test_what_was_completed_is_not_announced_again_under_other_numbers(tmp_path: Path) -> None:
    with world(tmp_path, complete_kinds=()) as w:
        await w.to_shipped(*addressed())
        await w.complete_now()
        assert w.state("T-77") == "completed"
        show(w, addressed(911, 912))
        await ingest(w)
        w.pass_by(minutes=11)
        await w.run("notify")
        assert [w.holds(f"T-77-{id_}") for id_ in (911, 912)] == [["double_round"]] * 2
        assert w.holds("T-77") == []
        assert w.mailer.count("sent") == 1


async def test_orders_that_only_share_an_id_are_left_alone(tmp_path: Path) -> None:
    """Numbers that do not begin alike are no parcels of one another."""
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-77"))
        show(w, [replace(an_order("U-5"), cart_order_id=77)])
        await ingest(w)
        assert (w.state("T-77"), w.holds("T-77")) == ("in_intake", [])


async def test_no_parcel_is_completed_before_the_last_has_left(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(*addressed(911, 912))
        w.wms.reports(a_shipment(w.slip_of("T-77-911")))
        await w.run("collect", "confirm_shipment")
        await w.complete_now()
        assert w.cart.history == []
        assert w.order("T-77-911").waiting_for == OTHERS
        assert w.ne.slips_held[w.slip_of("T-77-912")].status < NEStatus.SHIPPED


def test_what_the_cart_has_of_the_others_counts() -> None:
    first, second = addressed(911, 912)
    fresh = {order.number: order for order in (first, second)}
    shipment = a_shipment("9001", "412200001124")
    assert apart({second.number: (second, shipment, True)}, fresh)[second.number].why == OTHERS
    theirs = replace(second, tracking="412200001113")
    assert apart({second.number: (theirs, shipment, True)}, fresh) == {}
    own = replace(second, tracking="412200001124")
    assert apart({second.number: (own, shipment, True)}, fresh)[second.number].why == OTHERS
    assert (
        apart({second.number: (second, shipment, True)}, {first.number: first})[second.number].why == CHANGED
    )
    both = {each.number: (each, shipment, True) for each in (first, second)}
    assert apart(both, fresh) == {}
