"""Ways (倉庫へのつなぎ方): a folder, an SFTP server or an API, exactly one, and the one that the profile speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from connector.config.warehouse import WarehouseApiSection, WarehouseSection

Told = tuple[tuple[str, ...], str, str, str]
"""Keys below the warehouse's table, words, what was found, what was expected."""

SPEAKS = re.compile(r"^speaks:\s*[\"']?(\w+)", re.MULTILINE)
NEEDS = {
    "openlogi": ("token_file",),
    "logiless": ("client_id", "client_secret_file", "refresh_token_file"),
    "logizard": ("area", "user", "password_file", "app_key_file"),
}
"""Keys of [shops.<key>.warehouse.api] by what the profile speaks."""


def speaks(mappings: Path, profile: str) -> str:
    """What the profile says it speaks; empty for one that speaks files, or that is not there."""
    path = mappings / "wms" / profile / "profile.yaml"
    if not path.is_file():
        return ""
    found = SPEAKS.search(path.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else ""


def ways(chosen: WarehouseSection, mappings: Path) -> Iterator[Told]:
    spoken = speaks(mappings, chosen.profile)
    if chosen.api is not None:
        yield from _api(chosen, chosen.api, spoken, mappings)
        return
    if spoken:
        words = f"the profile {chosen.profile} speaks by an API: it needs the table api"
        yield (), words, "", "[shops.<key>.warehouse.api]"
    elif chosen.folder is None and chosen.sftp is None:
        yield (), "it needs a folder or an sftp table", "", ""
    elif chosen.folder is not None and chosen.sftp is not None:
        yield ("folder",), "either folder or sftp, not both", "", ""


def _api(chosen: WarehouseSection, api: WarehouseApiSection, spoken: str, mappings: Path) -> Iterator[Told]:
    for name in ("folder", "sftp"):
        if getattr(chosen, name) is not None:
            yield (name,), f"either {name} or api, not both", "", ""
    if chosen.mailbox is not None:
        yield ("mailbox",), "results of a warehouse with an API come by the API, not by mail", "", ""
    if not spoken and (mappings / "wms" / chosen.profile).is_dir():
        known = ", ".join(name for name in sorted(NEEDS) if speaks(mappings, name))
        yield ("profile",), "this profile speaks by files, and there is a table api", chosen.profile, known
    for name in NEEDS.get(spoken, ()):
        if not getattr(api, name):
            yield ("api",), f"{spoken} needs {name}", "", ""
    if spoken == "logizard":
        for name in ("account", "area"):
            if getattr(api, name) and not (getattr(api, name).isascii() and getattr(api, name).isdigit()):
                yield ("api", name), "ロジザード's ids are numbers", getattr(api, name), "1"
