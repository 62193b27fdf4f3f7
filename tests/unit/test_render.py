"""The morning report: one model, four formats with the same figures; a closed day gives the same bytes (R3)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import openpyxl
import pytest
from connector.ledger.database import Database
from connector.outcome import Hold, Reason
from connector.reports import Morning, close, closed, latest, make, opening, tables, write
from connector.reports.render import csv_for_excel, guarded, html, xlsx

from tests.unit.pictures import Shelf
from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP, Day, an_order


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Database]:
    with a_morning(tmp_path) as database:
        yield database


async def report_of(database: Database) -> Morning:
    picture = await Shelf(database).picture(database)
    return await make(database, SHOP, DAY, NOW, picture)


def figures(report: Morning) -> dict[str, int | None]:
    return {figure.key: figure.value for figure in report.figures}


async def test_the_report_opens_with_one_sentence(morning: Database) -> None:
    report = await report_of(morning)
    assert opening(report, "ja") == "照合差異 4件 / 未説明 17,600円"
    assert opening(report, "en") == "Differences 4 / unexplained ¥17,600"


async def test_what_was_not_computed_says_unknown(morning: Database) -> None:
    report = await make(morning, SHOP, DAY, NOW)
    assert opening(report, "ja") == "照合差異 不明 / 未説明 不明"
    assert figures(report)["missing"] is None
    assert report.lamp.unknown
    assert report.lamp.relayed_twice is None
    assert "不明" in html(report, "ja").decode()


async def test_the_seven_numbers(morning: Database) -> None:
    report = await report_of(morning)
    assert figures(report) == {
        "missing": 0,
        "not_in_intake": 1,
        "not_imported": 0,
        "will_miss": 1,  # and not 1006, whose transfer has not come
        "stuck_at_warehouse": 1,  # and not 1013, handed over after yesterday's cut-off
        "not_captured": 1,
        "automation": None,  # nothing shipped yet today
    }
    by_key = {figure.key: figure for figure in report.figures}
    assert by_key["missing"].words.ja.startswith("定期の作成漏れは不明")
    assert (by_key["not_in_intake"].red, by_key["not_in_intake"].oldest) == (True, "1005")
    assert (by_key["will_miss"].yen, by_key["will_miss"].red) == (12800, False)
    assert by_key["stuck_at_warehouse"].words.ja == "1日 0 / 2日 0 / 3日以上 1（倉庫の休業日を除く）"
    assert (by_key["not_captured"].oldest, by_key["not_captured"].yen) == ("1010", 15400)
    assert all(figure.yesterday is None for figure in report.figures)


async def test_the_lamp_is_lit_by_a_stop_that_is_not_settled(morning: Database) -> None:
    report = await report_of(morning)
    assert report.lamp.lit
    assert report.lamp.parts() == {
        "relayed_twice": 0,
        "duplicate_slip": 0,
        "captured_twice": 0,
        "shipped_unpaid": 0,
        "stops_open": 1,
    }


async def test_what_to_do_stands_in_the_order_of_the_cut_off(morning: Database) -> None:
    report = await report_of(morning)
    due = [todo.due_at for todo in report.todo if todo.due_at is not None]
    assert due == sorted(due)
    assert report.todo[-1].kind == "stray"
    assert [(todo.what, todo.order_number) for todo in report.todo][:3] == [
        ("missing_in_ne", "1005"),
        ("refused", "1003"),
        ("unknown_value", "1012"),
    ]


async def test_every_order_that_is_not_in_the_csv_has_its_reason(morning: Database) -> None:
    report = await report_of(morning)
    assert {one.number for one in report.waiting} == {"1002", "1003", "1004", "1005", "1012", "1014"}
    assert all(one.why.ja and one.why.en for one in report.waiting)


async def test_all_formats_say_the_same(morning: Database, tmp_path: Path) -> None:
    report = await report_of(morning)
    paths = write(report, tmp_path / "out")
    assert [path.name for path in paths] == [
        f"report_mihon_2026-11-25.{suffix}" for suffix in ("html", "xlsx", "csv", "json")
    ]
    page, book, sheet, model = paths
    assert opening(report, "ja") in page.read_text()
    assert openpyxl.load_workbook(book).worksheets[0]["A2"].value == opening(report, "ja")
    assert opening(report, "ja") in sheet.read_text(encoding="utf-8-sig")
    assert msgspec.json.decode(model.read_bytes(), type=Morning) == report
    assert latest(tmp_path / "out", SHOP.key) == report
    assert latest(tmp_path / "out", "another") is None
    for path in (page, sheet):
        text = path.read_text(encoding="utf-8-sig")
        for todo in report.todo:
            assert todo.order_number in text


async def test_the_same_model_gives_the_same_bytes(morning: Database, tmp_path: Path) -> None:
    report = await report_of(morning)
    first = [path.read_bytes() for path in write(report, tmp_path / "a")]
    second = [path.read_bytes() for path in write(report, tmp_path / "b")]
    assert first == second


async def test_a_closed_day_is_told_as_it_was(morning: Database, tmp_path: Path) -> None:
    report = await report_of(morning)
    first = [path.read_bytes() for path in write(report, tmp_path / "a")]
    assert await close(morning, report)
    with morning.engine.begin() as connection:
        Day(connection).say("import_daily", "1002", Hold(Reason.BY_HAND, "後から"), NOW + timedelta(hours=1))
    again = await make(morning, SHOP, DAY, NOW + timedelta(days=3))
    assert again == report
    assert [path.read_bytes() for path in write(again, tmp_path / "b")] == first
    assert not await close(morning, msgspec.structs.replace(report, shop_name="別"))
    assert await closed(morning, SHOP.key, DAY) == report


async def test_yesterday_and_the_mean_come_from_closed_days(morning: Database) -> None:
    report = await report_of(morning)
    for back, value in ((1, 4), (2, 1)):
        changed = tuple(
            msgspec.structs.replace(figure, value=value) if figure.key == "will_miss" else figure
            for figure in report.figures
        )
        await close(morning, msgspec.structs.replace(report, day=DAY - timedelta(days=back), figures=changed))
    today = {figure.key: figure for figure in (await report_of(morning)).figures}
    assert (today["will_miss"].yesterday, today["will_miss"].mean7) == (4, 2.5)
    assert "2.5件" in html(await report_of(morning), "ja").decode()


async def test_the_json_is_utc_and_valid(morning: Database, tmp_path: Path) -> None:
    report = await report_of(morning)
    (path,) = [path for path in write(report, tmp_path / "out") if path.suffix == ".json"]
    assert json.loads(path.read_text())["made_at"] == "2026-11-24T23:30:00Z"


async def test_english_is_complete(morning: Database) -> None:
    report = await report_of(morning)
    titles = [table.title for table in tables(report, "en")]
    heads = [title for table in tables(report, "en") for title in table.titles("en")]
    assert not re.search(r"[ぁ-んァ-ン一-龥]", " ".join(titles + heads))
    page = html(report, "en").decode()
    assert '<html lang="en">' in page
    assert "Seven numbers" in page


async def test_the_page_stands_alone(morning: Database) -> None:
    page = html(await report_of(morning), "ja").decode()
    assert not re.search(r"<(script|link|img)|https?:|style=|\son\w+=", page)
    assert "size: A4" in page


# --- what a spreadsheet does with it -----------------------------------------------------------------------


@pytest.fixture
def poisoned(tmp_path: Path) -> Iterator[Database]:
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            for number in ("00123", "=1+1"):
                day.take_in(an_order(number, NOW - timedelta(hours=1)), NOW - timedelta(hours=1))
                note = '=HYPERLINK("http://example.jp")<script>alert(1)</script>'
                day.say("notify", number, Hold(Reason.REFUSED, note), NOW)
            day.say("notify", "00123", Hold(Reason.BY_HAND, "http://example.jp/x"), NOW)
        yield database


async def test_the_csv_is_for_excel(poisoned: Database) -> None:
    body = csv_for_excel(await make(poisoned, SHOP, DAY, NOW), "ja")
    assert body.startswith(b"\xef\xbb\xbf")
    lines = body.decode("utf-8-sig").split("\r\n")
    assert "\n" not in "".join(lines)
    assert all(line.startswith('"') and line.endswith('"') for line in lines if line)
    cells = [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    assert "'=1+1" in cells
    assert "00123" in cells


async def test_the_workbook_holds_text_and_computes_nothing(poisoned: Database) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(await make(poisoned, SHOP, DAY, NOW), "ja")))
    assert book.sheetnames[0] == "概要"
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    held = book["保留の一覧"]
    assert held.freeze_panes == "A2"
    assert held.auto_filter.ref == "A1:I4"
    numbers = [held.cell(row=n, column=1) for n in (2, 3, 4)]
    assert {cell.value for cell in numbers} == {"00123", "=1+1"}
    assert {cell.number_format for cell in numbers} == {"@"}
    assert held.cell(row=2, column=4).value == 3980
    assert held.page_setup.orientation == "landscape"
    assert held.column_dimensions["F"].width > held.column_dimensions["D"].width


async def test_markup_in_a_note_is_text(poisoned: Database) -> None:
    page = html(await make(poisoned, SHOP, DAY, NOW), "ja").decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+81", "'+81"),
        ("-5", "-5"),
        ("-5+cmd|x", "'-5+cmd|x"),
        ("\t=1", "'\t=1"),
        ("見本", "見本"),
        ("", ""),
    ],
)
def test_the_guard_leaves_numbers_alone(text: str, shown: str) -> None:
    assert guarded(text) == shown


async def test_no_personal_data_is_in_a_report(morning: Database, tmp_path: Path) -> None:
    report = await report_of(morning)
    cells = [str(cell) for table in tables(report, "ja") for row in table.rows for cell in row]
    files = [path.read_text(errors="ignore") for path in write(report, tmp_path / "out")]
    for text in (*cells, *files):
        assert "見本 太郎" not in text and "taro@" not in text and "000-0000" not in text
