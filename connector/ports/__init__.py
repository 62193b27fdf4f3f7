"""Ports (接続口): what the journey needs from the outside, each word explained.

Adapters give these; stages know nothing else. Every method may raise the errors of `errors.py`. Reading
may be repeated at will. Writing is called by a stage's `act` only, after its intent is committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from connector.ports.cart import (
    Cart,
    CartPage,
    CompletionAnswers,
    CompletionBuild,
    CompletionPart,
    Looked,
    SubscriptionPage,
)
from connector.ports.files import Archive, BuiltFile
from connector.ports.known import NOT_ANNOUNCED, FilesSoFar, Known, Silence
from connector.ports.mail import Letter, Mailbox, Mailer
from connector.ports.next_engine import (
    Answers,
    CallMeter,
    OrderManager,
    QueueState,
    Shelves,
    SignedIn,
    TokenPair,
    TokenStore,
)
from connector.ports.warehouse import (
    Folders,
    GoodsReturn,
    ReadResults,
    Receipt,
    ResultFile,
    StockLevel,
    Warehouse,
)
from connector.shop import Shop

__all__ = [
    "NOT_ANNOUNCED",
    "Answers",
    "Archive",
    "BuiltFile",
    "CallMeter",
    "Cart",
    "CartPage",
    "CompletionAnswers",
    "CompletionBuild",
    "CompletionPart",
    "FilesSoFar",
    "Folders",
    "GoodsReturn",
    "Known",
    "Letter",
    "Looked",
    "Mailbox",
    "Mailer",
    "OrderManager",
    "Ports",
    "QueueState",
    "ReadResults",
    "Receipt",
    "ResultFile",
    "Shelves",
    "SignedIn",
    "Silence",
    "StockLevel",
    "SubscriptionPage",
    "TokenPair",
    "TokenStore",
    "Warehouse",
]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a stage may reach, for one shop."""

    shop: Shop
    cart: Cart
    mailer: Mailer
    orders: OrderManager
    warehouse: Warehouse
    archive: Archive
    now: datetime  # the instant of this pass
    window: str = ""  # for stages with set times: which day and time this pass is for
    files: FilesSoFar = field(default_factory=FilesSoFar)  # for checked files: this window so far
    sequence: int = 1  # for stages that send numbered files: the next number
    known: Known | None = None  # the runner's ledger
    mailbox: Mailbox | None = None  # None: nobody reads answers to our mails
