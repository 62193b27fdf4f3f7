"""Import results (取込結果): what the cart's import screens said of our completion files; spec/ecforce.md §5.2, §15.6.

A refused row is named with its place and the cart's own sentence. Dangerous: 成功 proves nothing, only the cart shows
what came of it; and a result that does not fit our own file row by row is nobody's answer.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence

from connector.adapters.ecforce import wire
from connector.adapters.ecforce.completion import FILES
from connector.errors import Malformed, Problem
from connector.outcome import Effect, Stray
from connector.ports import Archive, CompletionAnswers
from connector.transport.drop import Drop

SYSTEM = "ecforce"
BOM = b"\xef\xbb\xbf"
LINE, RESULT, WORDS = "行", "結果", "エラー内容"
KEYS = (wire.COL_ORDER_ID, wire.COL_ORDER_NUMBER)
HEADER_LINE = 1  # the header counts as the first line; a complaint about it is about the whole file
FOREIGN = "完了CSVの取込結果フォルダに、こちらの完了CSVの結果ではないファイルがあります"

Cells = dict[str, str]


class ImportResults:
    """The folder in which the results lie, under the names of our files or longer ones that begin like them."""

    def __init__(self, drop: Drop, archive: Archive, *, folder: str, shop: str) -> None:
        self._drop, self._archive, self._folder = drop, archive, folder
        self._ours = re.compile(rf"(?P<stem>(?:shipping|state)_{re.escape(shop)}_\d{{14}}(?:_sale)?)\D.*")
        self._foreign: set[tuple[str, int]] = set()

    async def about(self, effects: Sequence[Effect]) -> CompletionAnswers:
        """Every result that belongs to one of these effects, kept before it is read, and what belongs to none."""
        ours = {effect.name.removesuffix(".csv"): effect for effect in effects if _is_file(effect)}
        refused: dict[str, dict[str, str]] = {}
        strays: list[Stray] = []
        for entry in await self._drop.list(self._folder):
            match = self._ours.fullmatch(entry.name)
            effect = ours.get(match["stem"]) if match else None
            seen = (entry.name, entry.size) in self._foreign
            if effect is None and (
                match or seen
            ):  # the answer to a file that is settled, or a known stranger
                continue
            body = await self._drop.read(self._folder, entry.name)
            kept = await self._archive.keep(
                system=SYSTEM, direction="in", name=entry.name, body=body, key=effect.key if effect else ""
            )
            place = f"{self._folder}/{entry.name}"
            if effect is None:
                self._foreign.add((entry.name, entry.size))
                strays.append(Stray(SYSTEM, place, FOREIGN, kept))
                continue
            try:
                said = read_result(place, body, effect)
                refused[effect.name] = refused.get(effect.name, {}) | said
            except Malformed as error:
                strays.append(Stray(SYSTEM, place, f"取込結果を読み取れません: {error.problem.words}", kept))
        return CompletionAnswers(refused, tuple(strays))


def read_result(place: str, body: bytes, effect: Effect) -> dict[str, str]:
    """Order number → the cart's sentence, for each row it refused. Raises Malformed for anything else than a result."""
    ours = _rows(effect.name, effect.body, ())
    stand_for = _stand_for(effect)
    refused: dict[str, str] = {}
    for row in _rows(place, body, (LINE, *KEYS, RESULT, WORDS)):
        if not row[LINE].isdecimal() or row[RESULT] not in (wire.RESULT_OK, wire.RESULT_FAILED):
            raise _broken(place, f"行「{row[LINE]}」の結果「{row[RESULT]}」が分かりません")
        line = int(row[LINE])
        if line == HEADER_LINE:
            about = list(effect.facts["ids"])
        elif line <= len(ours) + HEADER_LINE and _key(row) == _key(mine := ours[line - HEADER_LINE - 1]):
            about = stand_for.get(_name(mine), [])
        else:
            raise _broken(place, f"{line}行目の受注「{_name(row)}」が、渡したファイルの行と合いません")
        if row[RESULT] == wire.RESULT_FAILED:
            refused |= dict.fromkeys(about, f"{place} {line}行目: {row[WORDS] or '理由の記載なし'}")
    return refused


def _stand_for(effect: Effect) -> dict[str, list[str]]:
    """Which order numbers of ours a row stands for, by each of its names: number or id, with its address or not."""
    ids: dict[str, int] = effect.facts["ids"]
    parcels: dict[str, str] = effect.facts.get("parcels", {})
    found: dict[str, list[str]] = {}
    for number, cart_id in ids.items():
        whole = parcels.get(number, number)
        address = number.removeprefix(whole)  # "" or "-<address id>"
        for name in {whole, number, str(cart_id), f"{cart_id}{address}"}:
            found.setdefault(name, []).append(number)
    return found


def _key(row: Cells) -> tuple[str, ...]:
    return tuple(row.get(name, "").strip() for name in KEYS)


def _name(row: Cells) -> str:
    """How a row names its order; 受注ID goes first (§5.2), and has the address in it."""
    id_, number = _key(row)
    address = row.get(wire.COL_ADDRESS_ID, "").strip()
    return id_ or (f"{number}-{address}" if address else number)


def _rows(place: str, body: bytes, needed: Sequence[str]) -> list[Cells]:
    return list(_cells(place, body, needed))


def _cells(place: str, body: bytes, needed: Sequence[str]) -> Iterator[Cells]:
    try:
        text = body.decode("utf-8-sig" if body.startswith(BOM) else "cp932")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _broken(place, "CSVとして読めません（cp932 または BOM付きUTF-8）") from error
    header = [unicodedata.normalize("NFKC", name).strip() for name in lines[0]] if lines else []
    if missing := [name for name in needed if name not in header]:
        raise _broken(place, f"見出しに「{'」「'.join(missing)}」がありません")
    for number, cells in enumerate(lines[1:], start=2):
        if any(cells):
            if len(cells) != len(header):
                raise _broken(place, f"ファイルの{number}行目の列数が見出しと合いません")
            yield dict(zip(header, cells, strict=True))


def _is_file(effect: Effect) -> bool:
    return effect.facts.get("route") == FILES


def _broken(place: str, words: str) -> Malformed:
    return Malformed(Problem(place, 0, 0, words))
