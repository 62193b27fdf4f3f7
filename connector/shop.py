"""Shop (店舗): the rules one shop runs by, as plain values. `config.py` reads them from TOML.

Stages and reports see this; hosts, secrets and folders stay with the adapters.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum

import msgspec

from connector.order import PaymentKind


class Mode(StrEnum):
    """Who does a stage: we ACT, we only WATCH that somebody else does it, or nobody looks (OFF)."""

    ACT = "act"
    WATCH = "watch"
    OFF = "off"


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """One shop. `start_at` is required: orders before it are shown, never acted on."""

    key: str  # our short name, part of every stable key
    name: str
    start_at: datetime
    ne_shop_id: str
    modes: dict[str, Mode] = {}
    rhythms: dict[str, timedelta] = {}  # how often a stage runs, where the shop wants another rhythm
    patiences: dict[str, timedelta] = {}  # how long an item may stand before it counts as stuck
    settle: timedelta = timedelta(minutes=10)  # spec/ecforce.md §10.5: thanks offers edit the order
    overlap: timedelta = timedelta(minutes=15)  # how far each read of the cart reaches back
    mail_settle: timedelta = timedelta(minutes=30)  # NE has read a mail by then, or never will
    intake_patience: timedelta = timedelta(hours=2)  # after that the mail is announced again
    import_times: tuple[time, ...] = (time(14, 0),)  # JST
    import_grace: timedelta = timedelta(hours=3)  # a missed import time is caught up so long after
    completion_times: tuple[time, ...] = (time(19, 30),)  # JST
    relay_from: time = time(0, 0)  # JST, the warehouse's window for new instructions
    relay_until: time = time(23, 59, 59)
    relay_foreign_slips: bool = False  # also slips without an order of ours (hand-made, copied)
    hold_needs_attention: bool = False  # 要対応 in the cart holds the order
    complete_kinds: tuple[PaymentKind, ...] = tuple(PaymentKind)  # which kinds are completed in the cart
    sale_kinds: tuple[PaymentKind, ...] = ()  # for which of them sales (capture) runs with it
    completion_route: str = "files"  # "files" or "api"
    import_route: str = "api"  # "api" or "folder"
    sent_tag: str = "出荷指示済み"
    refused_tag: str = "出荷指示失敗"

    def mode(self, stage: str) -> Mode:
        return self.modes.get(stage, Mode.ACT)
