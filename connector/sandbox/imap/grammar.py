"""Grammar (構文): the bytes of a command → its words; what does not fit to the letter is BAD (RFC 3501 §9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LITERAL_AHEAD = re.compile(rb"\{(\d{1,9})(\+?)\}\Z")
_TAG = re.compile(rb"[!#-'*,-Z^-z|}~]+")  # ASTRING-CHAR without "+"
_ATOM = re.compile(rb"[!#-'*-z|}~]+")
_QUOTED = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_SET = re.compile(r"(?:\d+|\*)(?::(?:\d+|\*))?(?:,(?:\d+|\*)(?::(?:\d+|\*))?)*")


class BadCommand(Exception):
    """The command is answered BAD; the text is for people."""


class Text(bytes):
    """A quoted string or a literal, as opposed to an atom."""


Word = str | Text | list["Word"]


@dataclass(frozen=True, slots=True)
class Command:
    """`a1 UID FETCH 1:* (UID RFC822.SIZE)`; UID belongs to the name."""

    tag: str
    name: str
    words: tuple[Word, ...]


def tag_of(line: bytes) -> str:
    """The tag of a line, `*` where it has none: a BAD has to be told under something."""
    found = _TAG.match(line)
    return found[0].decode() if found and line[found.end() : found.end() + 1] == b" " else "*"


def read(segments: Iterable[bytes | Text]) -> Command:
    """A whole command: text, and literals between."""
    words = _words(segments)
    if len(words) < 2 or not isinstance(words[0], str) or not _TAG.fullmatch(words[0].encode()):
        raise BadCommand("tag and command expected")
    name, rest = words[1], words[2:]
    if not isinstance(name, str):
        raise BadCommand("command expected")
    if name.upper() == "UID":
        if not rest or not isinstance(rest[0], str):
            raise BadCommand("UID of what?")
        name, rest = f"UID {rest[0]}", rest[1:]
    return Command(words[0], name.upper(), tuple(rest))


def _words(segments: Iterable[bytes | Text]) -> list[Word]:
    top: list[Word] = []
    open_lists = [top]
    for segment in segments:
        if isinstance(segment, Text):
            open_lists[-1].append(segment)
        else:
            _scan(segment, open_lists)
    if len(open_lists) > 1:
        raise BadCommand("parenthesis not closed")
    return top


def _scan(line: bytes, open_lists: list[list[Word]]) -> None:
    """Add the words of a piece of text; words stand apart by one space."""
    at = 1 if open_lists[0] and line[:1] == b" " else 0  # a literal came before
    while at < len(line):
        if line[at : at + 1] == b"(":
            inner: list[Word] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
            at += 1
            continue
        if line[at : at + 1] == b")":
            if len(open_lists) == 1:
                raise BadCommand("parenthesis not opened")
            open_lists.pop()
            at += 1
        else:
            word, at = _word(line, at)
            open_lists[-1].append(word)
        if line[at : at + 1] == b" ":
            at += 1
        elif at < len(line) and line[at : at + 1] != b")":
            raise BadCommand("space expected")


def _word(line: bytes, at: int) -> tuple[Word, int]:
    quoted = _QUOTED.match(line, at)
    if quoted:
        return Text(re.sub(rb'\\(["\\])', rb"\1", quoted[1])), quoted.end()
    atom = _ATOM.match(line, at)
    if atom is None:
        raise BadCommand(f"not allowed here: {line[at : at + 12]!r}")
    if b"[" in atom[0] and b"]" not in atom[0]:
        return _section(line, at)
    return atom[0].decode("ascii"), atom.end()


def _section(line: bytes, at: int) -> tuple[Word, int]:
    """`BODY.PEEK[HEADER.FIELDS (SUBJECT)]`: blanks inside the brackets belong to the word."""
    end = line.find(b"]", at)
    if end < 0:
        raise BadCommand("bracket not closed")
    return line[at : end + 1].decode("ascii", "strict"), end + 1


def folder_name(word: Word) -> str:
    """A mailbox name; Japanese ones travel as modified UTF-7, raw bytes are BAD."""
    if isinstance(word, list):
        raise BadCommand("mailbox name expected")
    try:
        name = word if isinstance(word, str) else word.decode("ascii")
    except UnicodeDecodeError:
        raise BadCommand("mailbox name in raw bytes; use modified UTF-7") from None
    if not name or "%" in name or "*" in name:
        raise BadCommand("mailbox name expected")
    return name


def uids(word: Word, known: list[int]) -> list[int]:
    """The UIDs of a set that exist. `*` is the highest one: `900:*` therefore always names a mail."""
    if not isinstance(word, str) or not _SET.fullmatch(word):
        raise BadCommand("UID set expected")
    highest = max(known, default=0)
    wanted: list[tuple[int, int]] = []
    for part in word.split(","):
        ends = [highest if end == "*" else int(end) for end in part.split(":")]
        if 0 in ends and highest:
            raise BadCommand("0 is no UID")
        wanted.append((min(ends), max(ends)))
    return [uid for uid in known if any(low <= uid <= high for low, high in wanted)]
