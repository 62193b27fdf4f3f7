"""XML (更新データ): the `data` of updates, spec/next_engine.md §3.3, §3.5–3.6; only listed fields change.

Dangerous: an unescaped `&` or a control character in a text makes NE refuse the whole update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape  # writing only; nothing foreign is ever parsed here

from connector.adapters.next_engine import wire

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, Char


def update_xml(base: Mapping[str, str]) -> bytes:
    """`base` are fields of the slip itself, in the order in which they shall stand."""
    return _document(_base(base))


def bulk_update_xml(slips: Iterable[tuple[str, str, Mapping[str, str]]]) -> bytes:
    """Number, lock value and fields of each slip (§3.6)."""
    return _document("".join(_slip(number, lock, _base(base)) for number, lock, base in slips))


def bulk_receipted_xml(slips: Iterable[tuple[str, str, str]]) -> bytes:
    """Number, lock value and label flag of each slip (§3.5)."""
    name = wire.LABEL_PRINT_FLAG
    return _document(
        "".join(_slip(number, lock, f"<{name}>{_text(flag)}</{name}>") for number, lock, flag in slips)
    )


def _document(content: str) -> bytes:
    return f"{DECLARATION}<root>{content}</root>".encode()


def _base(fields: Mapping[str, str]) -> str:
    inside = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in fields.items())
    return f"<receiveorder_base>{inside}</receiveorder_base>"


def _slip(number: str, lock: str, content: str) -> str:
    names = f'{wire.SLIP_ID}="{_text(number)}" {wire.MODIFIED_AT}="{_text(lock)}"'
    return f"<receiveorder {names}>{content}</receiveorder>"


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", value), {'"': "&quot;"})
