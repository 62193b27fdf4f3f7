"""API faces (倉庫APIの顔) of the sandbox warehouse: OPENLOGI, LOGILESS and ロジザードZERO over one floor."""

from __future__ import annotations

from connector.sandbox.warehouse.faces.logiless import LogilessFace, LogilessSettings
from connector.sandbox.warehouse.faces.logizard import LogizardFace, LogizardSettings
from connector.sandbox.warehouse.faces.openlogi import OpenlogiFace, OpenlogiSettings
from connector.sandbox.warehouse.faces.troubles import Trouble

__all__ = [
    "LogilessFace",
    "LogilessSettings",
    "LogizardFace",
    "LogizardSettings",
    "OpenlogiFace",
    "OpenlogiSettings",
    "Trouble",
]
