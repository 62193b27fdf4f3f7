"""Call (リクエスト): a decoded form body; text is UTF-8, files are the bytes that were percent-encoded (§2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API."""

    path: str
    params: Mapping[str, bytes]

    def raw(self, name: str) -> bytes:
        return self.params.get(name, b"")

    def text(self, name: str) -> str:
        return self.raw(name).decode("utf-8", "replace")


def decode_form(body: bytes) -> dict[str, bytes]:
    """`a=1&b=%82%A0`: the standard decoders would make text of it and destroy CP932."""
    params = {}
    for part in body.split(b"&"):
        name, _, value = part.partition(b"=")
        if name:
            key = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
            params[key] = unquote_to_bytes(value.replace(b"+", b" "))
    return params
