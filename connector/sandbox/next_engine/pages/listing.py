"""Listing (受注一覧): the slips under one of NE's nine tabs, or those a search found, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.next_engine.pages.frame import cell, slip_link, table

SHOWN = 200  # on one page; a busy town has thousands
_COLUMNS = {
    "店舗": wire.SHOP_ID,
    "受注番号": wire.ORDER_NUMBER,
    "受注日": wire.ORDERED_AT,
    "購入者": "receive_order_purchaser_name",
    "合計": wire.TOTAL,
    "確認内容": wire.CONFIRM_IDS,
    "発送伝票番号": wire.TRACKING,
    "メール": wire.MAIL_STATUS,
    "最終更新日": wire.MODIFIED_AT,
}


def listing(tab: str, slips: Sequence[Slip], start: int) -> str:
    """One tab, from the so-manieth slip on."""
    part = slips[start : start + SHOWN]
    links = []
    if start:
        links.append(f'<a href="/?tab={quote(tab)}&amp;from={max(0, start - SHOWN)}">前の{SHOWN}件</a>')
    if start + SHOWN < len(slips):
        links.append(f'<a href="/?tab={quote(tab)}&amp;from={start + SHOWN}">次の{SHOWN}件</a>')
    pages = f"<p>{start + 1}〜{start + len(part)}件目　{'　'.join(links)}</p>" if links else ""
    return f"<h2>{escape(tab)}（{len(slips)}件）</h2>{_table(part)}{pages}"


def found(asked: str, slips: Sequence[Slip]) -> str:
    """What a search found."""
    return f"<h2>「{escape(asked)}」の伝票（{len(slips)}件）</h2>{_table(slips[:SHOWN])}"


def _table(slips: Sequence[Slip]) -> str:
    rows = (
        [
            slip_link(slip.number),
            *(cell(slip.fields.get(name), number=name == wire.TOTAL) for name in _COLUMNS.values()),
        ]
        for slip in slips
    )
    return table(("伝票番号", *_COLUMNS), rows)
