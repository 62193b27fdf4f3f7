"""Config (設定): typed settings from TOML, environment and secret files. The door of the room.

Order of trust: environment (`CONNECTOR_SHOPS__MIHON__CART__URL`) over the TOML file. Secrets are never in either:
a `…_file` key names the file that holds one, readable by its owner only. All problems are reported at once, with
file, line, column and the nearest valid word; unknown keys are errors.
"""

from __future__ import annotations

from connector.config.load import load, parse_instant, shipped_mappings, shop_rules
from connector.config.parts import MailboxSection, Section, SftpSection
from connector.config.secrets import secret
from connector.config.sections import (
    CartSection,
    CompletionSection,
    ImportSection,
    MailSection,
    NextEngineSection,
    Settings,
    ShopSection,
    StageName,
    WebSection,
)
from connector.config.warehouse import SenderSection, WarehouseApiSection, WarehouseSection

__all__ = [
    "CartSection",
    "CompletionSection",
    "ImportSection",
    "MailSection",
    "MailboxSection",
    "NextEngineSection",
    "Section",
    "SenderSection",
    "Settings",
    "SftpSection",
    "ShopSection",
    "StageName",
    "WarehouseApiSection",
    "WarehouseSection",
    "WebSection",
    "load",
    "parse_instant",
    "secret",
    "shipped_mappings",
    "shop_rules",
]
