"""API mappings (API でつなぐ倉庫の設定): the files of mappings/wms/<profile>/, compiled and held against the API.

Nothing is contacted: `connector check` loads them as the daemon does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.adapters.wms import doubts
from connector.adapters.wms.api_body import Shape
from connector.errors import Misconfigured, Problem
from connector.mapping import ApiProfile, CsvReader, CsvWriter, Tables, load_api_profile, load_csv_writer

Exports = Callable[[Path, Tables], CsvReader]


@dataclass(frozen=True, slots=True)
class ApiMappings:
    """What the folder says, compiled. Only an API that exports rows has columns of results."""

    folder: Path
    profile: ApiProfile
    instruction: CsvWriter
    questions: doubts.Door
    result: CsvReader | None = None


def load_api_mappings(
    folder: Path, tables: Tables, shapes: Mapping[str, Shape], exports: Mapping[str, Exports]
) -> ApiMappings:
    """`shapes` and `exports` by what a profile speaks. Raises Misconfigured with every problem of the folder."""
    problems: list[Problem] = []

    def part(load: Callable[..., Any], *given: object) -> Any:
        try:
            return load(*given)
        except Misconfigured as wrong:
            return problems.extend(wrong.problems)

    profile = part(load_api_profile, folder / "profile.yaml")
    instruction = part(load_csv_writer, folder / "instruction.yaml", tables)
    questions = part(doubts.open_door, folder, tables)
    speaks = profile.speaks if profile is not None else ""
    result = part(exports[speaks], folder, tables) if speaks in exports else None
    if speaks in shapes and instruction is not None:
        problems += shapes[speaks].gaps(str(folder / "instruction.yaml"), instruction.header)
    if problems:
        raise Misconfigured(problems)
    return ApiMappings(folder, profile, instruction, questions, result)
