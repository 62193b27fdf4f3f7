"""Rehearsal (リハーサル): the product against the town, in one process; the demo, and the town alone.

The only product room that imports the sandbox, and only the `demo` and `sandbox` commands import this room. The
daemon's wiring is the production one: it gets a TOML file and secret files like anybody else.
"""

from __future__ import annotations

from connector.rehearsal.alone import town_alone
from connector.rehearsal.demo import FIRST_DAY, Demo, Progress, opened, run_demo, summary
from connector.rehearsal.setting import SHOP, write_config, write_secrets

__all__ = [
    "FIRST_DAY",
    "SHOP",
    "Demo",
    "Progress",
    "opened",
    "run_demo",
    "summary",
    "town_alone",
    "write_config",
    "write_secrets",
]
