"""Warehouse (倉庫・WMS): the port `Warehouse`; `kinds.py` says which ways of speaking there are; spec/wms.md."""
