"""MIME (メールの分解): a mail cut into header fields and parts, to a fixed depth and size, in linear time.

The library reads header fields and encodings; the cutting is ours, because its parser follows any nesting it is
offered: a hostile mail of ten megabytes would keep it busy for minutes.
"""

from __future__ import annotations

import base64
import binascii
import email.errors
import email.header
import email.message
import email.parser
import email.policy
import email.utils
import quopri
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

MAX_HEAD = 64 * 1024
MAX_FIELD = 4_000
MAX_PARTS = 40
MAX_TEXT = 64 * 1024
MAX_GROUPS = 400
_MESSAGE_ID = re.compile(r"<[^<>@\s]{1,200}@[^<>@\s]{1,255}>")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PARSER = email.parser.BytesHeaderParser(policy=email.policy.compat32)


@dataclass(frozen=True)
class Part:
    """A mail or a part of one: its header fields, and its bytes as they came.

    `cut` names the fields of which only the beginning is here. `ambiguous`: another reader may see other fields.
    """

    fields: dict[str, list[str]]
    raw: bytes
    cut: frozenset[str] = frozenset()
    ambiguous: bool = False

    def value(self, name: str) -> str:
        """The first field of this name, on one line; empty where there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def text(self, name: str) -> str:
        """With encoded words read."""
        return decoded(self.value(name))

    @cached_property
    def type(self) -> str:
        """text/plain where none is said; lower case."""
        said = self.value("content-type").partition(";")[0].strip().lower()
        return said if re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", said) else "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of the content type, lower case unless it is a boundary."""
        content = email.message.Message()
        content["Content-Type"] = self.value("content-type")
        found = content.get_param(name, "")
        value = found if isinstance(found, str) else found[2] or ""
        return value if name == "boundary" else value.lower()

    def body(self) -> bytes:
        """The bytes under their transfer encoding; as they came where that does not fit."""
        match self.value("content-transfer-encoding").lower():
            case "base64":
                try:
                    return base64.b64decode(re.sub(rb"[^A-Za-z0-9+/=]", b"", self.raw))
                except binascii.Error:
                    return self.raw
            case "quoted-printable":
                return quopri.decodestring(self.raw)
            case _:
                return self.raw

    def groups(self) -> list[dict[str, list[str]]]:
        """A delivery status: groups of fields with a blank line between them (RFC 3464 §2.1)."""
        cut = _HEAD_END.split(self.body()[:MAX_HEAD].strip(), maxsplit=MAX_GROUPS)
        return [found for piece in cut[:MAX_GROUPS] if (found := _head(piece.strip(b"\r\n"), b"").fields)]


def split(body: bytes) -> Part | None:
    """Head and rest; None where the head is not one, or larger than any honest mail's."""
    end = _HEAD_END.search(body, 0, MAX_HEAD)
    if end is None and len(body) > MAX_HEAD:
        return None
    if body[:2] == b"\r\n" or body[:1] == b"\n":  # a part without fields
        return _head(b"", body.lstrip(b"\r\n"))
    return _head(body[: end.end()], body[end.end() :]) if end else _head(body.rstrip(b"\r\n"), b"")


def parts_of(mail: Part) -> list[Part]:
    """The direct parts of a multipart; those beyond the limit are not read.

    One whose head is no honest one stands there without fields, as `ambiguous`.
    """
    found: list[Part] = []
    start = -1
    for mark in _marks(mail):
        if start >= 0:
            found.append(_part(mail.raw[start : mark.start()]))
        start = mark.end()
        if mark["last"] or len(found) >= MAX_PARTS:
            return found
    if start >= 0:
        found.append(_part(mail.raw[start:]))  # cut off on its way: what is there is read
    return found


def ended(mail: Part) -> bool:
    """Whether a multipart ends with its closing line: it was not cut off, and no part comes after the end."""
    marks = [bool(mark["last"]) for mark in _marks(mail)]
    return marks.count(True) == 1 and marks[-1]


def text_of(mail: Part) -> str:
    """What a person would read: the first plain text, one level of alternatives deep."""
    part = mail
    for _ in range(2):
        if not part.type.startswith("multipart/"):
            break
        inside = parts_of(part)
        chosen = [one for one in inside if one.type == "text/plain"] or inside
        if not chosen:
            return ""
        part = chosen[0]
    return _text(part.body()[:MAX_TEXT], part.parameter("charset")) if part.type == "text/plain" else ""


def decoded(value: str) -> str:
    """Encoded words as text; the value itself where they cannot be read."""
    try:
        pieces = email.header.decode_header(value[:MAX_FIELD])
    except (email.errors.HeaderParseError, ValueError):
        return value
    said = (one if isinstance(one, str) else _text(one, charset or "us-ascii") for one, charset in pieces)
    return unfolded("".join(said))


def addresses(value: str) -> list[str]:
    """The bare addresses of a From or Return-Path; an empty one where it says <>."""
    return [address for _, address in email.utils.getaddresses([value[:MAX_FIELD]])]


def message_ids(text: str) -> list[str]:
    return _MESSAGE_ID.findall(text)


def unfolded(value: str) -> str:
    """One line, without control characters."""
    return " ".join("".join(" " if not char.isprintable() else char for char in value[:MAX_FIELD]).split())


def _head(head: bytes, rest: bytes) -> Part:
    """Names in lower case, values on one line. Raw bytes of 8-bit mail come out of the library as surrogates.

    The library ends a line at a lone CR and at a lone LF, and the head at a line that is no field; others do not.
    """
    found: dict[str, list[str]] = {}
    cut: set[str] = set()
    read = _PARSER.parsebytes(head.rstrip(b"\r\n") + b"\r\n\r\n")
    for name, value in read.raw_items():
        said = _eight_bit(str(value).encode("utf-8", "surrogateescape"))
        found.setdefault(name.lower(), []).append(unfolded(said))
        if len(said) > MAX_FIELD:  # before folding: `unfolded` cuts what is longer, blanks and all
            cut.add(name.lower())
    ends = set(_LINE_END.findall(head))
    return Part(found, rest, frozenset(cut), b"\r" in ends or len(ends) > 1 or bool(read.defects))


def _eight_bit(raw: bytes) -> str:
    """What no standard allows and Japanese mailers write all the same: cp932 where it is no UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace")


def _marks(mail: Part) -> Iterable[re.Match[bytes]]:
    """The boundary lines of a multipart; none of anything else."""
    boundary = mail.parameter("boundary").encode("utf-8", "replace")
    if not boundary or len(boundary) > 200 or not mail.type.startswith("multipart/"):
        return ()
    line = rb"(?:^|\n)--" + re.escape(boundary) + rb"(?P<last>--)?[ \t]*(?=\r?\n|\Z)"
    return re.finditer(line, mail.raw)


def _part(raw: bytes) -> Part:
    """What stands between two boundary lines, without the line ends that belong to them."""
    raw = raw[2:] if raw[:2] == b"\r\n" else raw[1:] if raw[:1] == b"\n" else raw
    raw = raw[:-1] if raw[-1:] == b"\r" else raw
    return split(raw) or Part({}, raw, ambiguous=True)


def _text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
