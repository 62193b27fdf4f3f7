"""Result file (出荷実績CSV): tracking numbers by 伝票番号, taken in at the screen when the API is out (§7.3).

The real layout is not published: this one is `伝票番号,発送伝票番号,出荷日,発送方法` in CP932. Lines that cannot
be done are told one by one; the others are done.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connector.adapters.next_engine import wire

COLUMNS: Final = ("伝票番号", "発送伝票番号", "出荷日", "発送方法")
LONGEST_TRACKING: Final = 255  # several parcels come as one string, §7.1


@dataclass(frozen=True, slots=True)
class Result:
    """One line: `line` counts from 1, the header being 1."""

    line: int
    slip: str
    tracking: str


def read(content: bytes) -> Iterator[Result]:
    """ValueError when the file as such cannot be read."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode(wire.CSV_ENCODING), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"出荷実績CSVを読めません: {error}") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"見出しは {','.join(COLUMNS)} です")
    for number, row in enumerate(rows[1:], 2):
        slip, tracking = [*row, "", ""][:2]
        if len(tracking) > LONGEST_TRACKING:
            raise ValueError(f"{number}行目: 発送伝票番号が{LONGEST_TRACKING}文字を超えています")
        yield Result(number, slip.strip(), tracking.strip())
