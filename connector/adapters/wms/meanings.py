"""Meanings (列の意味): the closed list of what a warehouse's files may tell us, and how each of it may be read.

A mapping that is well written may still mean nothing: a misspelt `key:` leaves its column unread, and a cancelled row
counts as shipped; a day that is read as a text is no day. So whatever `key:`, `grammar:`, `words:` and `absent:` of
these files say is held against one table when they are loaded (spec/wms.md §4.1, §7.4, §7.5), all problems at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from connector.mapping import CsvReader, Tables
from connector.mapping.document import Listing, Node, Proof, Section, Text, nearest, read
from connector.mapping.grammars import GRAMMARS, TRACKING, WORDS
from connector.mapping.reader import read_csv_reader
from connector.slip import Carrier, Result


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one `key:` tells, and in which ways it may be told."""

    name: str
    grammars: tuple[str, ...]
    must: bool = False  # without it nothing is understood: a column tells it, or `absent:` does
    column: bool = False  # only a column tells it: one word for all rows would make them one parcel
    blank: bool = False  # a cell may say nothing
    words: tuple[str, ...] = ()  # where `words:` may lead; none named: anywhere
    absent: tuple[str, ...] = ()  # what stands for a missing column where the grammar cannot say it

    @property
    def counted(self) -> bool:
        return self.grammars == _NUMBER

    @property
    def instead(self) -> bool:
        """Whether `absent:` can say anything of it."""
        return not self.column and (bool(self.absent) or self.grammars[0] not in ("date", "datetime_jst"))


_NUMBER = ("int", "whole")
_CODE = ("code", "text")
_TEXT = ("text", "code", WORDS)
_CARRIERS = tuple(Carrier)
_RESULTS = tuple(one for one in Result if one is not Result.NUMBERS)  # that one is ours, no warehouse says it

_SLIP = Meaning("出荷指示番号", _CODE, must=True, column=True)
_TRACKING = Meaning("送り状番号", (TRACKING,), must=True, column=True, blank=True)
_CARRIER = Meaning("運送会社コード", ("carrier", WORDS), must=True, words=(*_CARRIERS, ""))
_CHECKED_AS = Meaning("番号を確かめる運送会社コード", ("carrier", WORDS), words=_CARRIERS)

RESULT: Mapping[str, Meaning] = {
    "slip_number": _SLIP,
    "tracking": _TRACKING,
    "carrier": _CARRIER,
    "checked_as": _CHECKED_AS,
    "shipped_on": Meaning("出荷日", ("date",), must=True, absent=("today",)),
    "result": Meaning("実績区分", (WORDS,), blank=True, words=_RESULTS),
    "line_no": Meaning("行番号", _NUMBER, blank=True),
    "parcel": Meaning("個口番号", _NUMBER, blank=True),
    "parcels": Meaning("個口総数", _NUMBER, blank=True),
    "pieces": Meaning("番号が一つの個数", _NUMBER, blank=True),
    "sku": Meaning("商品コード", _TEXT, blank=True),
    "quantity": Meaning("出荷数", _NUMBER, blank=True),
    "lot": Meaning("ロット", _TEXT, blank=True),
    "expires_on": Meaning("賞味期限", ("date", *_CODE), blank=True),
    "reason_code": Meaning("理由コード", _TEXT, blank=True),
    "reason": Meaning("理由", _TEXT, blank=True),
    "confirmed_at": Meaning("確定日時", ("datetime_jst",), blank=True),
}
"""出荷実績 of a warehouse that does not number its events. A blank 実績区分 is 出荷完了, and so is none at all."""

_MUST = ("result", "line_no", "parcel", "parcels", "sku", "quantity", "reason_code", "reason")
_TOLD: Mapping[str, Mapping[str, Any]] = {
    "shipped_on": {"absent": ()},
    "result": {"blank": False},
    "line_no": {"blank": False},
}
NUMBERED: Mapping[str, Meaning] = {
    "result_id": Meaning("実績番号", _CODE, must=True, column=True),
    **{
        key: replace(meaning, must=meaning.must or key in _MUST, **_TOLD.get(key, {}))
        for key, meaning in RESULT.items()
    },
}
"""出荷実績 with a 実績番号 (spec/wms.md §7.4): every row says what it is, and when."""

