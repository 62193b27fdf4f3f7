"""The list of refused payments: on its page, on the order's page, as files, on the command line and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from connector import words
from connector.ledger import views
from connector.ledger.case_steps import between
from connector.ledger.views.case_situations import NOTHING_TO_DO
from connector.reports import cases as told
from connector.reports import make, tables, what, what_to_do, write
from connector.web import WebContext
from msgspec.structs import replace

from tests.contract.web_site import Site, running
from tests.unit.case_desk import COD, EXPIRED, PAID, REFUSED, VOIDED, a_renewal, figures, show
from tests.unit.world import World, an_order, world


async def some_cases(w: World) -> None:
    """One refused twice, one healed, one replaced by a new order of its round; an evil word from the gateway."""
    evil = replace(EXPIRED, words="<script>期限切れ</script>")
    alone = {n: replace(an_order().buyer, customer_id=n) for n in (1, 2, 3)}
    await show(w, an_order("T-1001", REFUSED, buyer=alone[1]), an_order("T-1002", REFUSED, buyer=alone[2]))
    await show(w, an_order("T-1001", evil, buyer=alone[1]), an_order("T-1002", COD, buyer=alone[2]))
    await show(w, a_renewal("T-1003", buyer=alone[3]))
    await show(w, a_renewal("T-1003", VOIDED, cancelled=True, buyer=alone[3]))
    await show(w, a_renewal("T-1004", PAID, nth=4, placed_at=w.clock.now(), buyer=alone[3]))


def site_of(w: World, folder: Path) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32
    )


async def page_of(site: Site, path: str) -> str:
    status, text = await site.get(path)
    assert status == 200, path
    return text


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "ja",
            ("対応中 1件 2,200円", "繰り返し決済NG", "別の支払方法への変更", "次の本取込へ", "出し直し済み"),
        ),
        (
            "en",
            ("1 open, ¥2,200", "Refused again", "offer another method", "Joins the next import", "Replaced"),
        ),
    ],
)
async def test_the_page_says_who_waits_for_what(tmp_path: Path, lang: str, said: tuple[str, ...]) -> None:
    with world(tmp_path) as w:
        await some_cases(w)
        async with running(site_of(w, tmp_path)) as site:
            text = await page_of(site, f"/cases?lang={lang}")
            for one in said:
                assert one in text, one
            assert "&lt;script&gt;期限切れ" in text
            assert "<script>" not in text
            chosen = await page_of(site, f"/cases?lang={lang}&situation=refused_again")
            assert "T-1001" in chosen
            assert "T-1002" not in chosen


async def test_a_case_that_ended_has_one_age_wherever_it_is_told(tmp_path: Path) -> None:
    """How long it was open; not how long ago it began."""
    with world(tmp_path) as w:
        await some_cases(w)  # T-1002 was refused, and healed with the next look
        w.pass_by(hours=9)
        (case,) = [one for one in figures(w, everything=True).rows if one.order_number == "T-1002"]
        assert case.closed_at is not None
        age = words.age(case.closed_at - case.opened_at)
        plain = told.text(figures(w, everything=True), w.clock.now(), "ja")
        assert age in next(line for line in plain.splitlines() if line.startswith("T-1002"))
        async with running(site_of(w, tmp_path)) as site:
            for path in ("/cases?all=1", "/orders/T-1002"):
                text = await page_of(site, path)
                shown = text.partition(f"{words.CASE_STATES['healed'].ja}　")[2].partition("失敗回数")[0]
                assert age in shown, path
                assert words.age(w.clock.now() - case.opened_at) not in shown, path


async def test_the_page_of_each_order_names_the_other(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await some_cases(w)
        async with running(site_of(w, tmp_path)) as site:
            old, new = await page_of(site, "/orders/T-1003"), await page_of(site, "/orders/T-1004")
            assert "受注 T-1004 で出し直されました" in old
            assert 'href="/orders/T-1004"' in old
            assert "受注 T-1003 の出し直しです" in new
            assert "同じ定期の同じ回" in new
            assert "決済NG" in old
            plain = await page_of(site, "/orders/T-1002")
            assert "出し直しのつながり" not in plain


async def test_the_files_have_the_same_rows(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await some_cases(w)
        async with running(site_of(w, tmp_path)) as site:
            listed = json.loads(await page_of(site, "/cases.json"))
            assert listed["figures"]["open"] == 1
            assert [row["order_number"] for row in listed["rows"]] == ["T-1001", "T-1003", "T-1002"]
            sheet = await page_of(site, "/cases.csv?all=1")
            assert sheet.count("\r\n") == 4
            assert '"T-1003","出し直し","出し直し済み","S77 3回目","2200"' in sheet
            assert "見本" not in sheet, "nobody's name stands in a list"


async def test_the_report_has_the_figures_the_list_and_what_to_do(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await some_cases(w)
        now = w.clock.now()
        report = await make(w.database, w.shop, views.business_day(now), now)
        assert report.cases is not None
        assert (report.cases.figures.open, report.cases.figures.healed) == (1, 1)
        todo = [one for one in report.todo if one.order_number in ("T-1001", "T-1002", "T-1003")]
        assert [(one.kind, one.what, one.order_number) for one in todo] == [
            ("case", "refused_again", "T-1001")
        ]
        assert what(todo[0], "ja") == "繰り返し決済NG"
        assert "代金引換" in what_to_do(todo[0], "ja")
        by_key = {table.key: table for table in tables(report, "ja")}
        assert by_key["case_figures"].rows[0][:3] == (1, 2200, "T-1001")
        assert by_key["case_figures"].rows[0][6] == "33.3%"
        assert [row[0] for row in by_key["cases"].rows] == ["T-1001", "T-1003", "T-1002"]
        paths = write(report, tmp_path / "out")
        assert "T-1001" in paths[0].read_text()


async def test_given_up_is_counted_and_not_on_the_list_of_the_day(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await show(w, an_order("T-1001", REFUSED))
        now = w.pass_by(days=31)
        report = await make(w.database, w.shop, views.business_day(now), now)
        assert report.todo == ()
        assert report.cases is not None
        assert (report.cases.figures.given_up, report.cases.rows[0].state) == (1, "given_up")


async def test_the_terminal_says_it_line_by_line(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await some_cases(w)
        lines = told.text(figures(w), w.clock.now(), "ja").splitlines()
        assert lines[0].startswith("対応中 1件 2,200円")
        assert lines[1].startswith("T-1001  [対応中]  繰り返し決済NG")
        assert "    同じ分の受注: T-1004" in lines
        assert (
            told.text(figures(w), w.clock.now(), "en")
            .splitlines()[1]
            .startswith("T-1001  [open]  Refused again")
        )


def test_every_word_a_case_can_say_is_there() -> None:
    assert set(NOTHING_TO_DO) <= set(words.SITUATIONS)
    for text in (*words.CASE_STATES.values(), *words.CASE_STEPS.values(), *words.LINKS.values()):
        assert text.ja
        assert text.en
    for term in (*words.SITUATIONS.values(), *words.LINK_RULES.values()):
        assert all((term.name.ja, term.name.en, term.means.ja, term.means.en))
    for payment in (PAID, REFUSED, VOIDED, COD, EXPIRED):
        for step in between(an_order(payment=REFUSED), an_order(payment=payment, cancelled=True)):
            assert step in words.CASE_STEPS
