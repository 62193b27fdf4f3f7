"""Proofs (受け渡しの証拠): in one line, that a handed-over file lies there, and what was taken of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.words.figures import count

SHOWN = 12  # of a digest's digits; the whole one stands in the JSON


def proof(evidence: Mapping[str, Any], lang: str = "ja") -> str:
    """Size and digest of the file as it lay there, then the receipt with its counts; empty where neither is known."""
    return "　".join(filter(None, (_lies_there(evidence, lang), _receipt(evidence, lang))))


def _lies_there(evidence: Mapping[str, Any], lang: str) -> str:
    digest, size = str(evidence.get("sha256", "")), evidence.get("size")
    if not digest or not isinstance(size, int):
        return ""
    said = f"到着確認 {size:,}バイト" if lang == "ja" else f"lies there, {size:,} bytes"
    return f"{said} SHA-256 {digest[:SHOWN]}…"


def _receipt(evidence: Mapping[str, Any], lang: str) -> str:
    name = str(evidence.get("receipt", ""))
    if not name or "accepted" not in evidence:
        return ""
    taken, refused = count(evidence["accepted"], lang), count(evidence.get("refused", 0), lang)
    if lang == "ja":
        return f"受付結果 {name}: 受付 {taken} 拒否 {refused}"
    return f"receipt {name}: {taken} accepted, {refused} refused"