PARCELS: Mapping[str, Meaning] = {
    "slip_number": _SLIP,
    "tracking": _TRACKING,
    "carrier": _CARRIER,
    "checked_as": _CHECKED_AS,
    "warehouse": Meaning("倉庫コード", _TEXT, blank=True),
}
STOCK: Mapping[str, Meaning] = {
    "warehouse": Meaning("倉庫コード", _TEXT, must=True),
    "sku": Meaning("商品コード", _TEXT, must=True, column=True),
    "lot": Meaning("ロット", _TEXT, must=True, blank=True),
    "good": Meaning("良品数", _NUMBER, must=True, blank=True),
    "bad": Meaning("不良数", _NUMBER, must=True, blank=True),
    "allocated": Meaning("引当数", _NUMBER, must=True, blank=True),
    "told_at": Meaning("時点", ("datetime_jst",), must=True, absent=("now",)),
}
RETURN: Mapping[str, Meaning] = {
    "return_number": Meaning("返品番号", _CODE, must=True, column=True),
    "slip_number": Meaning("出荷指示番号", _CODE, must=True, blank=True),
    "tracking": Meaning("送り状番号", (*_CODE, TRACKING), must=True, blank=True),
    "sku": Meaning("商品コード", _TEXT, must=True, column=True),
    "quantity": Meaning("数量", _NUMBER, must=True, blank=True),
    "condition": Meaning("状態", (WORDS,), must=True, words=("good", "bad")),
    "reason": Meaning("理由", _TEXT, must=True, blank=True),
    "arrived_on": Meaning("入荷日", ("date",), must=True, absent=("today",)),
}
RECEIPT: Mapping[str, Meaning] = {
    "file_name": Meaning("元ファイル名", _CODE, must=True, column=True),
    "rows": Meaning("行数", _NUMBER, must=True),
    "verdict": Meaning(
        "受付区分", (WORDS,), must=True, column=True, words=("accepted", "refused", "duplicate")
    ),
    "slip_number": _SLIP,
    "line_no": Meaning("行番号", _NUMBER, must=True, blank=True),
    "error_code": Meaning("エラーコード", _TEXT, must=True, blank=True),
    "error": Meaning("エラー内容", _TEXT, must=True, blank=True),
    "processed_at": Meaning("処理日時", ("datetime_jst", "date", *_CODE), blank=True),
}

MEANINGS: Mapping[str, Mapping[str, Meaning]] = {
    "result": RESULT,
    "numbered": NUMBERED,
    "export": RESULT,
    "parcels": PARCELS,
    "stock": STOCK,
    "return": RETURN,
    "receipt": RECEIPT,
}
"""By kind of file. A `result` whose rows have a 実績番号 is read as `numbered`; an `export` of an API never is."""

_CALLED = {
    **dict.fromkeys(("status", "state", "実績区分", "区分", "状態"), "result"),
    **dict.fromkeys(("number", "order", "order_number", "伝票番号", "出荷指示番号"), "slip_number"),
    **dict.fromkeys(("date", "ship_date", "ship_on", "day", "出荷日"), "shipped_on"),
    **dict.fromkeys(("company", "delivery", "運送会社", "運送会社コード"), "carrier"),
    **dict.fromkeys(("invoice", "waybill", "送り状番号", "伝票no"), "tracking"),
    **dict.fromkeys(("item", "product", "code", "商品コード"), "sku"),
    **dict.fromkeys(("count", "qty", "amount", "数量", "出荷数"), "quantity"),
    **dict.fromkeys(("cancel", "取消"), "cancelled"),
}
"""What people call them who have not read the list: no spelling leads from these to our word."""


