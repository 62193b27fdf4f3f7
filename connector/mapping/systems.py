"""Systems (相手のコード): `service:` and `band:` write what the carrier tables say for the system they name.

The tables are the only place of these codes (spec/wms.md §4.1-§4.3). A band is asked for on the day the parcel leaves;
what the carrier does not sell on that day holds the slip, and is never written as something else but by the table.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.carriers import SYSTEMS, Verdict
from connector.mapping.carrier_files import BANDS_FILE, SERVICES_FILE, band_system
from connector.mapping.document import Node, Proof, Section, Text
from connector.mapping.paths import Ground, Scope
from connector.mapping.sources import Instruction
from connector.mapping.tables import Tables
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

Coded = Callable[[Scope, str], str]
"""What a system calls a word of ours, for the parcel of this row."""

LOOKED_UP = {"service": ("carrier.code", "carrier.cod_code"), "band": ("time_slot.band",)}
"""Which look-ups give the word that these translate."""


def compile_coded(node: Section, ground: Ground, tables: Tables, proof: Proof) -> Coded | None:
    """`service:` or `band:` of a column; None where it has neither."""
    name = next((name for name in LOOKED_UP if name in node), "")
    if not name:
        return None
    at = node.entries[name]
    if ground.item is not Instruction:
        proof.problem(at, f"{name}: は instruction の設定でだけ使えます")
    lookup = node.entries.get("lookup")
    if not isinstance(lookup, Text) or lookup.value not in LOOKED_UP[name]:
        proof.problem(at, f"{name}: には lookup: {' か '.join(LOOKED_UP[name])} が要ります")
    if others := [other for other in (*LOOKED_UP, "words") if other != name and other in node]:
        proof.problem(at, f"{name}: と {others[0]}: は一緒に使えません")
    return _service(at, tables, proof) if name == "service" else _band(at, tables, proof)


def _service(node: Node, tables: Tables, proof: Proof) -> Coded:
    system = proof.word(node, SYSTEMS)

    def code(scope: Scope, carrier: str) -> str:
        slip = scope.item.slip
        found = tables.services.code(system, carrier, cash_on_delivery=slip.collects)
        if found is not None:
            return found
        method = slip.delivery_method or slip.delivery_id
        words = (
            f"発送方法「{method}」({tables.services.of(carrier).name}、{carrier}) は {system} では送れません"
        )
        collecting = "。代金引換です" if slip.collects else ""
        raise Unfit(Reason.UNKNOWN_VALUE, f"{words}{collecting} (mappings/tables/{SERVICES_FILE})")

    return code


def _band(node: Node, tables: Tables, proof: Proof) -> Coded:
    system = band_system(node, tables.bands.systems, proof)

    def code(scope: Scope, band: str) -> str:
        item, slip = scope.item, scope.item.slip
        choice = tables.bands.code(system, band, item.ship_on, tables.service_of(slip))
        if choice.code is None:
            words = f"時間帯「{slip.time_slot}」: {choice.words} (mappings/tables/{BANDS_FILE})"
            raise Unfit(Reason.DELIVERY_UNFIT, words)
        if choice.verdict is Verdict.REPLACED:
            if scope.care is None:
                raise Unfit(Reason.DELIVERY_UNFIT, "")  # only the careful way keeps records
            scope.care.note("band", slip.time_slot, choice.band)
        return choice.code

    return code
