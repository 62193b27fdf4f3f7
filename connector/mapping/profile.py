"""Warehouse profile (倉庫の接続仕様): names, folders and sender of a warehouse that speaks files.

spec/wms.md §7.1-7.2. A file name is a list of parts joined by `_`; the other side finds our files by it, so a
changed pattern means files that nobody picks up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from connector.mapping.document import Node, Proof, Section, Text, read
from connector.mapping.transforms import JST

NEEDED_KINDS = ("instruction", "stop", "receipt", "result")
INBOUND = ("result", "parcels", "stock", "return")  # 出荷実績, 送り状紐付け, 在庫, 返品
KINDS = tuple(dict.fromkeys((*NEEDED_KINDS, *INBOUND)))
FOLDERS = ("in", "ack", "out", "archive", "error")
SILENT_KINDS = ("instruction", "result")  # all that label software knows (spec/wms.md §2.7)
SILENT_FOLDERS = ("in", "out", "archive", "error")
PARTS: dict[str, Callable[[WarehouseProfile, datetime, int], str]] = {
    "tenant": lambda profile, at, sequence: profile.tenant,
    "warehouse": lambda profile, at, sequence: profile.warehouse_code,
    "stamp": lambda profile, at, sequence: f"{at.astimezone(JST):%Y%m%d%H%M%S}",
    "minute": lambda profile, at, sequence: f"{at.astimezone(JST):%Y%m%d%H%M}",
    "sequence": lambda profile, at, sequence: f"{sequence:06d}",
}
"""The parts of a file name that change; any other part stands as it is written."""

PATTERNS = {"stamp": r"\d{14}", "minute": r"\d{12}", "sequence": r"(?P<sequence>\d{6})"}
OR = "|"  # between two patterns of names
SAFE = re.compile(r"[A-Za-z0-9-]+")  # no separators, no dots: a part never leaves its folder
_ANY = r"[a-z0-9-]+"
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_COPY = re.compile(r"(?:\s*-\s*(?:コピー|copy))?\s*(?:\(\d{1,3}\))?(?P<ending>\.[a-z]{1,5})(?:\.\d{1,3})?$")


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """依頼主 on the label."""

    zip_code: str
    address: str
    name: str
    phone: str
    building: str = ""
    code: str = ""


class WarehouseProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One warehouse. `names` has the parts of each kind's file name, `folders` where which kind lies.

    `likes` has the names that the other side made up itself, as `*発行済データ*.csv`; several with `|`.
    """

    tenant: str
    warehouse_code: str
    shop_code: str
    sender: Sender
    names: dict[str, tuple[str, ...]]
    folders: dict[str, str]
    likes: dict[str, str] = {}
    marker: bool = False  # `<name>.ok` beside every file, written last
    answers: bool = True  # the warehouse sends receipts (SHIPACK)
    for_people: bool = False  # a workbook lies beside every instruction, for who opens it by hand
    address_elsewhere: bool = False  # an instruction does not say where it goes: the warehouse knows
    lines_optional: bool = False  # a result without line rows means full quantities
    temperature: str = "0"
    invoice: bool = True  # 納品書同梱
    goods: str = ""  # 品名 of a label; empty: the name of the first item
    billing: str = ""  # 請求先・お客様コード at the carrier
    future_days: int = 1  # a ship date further ahead is refused (spec/wms.md §3.2)
    past_days: int = 30  # an older one is worth a warning

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of files that this warehouse knows."""
        return frozenset((*self.names, *self.likes))

    def file_name(self, kind: str, at: datetime, sequence: int) -> str:
        """The name of a file of ours, e.g. SHIPORD_demo_WH01_20261124101500_000001.csv."""
        parts = (PARTS[part](self, at, sequence) if part in PARTS else part for part in self.names[kind])
        return "_".join(parts) + ".csv"

    def matches(self, kind: str, name: str) -> bool:
        """Whether a file that lies there is of this kind. Receipts carry our file's whole name.

        Width, case, the kind of `_` and `-` and the mark of a copy do not matter: all are seen (spec/wms.md §6.2).
        """
        if kind in self.likes:
            likes = [_even(like) for like in self.likes[kind].split(OR)]
            return any(fnmatchcase(plain, like) for like in likes for plain in (_even(name), folded(name)))
        return kind in self.names and self._pattern(kind).fullmatch(folded(name)) is not None

    def inbound(self, name: str) -> str:
        """Which kind of file of theirs this is; empty for none of them."""
        return next((kind for kind in INBOUND if self.matches(kind, name)), "")

    def of_another(self, name: str) -> bool:
        """Whether this is a file of theirs for another tenant or warehouse code: one folder may serve several."""
        plain = folded(name)
        known = any(
            self._pattern(kind, anybody=True).fullmatch(plain) for kind in INBOUND if kind in self.names
        )
        return known and not self.inbound(name)

    def _pattern(self, kind: str, *, anybody: bool = False) -> re.Pattern[str]:
        """Of a folded name."""
        own = {"tenant": self.tenant, "warehouse": self.warehouse_code}
        codes = dict.fromkeys(own, _ANY) if anybody else {}
        parts = (
            codes.get(part) or PATTERNS.get(part) or re.escape(own.get(part, part).casefold())
            for part in self.names[kind]
        )
        middle = ".*_" if kind == "receipt" else "[_-]"
        return re.compile(middle.join(parts) + r"\.csv")


def folded(name: str) -> str:
    """A file name as it was before keyboards, browsers and copying changed it; for comparing only."""
    return _COPY.sub(r"\g<ending>", _even(name))


def _even(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().translate(_HYPHENS).strip()


def load_profile(path: Path) -> WarehouseProfile:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    profile = read_profile(path, proof)
    proof.finish()
    assert profile is not None  # noqa: S101 - without problems there is a profile
    return profile


_TEXTS = ("tenant", "warehouse_code", "shop_code")
_FLAGS = ("marker", "answers", "for_people", "address_elsewhere", "lines_optional", "invoice")
_DAYS = ("future_days", "past_days")
_WORDS = ("goods", "billing")


def read_profile(path: Path, proof: Proof) -> WarehouseProfile | None:
    root = read(path, proof)
    if root is None:
        return None
    needed = ("kind", *_TEXTS, "sender", "names", "folders")
    proof.section(root, (*needed, *_FLAGS, *_DAYS, *_WORDS, "temperature"), needed)
    if any(name not in root for name in needed):
        return None
    proof.word(root.entries["kind"], ("warehouse_profile",))
    values: dict[str, object] = {name: _part(root.entries[name], proof) for name in _TEXTS}
    values |= {name: proof.flag(root.entries[name]) for name in _FLAGS if name in root}
    values |= {name: proof.integer(root.entries[name], 0, 400) for name in _DAYS if name in root}
    values |= {name: proof.text(root.entries[name]) for name in _WORDS if name in root}
    if "temperature" in root:
        values["temperature"] = proof.word(root.entries["temperature"], ("0", "1", "2"), "0")
    values["sender"] = _sender(root.entries["sender"], proof)
    answers = values.get("answers", True)
    values["names"], values["likes"] = _names(
        root.entries["names"], NEEDED_KINDS if answers else SILENT_KINDS, proof
    )
    folders = proof.section(root.entries["folders"], FOLDERS, FOLDERS if answers else SILENT_FOLDERS)
    values["folders"] = {name: proof.text(node) for name, node in folders.entries.items()}
    return None if proof.problems else msgspec.convert(values, WarehouseProfile)


def _part(node: Node, proof: Proof) -> str:
    text = proof.text(node)
    if not SAFE.fullmatch(text):
        proof.problem(node, "ファイル名に使えるのは半角英数字とハイフンだけです", text)
    return text


def _sender(node: Node, proof: Proof) -> dict[str, str]:
    needed = ("zip_code", "address", "name", "phone")
    section: Section = proof.section(node, (*needed, "building", "code"), needed)
    return {name: proof.text(value) for name, value in section.entries.items()}


def _names(
    node: Node, needed: tuple[str, ...], proof: Proof
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Our names by their parts; what comes in may also go by a pattern of one text."""
    section = proof.section(node, KINDS, needed)
    names: dict[str, tuple[str, ...]] = {}
    likes: dict[str, str] = {}
    for kind, parts in section.entries.items():
        if isinstance(parts, Text) and kind in ("receipt", *INBOUND):
            likes[kind] = _like(parts, proof)
        else:
            names[kind] = tuple(_part(part, proof) for part in proof.listing(parts))
    return names, likes


def _like(node: Text, proof: Proof) -> str:
    if "/" in node.value or not all(like.strip("*? ") for like in node.value.split(OR)):
        proof.problem(
            node, "決まった文字を含むファイル名の形を書いてください", node.value, "*発行済データ*.csv"
        )
    return node.value