def load_reader(path: Path, kind: str, tables: Tables) -> CsvReader:
    """A reader whose every word means something. Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    reader = read_csv_reader(path, tables, proof)
    root = read(path, Proof(str(path)))  # what is no YAML is told by the reader
    meanings = MEANINGS[kind]
    if root is not None:
        columns = _columns(root)
        numbered = any(_word(column.entries.get("key")) == "result_id" for column in columns)
        meanings = NUMBERED if kind == "result" and numbered else meanings
        _examine(root, columns, meanings, proof)
    proof.finish()
    assert reader is not None  # noqa: S101 - without problems there is a reader
    typed = {key: _stands_for(meanings[key], text) for key, text in reader.absent.items()}
    return replace(reader, absent=typed)


def _stands_for(meaning: Meaning, text: str) -> Any:
    """What a cell with this text would have given."""
    if not text and meaning.blank:
        return None
    return int(text) if meaning.counted else text


def _columns(root: Section) -> list[Section]:
    node = root.entries.get("columns")
    return [item for item in node.items if isinstance(item, Section)] if isinstance(node, Listing) else []


@dataclass(frozen=True, slots=True)
class _Form:
    """A mapping as it is written: its columns by what they mean, as far as anybody can tell."""

    meanings: Mapping[str, Meaning]
    columns: list[tuple[str, Section]]
    instead: Section
    proof: Proof


def _examine(root: Section, columns: list[Section], meanings: Mapping[str, Meaning], proof: Proof) -> None:
    absent = root.entries.get("absent")
    instead = absent if isinstance(absent, Section) else Section({}, {}, root.line, root.column)
    form = _Form(meanings, [(_meant(column, meanings, proof), column) for column in columns], instead, proof)
    for key, column in form.columns:
        if key:
            _column(column, key, form)
    for name, at in instead.names.items():
        if name in meanings:
            _instead(instead.entries[name], name, meanings[name], proof)
        else:
            _unknown(at, "absent: に知らない key: があります", meanings, proof)
    if isinstance(at_columns := root.entries.get("columns"), Listing):
        _missing(at_columns, form)


def _meant(column: Section, meanings: Mapping[str, Meaning], proof: Proof) -> str:
    """What the column is for; a misspelt one is examined as what it surely means. Empty where nobody knows."""
    key = column.entries.get("key")
    if not isinstance(key, Text):
        return ""  # the reader says so
    if key.value in meanings:
        return key.value
    _unknown(key, "知らない key: です。使わない列は書きません", meanings, proof)
    return _near(key.value, meanings, SURE)


def _column(column: Section, key: str, form: _Form) -> None:
    meaning, entries, proof = form.meanings[key], column.entries, form.proof
    about, grammar = f"{key} ({meaning.name})", entries.get("grammar")
    if _word(grammar) in _KNOWN and _word(grammar) not in meaning.grammars:
        words, expected = f"{about} をこの書式では読めません", "・".join(meaning.grammars)
        proof.problem(grammar, words, _word(grammar), expected)
    if _word(entries.get("blank")) == "yes" and not meaning.blank:
        proof.problem(entries["blank"], f"{about} は空欄にできません。blank: yes を消してください")
    if isinstance(words_of := entries.get("words"), Section) and meaning.words:
        for node in words_of.entries.values():
            if isinstance(node, Text) and node.value not in meaning.words:
                _unknown(node, f"words: が、{about} にない言葉を指しています", meaning.words, proof)
    carrier = entries.get("carrier")
    if _word(carrier) in form.meanings.keys() - set(_CHECKERS):
        words = "carrier: に書けるのは運送会社の key: だけです"
        proof.problem(carrier, words, _word(carrier), "・".join(_CHECKERS))
    silent = meaning.blank and not meaning.words  # a word decides what happens: nothing is guessed for it
    if _word(entries.get("needed")) == "no" and not (meaning.column or silent or key in form.instead):
        words = f"{about} の列がないファイルで何とみなすかを absent: に書くか、needed: no を消してください"
        proof.problem(entries["needed"], words)


SURE = 0.75  # how like a known word a misspelt one is, if it can mean nothing else
_KNOWN = (*GRAMMARS, TRACKING, WORDS)
_CHECKERS = ("carrier", "checked_as")


def _instead(node: Node, key: str, meaning: Meaning, proof: Proof) -> None:
    """What `absent:` says for a column that the file does not have."""
    if not isinstance(node, Text):
        return  # the reader says so
    about, text = f"absent: の {key} ({meaning.name})", node.value
    if not text and meaning.blank and not meaning.column:
        return
    if not meaning.instead:
        proof.problem(node, f"{about} には何も書けません。列だけが決めます", text)
    elif meaning.words and text not in meaning.words:
        _unknown(node, f"{about} が知らない言葉です", meaning.words, proof)
    elif meaning.absent and text not in meaning.absent:
        words = f"{about} に書けるのは {'・'.join(meaning.absent)} だけです"
        proof.problem(node, words, text, _near(text, meaning.absent) or meaning.absent[0])
    elif meaning.counted and not (text.isascii() and text.isdigit()):
        proof.problem(node, f"{about} には半角の数を書きます", text, "0")
    elif not (text or meaning.words):
        proof.problem(node, f"{about} は空欄にできません")


def _missing(at: Listing, form: _Form) -> None:
    told = {key for key, _ in form.columns}
    unneeded = {
        key: column.entries["needed"]
        for key, column in form.columns
        if _word(column.entries.get("needed")) == "no"
    }
    sure = {key for key, column in form.columns if _word(column.entries.get("needed")) != "no"}
    for key, meaning in form.meanings.items():
        if meaning.column and key in unneeded and key not in sure:
            words = f"key: {key} ({meaning.name}) の列は、なければ読めません。needed: no は書けません"
            form.proof.problem(unneeded[key], words)
        elif meaning.must and key not in told and (meaning.column or key not in form.instead):
            way = "。ない列の値は absent: に書きます" if meaning.instead else ""
            form.proof.problem(at, f"key: {key} の列がありません ({meaning.name}){way}")


def _word(node: Node | None) -> str:
    return node.value if isinstance(node, Text) else ""


def _unknown(at: Text, words: str, known: Collection[str], proof: Proof) -> None:
    close = _near(at.value, known)
    proof.problem(at, words, at.value, f"もしかして「{close}」" if close else "・".join(filter(None, known)))


def _near(word: str, known: Collection[str], least: float = 0.0) -> str:
    """The known word that was most likely meant, whatever its case and width; empty where none is like it."""
    plain = unicodedata.normalize("NFKC", word).strip().casefold()
    if (called := _CALLED.get(plain)) in known:
        return called or ""
    folded = {one.casefold(): one for one in known if one}
    close = nearest(plain, folded)
    return folded[close] if close and SequenceMatcher(None, plain, close).ratio() >= least else ""
