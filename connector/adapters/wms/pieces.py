"""Pieces (大きな実績ファイル): a result file of any length, read whole first and taken a thousand rows at a time.

Dangerous: half an event, and one number in two pieces. The rows of an event may lie apart in the file, and two slips
may claim one tracking number from its two ends; each piece would find itself in order. So the first walk through the
bytes, which refuses what cannot be read, also remembers where each run of rows of one slip begins, as a few numbers
a run (never its texts). Runs that have something to do with one another are taken together, by those places; all
others, which is nearly everything, in the order of the file. A piece is gone when the next one is asked for, so that
memory grows with the kept bytes and these numbers only.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from connector.adapters.wms.shapes import Shapes
from connector.adapters.wms.shipments import Rules, gather
from connector.mapping import Line, Table
from connector.ports import ReadResults
from connector.slip import DAMAGED, DROPPED

ROWS = 1_000  # a piece
_SHORT = 15  # characters; a slip number of no more, in letters and digits, can be read
SAMPLE = 500  # slips by which a whole file is judged
_PROTECTING = re.compile(r"[\s=\"']+")  # what may protect a number in a spreadsheet


class Runs:
    """Where each run of rows of one slip begins, and which tracking numbers stand in it."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.slips, self.starts, self.numbers, self.rows = array("q"), array("q"), array("q"), array("q")
        self._tracking, self._tracking_run = array("q"), array("q")
        self.total, self.end = 0, table.text.end
        self.orphans: set[str] = set()  # events of which a row names no slip that can be read
        self._walk(table.at("slip_number"), table.at("tracking"))

    def _walk(self, slip_at: int, tracking_at: int) -> None:
        """Raises Malformed: a file that cannot be read to its end is not taken from at all."""
        slip_before: str | None = None
        tracking_before: str | None = None
        run, total, usual = -1, 0, False
        longest = self._longest()
        for number, fields, start in self.table.lines():
            total += 1
            slip = fields[slip_at]
            begins = slip != slip_before
            if begins:
                usual = slip.isalnum() and slip.isascii() and len(slip) <= longest
                usual = usual and not DAMAGED.fullmatch(slip)
            meant = slip if usual else self._meant(Line(number, fields, start))
            if begins:
                slip_before, tracking_before = slip, None
                run += 1
                self.slips.append(hash(meant))
                self.starts.append(start)
                self.numbers.append(number)
                self.rows.append(total)
            tracking = fields[tracking_at]
            if tracking and tracking != tracking_before:
                tracking_before = tracking
                self._tracking.append(hash(_number(tracking)))
                self._tracking_run.append(run)
        self.total = total
        self.rows.append(total + 1)
        if total:
            self.end, _ = self.table.text.after(Line(number, fields, start))  # a closing total line is no row

    def _longest(self) -> int:
        most = (place.column.most for place in self.table.places if place.column.key == "slip_number")
        return min(next(most, 0) or _SHORT, _SHORT)

    def _meant(self, line: Line) -> str:
        """The slip that a row names, however it is written; empty where none can be read."""
        values = self.table.row(line).values
        slip: str | None = values["slip_number"]
        if slip is None and values.get("result_id") is not None:
            self.orphans.add(values["result_id"])
        return slip or ""

    def tied(self) -> list[list[int]]:
        """Runs that must be read together: of one slip, or claiming one number. Each group in the file's order."""
        leaders: dict[int, int] = {}  # a run, and one that speaks for it, towards the one that speaks for all

        def leader(run: int) -> int:
            while (above := leaders.setdefault(run, run)) != run:
                leaders[run] = run = leaders.setdefault(above, above)
            return run

        of_tracking = ([self._tracking_run[at] for at in places] for places in _repeated(self._tracking))
        for together in chain(_repeated(self.slips), of_tracking):
            first = leader(together[0])
            for run in together:
                leaders[leader(run)] = first
        groups: dict[int, list[int]] = {}
        for run in sorted(leaders):
            groups.setdefault(leader(run), []).append(run)
        return [group for group in groups.values() if len(group) > 1]

    def span(self, first: int, last: int) -> tuple[int, int, int]:
        """The bytes of some runs that follow one another: first byte, its line, the byte after them."""
        stop = self.starts[last + 1] if last + 1 < len(self.starts) else self.end
        return self.starts[first], self.numbers[first], stop


