"""XML (更新データ): the `data` of an update, spec/next_engine.md §3.3; only listed fields change.

Dangerous: an unescaped `&` or a control character in a text makes NE refuse the whole update.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape  # writing only; nothing foreign is ever parsed here

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, Char


def update_xml(base: Mapping[str, str]) -> bytes:
    """`base` are fields of the slip itself, in the order in which they shall stand."""
    fields = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in base.items())
    root = f"<root><receiveorder_base>{fields}</receiveorder_base></root>"
    return (DECLARATION + root).encode("utf-8")


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("", value), {'"': "&quot;"})
