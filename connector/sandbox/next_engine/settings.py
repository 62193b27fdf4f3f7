"""Settings of the sandbox account (設定): the company, its shops and every choice NE does not publish.

Defaults are the SANDBOX defaults of spec/next_engine.md §13 and §14; the company is the one of the fixtures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta

from connector.adapters.next_engine import wire

# §14.2: 支払区分 that arrive 入金済, and those that need no prior payment (§4.2)
SETTLED = frozenset({"0", "34", "48", "50", "66", "85", "99"})
NO_PRIOR_PAYMENT = frozenset({"1", "16", "90", "95"})


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """The labels by which the intake finds its way through an order mail (§5.2, §14.5)."""

    order_number: str = wire.MAIL_ORDER_NUMBER
    ordered_at: str = wire.MAIL_ORDERED_AT
    buyer: str = wire.MAIL_BUYER
    item: str = wire.MAIL_ITEM


@dataclass(frozen=True, slots=True)
class Shop:
    """店舗. Its intake address (受注情報取込み用メールアドレス) may move, §5.1."""

    id: str
    name: str
    intake_address: str
    settled: frozenset[str] = SETTLED
    no_prior_payment: frozenset[str] = NO_PRIOR_PAYMENT
    template: MailTemplate = MailTemplate()


@dataclass(frozen=True, slots=True)
class UploadPattern:
    """受注一括登録パターン: binds a CSV format to one shop, §3.9."""

    id: str
    name: str
    format_id: str
    shop_id: str
    enabled: bool = True
    created: str = "2026-04-01 10:00:00"


@dataclass(frozen=True, slots=True)
class User:
    """A person of the company who may sign in."""

    uid: str = "u-sample-0001"
    pic_id: str = "1"
    pic_ne_id: str = "NEP90001"
    name: str = "見本 花子"
    kana: str = "ミホン ハナコ"
    mail_address: str = "ops@example.jp"


@dataclass(frozen=True, slots=True)
class Codes:
    """Message codes nobody has attested (§2.6); a client must not depend on them."""

    slip_not_found: str = "008001"
    lock: str = "008002"
    wrong_state: str = "008005"
    value: str = "008011"
    missing: str = "004002"
    unknown_field: str = "004003"
    upload_pattern: str = "010001"
    neauth: str = "002001"
    bulk_not_found: str = "020005"
    bulk_wrong_state: str = "020010"
    bulk_printing: str = "020011"
    bulk_future_print: str = wire.CODE_BULK_VALUE  # §14.11


@dataclass(frozen=True, slots=True)
class NextEngineSettings:
    """One account and its habits."""

    # the company
    company_id: str = "90001"
    company_ne_id: str = "NE90001"
    company_name: str = "見本商事株式会社（架空）"
    company_kana: str = "ミホンショウジ"
    users: tuple[User, ...] = (User(),)
    shops: tuple[Shop, ...] = (
        Shop("1", "見本ストア", "intake-shop1@ne.example.jp"),
        Shop("2", "テスト別館", "intake-shop2@ne.example.jp"),
    )
    patterns: tuple[UploadPattern, ...] = (
        UploadPattern("7", "旧 汎用パターン", wire.FORMAT_GENERIC, "1", enabled=False),
        UploadPattern("12", "見本ストア 汎用", wire.FORMAT_GENERIC, "1"),
        UploadPattern("15", "NEカート形式", "100035", "1"),
    )
    first_slip_number: int = 1001
    first_que_id: int = 1
    tags: tuple[str, ...] = ("出荷指示済み", "出荷指示失敗")

    # 支払発送変換 (§6.2 columns 16 and 17); an unknown text becomes その他 and asks for a check
    payment_convert: dict[str, str] = field(
        default_factory=lambda: {"クレジットカード": "0", "代金引換": "1", "銀行振込": "15", "後払い": "50"}
    )
    delivery_convert: dict[str, str] = field(default_factory=lambda: {"ヤマト運輸": "10", "佐川急便": "20"})
    other_payment: str = "96"
    default_delivery: str = "10"
    default_tax_rate: str = "10"
    confirm_rules: frozenset[str] = frozenset({"AA", "AG", "AO"})
    time_slots: dict[str, str] = field(
        default_factory=lambda: {
            "午前中": "0812",
            "14時-16時": "1416",
            "16時-18時": "1618",
            "18時-20時": "1820",
            "19時-21時": "1921",
        }
    )

    # rhythms
    intake_delay: timedelta = timedelta(seconds=60)  # mail → 新規受付, §5.2
    que_hidden: timedelta = timedelta(0)  # a just created que_id may not be visible yet, §3.8
    que_waiting: timedelta = timedelta(seconds=20)
    que_running: timedelta = timedelta(seconds=40)
    automation_interval: timedelta = timedelta(minutes=3)  # "within a few minutes", §4.3
    print_days_ahead: int = 0  # 納品書印刷指示日 = now + this many days, §14.1
    mail_delay: timedelta = timedelta(hours=1)  # §8
    mail_from: time = time(9)
    mail_until: time = time(23)
    letters: frozenset[str] = frozenset({wire.MAIL_CONFIRMATION, wire.MAIL_SHIPPED})  # switched on
    follow_after: timedelta | None = None  # フォロー so long after 発送連絡, where F is switched on
    reshipping_writes_again: bool = False  # a second 発送連絡 after 出荷確定取消; not documented
    deliveries_without_tracking: frozenset[str] = frozenset()  # 発送連絡 needs no number there

    # sign-in and tokens, §1
    client_id: str = "sampleClient01"
    client_secret: str = "not-a-secret-sample-01"
    redirect_uri: str = "http://127.0.0.1/"  # the registered one; its host is the only one redirected to
    signed_in_browser: bool = True  # the person is logged in already, so no screen is shown
    state_life: timedelta = timedelta(minutes=5)
    access_life: timedelta = timedelta(days=1)
    refresh_life: timedelta = timedelta(days=3)
    strict_tokens: bool = True
    reauth_invalidates: bool = True

    # habits of the API, §12, §13
    strict_file: bool = False  # one bad order fails the whole upload
    numbers_as_strings: bool = True
    csv_creates_slips: bool = True  # an order in the CSV without its mail, §5.4
    status_without_rows: str = wire.STATUS_INCOMPLETE  # number but no usable rows, §14.5
    csv_required: frozenset[str] = wire.CSV_REQUIRED  # the flags of columns 10-41 are not established, §6.2
    error_status: int = 200  # HTTP status of an API-level error, §2.1
    old_token_result: str = wire.ERROR  # or redirect, §1.4
    denied_paths: frozenset[str] = frozenset()  # 004001
    monthly_requests: int = 1_000  # free budget, counted and reported, never enforced, §2.5
    monthly_bytes: int = 3 * 1024**3
    default_limit: int = wire.LIMIT_MAX  # an older copy of the documents says 1,000, §2.3
    largest_limit: int = wire.LIMIT_MAX
    count_is_total: bool = False  # `count` of a search tells all matches, not the rows returned, §2.3
    bulk_max: int = wire.BULK_MAX  # §3.6
    que_method_name: str = "JUCHU_CSV"  # not attested, §3.8
    mask_personal_data: bool = False  # old slips answer stars for people, §3.1
    mask_after: timedelta = timedelta(days=60)  # since shipping or cancellation
    codes: Codes = Codes()

    def user(self, uid: str) -> User:
        for user in self.users:
            if user.uid == uid:
                return user
        raise LookupError(f"no user {uid} in this account")