def in_pieces(name: str, table: Table, rules: Rules, rows: int = 0) -> ReadResults:
    """What the file says. Raises Malformed before anything of it is given."""
    rows = rows or ROWS
    runs = Runs(table)
    if runs.total <= rows:
        return gather(name, list(map(table.row, table.lines())), rules)
    read = _read(name, runs, rules, rows)
    first = next(read)
    return ReadResults(first.shipments, first.strays, read, _sample(runs))


def _read(name: str, runs: Runs, rules: Rules, rows: int) -> Iterator[ReadResults]:
    table = runs.table
    shapes = Shapes(name, table, rules, runs.orphans)
    for spans, alone in _spans(runs, rows):
        lines = chain.from_iterable(table.between(*span) for span in spans)
        if alone:
            yield shapes.gather(lines)
            continue
        found = sorted(map(table.row, lines), key=lambda row: row.line)
        yield gather(name, found, rules, runs.orphans)


Span = tuple[int, int, int]  # first byte, its line, the byte after


def _spans(runs: Runs, rows: int) -> Iterator[tuple[list[Span], bool]]:
    """The places of one piece after the other, and whether its runs have nothing to do with one another."""
    tied = runs.tied()
    apart = sorted(chain.from_iterable(tied))
    for before, after in pairwise([-1, *apart, len(runs.slips)]):
        yield from ((spans, True) for spans in _in_order(runs, before + 1, after, rows))
    together: list[int] = []
    size = 0
    for group in tied:
        together += group
        size += sum(runs.rows[run + 1] - runs.rows[run] for run in group)
        if size >= rows:
            yield [runs.span(run, run) for run in together], False
            together, size = [], 0
    if together:
        yield [runs.span(run, run) for run in together], False


def _in_order(runs: Runs, first: int, after: int, rows: int) -> Iterator[list[Span]]:
    """Runs that follow one another, cut where a piece is full."""
    begin = first
    for run in range(first, after):
        if runs.rows[run + 1] - runs.rows[begin] >= rows or run + 1 == after:
            yield [runs.span(begin, run)]
            begin = run + 1


def _repeated(keys: array[int]) -> Iterable[list[int]]:
    """The places of every key that stands more than once; equal digests of different texts do no harm."""
    twice = {one for one, other in pairwise(sorted(keys)) if one == other}
    places: dict[int, list[int]] = {}
    if twice:
        for index, key in enumerate(keys):
            if key in twice and key != _NOTHING:
                places.setdefault(key, []).append(index)
    return places.values()


def _sample(runs: Runs) -> tuple[str, ...]:
    """Slips from all over the file, evenly."""
    step = max(1, len(runs.slips) // SAMPLE)
    table, at = runs.table, runs.table.at("slip_number")
    texts = (next(table.between(*runs.span(run, run))).fields[at] for run in range(0, len(runs.slips), step))
    return tuple(dict.fromkeys(_PROTECTING.sub("", text) for text in texts))


def _number(text: str) -> str:
    """The same for all spellings of one tracking number that are read alike; empty where none is written."""
    if not (text.isascii() and text.isdigit()):
        written = unicodedata.normalize("NFKC", text).translate(DROPPED)  # ー would pass for a letter
        text = "".join(filter(str.isalnum, written)).upper()
    return text.lstrip("0") or text[:1]  # twelve zeros can be read


_NOTHING = hash("")


def whole(pieces: ReadResults) -> ReadResults:
    """All pieces as one, for who wants to see a file and not to book it."""
    parts: Sequence[ReadResults] = (pieces, *pieces.later)
    shipments = tuple(chain.from_iterable(part.shipments for part in parts))
    strays = tuple(chain.from_iterable(part.strays for part in parts))
    return replace(pieces, shipments=shipments, strays=strays, later=())
