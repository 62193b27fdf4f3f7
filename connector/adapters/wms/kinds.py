"""Kinds (倉庫との話し方): one line for each way a warehouse may be spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from connector.adapters.wms import logiless, logizard, openlogi
from connector.adapters.wms.api import Api, ApiDoor, ApiWarehouse, Desk
from connector.adapters.wms.api_body import Shape
from connector.adapters.wms.api_mappings import ApiMappings, Exports, load_api_mappings
from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.mail_results import MailResults
from connector.adapters.wms.mappings import load_mappings
from connector.clock import Clock
from connector.errors import Misconfigured, Problem
from connector.mapping import Tables, speaks_by_api
from connector.ports import Archive, Warehouse
from connector.transport.drop import Drop

Way = TypeVar("Way")


@dataclass(frozen=True, slots=True)
class Speech:
    """One API: its bodies, who speaks it, and how its results are read where they are rows."""

    shape: Shape
    speak: Callable[[Desk, ApiMappings], Api]
    exports: Exports | None = None


APIS: Mapping[str, Speech] = {
    "openlogi": Speech(openlogi.SHAPE, lambda desk, mappings: openlogi.Openlogi(desk)),
    "logiless": Speech(logiless.SHAPE, lambda desk, mappings: logiless.Logiless(desk)),
    "logizard": Speech(
        logizard.SHAPE,
        lambda desk, mappings: logizard.Logizard(desk, mappings.result),
        logizard.load_results,
    ),
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
    mappings = _api_mappings(folder, tables)
    desk = Desk(opened, mappings.profile, archive, clock)
    api = APIS[mappings.profile.speaks].speak(desk, mappings)
    return ApiWarehouse.by_mappings(mappings, api=api, desk=desk, own=own)


def misfits(folder: Path, tables: Tables) -> list[Problem]:
    """Every problem for which `connect` would refuse the warehouse whose mappings lie in `folder`."""
    try:
        if speaks_by_api(folder / "profile.yaml"):
            _api_mappings(folder, tables)
        else:
            load_mappings(folder, tables, {})
    except Misconfigured as wrong:
        return wrong.problems
    return []


def _api_mappings(folder: Path, tables: Tables) -> ApiMappings:
    shapes = {name: api.shape for name, api in APIS.items()}
    exports = {name: api.exports for name, api in APIS.items() if api.exports is not None}
    return load_api_mappings(folder, tables, shapes, exports)


def _given(way: Way | None, folder: Path, expected: str) -> Way:
    if way is None:
        words = "there is no way to this warehouse"
        raise Misconfigured([Problem(str(folder / "profile.yaml"), 0, 0, words, expected=expected)])
    return way
