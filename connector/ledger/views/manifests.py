"""Manifests (受注CSVの送り状): what each import file held, and what was read back of it, to the yen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from connector.ledger.schema import effects
from connector.ledger.views.rows import EffectRow
from connector.ledger.views.work import effect_rows

KIND = "ne_import"


class Differing(Struct, frozen=True, kw_only=True):
    """Orders whose slips do not come to what the file said; several where they were bundled."""

    orders: tuple[str, ...]
    file: int
    slips: int


class ImportFile(Struct, frozen=True, kw_only=True):
    """One order CSV. `ties` None: nothing was read back yet, or the file is older than this count."""

    name: str
    revision: int
    state: str
    begun_at: datetime
    settled_at: datetime
    orders: int
    lines: int
    yen: int
    payments: dict[str, dict[str, int]]
    rates: dict[str, int]
    sha256: str
    words: str
    ties: bool | None = None
    read_orders: int = 0
    read_yen: int = 0
    missing: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()


def import_files(connection: Connection, shop: str, *, limit: int = 30) -> list[ImportFile]:
    """The newest files first."""
    query = select(effects).where(effects.c.shop == shop, effects.c.kind == KIND)
    rows = connection.execute(query.order_by(effects.c.id.desc()).limit(limit)).all()
    return [file_of(act) for act in effect_rows(connection, list(rows))]


def file_of(act: EffectRow) -> ImportFile:
    """An import as its manifest and its control totals tell it."""
    manifest, control = act.facts.get("manifest", {}), act.evidence.get("control", {})
    return ImportFile(
        name=act.name,
        revision=manifest.get("revision", 1),
        state=act.state,
        begun_at=act.started_at,
        settled_at=act.changed_at,
        orders=manifest.get("orders", act.items),
        lines=manifest.get("lines", 0),
        yen=manifest.get("yen", 0),
        payments=manifest.get("payments", {}),
        rates=manifest.get("rates", {}),
        sha256=manifest.get("sha256", ""),
        words=act.words,
        ties=control.get("ties"),
        read_orders=control.get("orders", 0),
        read_yen=control.get("yen", 0),
        missing=tuple(control.get("missing", ())),
        differing=_differing(control.get("differing", ())),
    )


def _differing(found: Sequence[dict[str, Any]]) -> tuple[Differing, ...]:
    return tuple(
        Differing(orders=tuple(one["orders"]), file=one["file"], slips=one["slips"]) for one in found
    )
