"""Mail addresses (メールアドレス): what is wrong with one that a setting names, before a mail goes nowhere."""

from __future__ import annotations

import re
import unicodedata
from email.errors import MessageError
from email.headerregistry import Address

_HOST = re.compile(
    r"(?=.{4,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])"
)
EXAMPLE = "shop@example.jp"


def fault_of_address(text: str) -> tuple[str, str]:
    """What is wrong, and what was expected instead; two empty texts where nothing is. No name beside the address."""
    if odd := next((one for one in text if not "!" <= one <= "~"), ""):
        at = text.index(odd) + 1
        plain = unicodedata.normalize("NFKC", text)
        expected = plain if plain != text and fault_of_address(plain) == ("", "") else EXAMPLE
        return f"this mail address has {_called(odd)} as its character {at}", expected
    if text.count("@") != 1:
        return "this mail address does not have exactly one @", EXAMPLE
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        return "this is no mail address", EXAMPLE
    if not address.username or address.addr_spec != text:
        return "the part before the @ is not as it stands in a mail address", EXAMPLE
    if not _HOST.fullmatch(address.domain):
        return "the part after the @ is no domain", EXAMPLE
    return "", ""


def _called(odd: str) -> str:
    if odd.isspace():
        return "a full-width blank" if odd == "\u3000" else "a blank"
    width = "the full-width" if unicodedata.east_asian_width(odd) in "FW" else "the"
    return f"{width} {odd!r} (U+{ord(odd):04X})"
