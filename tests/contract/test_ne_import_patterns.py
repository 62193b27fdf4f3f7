"""受注一括登録パターン: found by shop and format, resolved anew after a refusal, and checked without an order."""

from __future__ import annotations

import pytest
from connector.adapters.next_engine.patterns import Pattern, UploadPatterns, chosen
from connector.errors import Barred, Refused
from connector.outcome import Effect, Sent

from tests.contract.border import recorded
from tests.contract.ne_desk import ne_and_desk
from tests.contract.ne_shop import ORDER_CSV, engine

FILE = recorded("next_engine/import_csv/ok_1_one_order_one_item/upload.csv")


def effect(body: bytes = FILE) -> Effect:
    return Effect(kind="ne_import", key="a/ne_import/2026-11-20 14:00", items=(), body=body)


def pattern(id_: str, *, shop: str = "1", format_id: str = "90", flagged: bool = False) -> Pattern:
    return Pattern(id_, "汎用", format_id, shop, flagged)


async def test_a_pattern_switched_off_between_two_uploads_bars_the_way_and_blames_no_order() -> None:
    async with ne_and_desk() as (sandbox, desk):
        ne = engine(desk)
        assert isinstance(await ne.upload(effect()), Sent)
        sandbox.operator.disable_pattern("12")
        with pytest.raises(Barred, match="パターン 12 をネクストエンジンが受け付けません"):
            await ne.upload(effect())
        assert sandbox.history.count("import_queued") == 1
        sandbox.operator.enable_pattern("12")
        for _ in range(3):  # 7 is refused too; then the one that works is found again
            try:
                sent = await ne.upload(effect())
            except Barred:
                continue
            break
        assert isinstance(sent, Sent)
        assert sandbox.history.count("import_queued") == 2


async def test_a_flag_that_reads_the_other_way_is_found_out() -> None:
    """One public client takes 1 for "in use" (§14.9)."""
    async with ne_and_desk() as (sandbox, desk):
        sandbox.operator.enable_pattern("7")
        ne = engine(desk, format_id="90", ne_shop_id="1")
        with pytest.raises(Barred, match="7, 12"):
            await ne.upload(effect())
        sandbox.operator.disable_pattern("12")
        assert isinstance(await ne.upload(effect()), Sent)


@pytest.mark.parametrize(
    ("listed", "refused", "expected"),
    [
        ([pattern("12"), pattern("7", flagged=True)], (), "12"),
        ([pattern("12"), pattern("7", flagged=True)], ("12",), "7"),
        ([pattern("12"), pattern("7", flagged=True)], ("7", "12"), "12"),
        ([pattern("7", flagged=True)], (), "7"),
        ([pattern("12"), pattern("13", shop="2"), pattern("14", format_id="100035")], (), "12"),
        ([pattern("12"), pattern("13")], ("13",), "12"),
    ],
)
def test_which_pattern_is_tried(listed: list[Pattern], refused: tuple[str, ...], expected: str) -> None:
    assert chosen(listed, "1", "90", set(refused)).id == expected


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([], "ありません"),
        ([pattern("12", shop="2")], "ありません"),
        ([pattern("12"), pattern("13")], "複数あります (12, 13)"),
        ([pattern("8", flagged=True), pattern("7", flagged=True)], "複数あります (8, 7)"),
    ],
)
def test_none_or_a_choice_is_for_a_person(listed: list[Pattern], words: str) -> None:
    with pytest.raises(Barred) as barred:
        chosen(listed, "1", "90")
    assert words in str(barred.value)


async def test_after_a_refusal_the_other_one_is_tried_whatever_its_flag_says() -> None:
    async with ne_and_desk() as (_, desk):
        patterns = UploadPatterns(desk.session, "1", "90")
        assert await patterns.current() == "12"
        said = patterns.refused(Refused("next_engine", "010001", "受注一括登録パターンが存在しません"))
        assert isinstance(said, Barred)
        assert await patterns.current() == "7"


def test_another_refusal_stays_what_it_is() -> None:
    patterns = UploadPatterns(None, "1", "90", "12")  # type: ignore[arg-type]  # nobody is asked
    other = Refused("next_engine", "000005", "サイズが大きすぎます")
    assert patterns.refused(other) is other


async def test_the_check_upload_opens_and_changes_no_slip() -> None:
    async with ne_and_desk() as (sandbox, desk):
        before = {number: dict(slip.fields) for number, slip in sandbox.slips.items()}
        patterns = UploadPatterns(desk.session, "1", "90")
        que_id = await patterns.check("12", ",".join(ORDER_CSV.header))
        await desk.clock.sleep(120)
        await sandbox.advance()
        queue = await engine(desk).queue(que_id)
        assert queue is not None
        assert (queue.status, queue.message) == (-1, "データがありません")
        assert {number: dict(slip.fields) for number, slip in sandbox.slips.items()} == before
        assert sandbox.history.count("order_imported") == 0
        sandbox.operator.disable_pattern("12")
        with pytest.raises(Refused):
            await patterns.check("12", ",".join(ORDER_CSV.header))
