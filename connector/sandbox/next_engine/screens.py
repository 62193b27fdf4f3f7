"""Screens (受注画面のタブ): under which of NE's nine tabs a slip stands; derived, never stored (§4.2, §14.1-§14.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.fields import stamp
from connector.sandbox.next_engine.model import Goods, Slip
from connector.sandbox.next_engine.settings import Shop

NEW = "新規受付"
TO_CONFIRM = "確認待ち"
TO_BE_PAID = "入金待ち"
TO_BE_ALLOCATED = "引当待ち"
TO_BE_RELEASED = "発売日待ち"
PRINT_DAY = "印刷日待ち"
PRINT_READY = "印刷待ち"
PRINTED = "印刷済み"
SHIPPED = "出荷済み"
TABS = (
    *(NEW, TO_CONFIRM, TO_BE_PAID, TO_BE_ALLOCATED, TO_BE_RELEASED),
    *(PRINT_DAY, PRINT_READY, PRINTED, SHIPPED),
)


def tab(slip: Slip, shop: Shop, goods: Mapping[str, Goods], now: datetime) -> str | None:
    """The slip's tab; the first reason in the table's order wins."""
    if not slip.live:
        return None
    if slip.status == wire.STATUS_MAIL:
        return NEW
    if slip.status in (wire.STATUS_INCOMPLETE, wire.STATUS_OPENED):
        return waits_for(slip, shop, goods, now) or _print_day(slip, now)
    if slip.status == wire.STATUS_PRINT_WAITING:
        return _print_day(slip, now) or PRINT_READY
    if slip.status == wire.STATUS_PRINTED:
        return PRINTED
    sent_today = (slip.fields[wire.SENT_AT] or "")[:10] == stamp(now)[:10]
    return SHIPPED if slip.status == wire.STATUS_SHIPPED and sent_today else None


def waits_for(slip: Slip, shop: Shop, goods: Mapping[str, Goods], now: datetime) -> str | None:
    """What keeps a slip of status 0 or 2 from moving on, by NE's own order of reasons."""
    if slip.fields[wire.CONFIRM_CHECK] == wire.CONFIRM_NEEDED:
        return TO_CONFIRM
    if slip.status != wire.STATUS_OPENED:
        return None
    prepaid = slip.fields[wire.PAYMENT_METHOD] not in shop.no_prior_payment
    if prepaid and slip.fields[wire.DEPOSIT_TYPE] != wire.DEPOSIT_PAID:
        return TO_BE_PAID
    rows = slip.live_rows
    if any(row.allocated != row.quantity for row in rows):
        return TO_BE_ALLOCATED
    releases = (goods[row.goods_id].release_at for row in rows if row.goods_id in goods)
    if any(release_at is not None and release_at > now for release_at in releases):
        return TO_BE_RELEASED
    return None


def _print_day(slip: Slip, now: datetime) -> str | None:
    """印刷日待ち; a null instruct date counts as reached."""
    if slip.status == wire.STATUS_INCOMPLETE:
        return None
    return PRINT_DAY if (slip.fields[wire.PRINT_ON] or "") > stamp(now) else None
