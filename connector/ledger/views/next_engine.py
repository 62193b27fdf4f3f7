"""Next Engine (接続の状態): who is signed in, until when, and how much of the month's contract is used; no secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, select

from connector.clock import at_jst, jst
from connector.ledger.schema import tokens
from connector.ledger.schema_hub import call_counts
from connector.outcome import Facts
from connector.shop import Shop

SIGNED_IN, NEVER, NEEDED = "signed_in", "never", "needed"
NEAR = 80  # percent of the contract
TOO_EARLY = timedelta(days=1)  # a pace of less than a day says nothing about a month


class Budget(Struct, frozen=True, kw_only=True):
    """Calls of one account in one month of Japan (spec/next_engine.md §2.5). A limit of 0 is not watched."""

    account: str
    month: str
    requests: int
    sent_bytes: int
    received_bytes: int
    most_requests: int
    most_bytes: int
    expected_requests: int | None = None  # by the month's end, at this pace; None: too early to say
    expected_bytes: int | None = None

    @property
    def bytes(self) -> int:
        return self.sent_bytes + self.received_bytes

    @property
    def facts(self) -> Facts:
        """For a sentence about it, and as an alarm's evidence."""
        return {
            "account": self.account,
            "month": self.month,
            "requests": self.requests,
            "most_requests": self.most_requests,
            "bytes": self.bytes,
            "most_bytes": self.most_bytes,
            "expected_requests": self.expected_requests,
        }

    @property
    def percent(self) -> int:
        """Of whichever limit is nearer; whole percents, so that 100 is really reached."""
        pairs = ((self.requests, self.most_requests), (self.bytes, self.most_bytes))
        return max((100 * used // most for used, most in pairs if most), default=0)


class NextEngineAccount(Struct, frozen=True, kw_only=True):
    """One account and the shops that share it."""

    account: str
    shops: tuple[str, ...]
    state: str  # signed_in, never or needed
    since: datetime | None = None  # for how long a sign-in has been needed
    uid: str = ""
    company_ne_id: str = ""
    company_name: str = ""
    signed_in_at: datetime | None = None
    rotated_at: datetime | None = None  # when the pair in use was stored
    access_until: datetime | None = None
    refresh_until: datetime | None = None
    budget: Budget

    @property
    def needs_sign_in(self) -> bool:
        return self.state != SIGNED_IN


def next_engine_accounts(
    connection: Connection, shops: Sequence[Shop], now: datetime
) -> list[NextEngineAccount]:
    """Every account of these shops, in their order."""
    names = dict.fromkeys(shop.ne_account for shop in shops if shop.ne_account)
    return [_account(connection, [shop for shop in shops if shop.ne_account == name], now) for name in names]


def next_engine_budget(connection: Connection, shop: Shop, now: datetime) -> Budget:
    """This month so far, as this shop's contract counts it."""
    month = f"{jst(now):%Y-%m}"
    query = select(call_counts).where(call_counts.c.account == shop.ne_account, call_counts.c.month == month)
    row = connection.execute(query).first()
    limits = {"most_requests": shop.monthly_requests, "most_bytes": shop.monthly_bytes}
    if row is None:
        zero = {"requests": 0, "sent_bytes": 0, "received_bytes": 0}
        return Budget(account=shop.ne_account, month=month, **zero, **limits)
    return Budget(
        account=shop.ne_account,
        month=month,
        requests=row.requests,
        sent_bytes=row.sent_bytes,
        received_bytes=row.received_bytes,
        expected_requests=_expected(row.requests, row.first_at, now),
        expected_bytes=_expected(row.sent_bytes + row.received_bytes, row.first_at, now),
        **limits,
    )


def _account(connection: Connection, shops: Sequence[Shop], now: datetime) -> NextEngineAccount:
    name = shops[0].ne_account
    row = connection.execute(select(tokens).where(tokens.c.account == name)).first()
    budget = next_engine_budget(connection, shops[0], now)
    keys = tuple(shop.key for shop in shops)
    if row is None:
        return NextEngineAccount(account=name, shops=keys, state=NEVER, budget=budget)
    ended = row.refresh_until if row.refresh_until is not None and row.refresh_until <= now else None
    since = row.dead_at or ended
    return NextEngineAccount(
        account=name,
        shops=keys,
        state=NEEDED if since else SIGNED_IN,
        since=since,
        uid=row.uid or "",
        company_ne_id=row.company_ne_id or "",
        company_name=row.company_name or "",
        signed_in_at=row.signed_in_at,
        rotated_at=row.stored_at,
        access_until=row.access_until,
        refresh_until=row.refresh_until,
        budget=budget,
    )


def _expected(used: int, first_at: datetime, now: datetime) -> int | None:
    """What is used, and for the rest of the month the pace since counting began."""
    passed = now - first_at
    if passed < TOO_EARLY:
        return None
    return used + round(used / passed.total_seconds() * (_month_end(now) - now).total_seconds())


def _month_end(now: datetime) -> datetime:
    today = jst(now).date()
    following = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return at_jst(following)
