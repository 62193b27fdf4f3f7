"""Render (報告の書き出し): HTML, XLSX, CSV for Excel and JSON from one model; the same model, the same bytes (R3).

Dangerous: a spreadsheet computes what begins with "=". Cells are written as text, and the CSV is guarded.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import jinja2
import msgspec
import xlsxwriter

from connector import words
from connector.clock import jst
from connector.reports.model import Morning
from connector.reports.morning import encode
from connector.reports.sayings import figure_value, lamp_name, what, what_to_do
from connector.reports.tables import Cell, Column, Table, opening, tables
from connector.words import label

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDEST, NARROWEST = 60, 6
NUMERIC = ("yen", "count")

_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write(report: Morning, folder: Path, lang: str = "ja") -> list[Path]:
    """Write report_<shop>_<day> in every format; a file that exists is replaced as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, make in FORMATS.items():
        path = folder / f"report_{report.shop}_{report.day:%Y-%m-%d}.{suffix}"
        part = path.with_name(path.name + ".part")
        part.write_bytes(make(report, lang))
        part.replace(path)
        paths.append(path)
    return paths


def html(report: Morning, lang: str) -> bytes:
    """One standalone page: the style stands inside, it prints on A4."""
    page = _PAGES.get_template("morning.html").render(
        report=report,
        lang=lang,
        opening=opening(report, lang),
        tables=tables(report, lang),
        t=lambda key: label(key, lang),
        cell=lambda value, column: written(value, column, lang),
        figure_names={key: name.say(lang) for key, (name, _) in words.FIGURES.items()},
        figure_means={key: means.say(lang) for key, (_, means) in words.FIGURES.items()},
        value=lambda figure, value: figure_value(figure, value, lang),
        lamp_name=lambda key: lamp_name(key, lang),
        say=lambda text: text.say(lang),
        moment=lambda at: words.moment(at, lang),
        age=lambda span: words.age(span, lang),
        yen=lambda amount: words.yen(amount, lang),
        count=lambda number: words.count(number, lang),
        system=lambda name: words.system(name, lang),
        what=lambda todo: what(todo, lang),
        what_to_do=lambda todo: what_to_do(todo, lang),
    )
    return page.encode()


def json(report: Morning, lang: str) -> bytes:
    """The model itself, UTC instants; the same for every language."""
    return msgspec.json.format(encode(report), indent=1) + b"\n"


def csv_for_excel(report: Morning, lang: str) -> bytes:
    """UTF-8 with BOM, CRLF, all quoted: every table below its title, guarded against formulas."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([guarded(_title(report, lang)), guarded(opening(report, lang))])
    for table in tables(report, lang):
        section = guarded(table.title)
        writer.writerow([label("section", lang), *table.titles(lang)])
        for row in table.rows:
            cells = [_plain(value, column, lang) for value, column in zip(row, table.columns, strict=True)]
            writer.writerow([section, *map(guarded, cells)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def rows_for_excel(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """One list as a CSV for people, under the same rules."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows([guarded("" if value is None else str(value)) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def guarded(text: str) -> str:
    """Text that a spreadsheet will not compute; a plain number stays as it is."""
    if not text.startswith(FORMULA) or text.removeprefix("-").isdigit():
        return text
    return f"'{text}"


def written(value: Cell, column: Column, lang: str) -> str:
    """A cell as people read it."""
    if value is None:
        return words.count(None, lang)
    match column.kind, value:
        case "yen", int():
            return words.yen(value, lang)
        case "count", int():
            return f"{value:,}"
        case "at", datetime():
            return words.moment(value, lang)
        case "age", timedelta():
            return words.age(value, lang)
    return str(value)


def _plain(value: Cell, column: Column, lang: str) -> str:
    """A cell for a machine's eyes: integers without separators, JST instants in ISO form."""
    match value:
        case int():
            return str(value)
        case datetime():
            return f"{jst(value):%Y-%m-%d %H:%M}"
    return written(value, column, lang)


def _title(report: Morning, lang: str) -> str:
    return f"{label('report', lang)} {report.shop_name} {report.day:%Y-%m-%d}"


# --- XLSX -----------------------------------------------------------------------------------------------


def xlsx(report: Morning, lang: str) -> bytes:
    """Sheet 1 is the summary; each table has its sheet: frozen header, filter, identifiers as text."""
    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        # Without fixed properties the same report would give other bytes every time.
        book.set_properties({"title": _title(report, lang), "created": report.made_at.replace(tzinfo=None)})
        formats = _formats(book)
        _summary(book, formats, report, lang)
        for table in tables(report, lang):
            _sheet(book, formats, table, lang)
    return out.getvalue()


def _formats(book: xlsxwriter.Workbook) -> dict[str, object]:
    top = {"valign": "top", "font_name": "Yu Gothic", "font_size": 10}
    return {
        "title": book.add_format({"bold": True, "font_size": 16, "font_name": "Yu Gothic"}),
        "head": book.add_format({**top, "bold": True, "bg_color": "#E8EEF0", "bottom": 1}),
        "text": book.add_format({**top, "num_format": "@", "text_wrap": True}),
        "number": book.add_format({**top, "num_format": "@"}),
        "yen": book.add_format({**top, "num_format": "#,##0"}),
        "count": book.add_format({**top, "num_format": "#,##0"}),
    }


def _summary(book: xlsxwriter.Workbook, formats: dict[str, object], report: Morning, lang: str) -> None:
    sheet = book.add_worksheet(label("sheet_summary", lang))
    _page(sheet)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 3, 22)
    lines: list[tuple[str, str]] = [
        (label("data_of", lang), words.moment(report.made_at, lang)),
        *((lamp_name(key, lang), words.count(value, lang)) for key, value in report.lamp.parts().items()),
        *(
            (words.FIGURES[one.key][0].say(lang), figure_value(one, one.value, lang))
            for one in report.figures
        ),
    ]
    sheet.write_string(0, 0, _title(report, lang), formats["title"])
    sheet.write_string(1, 0, opening(report, lang), formats["title"])
    for n, (name, value) in enumerate(lines, 3):
        sheet.write_string(n, 0, name, formats["text"])
        sheet.write_string(n, 1, value, formats["number"])


def _sheet(book: xlsxwriter.Workbook, formats: dict[str, object], table: Table, lang: str) -> None:
    sheet = book.add_worksheet(table.title[:31].translate(str.maketrans("[]:*?/\\", "()     ")))
    _page(sheet)
    titles = table.titles(lang)
    for n, column in enumerate(table.columns):
        shown = [titles[n], *(written(row[n], column, lang) for row in table.rows)]
        sheet.set_column(n, n, min(WIDEST, max(NARROWEST, *map(_width, shown)) + 2))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table.rows), len(titles) - 1)
    sheet.repeat_rows(0)
    for n, title in enumerate(titles):
        sheet.write_string(0, n, title, formats["head"])
    for line, row in enumerate(table.rows, 1):
        for n, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            if column.kind in NUMERIC and isinstance(value, int):
                sheet.write_number(line, n, value, formats[column.kind])
            else:
                kind = "number" if column.kind == "number" else "text"
                sheet.write_string(line, n, written(value, column, lang), formats[kind])


def _page(sheet: xlsxwriter.worksheet.Worksheet) -> None:
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _width(text: str) -> int:
    """Columns of a cell by east-asian width."""
    lines = text.split("\n")
    return max(sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line) for line in lines)


FORMATS: dict[str, Callable[[Morning, str], bytes]] = {
    "html": html,
    "xlsx": xlsx,
    "csv": csv_for_excel,
    "json": json,
}
