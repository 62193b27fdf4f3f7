"""The list of late changes: on its page, on the order's page, as files, on the command line and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from connector import words
from connector.commands.changes import _text
from connector.ledger import views
from connector.ledger.schema_cart import changes
from connector.reports import make, tables, what, what_to_do, write
from connector.web import WebContext
from sqlalchemy import select

from tests.contract.web_site import SIGNED, Site, running
from tests.unit.test_change_endings import change
from tests.unit.world import World, an_order, world

SECRET = "9-8-7"  # the street she moved to


def site_of(w: World, folder: Path) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32
    )


async def three_orders(w: World) -> None:
    """One by hand with two fields, one too late, one by itself."""
    await w.to_shipped(an_order("T-1002"))
    await change(w, "amounts", number="T-1002")
    await w.to_print_ready(an_order("T-1001"))
    await change(w, "recipients", "deliver_on")
    await w.to_intake(an_order("T-1003"))
    await change(w, "recipients", number="T-1003")


def open_ids(w: World) -> list[int]:
    query = select(changes.c.id).where(changes.c.closed_at.is_(None)).order_by(changes.c.id)
    return [row.id for row in w.rows(query)]


async def test_the_page_says_what_changed_and_what_to_do(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/changes")
            assert status == 200
            for said in (
                "「送り先」",
                "なし → 2026-12-24",
                "支払合計 2,200円 → 3,300円（+1,100円）",
                "差額（+1,100円）",
            ):
                assert said in text, said
            assert "T-1003" not in text, "by itself waits for nobody"
            assert SECRET not in text
            _, text = await site.get("/changes?all=1&lang=en")
            assert "T-1003" in text
            assert "The order CSV of the import carries the new content." in text
            assert SECRET not in text


async def test_the_lists_as_files(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        async with running(site_of(w, tmp_path)) as site:
            _, body = await site.get("/changes.json")
            rows = json.loads(body)
            assert [(row["number"], row["field"], row["kind"]) for row in rows] == [
                ("T-1002", "amounts", "too_late"),
                ("T-1001", "recipients", "by_hand"),
                ("T-1001", "deliver_on", "by_hand"),
            ]
            assert all(row["open"] and row["do"].endswith("。") for row in rows)
            status, body = await site.get("/changes.csv?all=1")
            assert status == 200
            assert body.count("T-100") == 4
            assert SECRET not in body


async def test_the_orders_page_shows_its_changes_and_versions(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/orders/T-1001")
            assert status == 200
            assert "版ごとの違い" in text
            assert "番地 1* → 9*" in text
            assert text.count("処理済みにする") == 2
            assert SECRET not in text
            _, text = await site.get("/orders/T-1003?lang=en")
            assert "street 1* → 9*" in text
            assert "Settled" not in text


async def test_a_person_settles_one_by_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        async with running(site_of(w, tmp_path)) as site:
            for change_id in open_ids(w):
                status, _ = await settle(site, change_id, token="0" * 64)
                assert status == 403, "a form that is not ours"
            status, text = await settle(site, open_ids(w)[0])
            assert (status, "処理済みにしました" in text) == (200, True)
            taken = open_ids(w)[0]
            given = await token_of(site, taken)
            assert (await settle(site, taken, given))[0] == 200
            assert (await settle(site, taken, given))[0] == 409, "settled before"
            assert w.holds() == ["changed_after_handover"]
            await settle(site, open_ids(w)[0])
            assert w.holds() == []
            _, text = await site.get("/changes")
            assert "変更で残っている作業はありません。" in text


async def token_of(site: Site, change_id: int) -> str:
    _, text = await site.get("/changes")
    form = text[text.index(f'action="/changes/{change_id}/close"') :]
    return form.partition('name="token" value="')[2][:64]


async def settle(site: Site, change_id: int, token: str = "") -> tuple[int, str]:
    token = token or await token_of(site, change_id)
    return await site.post(f"/changes/{change_id}/close", {"token": token, **SIGNED})


async def test_a_stop_that_was_taken_back_has_words_on_its_page(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await change(w, "cancelled")
        await change(w, "revived")
        assert w.stop() == "withdrawn"
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/orders/T-1001")
            assert status == 200
            assert "取り下げました" in text


@pytest.mark.parametrize("lang", words.LANGUAGES)
async def test_the_report_has_a_table_and_one_entry_each(tmp_path: Path, lang: str) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        report = await make(w.database, w.shop, w.clock.now().date(), w.clock.now())
        table = next(table for table in tables(report, lang) if table.key == "changes")
        assert [row[1] for row in table.rows] == ["T-1002", "T-1001", "T-1001"]
        mine = [one for one in report.todo if one.order_number in ("T-1001", "T-1002")]
        assert sorted(one.kind for one in mine) == ["change"] * 3, "the hold is not said a second time"
        said = " ".join(f"{what(one, lang)} {what_to_do(one, lang)}" for one in mine)
        assert ("差額（+1,100円）" if lang == "ja" else "+¥1,100") in said
        written = write(report, tmp_path / "reports", lang=lang)
        assert all(SECRET.encode() not in path.read_bytes() for path in written)
        assert msgspec.json.decode(msgspec.json.encode(report), type=type(report)) == report


async def test_on_the_command_line(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await three_orders(w)
        rows = await w.database.read(lambda c: views.changes_list(c, w.shop.key))
        text = _text([views.told(row, "ja") for row in rows], "ja")
        assert text.splitlines()[0].startswith(f"#{rows[0].id} T-1002 v2")
        assert text.count("    → ") == 3, "each says what to do"
        assert SECRET not in text
        assert _text([], "en") == "No change waits for anybody."
