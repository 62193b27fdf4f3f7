"""Reading again (読み直し): past days of the cart once more, beside the cursor, never moving it.

Day by day by 受注日, because the cart counts those: after each day its count and ours stand side by side. Safe to
repeat: what we have word for word changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from connector import words
from connector.ledger import views
from connector.ledger.left_out import rule_of
from connector.ledger.views import IntakeDay, PulseRow
from connector.order import content_digest
from connector.ports import CartPage
from connector.words import Text

if TYPE_CHECKING:
    from connector.wiring import ShopWorld, World


class Day(msgspec.Struct, kw_only=True):
    """One 受注日. We had `lacked` orders fewer than the cart before it was read, and `lacks` after it."""

    on: date
    cart: int
    lacked: int
    lacks: int = 0
    seen: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    left_out: int = 0
    unreadable: int = 0


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far one source was read, and how far back it can be read again."""

    source: str
    read_at: datetime | None
    words: str


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill did, or with `dry_run` would do."""

    dry_run: bool
    whole: bool  # no day lacks anything
    days: tuple[Day, ...]
    reach: tuple[Reach, ...]


REACH = {
    "ingest": Text(
        "カートが表示する受注は、どの受注日でも読み直せます（削除済みを含む）。",
        "Any day can be read again, as long as the cart shows its orders (deleted ones too).",
    ),
    "follow_subscriptions": Text(
        "最初にすべてを読みました。変更は巡回で読みます。", "All of them at first; changes with every pass."
    ),
    "follow_slips": Text(
        "更新された伝票を巡回で読みます。受注日では読み直せません。",
        "Slips that changed, with every pass; not by day.",
    ),
    "collect": Text(
        "フォルダにあるファイルを読みます。読んだファイルは控えに残ります。",
        "The files that lie there; those we read are kept.",
    ),
}
NOTHING = Text(
    "対象の日がありません。連携開始より前の受注は処理しません。",
    "No such day: orders before the shop's start are never acted on.",
)


async def read_again(
    world: World, one: ShopWorld, first: date, last: date, *, dry_run: bool, tell: Callable[[Day], None]
) -> Backfill:
    """Day by day, oldest first; what was stored stays stored if a later day fails."""
    days: list[Day] = []
    for day in await _ours(world, one, first, last, world.clock.now() - one.shop.overlap):
        cart = one.ports.cart
        said = await cart.count_placed(day.since, day.until)
        done = Day(on=day.on, cart=said, lacked=said - day.ours)
        async for page in cart.placed_between(day.since, day.until):
            await (_compare if dry_run else _store)(world, one, page, done)
        after = [] if dry_run else await _ours(world, one, day.on, day.on, day.until)
        done.lacks = said - sum(then.ours for then in after or [day])
        days.append(done)
        tell(done)
    whole = not any(day.lacks for day in days)
    return Backfill(dry_run=dry_run, whole=whole, days=tuple(days), reach=await _reach(world, one))


async def _ours(world: World, one: ShopWorld, first: date, last: date, until: datetime) -> list[IntakeDay]:
    return await world.database.read(lambda c: views.intake_days(c, one.shop, first, last, until))


async def _store(world: World, one: ShopWorld, page: CartPage, done: Day) -> None:
    received = await one.ledger.receive(page, world.clock.now())
    done.seen += received.seen + received.strays
    done.new += received.new
    done.changed += received.changed
    done.same += received.seen - received.new - received.changed
    done.left_out += received.left_out
    done.unreadable += received.strays


async def _compare(world: World, one: ShopWorld, page: CartPage, done: Day) -> None:
    numbers = [order.number for order in page.orders]
    known = await world.database.read(lambda c: views.digests(c, one.shop.key, numbers))
    fresh = [order for order in page.orders if order.number not in known]
    other = [o for o in page.orders if o.number in known and known[o.number] != content_digest(o)]
    done.seen += len(page.orders) + len(page.malformed)
    done.new += len(fresh)
    done.changed += len(other)
    done.same += len(page.orders) - len(fresh) - len(other)
    done.left_out += sum(bool(rule_of(order, one.shop)) for order in fresh)
    done.unreadable += len(page.malformed)


async def _reach(world: World, one: ShopWorld) -> tuple[Reach, ...]:
    rows = await world.database.read(lambda c: views.pulses_list(c, one.shop.key))
    pulses = {row.what: row for row in rows}
    return tuple(
        Reach(source=name, read_at=_read_at(pulses.get(name)), words=said.ja) for name, said in REACH.items()
    )


def _read_at(pulse: PulseRow | None) -> datetime | None:
    """The cursor where the source has one, else when it was last read well."""
    return None if pulse is None else pulse.cursor_at or pulse.ok_at


def text_of(done: Backfill, lang: str) -> str:
    """A line for each day, then how far each source reaches."""
    lines = [_said(day, lang) for day in done.days] or [NOTHING.say(lang)]
    lines.append("")
    for reach in done.reach:
        lines.append(f"{words.stage(reach.source, lang)}  {words.moment(reach.read_at, lang)}")
        lines.append(f"    {REACH[reach.source].say(lang)}")
    return "\n".join(lines)


def _said(day: Day, lang: str) -> str:
    counts = {
        Text("新規", "new"): day.new,
        Text("変更", "changed"): day.changed,
        Text("同じ", "same"): day.same,
        Text("対象外", "left out"): day.left_out,
        Text("読めない", "unreadable"): day.unreadable,
    }
    told = "  ".join(f"{name.say(lang)} {count:,}" for name, count in counts.items())
    verdict = (
        Text(f"不足 {day.lacks:,}件", f"{day.lacks:,} missing") if day.lacks else Text("一致", "same count")
    )
    was = Text(f"（前は不足 {day.lacked:,}件）", f" ({day.lacked:,} missing before)")
    mended = was.say(lang) if day.lacked and not day.lacks else ""
    return f"{day.on}  {Text('カート', 'cart').say(lang)} {day.cart:,}  {told}  → {verdict.say(lang)}{mended}"
