"""Next Engine sandbox: a little Next Engine that behaves as spec/next_engine.md says, for tests and rehearsals."""

from connector.sandbox.next_engine.model import Goods
from connector.sandbox.next_engine.sandbox import NextEngineSandbox
from connector.sandbox.next_engine.settings import Codes, NextEngineSettings, Shop, UploadPattern, User
from connector.sandbox.next_engine.tokens import TokenPair

__all__ = [
    "Codes",
    "Goods",
    "NextEngineSandbox",
    "NextEngineSettings",
    "Shop",
    "TokenPair",
    "UploadPattern",
    "User",
]
