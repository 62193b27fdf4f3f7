"""The town (町): all sandboxes together, with their people; how a shop rehearses and how journeys are tested."""

from __future__ import annotations

from connector.sandbox.town.addresses import (
    Addresses,
    CartAddress,
    MailAddress,
    MailboxAddress,
    NextEngineAddress,
    WarehouseAddress,
)
from connector.sandbox.town.town import Town
from connector.sandbox.town.truth import Truth

__all__ = [
    "Addresses",
    "CartAddress",
    "MailAddress",
    "MailboxAddress",
    "NextEngineAddress",
    "Town",
    "Truth",
    "WarehouseAddress",
]
