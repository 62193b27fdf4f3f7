"""Mappings of a warehouse (倉庫の設定): the files of mappings/wms/<profile>/, compiled and held against each other.

Dangerous: an instruction whose columns have moved by an edit. Where the folder has a `layout.yaml`, every column it
names must stand at its place in `instruction.yaml`, or nothing is started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from connector.adapters.wms import plain
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

EVENT_KEYS = frozenset(("result_id", *plain.KEYS)) - {"pieces"}
"""What a row has where the warehouse numbers its events itself (SHIPRES, spec/wms.md §7.4)."""


@dataclass(frozen=True, slots=True)
class Mappings:
    """What mappings/wms/<profile>/ says, compiled. Label software knows neither stops nor receipts."""

    profile: WarehouseProfile
    instruction: CsvWriter
    result: CsvReader
    stop: CsvWriter | None = None
    receipt: CsvReader | None = None
    layout: CsvReader | None = None  # reads an instruction back

    @property
    def plain(self) -> bool:
        """Whether result rows come without a 実績番号."""
        return "result_id" not in self.result.keys


def load_mappings(folder: Path, tables: Tables, own: Mapping[str, Any]) -> Mappings:
    """Compile a profile's folder, with `own` values over its profile.yaml. Raises Misconfigured, gathered."""
    problems: list[Problem] = []

    def part(load: Callable[..., Any], kind: str, *with_tables: Tables) -> Any:
        try:
            return load(folder / f"{kind}.yaml", *with_tables)
        except Misconfigured as wrong:
            return problems.extend(wrong.problems)

    profile = part(load_profile, "profile")
    spoken = {"instruction", "result", *(profile.kinds if profile is not None else ())}
    compiled = {
        kind: part(load, kind, tables)
        for kind, load in (("instruction", load_csv_writer), ("stop", load_csv_writer))
        if kind in spoken
    } | {kind: part(load_csv_reader, kind, tables) for kind in ("receipt", "result") if kind in spoken}
    if (folder / "layout.yaml").exists():
        compiled["layout"] = part(load_csv_reader, "layout", tables)
    if not problems:
        problems += _gaps(folder, compiled)
    if problems:
        raise Misconfigured(problems)
    values = msgspec.to_builtins(profile) | dict(own)
    return Mappings(profile=msgspec.convert(values, WarehouseProfile), **compiled)


def _gaps(folder: Path, compiled: Mapping[str, Any]) -> list[Problem]:
    """Files that are right by themselves and do not fit together."""
    result = str(folder / "result.yaml")
    keys = compiled["result"].keys
    needed = EVENT_KEYS if "result_id" in keys else {*plain.NEEDED, *plain.ONE_OF_THE_MAPPING}
    problems = [
        Problem(result, 0, 0, f"key: {key} の列がありません。ない列の値は absent: に書きます")
        for key in sorted(needed - keys)
    ]
    shipped_on = compiled["result"].absent.get("shipped_on", plain.TODAY)
    if shipped_on != plain.TODAY:
        words = "absent: の shipped_on に書けるのは today (読んだ日) だけです"
        problems.append(Problem(result, 0, 0, words, shipped_on, plain.TODAY))
    layout = compiled.get("layout")
    moved = layout.misfits(compiled["instruction"].header) if layout is not None else ()
    return problems + [Problem(str(folder / "instruction.yaml"), 0, 0, words) for words in moved]
