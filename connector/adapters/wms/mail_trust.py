"""Sender rules (送信元の確認): whether a mail with results comes from the warehouse, as our own mail server found.

Dangerous: everything in a mail can be written by anybody, also who checked it. Only the top-most
Authentication-Results (RFC 8601) counts, only if it bears our own server's name, and only its DKIM verdict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.adapters.mail.mime import Part, addresses

ALONE = ("from", "content-type", "sender")  # twice in a head, and readers differ about which one counts
READ = (*ALONE, "authentication-results", "dkim-signature")  # all that the verdict rests on
_DOMAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_LENGTH_TAG = re.compile(r"(^|;)\s*l\s*=")


@dataclass(frozen=True, slots=True)
class SenderRules:
    """From must be one of `senders`, signed by one of `signed_by`, stated by `checked_by`, our own server."""

    senders: tuple[str, ...]
    signed_by: tuple[str, ...]
    checked_by: str

    def doubt(self, mail: Part) -> str:
        """Why this mail is not believed, in words; empty where it is."""
        if mail.ambiguous:
            return "ヘッダーの改行または形が崩れており、検証結果が誰の書いたものか確かめられません"
        if cut := next((name for name in READ if name in mail.cut), ""):
            return f"ヘッダー {cut} が長すぎて、終わりまで読めません"
        doubled = next((name for name in ALONE if len(mail.all(name)) > 1), "")
        if doubled:
            return f"ヘッダー {doubled} が二つあります"
        sender = sender_of(mail)
        if sender.casefold() not in {one.casefold() for one in self.senders}:
            return f"差出人 {sender or '（なし）'} は許可された送信元ではありません"
        checked = mail.all("authentication-results")
        if not checked:
            return "受信サーバーの検証結果 (Authentication-Results) がありません"
        return self._signature_doubt(mail, checked[0])

    def _signature_doubt(self, mail: Part, field: str) -> str:
        server, verdicts = verdicts_of(field)
        if server.casefold() != self.checked_by.casefold():
            ours = f"当社の受信サーバー {self.checked_by} の検証結果ではありません"
            return f"{ours} ({server or '読めません'})"
        passed = [domain for result, domain in verdicts if result == "pass"]
        if not passed:
            found = ", ".join(dict.fromkeys(result for result, _ in verdicts)) or "署名なし"
            return f"電子署名 (DKIM) の検証に通っていません ({found})"
        if not set(passed) & {one.lower() for one in self.signed_by}:
            return f"電子署名のドメイン {', '.join(passed)} は許可されたものではありません"
        # With a length tag anybody may add attachments below what was signed (RFC 6376 §8.2).
        if any(_LENGTH_TAG.search(one) for one in mail.all("dkim-signature")):
            return "電子署名が本文の一部にしか及びません (l=)"
        return ""


def sender_of(mail: Part) -> str:
    """The one address of the one From; empty where there are none or several."""
    found = [one for value in mail.all("from") for one in addresses(value)]
    return found[0] if len(found) == 1 else ""


def verdicts_of(field: str) -> tuple[str, list[tuple[str, str]]]:
    """Which server speaks, and its DKIM verdicts as (result, domain). Nothing of a field that does not end."""
    plain = _plain(field)
    if plain is None:
        return "", []
    server, *statements = plain.split(";")
    words = (re.sub(r"\s*=\s*", "=", one).lower().split() for one in statements)
    return (server.split() or [""])[0], [_verdict(one) for one in words if one and _is_dkim(one[0])]


def _is_dkim(word: str) -> bool:
    return re.match(r"dkim(/1)?=", word) is not None


def _verdict(words: list[str]) -> tuple[str, str]:
    said: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        said.setdefault(name, value)
    domain = said.get("header.d") or said.get("header.i", "").rpartition("@")[2]
    return words[0].partition("=")[2], domain if _DOMAIN.fullmatch(domain) else ""


def _plain(field: str) -> str | None:
    """Without comments, quoted text blanked out: neither may speak. None where one of them does not end."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in field:
        if escaped:
            escaped = False
        elif char == "\\" and (depth or quoted):
            escaped = True
        elif quoted:
            quoted = char != '"'
        elif char == '"' and not depth:
            quoted = True
            kept.append("?")
        elif char == "(":
            depth += 1
        elif char == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(char)
    return None if depth or quoted else "".join(kept)
