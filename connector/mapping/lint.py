"""Lint (設定の検査): every problem of every mapping in a folder at once, for `connector check`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connector.errors import Problem
from connector.mapping.carrier_files import read_carriers
from connector.mapping.document import Proof, Section, Text, read
from connector.mapping.findings import CHECKS, read_checks
from connector.mapping.mail import read_mail
from connector.mapping.profile import read_profile
from connector.mapping.reader import read_csv_reader
from connector.mapping.table_files import read_tables
from connector.mapping.tables import Tables
from connector.mapping.time_slot import TimeSlots
from connector.mapping.warehouse_api import API, read_api_profile
from connector.mapping.writer import read_csv_writer

KINDS: dict[str, Callable[[Path, Tables, Proof], object]] = {
    "csv_writer": read_csv_writer,
    "csv_reader": read_csv_reader,
    "mail": read_mail,
    "warehouse_profile": lambda path, tables, proof: read_profile(path, proof),
    API: lambda path, tables, proof: read_api_profile(path, proof),
    CHECKS: lambda path, tables, proof: read_checks(path, proof, tables.bands.systems),
}
TABLES = "tables"


def lint(folder: Path) -> list[Problem]:
    """All problems below `folder`, in file order; an empty list means that everything can be loaded."""
    if not (folder / TABLES).is_dir():
        return [Problem(str(folder / TABLES), 0, 0, "変換表のフォルダがありません")]
    tables, problems = read_tables(folder / TABLES)
    tables = tables or _blank(folder / TABLES)
    for path in sorted(folder.rglob("*.y*ml")):
        if path.parent != folder / TABLES:
            problems += _check(path, tables)
    return problems


def _blank(folder: Path) -> Tables:
    """Stands in for tables that are broken: the other files are written in the words of systems only."""
    carriers = read_carriers(folder)
    return Tables(
        folder=folder,
        payments={},
        ne_payments={},
        carriers=(),
        time_slots=TimeSlots(slots={}, pairs={}, words={}, codes={}),
        characters={},
        last_lines={},
        services=carriers.services,
        bands=carriers.bands,
    )


def _check(path: Path, tables: Tables) -> list[Problem]:
    proof = Proof(str(path))
    root = read(path, proof)
    if root is None:
        return proof.told()
    kind = root.entries.get("kind")
    if not isinstance(kind, Text) or kind.value not in KINDS:
        _unknown_kind(proof, root, kind)
        return proof.told()
    proof.problems.clear()  # reading again tells them again
    KINDS[kind.value](path, tables, proof)
    return proof.told()


def _unknown_kind(proof: Proof, root: Section, kind: object) -> None:
    if isinstance(kind, Text):
        proof.unknown(kind, "知らない種類の設定です", KINDS)
    else:
        proof.problem(root, "何の設定か、kind: を書いてください", "", "・".join(KINDS))
