"""Kinds (倉庫との話し方): one line for each way a warehouse may be spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connector.adapters.wms.files import FileWarehouse
from connector.clock import Clock
from connector.mapping import Tables
from connector.ports import Archive
from connector.transport.drop import Drop

KINDS = {"files": FileWarehouse.by_mappings}
"""How a warehouse may be spoken to. One with an API is one file and one line here."""


def connect(
    folder: Path,
    *,
    tables: Tables,
    tenant: str,
    warehouse_code: str,
    shop_code: str,
    sender: Mapping[str, str],
    drop: Drop,
    archive: Archive,
    clock: Clock,
    kind: str = "files",
) -> FileWarehouse:
    """The warehouse whose mappings lie in `folder` (mappings/wms/<profile>), under this shop's own names.

    Raises Misconfigured with every problem of every file. Nothing is contacted.
    """
    own = {"tenant": tenant, "warehouse_code": warehouse_code, "shop_code": shop_code, "sender": sender}
    return KINDS[kind](folder, tables=tables, own=own, drop=drop, archive=archive, clock=clock)
