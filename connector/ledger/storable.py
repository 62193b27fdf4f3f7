"""Storable (記録に残せる文字): foreign text as both stores can keep it.

PostgreSQL refuses U+0000 and neither store takes half of a surrogate pair: one such character in one order's
remark would otherwise take the whole batch down with it. The bytes themselves stay in the archive as they came.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connector.outcome import Facts

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


def plain(text: str) -> str:
    """The same text; what cannot be stored is replaced visibly."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def plain_facts(facts: Facts) -> Facts:
    """The same facts as they come back from the store: plain JSON, dates as text, tuples as lists."""
    try:
        text = _encode(facts)
    except UnicodeEncodeError:  # half of a surrogate pair
        return _replaced(facts)
    if b"\\u0000" in text:  # or these very characters, which the long way leaves alone
        return _replaced(facts)
    stored: Facts = _decode(text)
    return stored


def _replaced(facts: Facts) -> Facts:
    return {plain(key): _plain(value) for key, value in msgspec.to_builtins(facts).items()}


def _plain(value: Any) -> Any:
    match value:
        case str():
            return plain(value)
        case dict():
            return {plain(str(key)): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value
