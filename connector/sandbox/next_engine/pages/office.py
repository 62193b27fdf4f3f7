"""Office (設定・記録): the account's switches, and what it counted: API calls, automatic mails, order mails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from connector.sandbox.next_engine.letters import LETTERS
from connector.sandbox.next_engine.model import IntakeLine, Request, Usage
from connector.sandbox.next_engine.pages.forms import OFFICE_FORMS
from connector.sandbox.next_engine.pages.frame import cell, slip_link, table
from connector.sandbox.next_engine.settings import Shop, UploadPattern

_LAUNCH = '<p><a href="/launch">アプリのメニューから起動する</a></p>'
_LAST = 50  # lines of a log on the page; the control plane has them all


@dataclass(frozen=True, slots=True)
class Records:
    """What the page shows."""

    shops: Iterable[Shop]
    patterns: Iterable[UploadPattern]
    stock_taking: bool
    letters_on: frozenset[str]
    letters_sent: Mapping[str, Mapping[str, int]]
    intake: Sequence[IntakeLine]
    usage: Mapping[str, Usage]
    requests: Sequence[Request]
    free_requests: int


def office_page(records: Records) -> str:
    acts = "".join(form.html(f"/office/{form.act}") for form in OFFICE_FORMS.values())
    return (
        f'<h2>設定・記録</h2><div class="two"><div>{_settings(records)}</div><div>{_letters(records)}</div></div>'
        f'<h3>操作</h3><div class="acts">{acts}</div>{_LAUNCH}'
        f"{_usage(records)}{_intake(records)}{_requests(records)}"
    )


def _settings(records: Records) -> str:
    shops = (
        [cell(shop.id), cell(shop.name), cell(shop.intake_address), cell(shop.template.order_number)]
        for shop in records.shops
    )
    patterns = (
        [
            cell(one.id),
            cell(one.name),
            cell(one.shop_id),
            cell(one.format_id),
            cell("有効" if one.enabled else "無効"),
        ]
        for one in records.patterns
    )
    taking = "<p>棚卸中です。伝票は更新できません。</p>" if records.stock_taking else ""
    return (
        f"{taking}<h3>店舗</h3>{table(('店舗', '名前', '受注情報取込み用メールアドレス', '受注番号の見出し'), shops)}"
        f"<h3>受注一括登録パターン</h3>{table(('ID', '名前', '店舗', '形式', '状態'), patterns)}"
    )


def _letters(records: Records) -> str:
    titles = [
        f"{name}（{'送る' if kind in records.letters_on else '送らない'}）" for kind, name in LETTERS.items()
    ]
    rows = (
        [cell(day), *(cell(sent.get(kind, 0), number=True) for kind in LETTERS)]
        for day, sent in sorted(records.letters_sent.items(), reverse=True)
    )
    state = f"<p>{escape('、'.join(titles))}</p>"
    return f"<h3>自動メール</h3>{state}{table(('日', *LETTERS.values()), rows)}"


def _usage(records: Records) -> str:
    months = sorted(records.usage.items(), reverse=True)
    rows = (
        [cell(month), cell(path), cell(f"{count:,}", number=True)]
        for month, one in months
        for path, count in [("合計", one.requests), *sorted(one.by_path.items(), key=lambda pair: -pair[1])]
    )
    sums = "、".join(f"{month} {one.requests:,}回 {one.bytes:,}バイト" for month, one in months)
    free = f"<p>無料枠は月{records.free_requests:,}回です。{escape(sums)}</p>"
    return f"<h3>API利用（月・パス別）</h3>{free}{table(('月', 'パス', '回数'), rows)}"


def _intake(records: Records) -> str:
    rows = (
        [
            cell(line.at),
            cell(line.shop_id or "不明"),
            cell(line.recipient),
            cell(line.order_number),
            slip_link(line.slip) if line.slip is not None else "<td></td>",
            cell(line.why),
        ]
        for line in reversed(records.intake[-_LAST:])
    )
    dropped = sum(line.slip is None for line in records.intake)
    head = ("日時", "店舗", "宛先", "受注番号", "伝票番号", "取り込まなかった理由")
    total = f"<p>{len(records.intake)}通、うち取り込まなかったもの {dropped}通</p>"
    return f"<h3>受注メール</h3>{total}{table(head, rows)}"


def _requests(records: Records) -> str:
    rows = (
        [
            cell(one.at),
            cell(one.path),
            cell(one.code or "成功"),
            cell(one.received, number=True),
            cell(one.sent, number=True),
        ]
        for one in reversed(records.requests[-_LAST:])
    )
    return f"<h3>最近のAPI呼び出し</h3>{table(('日時', 'パス', '結果', '受信バイト', '送信バイト'), rows)}"
