"""Fetching (取得): the items a client may ask of a mail, and the bytes of a FETCH reply (RFC 3501 §7.4.2)."""

from __future__ import annotations

from connector.clock import jst
from connector.sandbox.imap.folders import Mail
from connector.sandbox.imap.grammar import BadCommand, Word

PLAIN = ("UID", "FLAGS", "RFC822.SIZE", "INTERNALDATE")
BODIES = ("BODY[]", "BODY.PEEK[]", "BODY.PEEK[HEADER]")


def items_of(word: Word) -> list[str]:
    """The items of a FETCH; a UID FETCH always tells the UID."""
    names = word if isinstance(word, list) else [word]
    items = [name.upper() for name in names if isinstance(name, str)]
    unknown = [item for item in items if item not in (*PLAIN, *BODIES)]
    if unknown or len(items) != len(names) or not items:
        raise BadCommand(f"fetch of {' '.join(unknown) or 'what?'}")
    return list(dict.fromkeys(["UID", *items]))


def flags_of(mail: Mail) -> str:
    return " ".join(sorted(mail.flags))


def fetched(number: int, mail: Mail, items: list[str]) -> bytes:
    """`* 3 FETCH (UID 7 RFC822.SIZE 12 BODY[] {12}…)`; bodies are literals."""
    if "BODY[]" in items and "FLAGS" not in items:
        items = [*items, "FLAGS"]  # reading without PEEK marks the mail, and the client is told
    return f"* {number} FETCH (".encode() + b" ".join(_item(mail, item) for item in items) + b")"


def _item(mail: Mail, item: str) -> bytes:
    if item in BODIES:
        header = item.endswith("[HEADER]")
        content = mail.body.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if header else mail.body
        return f"{item.replace('.PEEK', '')} {{{len(content)}}}\r\n".encode() + content
    told = {
        "UID": str(mail.uid),
        "FLAGS": f"({flags_of(mail)})",
        "RFC822.SIZE": str(len(mail.body)),
        "INTERNALDATE": f'"{jst(mail.arrived_at):%d-%b-%Y %H:%M:%S %z}"',
    }
    return f"{item} {told[item]}".encode()
