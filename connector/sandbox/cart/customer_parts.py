"""What hangs on a customer (顧客の付属情報): profile, notes, points, cards and the mails sent to them.

Records only; the customer itself is in model.py. No card number exists anywhere: four digits and an expiry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

OPTIONS: Final = tuple(f"option{k:02}" for k in range(1, 11))  # 自由入力1–10
NUMBERS: Final = ("customer_rank_id", "customer_type_id", "sex_id", "job_id")


@dataclass(slots=True)
class Profile:
    """会員情報 that nothing in the shop is reckoned from. `state` is member, guest or cancel (§2.14)."""

    state: str = "member"
    password: str | None = None  # マイページ; None is the shop's usual one
    numbers: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(NUMBERS))
    mobile_email: str | None = None
    birth_on: date | None = None
    line_id: str | None = None
    optin: bool = True
    mail_delivery_stop: bool = False
    np_royal_customer: bool = False
    blacklist_reason_ids: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    options: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(OPTIONS))


@dataclass(slots=True)
class Note:
    """顧客メモ."""

    id: int
    content: str
    operated_at: datetime | None
    operated_by: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PointEntry:
    """One line of the point ledger; `total` is the balance after it."""

    id: int
    event_id: int | None
    name: str | None
    description: str | None
    point: int
    total: int
    created_at: datetime


@dataclass(slots=True)
class CardFace:
    """What a shop knows of a card: expiry, last digits and the gateway's own ids."""

    year: int
    month: int
    last_digits: str
    name: str
    default: bool = False
    profile_id: str | None = None
    payment_profile_id: str | None = None
    card_seq: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or SMS that left the shop: 送信履歴."""

    at: datetime
    kind: str  # email or sms
    to: str
    about: str  # 受注番号 or 顧客番号
    template_id: int | None = None
    subject: str | None = None
    body: str | None = None
