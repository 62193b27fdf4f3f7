"""For people (人が開く出荷指示): the same rows as a workbook, every cell a text, beside the file for machines.

A spreadsheet that opens a CSV takes 00123 for 123, 4-1 for a day and 1E5 for 100000, in silence, and the CSV must not
be bent for it: whoever imports it gets what it says. A workbook's cells say that they are texts, and nothing in them
is a formula or a link. The same file gives the same bytes, whenever it is made.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

import xlsxwriter

SUFFIX = ".xlsx"
_WIDEST = 40
_ALWAYS = datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed day, so that the bytes depend on the rows alone
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook_name(name: str) -> str:
    """Beside SHIPORD_….csv lies SHIPORD_….xlsx."""
    return name.removesuffix(".csv") + SUFFIX


def workbook(body: bytes, encoding: str, delimiter: str = ",") -> bytes:
    """A file of ours as a workbook."""
    text = body.decode(encoding).removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"created": _ALWAYS})
        sheet, plain = book.add_worksheet(), book.add_format({"num_format": "@"})
        for column in range(max(map(len, rows), default=0)):
            longest = max((len(row[column]) for row in rows if column < len(row)), default=0)
            sheet.set_column(column, column, min(2 * longest + 2, _WIDEST), plain)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, plain)
        sheet.freeze_panes(1, 0)
    return out.getvalue()
