"""Findings (点検の結果): what may be doubtful about a delivery, how heavily it weighs, and which hold it becomes.

A weight is the shop's to choose, in `checks.yaml` beside the mappings of its warehouse; what Japan Post's list proves
wrong holds by default. A kind nobody weighs is never let pass in silence (spec/wms.md §5.1, codes of §7.6).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from connector.mapping.carrier_files import band_system
from connector.mapping.document import Node, Proof, read
from connector.outcome import Hold, Reason

CHECKS = "warehouse_checks"  # kind:
RECEIVERS = ("generic", "b2", "ehiden3", "yupri", "openlogi", "logiless", "logizard")


class Weight(StrEnum):
    """What a finding does to the delivery."""

    HOLD = "hold"
    WARN = "warn"
    HINT = "hint"
    OFF = "off"


WEIGHTS: Mapping[str, Weight] = {
    "address_unreadable": Weight.HOLD,
    "no_house_number": Weight.HOLD,
    "postcode_malformed": Weight.HOLD,
    "postcode_unknown": Weight.HOLD,
    "postcode_of_other_prefecture": Weight.HOLD,
    "postcode_of_other_city": Weight.HOLD,
    "postcode_of_former_city": Weight.WARN,
    "postcode_of_other_town": Weight.WARN,
    "postcode_ends_0000": Weight.WARN,
    "postcode_of_office": Weight.WARN,
    "unmappable_character": Weight.HOLD,
    "address_too_long": Weight.HOLD,
    "name_too_long": Weight.HOLD,
    "phone_missing": Weight.HOLD,
    "phone_malformed": Weight.HOLD,
    "remote_island": Weight.HINT,
    "carrier_unknown": Weight.HOLD,
    "band_unknown": Weight.HOLD,
    "band_not_offered": Weight.HOLD,
    "cod_not_offered": Weight.HOLD,
    "cod_beyond_limit": Weight.HOLD,
    "cool_not_offered": Weight.HOLD,
    "wish_passed": Weight.HOLD,
    "quantity_odd": Weight.HOLD,
    "band_replaced": Weight.WARN,
    "wish_dropped": Weight.WARN,
    "phone_filled": Weight.WARN,
    "reads_as_number": Weight.HINT,
}
"""Every kind of finding and its weight where the shop has not said otherwise."""

CERTAIN = frozenset(
    {"unmappable_character", "address_too_long", "name_too_long", "carrier_unknown", "band_unknown"}
)
"""No file can be written with these: there is nothing to weigh."""

_CODES = {
    **dict.fromkeys(("postcode_malformed", "postcode_unknown", "postcode_ends_0000"), "E104"),
    **dict.fromkeys(("postcode_of_office",), "E104"),
    **dict.fromkeys(("address_too_long", "name_too_long"), "E102"),
    **dict.fromkeys(("phone_missing", "phone_malformed", "phone_filled"), "E108"),
    **dict.fromkeys(("band_unknown", "band_not_offered", "band_replaced"), "E106"),
    **dict.fromkeys(("remote_island", "carrier_unknown", "cod_not_offered", "cod_beyond_limit"), ""),
    **dict.fromkeys(("cool_not_offered", "wish_dropped", "quantity_odd", "reads_as_number"), ""),
    "unmappable_character": "E103",
    "wish_passed": "E107",
}
_REASONS = {
    **dict.fromkeys(("address_too_long", "name_too_long"), Reason.TEXT_TOO_LONG),
    **dict.fromkeys(("carrier_unknown", "band_unknown"), Reason.UNKNOWN_VALUE),
    **dict.fromkeys(("band_not_offered", "cod_not_offered", "cod_beyond_limit"), Reason.DELIVERY_UNFIT),
    **dict.fromkeys(("cool_not_offered", "band_replaced", "wish_dropped"), Reason.DELIVERY_UNFIT),
    "wish_passed": Reason.DELIVERY_UNFIT,
    "unmappable_character": Reason.UNMAPPABLE_TEXT,
    "quantity_odd": Reason.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `words` name what is wrong and what would mend it."""

    kind: str
    weight: Weight
    words: str

    @property
    def code(self) -> str:
        """The error code of spec/wms.md §7.6; a hint has none."""
        return _CODES.get(self.kind, "E105")

    @property
    def reason(self) -> Reason:
        return _REASONS.get(self.kind, Reason.ADDRESS_DOUBTFUL)

    @property
    def hold(self) -> Hold | None:
        """The hold it asks for, if its weight is one."""
        return Hold(self.reason, self.words) if self.weight is Weight.HOLD else None


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """checks.yaml of one warehouse. Without the file every check has its usual weight."""

    receiver: str = ""  # whose slots; empty: the columns of the instruction are the only limit
    bands: str = ""  # which table of bands; empty: that of the carrier
    phone_filler: str = ""  # for a recipient without a number; empty: the slip is held
    weights: dict[str, Weight] = {}


def load_checks(path: Path, systems: Collection[str] | None = None) -> Checks:
    """The file's, or the usual ones where there is none. Raises Misconfigured with every problem of the file."""
    if not path.exists():
        return Checks()
    proof = Proof(str(path))
    checks = read_checks(path, proof, systems)
    proof.finish()
    return checks or Checks()


def read_checks(path: Path, proof: Proof, systems: Collection[str] | None = None) -> Checks | None:
    """`systems` are those of the table of bands; None where nobody knows them."""
    root = read(path, proof)
    if root is None:
        return None
    entries = proof.section(root, ("kind", "receiver", "bands", "phone_filler", "weights"), ("kind",)).entries
    if "kind" in entries:
        proof.word(entries["kind"], (CHECKS,))
    return Checks(
        receiver=proof.word(entries["receiver"], RECEIVERS) if "receiver" in entries else "",
        bands=_system(entries["bands"], proof, systems) if "bands" in entries else "",
        phone_filler=_phone(entries["phone_filler"], proof) if "phone_filler" in entries else "",
        weights=_weights(entries["weights"], proof) if "weights" in entries else {},
    )


def _system(node: Node, proof: Proof, systems: Collection[str] | None) -> str:
    return proof.text(node) if systems is None else band_system(node, systems, proof)


def _phone(node: Node, proof: Proof) -> str:
    text = proof.text(node)
    if text and not (text.replace("-", "").isdigit() and text.isascii() and text.startswith("0")):
        proof.problem(node, "電話番号として読めません", text, "000-0000-0000")
    return text


def _weights(node: Node, proof: Proof) -> dict[str, Weight]:
    section = proof.section(node, tuple(kind for kind in WEIGHTS if kind not in CERTAIN))
    return {kind: Weight(proof.word(item, tuple(Weight), "hold")) for kind, item in section.entries.items()}
