"""The daily import: one file a window, exactly who stands in 新規受付 now, believed only when read back."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from connector.errors import NotDone, Refused, Unknown
from connector.outcome import Effect, Reply
from connector.slip import Slip

from tests.unit.world import CARD, World, an_order, world

WINDOW = "2026-11-24 14:00"


def files(w: World) -> list[list[str]]:
    return [numbers for _, numbers in w.ne.uploads.values()]


async def test_only_orders_in_intake_are_in_the_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(*(an_order(f"T-{n}") for n in range(1001, 1006)))
        w.ne.edit(w.slip_of("T-1002"), cancel_type="1")
        w.ne.edit(w.slip_of("T-1003"), status=20)
        w.cart.put(an_order("T-1004", cancelled=True))
        await w.run("ingest")
        w.ne.unmappable.add("T-1005")
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001"]]
        assert w.holds("T-1002") == ["ne_cancelled"]
        assert w.state("T-1003") == "imported"
        assert w.stop("T-1004") == "open", "asked to be stopped, it is nobody else's business"
        assert w.holds("T-1005") == ["unmappable_text"]


async def test_who_is_announced_after_the_set_time_waits_for_the_next_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"))
        w.pass_by(hours=5)  # 14:13 in Japan
        await w.run("import_daily", window=WINDOW)
        await w.to_intake(an_order("T-1002"))
        for _ in range(3):
            w.pass_by(minutes=10)
            await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001"]]
        assert w.holds("T-1002") == []
        assert w.state("T-1002") == "in_intake"
        assert w.order("T-1002").waiting_for.endswith("次の時刻に行います")
        assert not await w.ledger.unsettled("import_daily", WINDOW)
        w.pass_by(days=1)
        await w.run("import_daily", window="2026-11-25 14:00")
        assert files(w) == [["T-1001"], ["T-1002"]]


async def test_who_was_announced_before_it_goes_in_a_second_file_of_the_same_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"))
        w.pass_by(hours=4, minutes=30)  # 13:43
        w.ne.mail_delay = timedelta(minutes=25)  # Next Engine is slow today
        await w.to_intake(an_order("T-1002"))
        w.pass_by(minutes=5)  # 14:01
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001"]]
        assert w.state("T-1002") == "notified"
        assert await w.ledger.unsettled("import_daily", WINDOW)
        w.pass_by(minutes=25)
        await w.run("confirm_intake", "import_daily", window=WINDOW)
        assert files(w) == [["T-1001"], ["T-1002"]], "the first file's own order is in no second one"
        assert w.effect("ne_import").key.endswith(f"{WINDOW}/r2")
        assert w.effect("ne_import").name.endswith("_1400_r2.csv")
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        assert [w.state(number) for number in ("T-1001", "T-1002")] == ["imported"] * 2
        assert not await w.ledger.unsettled("import_daily", WINDOW)
        assert w.ne.count("imported", "T-1001") == w.ne.count("imported", "T-1002") == 1


async def test_there_is_no_second_file_while_the_first_has_no_certain_outcome(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"))
        w.ne.upload_delay = timedelta(hours=1)
        await w.run("import_daily", window=WINDOW)
        await w.to_intake(an_order("T-1002"))
        reads = w.ne.slips_of
        w.ne.instead(slips_of=_nobody_asks)
        await w.run("import_daily", window=WINDOW)
        assert w.effects("ne_import") == ["sent"]
        assert w.holds("T-1002") == []
        assert w.order("T-1002").waiting_for == "前の受注CSVの結果を待っています"
        await w.run("import_daily", window="2026-11-25 14:00")
        assert files(w) == [["T-1001"]], "not even at another set time"
        w.ne.instead(slips_of=reads)
        w.pass_by(hours=1)
        await w.run("import_daily", window=WINDOW)
        assert w.state("T-1001") == "imported"
        assert files(w) == [["T-1001"], ["T-1002"]]


async def _nobody_asks(numbers: object) -> dict[str, list[Slip]]:
    raise AssertionError("a request was spent on a pass that can plan nothing")


async def test_an_order_that_was_in_a_file_is_in_no_later_file_of_the_same_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        w.ne.skips["T-1002"] = "商品コードがありません"
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        w.ne.skips.clear()
        w.release("T-1002", "refused")
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001", "T-1002"]]
        w.pass_by(days=1)
        await w.run("import_daily", window="2026-11-25 14:00")
        assert files(w) == [["T-1001", "T-1002"], ["T-1002"]]


async def test_an_order_whose_text_was_mended_is_in_the_second_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        w.ne.unmappable.add("T-1002")
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=11)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001"]]
        w.ne.instead(slips_of=_nobody_asks)
        w.pass_by(minutes=11)
        await w.run("import_daily", window=WINDOW)
        assert w.holds("T-1002") == ["unmappable_text"], (
            "nobody is asked about an order that cannot be written"
        )
        del vars(w.ne)["slips_of"]
        w.ne.unmappable.clear()
        w.pass_by(minutes=11)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001"], ["T-1002"]]
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        assert (w.state("T-1002"), w.holds("T-1002")) == ("imported", [])


async def test_without_a_window_nothing_is_uploaded(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await w.run("import_daily")
        assert files(w) == []


async def test_an_upload_that_did_not_happen_is_tried_again_in_its_window(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"))
        w.ne.faults.append(NotDone("connection refused"))
        await w.run("import_daily", window=WINDOW)
        assert w.effects("ne_import") == ["not_done"]
        assert await w.ledger.wants_again("import_daily", WINDOW)
        await w.to_intake(an_order("T-1002"))
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001", "T-1002"]]
        assert w.effects("ne_import") == ["sent"]
        assert w.effect("ne_import").attempts == 2
        assert not await w.ledger.wants_again("import_daily", WINDOW)


async def test_a_lost_answer_is_looked_up(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        upload = w.ne.upload

        async def lost(effect: Effect) -> Reply:
            await upload(effect)
            raise Unknown("read timeout")

        w.ne.instead(upload=lost)
        await w.run("import_daily", window=WINDOW)
        assert w.effects("ne_import") == ["unknown"]
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        assert w.state() == "imported"
        assert w.effects("ne_import") == ["done"]
        assert len(files(w)) == 1


async def test_what_the_importer_skipped_is_held_and_the_others_go_on(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        w.ne.skips["T-1002"] = "商品コードがありません"
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        await w.run("import_daily")
        assert w.state("T-1001") == "imported"
        assert w.state("T-1002") == "in_intake"
        assert w.holds("T-1002") == ["refused"]
        assert "商品コードがありません" in w.hold_note("T-1002", "refused")


async def test_a_file_of_which_nothing_was_taken_is_refused(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        w.ne.skips["T-1001"] = "NG"
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        await w.run("import_daily")
        assert w.effects("ne_import") == ["refused"]
        assert w.holds() == ["refused"]


async def test_not_being_allowed_to_look_is_no_refusal_of_the_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        w.ne.gone = True  # every call raises Refused
        await w.runner.run("import_daily")
        assert w.effects("ne_import") == ["sent"]
        assert w.holds() == []
        w.ne.gone = False
        w.pass_by(minutes=2)
        await w.run("import_daily")
        assert w.state() == "imported"


async def test_a_refused_upload_holds_its_orders(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        w.ne.faults.append(Refused("next_engine", "020001", "パターンがありません"))
        await w.run("import_daily", window=WINDOW)
        assert w.holds() == ["refused"]
        assert files(w) == []


async def test_an_absurd_picture_stops_the_pass(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(*(an_order(f"T-{n}") for n in range(1001, 1026)))
        kept, w.ne.slips_held = w.ne.slips_held, {}
        counts = await w.runner.run("import_daily", window=WINDOW)
        assert "not believed" in counts.failed
        assert files(w) == []
        assert all(w.holds(f"T-{n}") == [] for n in range(1001, 1026))
        w.ne.slips_held = kept
        await w.run("import_daily", window=WINDOW)
        assert len(files(w)[0]) == 25


async def test_a_slip_that_was_merged_counts_as_past_the_intake(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        w.ne.edit(w.slip_of("T-1001"), cancel_type="3", merged_into=w.slip_of("T-1002"))
        await w.run("import_daily", window=WINDOW)
        assert w.state("T-1001") == "imported"
        assert files(w) == [["T-1002"]]


@pytest.mark.parametrize("lies", [True, False])
async def test_the_folder_route_looks_into_the_folder(tmp_path: Path, lies: bool) -> None:
    with world(tmp_path, import_route="folder") as w:
        await w.to_intake(an_order())
        w.ne.upload_delay = timedelta(hours=5)
        upload = w.ne.upload

        async def lost(effect: Effect) -> Reply:
            if lies:
                await upload(effect)
            raise Unknown("read timeout")

        w.ne.instead(upload=lost)
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=31)
        await w.run("import_daily")
        assert w.effects("ne_import") == (["sent"] if lies else ["not_done"])


async def test_the_manifest_and_the_control_totals_stand_with_the_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002", payment=CARD))
        await w.run("import_daily", window=WINDOW)
        manifest = w.effect("ne_import").facts["manifest"]
        assert (manifest["orders"], manifest["lines"], manifest["yen"], manifest["revision"]) == (
            2,
            2,
            4400,
            1,
        )
        assert manifest["payments"]["クレジットカード"] == {"orders": 1, "yen": 2200}
        assert manifest["rates"] == {"10": 4400}
        assert manifest["sha256"] == hashlib.sha256(w.ledger_body("ne_import")).hexdigest()
        w.pass_by(minutes=2)
        await w.run("import_daily", window=WINDOW)
        control = w.effect("ne_import").evidence["control"]
        assert control["ties"] is True
        assert (
            (control["orders"], control["yen"]) == (control["file_orders"], control["file_yen"]) == (2, 4400)
        )


async def test_a_sum_that_differs_is_named_order_by_order(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"), an_order("T-1003"))
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        w.ne.work()
        w.ne.edit(w.slip_of("T-1002"), total=2199)
        w.ne.edit(w.slip_of("T-1003"), cancel_type="1")
        await w.run("import_daily", window=WINDOW)
        control = w.effect("ne_import").evidence["control"]
        assert control["ties"] is False
        assert control["differing"] == [{"orders": ["T-1002"], "file": 2200, "slips": 2199}]
        assert control["missing"] == ["T-1003"]
        assert (control["yen"], control["file_yen"]) == (4399, 6600)


async def test_bundled_orders_are_compared_as_one_sum(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        w.ne.work()
        into = w.slip_of("T-1001")
        w.ne.edit(w.slip_of("T-1002"), cancel_type="3", merged_into=into, total=0)
        w.ne.edit(into, total=4400)
        await w.run("import_daily", window=WINDOW)
        control = w.effect("ne_import").evidence["control"]
        assert control["ties"] is True
        assert (control["orders"], control["yen"]) == (2, 4400)
