"""Carrier files (運送会社の表の読み込み): the two YAML tables of this room, checked word by word."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from connector.carriers.bands import BANDS, BandCode, Bands, Missing, System
from connector.carriers.services import Service, Services
from connector.errors import Misconfigured, Problem
from connector.mapping.document import Node, Proof, Section, Text, read
from connector.slip import Carrier

SYSTEMS = ("openlogi", "openlogi_method", "logiless", "yamato_b2", "yamato_b2_cod", "japanpost_yupri")
_SERVICE_KEYS = ("tracked", "bands", "cool", "cod_most")
MOST_YEN = 10_000_000
_BAND_KEYS = ("code", "valid_from", "valid_to", "instead", "choices", "only")


def load_services(path: Path) -> Services:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    services = read_services(path, proof)
    if services is None or proof.problems:
        raise Misconfigured(proof.told())
    return services


def read_services(path: Path, proof: Proof) -> Services | None:
    table = _table(path, "carriers", proof)
    if table is None:
        return None
    table = proof.section(table, tuple(Carrier))
    return Services(rows={carrier: _service(node, proof) for carrier, node in table.entries.items()})


def _table(path: Path, name: str, proof: Proof) -> Section | None:
    """The one section of the file, None where there is none to go on with."""
    root = read(path, proof)
    table = proof.section(root, (name,), (name,)).entries.get(name) if root is not None else None
    if isinstance(table, Section):
        return table
    if table is not None:
        proof.problem(table, "「名前: 値」の並びを書いてください")
    return None


def _service(node: Node, proof: Proof) -> Service:
    row = proof.section(node, ("name", "also", "formerly", *_SERVICE_KEYS, *SYSTEMS), ("name",))
    service = Service(
        name=proof.text(row.entries.get("name")) if "name" in row else "",
        codes={system: proof.text(row.entries[system]) for system in SYSTEMS if system in row},
        also=_spellings(row, "also", proof),
        formerly=_spellings(row, "formerly", proof),
        tracked="tracked" not in row or proof.flag(row.entries["tracked"]),
        bands=proof.text(row.entries["bands"]) if "bands" in row else "",
        cool="cool" not in row or proof.flag(row.entries["cool"]),
        cod_most=proof.integer(row.entries["cod_most"], 1, MOST_YEN) if "cod_most" in row else None,
    )
    for system in (*service.also, *service.formerly):
        if system not in service.codes:
            proof.problem(row, "今のコードのない相手です", system)
    return service


def _spellings(row: Section, name: str, proof: Proof) -> dict[str, str]:
    if name not in row:
        return {}
    entries = proof.section(row.entries[name], SYSTEMS).entries
    return {system: proof.text(node) for system, node in entries.items()}


def load_bands(path: Path) -> Bands:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    bands = read_bands(path, proof)
    if bands is None or proof.problems:
        raise Misconfigured(proof.told())
    return bands


def read_bands(path: Path, proof: Proof) -> Bands | None:
    table = _table(path, "systems", proof)
    if table is None:
        return None
    return Bands(systems={name: _system(node, proof) for name, node in table.entries.items()})


def lint_carriers(tables: Path) -> list[Problem]:
    """Every problem of the two files of this room, where the folder has them."""
    problems: list[Problem] = []
    for name, kind in (("carriers_by_system", read_services), ("time_slot_by_system", read_bands)):
        path = tables / f"{name}.yaml"
        if path.exists():
            proof = Proof(str(path))
            kind(path, proof)
            problems += proof.told()
    return problems


def _system(node: Node, proof: Proof) -> System:
    row = proof.section(node, ("name", "if_not_offered", "bands"), ("name", "bands"))
    entries = row.entries
    missing = proof.word(entries["if_not_offered"], tuple(Missing), "hold") if "if_not_offered" in row else ""
    bands = proof.section(entries["bands"], BANDS, ("NONE",)).entries if "bands" in row else {}
    codes = {band: _band(item, proof) for band, item in bands.items()}
    seen: dict[str, str] = {}
    for band, code in codes.items():
        if code.code is not None and seen.setdefault(code.code, band) != band:
            proof.problem(bands[band], f"「{seen[code.code]}」と同じコードです", code.code)
    return System(
        name=proof.text(entries["name"]) if "name" in row else "",
        bands=codes,
        missing=Missing(missing or "hold"),
    )


def _band(node: Node, proof: Proof) -> BandCode:
    if isinstance(node, Text):
        return BandCode(code=node.value)
    row = proof.section(node, _BAND_KEYS)
    entries = row.entries
    if not {"code", "choices", "instead"} & entries.keys():
        proof.problem(row, "code・instead・choices のどれかを書いてください")
    return BandCode(
        code=proof.text(entries["code"]) if "code" in row else None,
        valid_from=_day(entries["valid_from"], proof) if "valid_from" in row else None,
        valid_to=_day(entries["valid_to"], proof) if "valid_to" in row else None,
        instead=proof.word(entries["instead"], BANDS) if "instead" in row else "",
        choices=_words(entries["choices"], BANDS, proof) if "choices" in row else (),
        only=_words(entries["only"], tuple(Carrier), proof) if "only" in row else (),
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
