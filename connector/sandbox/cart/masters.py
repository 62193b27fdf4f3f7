"""Masters (マスタ): stores, advertising URLs, labels, categories, free columns and reasons of the fictional shop.

Literal lists with invented contents; a test or a rehearsal may hand in others with `CartSettings.masters`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Store(Struct, frozen=True):
    """媒体. Id 1 is the shop itself and takes its name from the settings."""

    id: int
    name: str
    labels: tuple[str, ...] = ()
    default: bool = False


class Advertiser(Struct, frozen=True):
    """広告主."""

    id: int
    name: str
    number: str


class UrlGroup(Struct, frozen=True):
    """広告URLグループ."""

    id: int
    name: str
    advertiser_id: int | None = None


class Url(Struct, frozen=True):
    """広告URL; `token` is the base_url an order shows."""

    id: int
    token: str
    group_id: int
    cost: int = 0
    default: bool = False
    accesses_pc: int = 0
    accesses_sp: int = 0


class Label(Struct, frozen=True):
    """ラベル; `type` says what it is put on."""

    id: int
    name: str
    type: str
    color: str = "#FFFFFF"


class Named(Struct, frozen=True):
    """性別, 職業, 会員ランク, 顧客区分."""

    id: int
    name: str


class Category(Struct, frozen=True):
    """商品カテゴリー."""

    id: int
    name: str
    slug: str
    parent: str | None = None


class OrderFreeColumn(Struct, frozen=True):
    """受注自由項目: a question asked with the order."""

    id: int
    label: str
    required: bool = False


class FreeColumn(Struct, frozen=True):
    """自由項目; with a category several answers may stand side by side, told apart by their sequence."""

    id: int
    label: str
    category_id: int | None = None
    options: tuple[tuple[int, str], ...] = ()


class BlacklistReason(Struct, frozen=True):
    """ブラックリスト理由."""

    id: int
    name: str


class PointEvent(Struct, frozen=True):
    """ポイントイベント."""

    id: int
    name: str


class EmailTemplate(Struct, frozen=True):
    """メールテンプレート; only `order` (受注管理) may be sent with an order."""

    id: int
    subject: str
    category: str = "order"


class PickupLocation(Struct, frozen=True):
    """受取場所."""

    id: int
    name: str


class SearchQuery(Struct, frozen=True):
    """保存した検索条件."""

    id: int
    name: str
    type: str


class Masters(Struct, frozen=True, kw_only=True):
    """All of them."""

    stores: tuple[Store, ...] = (
        Store(1, "見本茶房", ("本店",), default=True),
        Store(2, "見本茶房 電話窓口", ("電話", "CS")),
    )
    advertisers: tuple[Advertiser, ...] = (Advertiser(3, "見本広告社", "mihon-ad"),)
    url_groups: tuple[UrlGroup, ...] = (UrlGroup(5, "見本グループ"), UrlGroup(6, "見本春の広告", 3))
    urls: tuple[Url, ...] = (
        Url(12, "mihon-lp", 5, default=True, accesses_pc=40, accesses_sp=310),
        Url(13, "mihon-spring", 6, cost=1000, accesses_pc=12, accesses_sp=88),
    )
    labels: tuple[Label, ...] = (
        Label(1, "VIP", "Customer", "#FFCC00"),
        Label(2, "再与信対象", "Order"),
        Label(3, "再与信完了", "Order"),
        Label(4, "要電話", "SubsOrder"),
    )
    sexes: tuple[Named, ...] = (Named(1, "男性"), Named(2, "女性"), Named(3, "未回答"))
    jobs: tuple[Named, ...] = (Named(1, "会社員"), Named(2, "自営業"))
    ranks: tuple[Named, ...] = (Named(1, "一般"), Named(2, "ゴールド"))
    types: tuple[Named, ...] = (Named(1, "個人"), Named(2, "法人"))
    categories: tuple[Category, ...] = (
        Category(21, "お茶", "ocha"),
        Category(22, "健康食品", "kenko"),
        Category(23, "青汁", "aojiru", "健康食品"),
    )
    order_free_columns: tuple[OrderFreeColumn, ...] = (
        OrderFreeColumn(1, "ご購入のきっかけ"),
        OrderFreeColumn(2, "お好みの味"),
    )
    free_columns: tuple[FreeColumn, ...] = (
        FreeColumn(1, "社内管理番号"),
        FreeColumn(2, "贈り先のお名前", 7),
        FreeColumn(3, "贈り先の続柄", 7, ((31, "家族"), (32, "友人"))),
    )
    blacklist_reasons: tuple[BlacklistReason, ...] = (
        BlacklistReason(1, "ブラックリスト"),
        BlacklistReason(2, "長期未払い"),
    )
    point_events: tuple[PointEvent, ...] = (PointEvent(1, "会員登録"), PointEvent(2, "お詫び"))
    email_templates: tuple[EmailTemplate, ...] = (
        EmailTemplate(5, "ご注文ありがとうございます"),
        EmailTemplate(6, "発送のお知らせ"),
        EmailTemplate(9, "会員登録のお知らせ", "customer"),
    )
    pickup_locations: tuple[PickupLocation, ...] = (
        PickupLocation(1, "宅配ボックス"),
        PickupLocation(2, "玄関"),
    )
    search_queries: tuple[SearchQuery, ...] = (
        SearchQuery(1, "定期継続中", "customer"),
        SearchQuery(2, "三か月購入なし", "customer"),
        SearchQuery(3, "要対応", "order"),
    )


DEFAULT_URL: Final = 12
DEFAULT_STORE: Final = 1


class MyPage(Struct, frozen=True, kw_only=True):
    """マイページ設定: what a shopper may do alone (§7.1). `resume` is no, suspend, canceled or both."""

    cancel: bool = True
    change_cycle: bool = True
    change_date: bool = True
    skip: bool = True
    change_items: bool = True
    resume: str = "both"
