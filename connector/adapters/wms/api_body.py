"""API body (API へ渡す内容): the rows of `instruction.yaml` as one JSON body, and a body held against what lies there.

Dangerous: a body that the warehouse takes and reads otherwise. Numbers, dates and flags get their types here by the
table of the API, never by looking at the value: a slip number stays a text.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import Problem
from connector.mapping import Unfit
from connector.outcome import Reason

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a body of one API looks like. `lines` is where the goods are listed; all unnamed columns are texts."""

    key: str  # the column that holds our slip number
    lines: str
    sku: str
    quantity: str
    needed: tuple[str, ...] = ()  # columns that instruction.yaml must have
    numbers: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()  # 2026-11-24
    moments: frozenset[str] = frozenset()  # 2026-11-24 09:58:00
    blanks: bool = False  # empty texts are sent too
    stays: frozenset[str] = frozenset()  # sent although empty
    compared: tuple[tuple[str, str], ...] = ()  # paths that decide whether a body is ours, and their titles

    def gaps(self, where: str, header: Sequence[str]) -> list[Problem]:
        """Columns without which this API takes nothing."""
        needed = (self.key, f"{self.lines}.{self.sku}", f"{self.lines}.{self.quantity}", *self.needed)
        return [Problem(where, 0, 0, f"列「{name}」がありません") for name in needed if name not in header]


def body_of(shape: Shape, written: bytes) -> Body:
    """The body out of one slip's rows. Raises Unfit where a text is not what its place asks for."""
    header, *rows = list(csv.reader(io.StringIO(written.decode("utf-8"), newline=""), strict=True))
    body: Body = {}
    for number, row in enumerate(rows):
        line: Body = {}
        for path, text in zip(header, row, strict=True):
            in_line = path.startswith(f"{shape.lines}.")
            if number and not in_line:
                continue
            if in_line:
                body.setdefault(shape.lines, [])
            if text or path in shape.stays or (shape.blanks and path in _texts(shape, header)):
                value = _typed(shape, path, text)
                _put(line if in_line else body, path.removeprefix(f"{shape.lines}."), value)
        body.setdefault(shape.lines, []).append(line)
    return body


def encoded(body: Body) -> bytes:
    """Japanese as \\uXXXX: LOGILESS wants it so, and to the others it is the same (spec/wms.md §2.3)."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _texts(shape: Shape, header: Sequence[str]) -> set[str]:
    return set(header) - shape.numbers - shape.flags - shape.days - shape.moments


def _put(body: Body, path: str, value: object) -> None:
    *outer, name = path.split(".")
    for step in outer:
        body = body.setdefault(step, {})
    body[name] = value


def _typed(shape: Shape, path: str, text: str) -> object:
    for paths, convert in (
        (shape.numbers, _number),
        (shape.flags, _flag),
        (shape.days, _day),
        (shape.moments, _moment),
    ):
        if path in paths:
            return convert(path, text)
    return text


def _number(path: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Unfit(Reason.MALFORMED, f"「{path}」は数字の項目です: 「{text}」")
    return int(text)


def _flag(path: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise Unfit(Reason.MALFORMED, f"「{path}」は 0 か 1 の項目です: 「{text}」")
    return text == "1"


def _day(path: str, text: str) -> str:
    if not re.fullmatch(r"[0-9]{8}", text):
        raise Unfit(Reason.MALFORMED, f"「{path}」は日付の項目です (as: [date_compact]): 「{text}」")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _moment(path: str, text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8}", text):
        raise Unfit(Reason.MALFORMED, f"「{path}」は時刻の項目です (as: [jst_slash]): 「{text}」")
    return text.replace("/", "-")


def difference(shape: Shape, ours: Body, theirs: Mapping[str, Any]) -> str:
    """What of our body stands otherwise over there, both shown; empty where nothing does."""
    return "、".join(_differences(shape, ours, theirs))


def _differences(shape: Shape, ours: Body, theirs: Mapping[str, Any]) -> Iterator[str]:
    for path, title in shape.compared:
        mine, there = _at(ours, path), _at(theirs, path)
        if there is not None and not isinstance(there, dict) and _plain(mine) != _plain(there):
            yield f"{title}: こちら「{'' if mine is None else mine}」 倉庫「{there}」"
    sent, lies = _goods(shape, ours), _goods(shape, theirs)
    for sku in sorted(sent.keys() | lies.keys()):
        if sent[sku] != lies[sku]:
            yield f"商品 {sku}: こちら {sent[sku]} 倉庫 {lies[sku]}"


def _at(body: Any, path: str) -> Any:
    for step in path.split("."):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _plain(value: object) -> str:
    """Postcodes and telephone numbers come back with or without hyphens."""
    text = "" if value is None else str(value).strip()
    bare = text.replace("-", "")
    return bare if bare.isascii() and bare.isdigit() else text


def _goods(shape: Shape, body: Mapping[str, Any]) -> Counter[str]:
    goods: Counter[str] = Counter()
    for line in body.get(shape.lines) or ():
        if isinstance(line, dict) and isinstance(line.get(shape.quantity), int):
            goods[str(line.get(shape.sku, ""))] += line[shape.quantity]
    return goods
