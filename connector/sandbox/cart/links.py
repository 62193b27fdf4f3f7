"""Links (外部連携の設定): where the shop sends webhooks, which CSV formats it defined, and its own link to Next Engine.

spec/ecforce.md §4, §5.1, §8. Data only; all of it is off or empty until a shop sets it.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class WebhookEndpoint(Struct, frozen=True, kw_only=True):
    """One entry of Webhook 管理. Without a template the category's default is rendered."""

    category: str
    event: str
    url: str
    template: str = ""


class WebhookMischief(Struct, frozen=True, kw_only=True):
    """Shares of deliveries that go wrong, 0 to 1; the cart itself never sends one again (§4)."""

    loss: float = 0
    duplicate: float = 0
    delay: float = 0
    delay_s: float = 300
    reorder: float = 0
    reorder_s: float = 30  # an overtaken one comes so much later at most


class CsvKind(StrEnum):
    """受注CSV has a row per order, 受注商品CSV a row per item, 定期受注CSV a row per subscription."""

    ORDERS = "orders"
    ITEMS = "items"
    SUBSCRIPTIONS = "subscriptions"


class CsvEncoding(StrEnum):
    """Shift_JIS as Windows writes it, or UTF-8 with a BOM."""

    CP932 = "cp932"
    UTF8_BOM = "utf8bom"


class CsvFormat(Struct, frozen=True, kw_only=True):
    """One format of CSV管理: which columns, in which order, in which bytes."""

    name: str
    kind: CsvKind
    columns: tuple[str, ...]
    encoding: CsvEncoding = CsvEncoding.CP932
    wide_parentheses: bool = True  # 購入商品（個数）, else 購入商品(個数); data stays as it is
    refuse_unencodable: bool = False  # a character that does not fit fails the job; else it becomes ?
    marks_picked: bool = False  # 出荷リスト出力済み


class NeLink(Struct, frozen=True, kw_only=True):
    """The cart's own link to Next Engine: a mail per order and one CSV a day (§8). Off: `on` is False."""

    on: bool = False
    to: str = "ne-intake@example.jp"
    csv_at: str = "14:00"  # Japan
    mail_loss: float = 0  # share of mails that never arrive
