"""What OPENLOGI says (状態・エラー): its status words, one 出荷依頼 as it stands, and its refusals by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connector.adapters.wms.api_read import texts
from connector.transport.http import no_words

SHIPMENTS: Final = "shipments"
SHIPPED, CANCEL_ASKED = "shipped", "cancel_request"
BEFORE_WORK: Final = ("backordered", "allocating", "waiting", "suspended")
ON_THE_FLOOR: Final = ("working", "picking", "picked", "packed", "modify_request")
QUIET: Final = (*BEFORE_WORK, *ON_THE_FLOOR, CANCEL_ASKED)  # says nothing about a departure


def explain(body: bytes) -> tuple[str, str]:
    """`error`, and what is wrong field by field."""
    try:
        said = msgspec.json.decode(body)
        fields = said.get("errors") or {}
        words = (
            "、".join(f"{path}: {text}" for path, text in fields.items()) if isinstance(fields, dict) else ""
        )
        return str(said.get("error", "")), words or str(said.get("error_description") or "")
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError):
        return no_words(body)


def document_of(body: bytes) -> dict[str, Any] | None:
    """The one 出荷依頼 that an answer holds."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return document if isinstance(document, dict) and document.get("id") else None


def fields_of(body: bytes) -> Mapping[str, Any]:
    """What a refusal finds wrong, by path."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    errors = said.get("errors") if isinstance(said, dict) else None
    return errors if isinstance(errors, dict) else {}


def departure(document: Mapping[str, Any]) -> str:
    """In words that it has left."""
    numbers = " ".join(texts(document.get("tracking_codes"))) or "-"
    return f"出荷済みです（{document.get('shipped_at', '')} 送り状番号 {numbers}）"
