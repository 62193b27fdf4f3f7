"""Warehouse sandbox (倉庫サンドボックス): a warehouse that speaks generic-sftp-v1 over a folder or SFTP."""

from __future__ import annotations

from connector.sandbox.warehouse.core import WarehouseSandbox
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.stock import StockItem

__all__ = ["StockItem", "WarehouseSandbox", "WarehouseSettings"]
