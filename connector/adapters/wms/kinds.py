"""Kinds (倉庫との話し方): one line for each way a warehouse may be spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from connector.adapters.wms.api import Api, ApiDoor, ApiWarehouse, Desk
from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.logiless import Logiless
from connector.adapters.wms.logizard import Logizard, load_results
from connector.adapters.wms.mail_results import MailResults
from connector.adapters.wms.openlogi import Openlogi
from connector.clock import Clock
from connector.errors import Misconfigured, Problem
from connector.mapping import Tables, speaks_by_api
from connector.ports import Archive, Warehouse
from connector.transport.drop import Drop

Way = TypeVar("Way")

APIS: Mapping[str, Callable[[Desk, Path, Tables], Api]] = {
    "openlogi": lambda desk, folder, tables: Openlogi(desk),
    "logiless": lambda desk, folder, tables: Logiless(desk),
    "logizard": lambda desk, folder, tables: Logizard(desk, load_results(folder, tables)),
}
"""What `speaks:` of a profile.yaml may say. Another API is one file and one line here."""


def connect(
    folder: Path,
    *,
    tables: Tables,
    tenant: str,
    warehouse_code: str,
    shop_code: str,
    sender: Mapping[str, str],
    archive: Archive,
    clock: Clock,
    drop: Drop | None = None,
    mail: MailResults | None = None,
    door: ApiDoor | None = None,
) -> Warehouse:
    """The warehouse whose mappings lie in `folder` (mappings/wms/<profile>), under this shop's own names.

    Files go through `drop`, calls through `door`. Raises Misconfigured with every problem of every file.
    Nothing is contacted.
    """
    own = {"tenant": tenant, "warehouse_code": warehouse_code, "shop_code": shop_code, "sender": sender}
    if not speaks_by_api(folder / "profile.yaml"):
        given = _given(drop, folder, "a folder or an sftp table")
        return FileWarehouse.by_mappings(
            folder, tables=tables, own=own, drop=given, archive=archive, clock=clock, mail=mail
        )
    opened = _given(door, folder, "the table [shops.<key>.warehouse.api]")
    return ApiWarehouse.by_mappings(
        folder, tables=tables, own=own, door=opened, archive=archive, clock=clock, kinds=APIS
    )


def _given(way: Way | None, folder: Path, expected: str) -> Way:
    if way is None:
        words = "there is no way to this warehouse"
        raise Misconfigured([Problem(str(folder / "profile.yaml"), 0, 0, words, expected=expected)])
    return way
