"""Page (受注一覧): the slips on NE's nine tabs as one HTML page, for people who watch the town."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.model import Slip, Usage
from connector.sandbox.next_engine.screens import TABS

_SHOWN = 200  # per tab; a busy town has thousands
_COLUMNS = {
    "伝票番号": wire.SLIP_ID,
    "店舗": wire.SHOP_ID,
    "受注番号": wire.ORDER_NUMBER,
    "受注日": wire.ORDERED_AT,
    "購入者": "receive_order_purchaser_name",
    "合計": wire.TOTAL,
    "確認内容": wire.CONFIRM_IDS,
    "発送伝票番号": wire.TRACKING,
    "最終更新日": wire.MODIFIED_AT,
}
_STYLE = (
    "body{font-family:sans-serif;margin:1.5rem;color:#222}table{border-collapse:collapse;margin:.3rem 0 1.2rem}"
    "th,td{border:1px solid #ccc;padding:.2rem .5rem;font-size:.85rem;text-align:left}th{background:#f3f3f3}"
    "h2{font-size:1rem;margin:0}nav a{margin-right:.8rem}"
)


def render(
    company: str, now: str, slips: Mapping[str | None, Sequence[Slip]], usage: Mapping[str, Usage]
) -> str:
    """The whole page; `slips` by tab, `usage` by month."""
    counts = " ".join(
        f'<a href="#tab{n}">{escape(tab)} {len(slips.get(tab, ()))}</a>' for n, tab in enumerate(TABS)
    )
    months = "、".join(
        f"{escape(month)}: {one.requests}回 {one.received_bytes + one.sent_bytes:,}バイト"
        for month, one in usage.items()
    )
    tabs = "".join(_tab(n, tab, slips.get(tab, ())) for n, tab in enumerate(TABS))
    title = f"{escape(company)} 受注一覧（見本環境）"
    return (
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(now)} 現在　API利用 {months or 'なし'}</p><nav>{counts}</nav>{tabs}"
        f"<p>タブなし: {len(slips.get(None, ()))}件</p></html>"
    )


def sign_in_form(error: str | None = None) -> str:
    """The login screen for a browser that is not signed in."""
    body = (
        f"<p>{escape(error)}</p>"
        if error
        else '<form method="post"><p>見本 花子 としてログインします。</p><button>ログイン</button></form>'
    )
    return (
        f'<!doctype html><html lang="ja"><meta charset="utf-8"><title>ログイン</title><style>{_STYLE}</style>'
        f"<h1>ネクストエンジン（見本環境） ログイン</h1>{body}</html>"
    )


def _tab(number: int, name: str, slips: Sequence[Slip]) -> str:
    more = f"<p>ほか {len(slips) - _SHOWN}件</p>" if len(slips) > _SHOWN else ""
    head = "".join(f"<th>{escape(title)}</th>" for title in _COLUMNS)
    rows = "".join(_row(slip) for slip in slips[:_SHOWN])
    table = f"<table><tr>{head}</tr>{rows}</table>" if slips else "<p>なし</p>"
    return f'<section id="tab{number}"><h2>{escape(name)}（{len(slips)}件）</h2>{table}{more}</section>'


def _row(slip: Slip) -> str:
    return "<tr>" + "".join(_cells(slip.fields.get(name) for name in _COLUMNS.values())) + "</tr>"


def _cells(values: Iterable[str | None]) -> Iterable[str]:
    return (f"<td>{escape(value or '')}</td>" for value in values)
