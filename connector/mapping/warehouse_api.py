"""API profile (API でつなぐ倉庫の取り決め): what mappings/wms/<profile>/profile.yaml says of a warehouse with an API.

What goes out stands in `instruction.yaml` beside it, column by column under the API's own names; here is how its
answers are read. A carrier word that nobody entered is never guessed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from connector.mapping.document import Node, Proof, read
from connector.slip import Carrier

API = "warehouse_api"  # kind:
SPEAKS = ("openlogi", "logiless", "logizard")
TEMPERATURES = ("0", "1", "2")


class ApiProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One warehouse with an API. `carriers` has its words and our 運送会社コード."""

    speaks: str
    carriers: dict[str, str] = {}
    temperature: str = "0"
    look_back_days: int = 7  # how far the first question for results reaches back
    untracked: tuple[str, ...] = ()  # our codes whose parcels need no number
    export_file: int = 3  # ロジザード: FILE_ID of 通販出荷
    export_pattern: str = ""  # ロジザード: PTRN_ID, the shop's own columns
    duplicate: tuple[str, ...] = ()  # ロジザード: ERROR_CODE of a number that is taken
    signed_out: tuple[str, ...] = ()  # ロジザード: ERROR_CODE of an ended session
    future_days: int = 1
    past_days: int = 30

    def carrier(self, *words: str) -> str | None:
        """Our code for the first of these words that the profile has; None where it has none of them."""
        return next((self.carriers[word] for word in words if word in self.carriers), None)


def load_api_profile(path: Path) -> ApiProfile:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    profile = read_api_profile(path, proof)
    proof.finish()
    assert profile is not None  # noqa: S101 - without problems there is a profile
    return profile


def speaks_by_api(path: Path) -> bool:
    """Whether this profile.yaml is one for an API; what cannot be read is left to who loads it."""
    proof = Proof(str(path))
    root = read(path, proof)
    kind = root.entries.get("kind") if root is not None else None
    return getattr(kind, "value", "") == API


_NEEDED = ("kind", "speaks")
_NEEDED_BY = {
    "openlogi": ("carriers",),
    "logiless": ("carriers",),
    "logizard": ("export_pattern", "duplicate", "signed_out"),
}
_DAYS = {"look_back_days": (1, 60), "future_days": (0, 400), "past_days": (0, 400), "export_file": (1, 99)}
_LISTS = ("duplicate", "signed_out")


def read_api_profile(path: Path, proof: Proof) -> ApiProfile | None:
    root = read(path, proof)
    if root is None:
        return None
    others = ("carriers", "untracked", "temperature", "export_pattern", *_DAYS, *_LISTS)
    proof.section(root, (*_NEEDED, *others), _NEEDED)
    if any(name not in root for name in _NEEDED):
        return None
    proof.word(root.entries["kind"], (API,))
    speaks = proof.word(root.entries["speaks"], SPEAKS)
    for name in _NEEDED_BY.get(speaks, ()):
        if name not in root:
            proof.problem(root, f"{speaks} には項目「{name}」が要ります")
    values: dict[str, object] = {"speaks": speaks}
    for name, (least, most) in _DAYS.items():
        if name in root:
            values[name] = proof.integer(root.entries[name], least, most)
    values |= {name: proof.texts(root.entries[name]) for name in _LISTS if name in root}
    if "export_pattern" in root:
        values["export_pattern"] = proof.text(root.entries["export_pattern"])
    if "temperature" in root:
        values["temperature"] = proof.word(root.entries["temperature"], TEMPERATURES, "0")
    if "carriers" in root:
        values["carriers"] = _carriers(root.entries["carriers"], proof)
    if "untracked" in root:
        values["untracked"] = tuple(_code(item, proof) for item in proof.listing(root.entries["untracked"]))
    return None if proof.problems else msgspec.convert(values, ApiProfile)


def _carriers(node: Node, proof: Proof) -> dict[str, str]:
    section = proof.section(node, list(getattr(node, "entries", {})))
    return {word: _code(code, proof) for word, code in section.entries.items()}


def _code(node: Node, proof: Proof) -> str:
    return proof.word(node, [carrier.value for carrier in Carrier])
