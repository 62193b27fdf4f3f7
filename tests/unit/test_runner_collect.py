"""What the warehouse shipped: believed where it fits a slip we relayed, repeated without effect, else for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from connector import ops
from connector.ledger import codec
from connector.ledger.schema import shipments, strays
from connector.ports import GoodsReturn, ReadResults, ResultFile, StockLevel
from connector.slip import Result, ShippedLine
from sqlalchemy import select

from tests.unit.world import World, a_shipment, an_order, tracking, world


def numbers_in_ne(w: World, order: str = "T-1001") -> str:
    return w.ne.slips_held[w.slip_of(order)].tracking


async def test_a_result_may_be_faster_than_the_receipt(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.receipt_delay = timedelta(hours=1)
        await w.run("relay")
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        assert w.slip_state() == "dispatched"
        assert w.strays() == []
        await w.run("confirm_shipment")
        w.pass_by(hours=2)
        await w.run("relay")
        assert w.effects("wms_file") == ["done"]
        assert w.slip_state() == "confirmed"
        assert w.state() == "shipped"


async def test_an_unknown_slip_is_a_stray_and_writes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment("77777"))
        await w.run("collect", "confirm_shipment")
        assert len(w.strays()) == 1
        assert w.ne.count("confirmed") == 0


async def test_a_slip_we_did_not_relay_is_a_stray(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        assert w.slip_state() == "print_ready"
        assert w.strays() == ["この伝票は倉庫へ出荷指示していません。"]


async def test_the_same_results_twice_change_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        before = w.events(w.slip_of())
        again = a_shipment(w.slip_of())
        w.wms.reports(again, name="AGAIN.csv")  # the very bytes under another name
        w.wms.reports(again, again)  # the same event twice in one new file
        w.wms.reports(a_shipment(w.slip_of(), result_id="OTHER"))  # the same facts as a new event
        await w.run("collect", "confirm_shipment")
        assert w.events(w.slip_of()) == before
        assert w.holds(w.slip_of()) == []
        assert w.ne.count("confirmed") == 1
        assert w.wms.out == {}, "repeats are acknowledged"


async def test_another_number_before_the_confirmation_replaces_the_old_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip))
        await w.run("collect")
        w.wms.reports(a_shipment(slip, tracking(4711)))
        await w.run("collect", "confirm_shipment")
        assert w.holds(slip) == []
        assert numbers_in_ne(w) == tracking(4711), (
            "a correction replaces, it is not put beside the old number"
        )
        assert w.rows_of("shipments") == 2, "the old version is kept"
        assert "corrected" in w.events(slip)


async def test_a_correction_inside_one_file_is_seen(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip), a_shipment(slip, tracking(4711), result_id="R2"))
        await w.run("collect", "confirm_shipment")
        assert numbers_in_ne(w) == tracking(4711)
        assert w.holds(slip) == []


async def test_two_parcels_in_two_files(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        first = a_shipment(slip, tracking(1), result_id="E1", parcels=2, complete=False)
        second = a_shipment(slip, tracking(2), result_id="E2", parcels=2, complete=False)
        w.wms.reports(first)
        await w.run("collect", "confirm_shipment")
        assert w.slip_state() == "relayed"
        assert w.slip(slip).waiting_for == "個口 1/2 まで到着"
        w.wms.reports(first)
        w.wms.reports(second)
        await w.run("collect")
        assert w.slip_state() == "dispatched"
        await w.run("confirm_shipment")
        assert numbers_in_ne(w) == tracking(1), "the first parcel's number is the primary one"
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.state() == "completed"


async def test_partial_and_unshippable_wait_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"), an_order("T-1003"))
        part, none, gone = (w.slip_of(f"T-{n}") for n in (1001, 1002, 1003))
        w.wms.reports(
            a_shipment(part, result=Result.PARTIAL, reason="1個のみ"),
            a_shipment(none, result=Result.UNSHIPPABLE, tracking=(), reason_code="STOCKOUT"),
            a_shipment(gone, result=Result.CANCELLED, tracking=()),
        )
        await w.run("collect", "confirm_shipment")
        assert w.holds(part) == ["partial_shipment"]
        assert w.holds(none) == ["unshippable"]
        assert w.hold_note(none, "unshippable") == "出荷不可（欠品 STOCKOUT）"
        assert w.holds(gone) == ["unshippable"]
        assert w.ne.count("confirmed") == 0
        assert {w.slip(slip).state for slip in (part, none, gone)} == {"relayed"}


async def test_the_rest_of_a_partial_shipment_carries_both_numbers(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, tracking(1), result_id="E1", result=Result.PARTIAL))
        await w.run("collect")
        w.wms.reports(a_shipment(slip, tracking(2), result_id="E2"))
        await w.run("collect")
        assert w.slip_state() == "dispatched"
        assert w.holds(slip) == [], "the rest answers the hold"
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"
        held = w.ne.slips_held[slip]
        assert held.tracking == tracking(1)
        assert f"{tracking(1)}、{tracking(2)}" in held.worker_text


async def test_more_than_was_ordered_is_a_stray(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        lines = (ShippedLine(line_no=1, sku="sku-1", quantity=3),)
        w.wms.reports(a_shipment(slip, lines=lines))
        await w.run("collect")
        assert w.strays() == ["出荷数が指示数を超えています。"]
        assert w.slip_state() == "relayed"
        w.wms.reports(a_shipment(slip, lines=(ShippedLine(line_no=1, sku="SKU-1", quantity=2),)))
        await w.run("collect")
        assert w.slip_state() == "dispatched"


async def test_a_tracking_number_belongs_to_one_slip_for_90_days(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"), an_order("T-1003"))
        mine, yours, later = (w.slip_of(f"T-{n}") for n in (1001, 1002, 1003))
        w.wms.reports(a_shipment(mine, tracking(5)))
        await w.run("collect")
        w.wms.reports(a_shipment(yours, tracking(5)))
        await w.run("collect", "confirm_shipment")
        assert w.holds(yours) == ["shipment_conflict"]
        assert mine in w.hold_note(yours, "shipment_conflict")
        assert w.slip(yours).state == "relayed"
        w.pass_by(days=91)
        shipped_on = date(2027, 2, 23)
        w.wms.reports(a_shipment(later, tracking(5), shipped_on=shipped_on))
        await w.run("collect")
        assert w.slip(later).state == "dispatched"

        w.release(yours, "shipment_conflict")  # declared co-packing: a person lets it pass
        await w.run("collect")
        assert w.slip(yours).state == "dispatched"


async def test_one_number_for_two_slips_of_one_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.reports(a_shipment(mine, tracking(5)), a_shipment(yours, tracking(5)))
        await w.run("collect")
        assert w.slip(mine).state == "dispatched"
        assert w.holds(yours) == ["shipment_conflict"]


async def test_slips_that_the_warehouse_itself_put_in_one_box_share_its_number_and_no_other_does(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(*(an_order(f"T-{n}") for n in (1001, 1002, 1003)))
        mine, yours, theirs = (w.slip_of(f"T-{n}") for n in (1001, 1002, 1003))
        read = w.wms.read_results

        def boxed(name: str, body: bytes) -> ReadResults:
            return replace(read(name, body), one_box={tracking(5): frozenset({mine, yours})})

        w.wms.instead(read_results=boxed)
        w.wms.reports(*(a_shipment(slip, tracking(5)) for slip in (mine, yours, theirs)))
        await w.run("collect", "confirm_shipment")
        assert {w.slip(slip).state for slip in (mine, yours)} == {"confirmed"}
        assert {w.ne.slips_held[slip].tracking for slip in (mine, yours)} == {tracking(5)}
        assert (w.slip(theirs).state, w.holds(theirs)) == ("relayed", ["shipment_conflict"])
        assert w.holds(mine) == w.holds(yours) == []


async def test_a_code_that_drifted_is_booked_as_what_was_sent_and_repeats_are_known(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.rereads = frozenset({"YAMATO_YUPACKET"})
        slip = w.slip_of()
        for _ in range(2):
            w.wms.reports(a_shipment(slip, carrier="YAMATO_YUPACKET"))
            await w.run("collect")
        booked = w.rows(select(shipments.c.body))
        assert [codec.shipment(row.body).carrier for row in booked] == ["YAMATO_NEKOPOS"]
        await w.to_print_ready(an_order("T-1002"))
        early = w.slip_of("T-1002")
        w.wms.reports(a_shipment(early, carrier="YAMATO_YUPACKET"))
        await w.run("collect")
        assert len(w.strays()) == 1, "not relayed yet"
        for _ in range(2):
            w.pass_by(minutes=10)
            await w.run("relay", "collect")
        booked = w.rows(select(shipments.c.body).where(shipments.c.slip_number == early))
        assert [codec.shipment(row.body).carrier for row in booked] == ["YAMATO_NEKOPOS"]


async def test_part_of_a_number_is_not_the_number(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        w.wms.reports(a_shipment(w.slip_of("T-1001"), "12345678901", carrier="SEINO"))
        await w.run("collect")
        w.wms.reports(a_shipment(w.slip_of("T-1002"), "2345678901", carrier="SEINO"))
        await w.run("collect")
        assert w.slip_state("T-1002") == "dispatched"


async def test_a_ship_date_in_the_future_is_not_believed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment(w.slip_of(), shipped_on=date(2062, 11, 22)))
        await w.run("collect")
        assert w.slip_state() == "relayed"
        assert len(w.strays()) == 1


async def test_a_damaged_file_is_kept_and_stops_no_other(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.out["BROKEN.csv"] = b"\x00 not a result file"
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        assert w.slip_state() == "dispatched"
        assert len(w.strays()) == 1
        assert "BROKEN.csv" in w.wms.archive
        await w.run("collect")
        assert len(w.strays()) == 1


async def test_kept_before_it_is_acknowledged(tmp_path: Path) -> None:
    from connector.errors import NotDone

    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment(w.slip_of()))

        async def fails(file: ResultFile) -> None:
            raise NotDone("line cut")

        acknowledge = w.wms.acknowledge
        w.wms.instead(acknowledge=fails)
        counts = await w.runner.run("collect")
        assert counts.failed == "line cut"
        assert w.slip_state() == "dispatched"  # what is kept is read, though the folder would not let it go
        assert len(w.wms.out) == 1
        before = w.events(w.slip_of())
        w.wms.instead(acknowledge=acknowledge)
        await w.run("collect")
        assert w.wms.out == {}
        assert w.events(w.slip_of()) == before


async def test_shipped_though_cancelled_is_said_aloud(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.ne.edit(slip, cancel_type="1")
        await w.run("follow_slips")
        w.wms.reports(a_shipment(slip))
        await w.run("collect", "confirm_shipment")
        assert w.holds(slip) == ["ne_cancelled", "shipment_conflict"]
        assert w.ne.count("confirmed") == 0


async def test_a_result_before_its_slip_is_booked_by_itself_when_the_slip_comes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip), a_shipment("77777", tracking(77)))
        await w.run("collect")
        assert w.strays() == [
            "この伝票は倉庫へ出荷指示していません。",
            "この出荷指示番号の伝票はありません。",
        ]
        assert w.slip_state() == "print_ready"
        await w.run("relay")
        w.pass_by(minutes=10)
        await w.run("relay", "collect", "confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert open_strays(w) == ["この出荷指示番号の伝票はありません。"]
        before = w.events(slip)
        await w.run("collect", "confirm_shipment")
        assert w.events(slip) == before


async def test_what_a_person_set_aside_is_not_booked_later(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        (stray,) = w.rows(select(strays))
        answer = await ops.resolve_stray(
            w.database, w.shop.key, stray.id, actor="見本 花子", why="倉庫の誤送信", now=w.clock.now()
        )
        assert answer.done
        await w.run("relay")
        w.pass_by(minutes=10)
        await w.run("relay", "collect")
        assert w.slip_state() == "relayed"


async def test_a_too_large_shipment_is_never_tried_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment(w.slip_of(), lines=(ShippedLine(line_no=1, sku="SKU-1", quantity=3),)))
        await w.run("collect")
        await w.run("collect")
        assert (w.slip_state(), len(open_strays(w))) == ("relayed", 1)


async def test_the_rest_that_stays_away_is_shown_to_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip, at = w.slip_of(), w.clock.now()
        first = a_shipment(slip, tracking(1), result_id="E1", parcels=2, complete=False, confirmed_at=at)
        w.wms.reports(first)
        await w.run("collect")
        assert w.holds(slip) == []
        w.pass_by(hours=7)
        await w.run("collect")
        assert w.holds(slip) == ["partial_shipment"]
        assert w.hold_note(slip, "partial_shipment") == "個口 1/2 まで到着。残りの実績が届いていません。"
        w.wms.reports(a_shipment(slip, tracking(2), result_id="E2", parcels=2, complete=False))
        await w.run("collect", "confirm_shipment")
        assert (w.holds(slip), w.slip_state()) == ([], "confirmed")


async def test_stock_and_returns_move_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        before = w.events(w.slip_of())
        level = StockLevel("WH01", "SKU-1", "", 5, 0, 1, w.clock.now())
        back = GoodsReturn("RT-1", w.slip_of(), "", "SKU-1", 1, "good", "", date(2026, 11, 24))
        told = ReadResults((), (), stock=(level,), returns=(back,))
        w.wms.instead(read_results=lambda _name, _body: told)
        for name in ("STOCK.csv", "STOCK_again.csv"):
            w.wms.out[name] = name.encode()
            await w.run("collect")
        assert (w.rows_of("stock_levels"), w.rows_of("goods_returns")) == (1, 1)
        assert w.events(w.slip_of()) == before


def open_strays(w: World) -> list[str]:
    return [row.words for row in w.rows(select(strays).where(strays.c.resolved_at.is_(None)))]
