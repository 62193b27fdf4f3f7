"""IMAP replies (メールボックスの返事): what a FETCH, SEARCH or SELECT answered, read from the library's raw lines.

The library hands over lines as `bytes` and literals as `bytearray`, mixed with whatever else the server said
meanwhile (reliability §9.3). Nothing here trusts an order of keys, and a row that cannot be read is no row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Line = bytes | bytearray

_ROW = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_LITERAL = re.compile(rb"\{\d+\+?\}\Z")
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
_CODE = re.compile(rb"\A\[([A-Z-]+)", re.IGNORECASE)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+', re.DOTALL)
_BODY = b"BODY[]"
_MOST_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """One row of a FETCH: what was asked for, and None for what did not come."""

    uid: int
    size: int | None = None
    body: bytes | None = None


def fetched(lines: Sequence[Line]) -> Iterator[Fetched]:
    """The rows with a UID, in the server's order; other servers' news (FLAGS, EXPUNGE, EXISTS) is passed over."""
    for row in _rows(lines):
        values = _values(row)
        uid, size, body = values.get(b"UID"), values.get(b"RFC822.SIZE"), values.get(_BODY)
        if (number := _number(uid)) is not None:
            yield Fetched(number, _number(size), None if body is None else bytes(body))


def uids(lines: Sequence[Line]) -> list[int]:
    """The numbers of a UID SEARCH, oldest first. The last line is the server's goodbye, not an answer."""
    found = {
        number
        for line in lines[:-1]
        if isinstance(line, bytes)
        for word in line.split()
        if (number := _number(word)) is not None
    }
    return sorted(found)


def validity(lines: Sequence[Line]) -> int | None:
    """UIDVALIDITY as SELECT told it."""
    for line in lines:
        if found := _VALIDITY.search(line):
            return int(found[1])
    return None


def code(line: Line) -> str:
    """The response code at the head of a status text: `[TRYCREATE] …` → TRYCREATE; empty where there is none."""
    found = _CODE.match(line)
    return found[1].decode().upper() if found else ""


def words(lines: Sequence[Line]) -> str:
    """The server's last line as one storable line."""
    last = bytes(lines[-1]) if lines else b""
    return " ".join(last.decode("utf-8", "backslashreplace").split())


def _rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The pieces of one row each: from its first line until its parentheses close."""
    row: list[Line] = []
    for line in lines:
        if isinstance(line, bytes) and not _awaits_literal(row) and _ROW.match(line):
            row = [line]
        elif row:
            row.append(line)
        if row and isinstance(line, bytes) and not _awaits_literal(row) and _depth(row) <= 0:
            yield row
            row = []


def _awaits_literal(row: Sequence[Line]) -> bool:
    return bool(row) and isinstance(row[-1], bytes) and bool(_LITERAL.search(row[-1]))


def _depth(row: Sequence[Line]) -> int:
    tokens = [token for token, _ in _tokens(row)]
    return tokens.count(b"(") - tokens.count(b")")


def _tokens(row: Sequence[Line]) -> Iterator[tuple[bytes, Line | None]]:
    """Each token, and beside it the value it stands for where that is a string or a literal."""
    for piece in row:
        if isinstance(piece, bytearray):
            yield b"{}", piece
            continue
        for found in _TOKEN.finditer(_LITERAL.sub(b"", piece)):
            token = found[0]
            yield token, _unquoted(token) if token[:1] == b'"' else None


def _unquoted(token: bytes) -> bytes:
    return re.sub(rb"\\(.)", rb"\1", token[1:-1], flags=re.DOTALL)


def _values(row: Sequence[Line]) -> dict[bytes, Line]:
    """Key and value at the row's own level; what stands deeper (flags, structures) is passed over."""
    found: dict[bytes, Line] = {}
    depth, key = 0, b""
    for token, string in _tokens(row):
        if token in (b"(", b")"):
            depth += 1 if token == b"(" else -1
            key = b"" if depth == 1 else key
        elif depth == 1 and not key:
            key = token.upper() if string is None else b"?"
        elif depth == 1:
            if string is not None or token.upper() != b"NIL":
                found[key] = token if string is None else string
            key = b""
    return found


def _number(value: Line | None) -> int | None:
    return int(value) if value and len(value) <= _MOST_DIGITS and bytes(value).isdigit() else None
