"""Mappings of a warehouse (倉庫の設定): the files of mappings/wms/<profile>/, compiled and held against each other.

Dangerous: an instruction whose columns have moved by an edit. Where the folder has a `layout.yaml`, every column it
names must stand at its place in `instruction.yaml`, or nothing is started.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from connector.adapters.wms.doubts import Door, open_door
from connector.adapters.wms.meanings import load_reader
from connector.errors import Misconfigured, Problem
from connector.mapping import (
    CsvReader,
    CsvWriter,
    Tables,
    WarehouseProfile,
    load_csv_reader,
    load_csv_writer,
    load_profile,
)


@dataclass(frozen=True, slots=True)
class Mappings:
    """What mappings/wms/<profile>/ says, compiled. Label software knows neither stops nor receipts."""

    profile: WarehouseProfile
    instruction: CsvWriter
    result: CsvReader
    door: Door  # what a slip is asked before it is handed over
    stop: CsvWriter | None = None
    receipt: CsvReader | None = None
    layout: CsvReader | None = None  # reads an instruction back
    parcels: CsvReader | None = None  # 送り状紐付け: more numbers of known slips
    stock: CsvReader | None = None
    returns: CsvReader | None = None

    @property
    def plain(self) -> bool:
        """Whether result rows come without a 実績番号."""
        return "result_id" not in self.result.keys


def load_mappings(folder: Path, tables: Tables, own: Mapping[str, Any]) -> Mappings:
    """Compile a profile's folder, with `own` values over its profile.yaml. Raises Misconfigured, gathered."""
    problems: list[Problem] = []

    def part(load: Callable[..., Any], kind: str, *more: object) -> Any:
        try:
            return load(folder / f"{kind}.yaml", *more)
        except Misconfigured as wrong:
            return problems.extend(wrong.problems)

    profile = part(load_profile, "profile")
    spoken = {"instruction", "result", *(profile.kinds if profile is not None else ())}
    compiled = {
        kind: part(load, kind, tables)
        for kind, load in (("instruction", load_csv_writer), ("stop", load_csv_writer))
        if kind in spoken
    }
    for kind, field in _INBOUND.items():
        if kind in spoken:
            compiled[field] = part(load_reader, kind, kind, tables)
    if (folder / "layout.yaml").exists():
        compiled["layout"] = part(load_csv_reader, "layout", tables)
    door = part(lambda _: open_door(folder, tables), "checks")
    if compiled.get("instruction") is not None:
        problems += _gaps(folder, compiled)
        problems += _nowhere(folder, compiled["instruction"].written, profile)
    if problems:
        raise Misconfigured(problems)
    ours = msgspec.convert(msgspec.to_builtins(profile) | dict(own), WarehouseProfile)
    page = compiled["instruction"].dialect.page
    return Mappings(profile=ours, door=replace(door, page=page, temperature=ours.temperature), **compiled)


_INBOUND = {
    "receipt": "receipt",
    "result": "result",
    "parcels": "parcels",
    "stock": "stock",
    "return": "returns",
}
"""What comes in, and whose words therefore must mean something (`meanings.py`)."""

_DESTINATION = {
    "郵便番号 (slip.zip_code)": ({"slip.zip_code"},),
    "住所 (slip.address1 と slip.address2、または slot: の prefecture・street・building)": (
        {"slip.address1", "slip.address2"},
        {"prefecture", "street", "building"},
    ),
    "電話番号 (slip.phone)": ({"slip.phone"},),
}


def _nowhere(folder: Path, written: frozenset[str], profile: WarehouseProfile | None) -> Iterator[Problem]:
    """An instruction that does not say where its parcels go."""
    if profile is None or profile.address_elsewhere:
        return
    for name, ways in _DESTINATION.items():
        if not any(way <= written for way in ways):
            words = (
                f"届け先の{name}を書く列がありません。倉庫がほかの道で届け先を知るときだけ、profile.yaml に "
            )
            yield Problem(str(folder / "instruction.yaml"), 0, 0, f"{words}address_elsewhere: yes と書きます")


def _gaps(folder: Path, compiled: Mapping[str, Any]) -> list[Problem]:
    """Files that are right by themselves and do not fit together."""
    layout = compiled.get("layout")
    moved = layout.misfits(compiled["instruction"].header) if layout is not None else ()
    return [Problem(str(folder / "instruction.yaml"), 0, 0, words) for words in moved]
