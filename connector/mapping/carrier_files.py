"""Carrier files (運送会社の表の読み込み): carriers_by_system.yaml and time_slot_by_system.yaml, checked word by word.

A fault here sends parcels by another service or to another hour without an error (spec/wms.md §4.2): two bands with
one code on one day, a period that ends before it begins, a band in whose place stands itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connector.carriers import BANDS, ONE_EACH, SYSTEMS, BandCode, Bands, Missing, Service, Services, System
from connector.errors import Problem
from connector.mapping.document import Listing, Node, Proof, Section, Text, read
from connector.slip import Carrier

SERVICES_FILE = "carriers_by_system.yaml"
BANDS_FILE = "time_slot_by_system.yaml"
MOST_YEN = 10_000_000
_SERVICE_KEYS = ("tracked", "bands", "cool", "cod_most")
_BAND_KEYS = ("code", "valid_from", "valid_to", "instead", "choices", "only")


@dataclass(frozen=True, slots=True)
class CarrierTables:
    """Both tables as far as they could be read, and every problem of both files."""

    services: Services
    bands: Bands
    problems: list[Problem]


def read_carriers(folder: Path) -> CarrierTables:
    """The two tables of one folder, where it has them: a shop without label software needs neither."""
    services, bands = Proof(str(folder / SERVICES_FILE)), Proof(str(folder / BANDS_FILE))
    hours, known = Bands(systems={}), True
    if (folder / BANDS_FILE).exists():
        found = read_bands(folder / BANDS_FILE, bands)
        hours, known = found or hours, found is not None
    rows = Services(rows={})
    if (folder / SERVICES_FILE).exists():
        rows = read_services(folder / SERVICES_FILE, services, hours.systems if known else None) or rows
    return CarrierTables(rows, hours, [*services.told(), *bands.told()])


def read_services(path: Path, proof: Proof, systems: Collection[str] | None = None) -> Services | None:
    """`systems` are those of the table of bands; None where nobody knows them."""
    table = _table(path, "carriers", proof)
    if table is None:
        return None
    nodes = proof.section(table, tuple(Carrier)).entries
    services = Services(rows={carrier: _service(node, systems, proof) for carrier, node in nodes.items()})
    _one_service_each(services, nodes, proof)
    return services


def _table(path: Path, name: str, proof: Proof) -> Section | None:
    """The one section of the file, None where there is none to go on with."""
    root = read(path, proof)
    table = proof.section(root, (name,), (name,)).entries.get(name) if root is not None else None
    if isinstance(table, Section):
        return table
    if table is not None:
        proof.problem(table, "「名前: 値」の並びを書いてください")
    return None


def _service(node: Node, systems: Collection[str] | None, proof: Proof) -> Service:
    row = proof.section(node, ("name", "also", "formerly", *_SERVICE_KEYS, *SYSTEMS), ("name",))
    service = Service(
        name=proof.text(row.entries.get("name")) if "name" in row else "",
        codes={system: proof.text(row.entries[system]) for system in SYSTEMS if system in row},
        also=_spellings(row, "also", proof),
        formerly=_spellings(row, "formerly", proof),
        tracked="tracked" not in row or proof.flag(row.entries["tracked"]),
        bands=_bands_of(row.entries["bands"], systems, proof) if "bands" in row else "",
        cool="cool" not in row or proof.flag(row.entries["cool"]),
        cod_most=proof.integer(row.entries["cod_most"], 1, MOST_YEN) if "cod_most" in row else None,
    )
    for name, spellings in (("also", service.also), ("formerly", service.formerly)):
        for system, code in spellings.items():
            if system not in service.codes:
                proof.problem(row.entries[name], "今のコードのない相手です", system)
            elif service.codes[system] == code:
                proof.problem(row.entries[name], f"{system} の今のコードと同じです", code)
    return service


def _bands_of(node: Node, systems: Collection[str] | None, proof: Proof) -> str:
    return band_system(node, systems, proof) if systems is not None else proof.text(node)


def band_system(node: Node, systems: Collection[str], proof: Proof) -> str:
    """The name of one system of the table of bands."""
    name = proof.text(node)
    if isinstance(node, Text) and name not in systems:
        proof.unknown(node, f"時間帯の表 ({BANDS_FILE}) にない相手です", systems)
    return name


def _spellings(row: Section, name: str, proof: Proof) -> dict[str, str]:
    if name not in row:
        return {}
    entries = proof.section(row.entries[name], SYSTEMS).entries
    return {system: proof.text(node) for system, node in entries.items()}


def _one_service_each(services: Services, nodes: dict[str, Node], proof: Proof) -> None:
    """Where a code names one service, two rows with it are the mix-up of 7 and A (spec/wms.md §4.2)."""
    seen: dict[tuple[str, str], str] = {}
    for carrier, row in services.rows.items():
        for system in (system for system in ONE_EACH if system in row.codes):
            first = seen.setdefault((system, row.codes[system]), carrier)
            if first != carrier and isinstance(node := nodes[carrier], Section):
                words = f"{system} で「{first}」と同じコードです"
                proof.problem(node.entries[system], words, row.codes[system])


def read_bands(path: Path, proof: Proof) -> Bands | None:
    table = _table(path, "systems", proof)
    if table is None:
        return None
    return Bands(systems={name: _system(node, proof) for name, node in table.entries.items()})


def _system(node: Node, proof: Proof) -> System:
    row = proof.section(node, ("name", "if_not_offered", "bands"), ("name", "bands"))
    entries = row.entries
    missing = proof.word(entries["if_not_offered"], tuple(Missing), "hold") if "if_not_offered" in row else ""
    bands = proof.section(entries["bands"], BANDS, ("NONE",)).entries if "bands" in row else {}
    codes = {band: _band(item, proof) for band, item in bands.items()}
    for number, band in enumerate(codes):
        _codes_apart(band, list(codes)[:number], codes, bands, proof)
        _substitutes(band, codes, bands[band], proof)
    return System(
        name=proof.text(entries["name"]) if "name" in row else "",
        bands=codes,
        missing=Missing(missing or "hold"),
    )


def _codes_apart(
    band: str, before: Collection[str], codes: dict[str, BandCode], nodes: dict[str, Node], proof: Proof
) -> None:
    """No code means two bands on one day; it may pass from one to the other."""
    row = codes[band]
    for other in before:
        if row.code is not None and row.code == codes[other].code and row.lives_with(codes[other]):
            proof.problem(nodes[band], f"「{other}」と同じコードです (使える日が重なっています)", row.code)
            return


def _substitutes(band: str, codes: dict[str, BandCode], node: Node, proof: Proof) -> None:
    """What stands in for a band is another one of this system, and one that can be written."""
    entries = node.entries if isinstance(node, Section) else {}
    choices = entries.get("choices")
    for item in (entries.get("instead"), *(choices.items if isinstance(choices, Listing) else ())):
        if not isinstance(item, Text) or item.value not in BANDS:
            continue
        if item.value == band:
            proof.problem(item, "自分自身を代わりにはできません", band)
        elif item.value not in codes or codes[item.value].code is None:
            proof.problem(item, "この相手の表にコードのない時間帯です", item.value)


def _band(node: Node, proof: Proof) -> BandCode:
    if isinstance(node, Text):
        return BandCode(code=node.value)
    row = proof.section(node, _BAND_KEYS)
    entries = row.entries
    if not {"code", "choices", "instead"} & entries.keys():
        proof.problem(row, "code・instead・choices のどれかを書いてください")
    since = _day(entries["valid_from"], proof) if "valid_from" in row else None
    until = _day(entries["valid_to"], proof) if "valid_to" in row else None
    if since is not None and until is not None and until < since:
        proof.problem(entries["valid_to"], "始まる前に終わる期間です", f"{until}", f"{since} 以後")
    return BandCode(
        code=proof.text(entries["code"]) if "code" in row else None,
        valid_from=since,
        valid_to=until,
        instead=proof.word(entries["instead"], BANDS) if "instead" in row else "",
        choices=_words(entries["choices"], BANDS, proof) if "choices" in row else (),
        only=_words(entries["only"], tuple(Carrier), proof) if "only" in row else None,
    )


def _words(node: Node, known: tuple[str, ...], proof: Proof) -> tuple[str, ...]:
    return tuple(proof.word(item, known) for item in proof.listing(node))


def _day(node: Node, proof: Proof) -> date | None:
    text = proof.text(node)
    try:
        return date.fromisoformat(text)
    except ValueError:
        proof.problem(node, "日付ではありません", text, "例: 2017-06-19")
        return None
