"""Attachments (添付ファイル): the result files inside a mail, and why one of them is not taken.

Dangerous: archives that grow without end, and names that want to be paths. What is unpacked is bounded by count,
ratio and bytes, and a name is only ever shown. A mail that was cut off on its way gives nothing at all.
"""

from __future__ import annotations

import base64
import binascii
import email.errors
import email.message
import re
from dataclasses import dataclass

from connector.adapters.mail.mime import MAX_PARTS, Part, decoded, ended, parts_of, unfolded
from connector.adapters.wms.archives import Archived, NotUnpacked, unpacked
from connector.mapping.profile import folded

MAX_DEPTH = 5
MAX_NAME = 120
TABLES = (".csv", ".tsv", ".txt")
TABLE_TYPES = ("text/csv", "text/tab-separated-values", "application/csv", "text/comma-separated-values")
ZIP_TYPES = ("application/zip", "application/x-zip-compressed")
ZIP_HEAD = b"PK\x03\x04"
WINMAIL = ("application/ms-tnef", "application/vnd.ms-tnef")
BESIDE = re.compile(r"image/.*|application/(pdf|pkcs7-signature|x-pkcs7-signature|pgp-signature)")
BESIDE_ENDING = re.compile(r"|\.(png|gif|jpe?g|jfif|bmp|ico|svg|webp|heic|tiff?|emf|wmf|pdf|p7s|sig|asc)")
SAID = ("text/plain", "text/html", "text/enriched", "text/calendar")


@dataclass(frozen=True, slots=True)
class Attached:
    """A result file and how it was called there; never a path."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What a mail brings: files to read, and (file, reason) of what is not taken."""

    files: tuple[Attached, ...]
    refused: tuple[tuple[str, str], ...]


class _Whole(Exception):
    """The mail as a whole cannot be taken, in words."""


def contents(mail: Part) -> Contents:
    """Every result file in a mail. Only images, signatures and the letter itself are passed over without a word."""
    try:
        leaves = _leaves(mail, 0)
    except _Whole as reason:
        return Contents((), (("", str(reason)),))
    files: list[Attached] = []
    refused: list[tuple[str, str]] = []
    beside: list[str] = []
    for number, part in enumerate(leaves, start=1):
        name = name_of(part)
        if part.ambiguous:
            refused.append((name, "見出しが壊れているか長すぎるため、添付かどうか分かりません"))
            continue
        if BESIDE.fullmatch(part.type) and BESIDE_ENDING.fullmatch(_ending(name)):
            beside.append(name)
            continue
        try:
            files += _files(part, name, number)
        except (NotUnpacked, ValueError) as reason:
            refused.append((name or part.type, str(reason)))
    if not files and not refused:
        found = "、".join(filter(None, beside))
        refused.append((found, "出荷実績の添付ファイル (CSV または ZIP) がありません"))
    return Contents(tuple(files), tuple(refused))


def names(mail: Part) -> list[str]:
    """How the attachments are called; nothing is decoded."""
    try:
        return [name for part in _leaves(mail, 0) if (name := name_of(part))]
    except _Whole:
        return []


def name_of(part: Part) -> str:
    """The name it bears, as far as it can be read: RFC 2231, RFC 2047, or raw bytes. Without any folder."""
    message = email.message.Message()
    message["Content-Disposition"] = part.value("content-disposition") or "attachment"
    message["Content-Type"] = part.value("content-type") or "text/plain"
    try:
        said = message.get_filename("") or ""
    except (ValueError, LookupError, TypeError, email.errors.MessageError):
        return ""
    return shown(decoded(said))


def shown(name: str) -> str:
    return unfolded(re.split(r"[/\\]", name)[-1])[:MAX_NAME]


def _leaves(part: Part, depth: int) -> list[Part]:
    """The parts that are not made of parts. Raises _Whole for a mail that is cut off, too deep or too full."""
    if not part.type.startswith("multipart/"):
        return [part]
    if depth >= MAX_DEPTH:
        raise _Whole("入れ子が深すぎます")
    inside = parts_of(part)
    if not inside or not ended(part):
        raise _Whole("途中で切れているか、区切りが読めないか、終わりの後に続きがあります")
    if len(inside) >= MAX_PARTS:
        raise _Whole(f"部分が {MAX_PARTS} 以上あります")
    leaves = [leaf for one in inside for leaf in _leaves(one, depth + 1)]
    if len(leaves) > MAX_PARTS:
        raise _Whole(f"部分が {MAX_PARTS} 以上あります")
    return leaves


def _files(part: Part, name: str, number: int) -> list[Attached]:
    """None of the letter's own text; raises ValueError or NotUnpacked for what must not be taken."""
    if part.type.startswith("message/"):
        raise ValueError("転送されたメールの中身は取り込みません。倉庫から直接送ってもらってください")
    if part.type in WINMAIL or name.lower() == "winmail.dat":
        raise ValueError("Outlook 形式 (winmail.dat) は読めません。通常の添付で送り直してもらってください")
    if part.type in SAID and not name and not _is_attached(part):
        return []
    ending, body = _ending(name), _bytes(part)
    if part.type in ZIP_TYPES or ending == ".zip" or body.startswith(ZIP_HEAD):
        return [Attached(shown(one.name), one.body) for one in _unpacked(body)]
    if ending not in TABLES and part.type not in TABLE_TYPES:
        said = f"拡張子 {ending}" if ending else "拡張子なし"
        raise ValueError(
            f"読めない種類の添付です ({part.type}、{said})。CSV か ZIP で送り直してもらってください"
        )
    if not body.strip():
        raise ValueError("添付ファイルが空です")
    return [Attached(name or f"添付{number}.csv", body)]


def _is_attached(part: Part) -> bool:
    """Anything but `inline` is an attachment, also what nobody knows (RFC 2183 §2.8)."""
    said = part.value("content-disposition").partition(";")[0].strip().lower()
    return said not in ("", "inline")


def _ending(name: str) -> str:
    plain = folded(name)
    return plain[plain.rfind(".") :] if "." in plain else ""


def _unpacked(body: bytes) -> list[Archived]:
    found = unpacked(body)
    strange = next((one.name for one in found if _ending(one.name) not in TABLES), None)
    if strange is not None:
        raise NotUnpacked(f"ZIP の中に CSV でないファイル {shown(strange)} があります")
    if not found:
        raise NotUnpacked("ZIP の中にファイルがありません")
    return found


def _bytes(part: Part) -> bytes:
    """Unlike a letter's text, a table is decoded exactly or not at all."""
    match part.value("content-transfer-encoding").lower():
        case "base64":
            try:
                return base64.b64decode(re.sub(rb"\s", b"", part.raw), validate=True)
            except binascii.Error:
                raise ValueError("base64 が壊れています") from None
        case "quoted-printable" | "" | "7bit" | "8bit" | "binary":
            return part.body()
        case other:
            raise ValueError(f"知らない符号化です ({other[:40]})")
