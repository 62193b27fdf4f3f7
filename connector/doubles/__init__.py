"""Doubles (二重出荷の見張り): whether a slip stands for goods that were sent already, and in which of eight ways.

Pure comparison: no store, no clock. Shipping cannot be taken back, so in doubt a slip is stopped and a person is asked;
a genuine repeat must pass all the same. Who it was for is kept as digests only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from connector.clock import jst
from connector.doubles.folding import digest, fold_name, persons, plain
from connector.order import NEAR, Order, Origin
from connector.shop import Shop
from connector.slip import Slip, SlipRow


class Kind(StrEnum):
    """The ways in which goods are sent twice. `connector/words/doubles.py` has the words."""

    ROUND = "round"  # another order for the same round of the same subscription
    REIMPORT = "reimport"  # 取込のやり直し: the same order number as a second slip
    COPY = "copy"  # 複写 of a slip that was sent
    SPLIT = "split"  # 分割 that carries again what its sibling took along
    BUNDLE = "bundle"  # 同梱の残り: an order's own slip, after the bundle took its goods
    HAND_MADE = "hand_made"  # 手作り: the same person and goods, without an order of ours on one side
    GO_LIVE = "go_live"  # 切替時: shipped by another link, or by hand
    TWIN = "twin"  # two orders of one person for the same goods, shortly one after the other


class Behind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order of ours behind a slip, as far as the comparison needs it."""

    number: str
    cart: str  # the cart's own number: its addresses are one order
    placed_at: datetime
    generated: bool = False
    subscription: int = 0
    round: int = 0
    nth: int = 0
    planned_on: date | None = None
    lines: dict[str, int] = {}


class Sending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """出荷の控え: one slip as it was sent, or as it is about to be. `goods` is all of it, by sku."""

    slip: str
    at: datetime
    ours: bool = True  # False: Next Engine showed it as printed or shipped, whoever did that
    number: str = ""  # 受注番号, folded
    orders: tuple[Behind, ...] = ()
    goods: dict[str, int] = {}
    likeness: str = ""  # digest of the name and what is charged for; "" where either is unknown
    persons: tuple[str, ...] = ()  # digests of the name with two of: phone, postcode, house number
    ordered_at: datetime | None = None
    made_at: datetime | None = None
    copied_from: str = ""
    split_from: str = ""
    parcel_parent: str = ""
    took_in: tuple[str, ...] = ()  # slips whose rows were bundled into it

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(filter(None, (self.number, *(one.number for one in self.orders))))


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """A finding: this slip was sent, and the new one repeats it in this way; `equal` says in what."""

    kind: Kind
    slip: str
    at: datetime
    ours: bool
    equal: str


# --- what a slip looks like to the comparison ---------------------------------------------------------


def sending(slip: Slip, orders: Sequence[Order], at: datetime, *, ours: bool = True) -> Sending:
    """This slip, with its rows, as one that is handed over at that instant."""
    live = [row for row in slip.rows if not row.cancelled]
    charged = [row for row in live if row.unit_price > 0] or live
    return Sending(
        slip=slip.number,
        at=at,
        ours=ours,
        number=plain(slip.order_number),
        orders=tuple(_behind(order) for order in orders),
        goods=goods(slip),
        likeness=_likeness(slip.name, _goods(charged)),
        persons=persons(slip.name, slip.phone, slip.zip_code, slip.address1 + " " + slip.address2),
        ordered_at=slip.ordered_at,
        made_at=slip.created_at or slip.imported_at or slip.ordered_at,
        copied_from=slip.copied_from,
        split_from=slip.split_from,
        parcel_parent=slip.parcel_parent,
        took_in=tuple(sorted({row.from_slip for row in live if row.from_slip})),
    )


def _behind(order: Order) -> Behind:
    its_round = order.subscription
    lines: dict[str, int] = {}
    for line in order.lines:
        lines[plain(line.sku)] = lines.get(plain(line.sku), 0) + line.quantity
    return Behind(
        number=plain(order.number),
        cart=plain(order.cart_number),
        placed_at=order.placed_at,
        generated=order.origin is Origin.GENERATED,
        subscription=its_round.subscription_id if its_round else 0,
        round=its_round.round if its_round else 0,
        nth=(its_round.nth or 0) if its_round else 0,
        planned_on=order.deliver_on or order.ship_on,
        lines=lines,
    )


def goods(slip: Slip) -> dict[str, int]:
    """All that lies in it, by folded sku."""
    return _goods(row for row in slip.rows if not row.cancelled)


def _goods(rows: Iterable[SlipRow]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[plain(row.sku)] = found.get(plain(row.sku), 0) + row.quantity
    return found


def _likeness(name: str, charged: Mapping[str, int]) -> str:
    folded = fold_name(name)
    if not folded or not charged:
        return ""
    return digest(folded, *(f"{sku}×{quantity}" for sku, quantity in sorted(charged.items())))


# --- the comparison -----------------------------------------------------------------------------------


def alike(new: Sending, sent: Iterable[Sending], shop: Shop) -> tuple[Alike, ...]:
    """Everything sent that the new slip repeats; a slip is never its own double."""
    others = [one for one in sent if one.slip != new.slip]
    related = [one for one in others if _related(new, one)]
    kin = {one.slip for one in related}
    again = {one.slip for one in _carried_again(new, related)}
    found = []
    for one in others:
        kind = _kind(new, one, shop, related=one.slip in kin, again=one.slip in again)
        if kind is not None:
            equal = _equal(kind, new, one)
            found.append(Alike(kind=kind, slip=one.slip, at=one.at, ours=one.ours, equal=equal))
    return tuple(found)


def _kind(new: Sending, old: Sending, shop: Shop, *, related: bool, again: bool) -> Kind | None:
    if again:
        return _relation(new, old)
    if _same_round(new, old):
        return Kind.ROUND
    return None if related else _same_person(new, old, shop)


def _related(new: Sending, old: Sending) -> bool:
    """One order stands behind both, or Next Engine says that one came out of the other."""
    return bool(new.numbers & old.numbers) or _linked(new, old)


def _linked(new: Sending, old: Sending) -> bool:
    origins = {new.copied_from, new.split_from, new.parcel_parent}
    theirs = {old.copied_from, old.split_from, old.parcel_parent, *old.took_in}
    return old.slip in origins or new.slip in theirs or old.slip in new.took_in


def _carried_again(new: Sending, related: Sequence[Sending]) -> list[Sending]:
    """Of these the ones with goods that the new slip carries once more: together it is more than was ordered.

    Parts of one order add up to it (分割). Where no order of ours says what was ordered, sharing a sku is enough,
    unless the parts were made before the first of them left.
    """
    ordered: dict[str, int] = {}
    for order in {one.number: one for slip in (new, *related) for one in slip.orders}.values():
        for sku, quantity in order.lines.items():
            ordered[sku] = ordered.get(sku, 0) + quantity
    known = [sku for sku in new.goods if sku in ordered]
    if not known:
        return [old for old in related if _shares_goods(new, old) and not _is_a_part(new, old)]
    gone = {sku: sum(old.goods.get(sku, 0) for old in related) for sku in known}
    over = {sku for sku in known if gone[sku] + new.goods[sku] > ordered[sku]}
    return [old for old in related if not over.isdisjoint(old.goods) or not old.goods]


def _shares_goods(new: Sending, old: Sending) -> bool:
    """Unknown goods count as the same ones: what nobody can rule out is asked."""
    return not old.goods or not new.goods or not new.goods.keys().isdisjoint(old.goods)


def _is_a_part(new: Sending, old: Sending) -> bool:
    if new.parcel_parent or old.parcel_parent:  # 複数配送先: the same goods to another address
        return set(new.persons).isdisjoint(old.persons)
    if old.split_from == new.slip or (new.split_from and new.split_from == old.split_from):
        return True
    return new.split_from == old.slip and new.made_at is not None and new.made_at <= old.at


def _relation(new: Sending, old: Sending) -> Kind:
    if new.copied_from or old.copied_from == new.slip:
        return Kind.COPY
    if new.split_from or old.split_from == new.slip:
        return Kind.SPLIT
    if new.slip in old.took_in or old.slip in new.took_in or len(old.orders) > len(new.orders) > 0:
        return Kind.BUNDLE
    return Kind.REIMPORT if old.ours else Kind.GO_LIVE


def _same_round(new: Sending, old: Sending) -> bool:
    return any(_one_round(mine, theirs) for mine in new.orders for theirs in old.orders)


def _one_round(mine: Behind, theirs: Behind) -> bool:
    if not mine.subscription or mine.cart == theirs.cart or mine.subscription != theirs.subscription:
        return False
    if mine.round != theirs.round or not (mine.round or (mine.nth and mine.nth == theirs.nth)):
        return False
    here, there = mine.planned_on, theirs.planned_on
    return here is None or there is None or abs(here - there) < NEAR  # as `order.one_delivery`


def _same_person(new: Sending, old: Sending, shop: Shop) -> Kind | None:
    """The same goods for the same person, by two orders that know nothing of each other."""
    if not new.likeness or new.likeness != old.likeness or set(new.persons).isdisjoint(old.persons):
        return None
    window = timedelta(hours=shop.doubles.twin_hours)
    if new.orders and old.orders:
        return Kind.TWIN if _placed_together(new, old, window) else None
    if new.orders:
        return _for_an_order_of_ours(new, old, shop)
    if old.orders:
        return Kind.HAND_MADE
    return Kind.HAND_MADE if _of_one_day(new.ordered_at, old.ordered_at, window) else None


def _placed_together(new: Sending, old: Sending, window: timedelta) -> bool:
    """Orders that the cart generates itself are wanted, each of its own subscription."""
    return any(
        abs(mine.placed_at - theirs.placed_at) <= window
        for mine in new.orders
        for theirs in old.orders
        if mine.cart != theirs.cart and not (mine.generated or theirs.generated)
    )


def _for_an_order_of_ours(new: Sending, old: Sending, shop: Shop) -> Kind | None:
    """A slip of nobody's order was sent: before our start by the old link, since then made by hand."""
    placed = [order.placed_at for order in new.orders]
    if old.made_at is None or old.made_at < shop.start_at:
        theirs = old.ordered_at or old.made_at
        same_day = theirs is not None and any(jst(at).date() == jst(theirs).date() for at in placed)
        return Kind.GO_LIVE if same_day else None
    if all(at > old.at for at in placed):
        return None  # ordered after those goods had left
    return Kind.GO_LIVE if old.number else Kind.HAND_MADE


def _of_one_day(one: datetime | None, other: datetime | None, window: timedelta) -> bool:
    if one is None or other is None:
        return True
    return jst(one).date() == jst(other).date() or abs(one - other) <= window


# --- in words -----------------------------------------------------------------------------------------

_WORDS: dict[Kind, str] = {
    Kind.ROUND: "同じ定期の同じ回",
    Kind.REIMPORT: "同じ受注の取込のやり直し",
    Kind.COPY: "出荷指示済みの伝票の複写",
    Kind.SPLIT: "分割した伝票に同じ商品",
    Kind.BUNDLE: "同梱で出荷指示済みの商品",
    Kind.HAND_MADE: "手で作られた伝票と同じ方・同じ商品",
    Kind.GO_LIVE: "当システムの外で出荷された受注",
    Kind.TWIN: "同じ方の同じ商品が短い間に二度",
}
_NAMED = re.compile(r"伝票 (\S+?)（")


def _equal(kind: Kind, new: Sending, old: Sending) -> str:
    if kind is Kind.ROUND:
        mine = next(m for m in new.orders for t in old.orders if _one_round(m, t))
        return f"定期 {mine.subscription} の {mine.round or mine.nth} 回目"
    shared = "、".join(sorted(new.numbers & old.numbers))
    skus = "、".join(sku for sku in new.goods if sku in old.goods)
    who = "届け先" if set(new.persons) & set(old.persons) else ""
    return "・".join(
        filter(None, (f"受注番号 {shared}" if shared else "", who, f"商品 {skus}" if skus else ""))
    )


def sentence(found: Alike) -> str:
    """One line for the hold's note; the other slip's number stands where `named` finds it again."""
    act = "出荷指示" if found.ours else "ネクストエンジンで印刷済・出荷済"
    when = f"{jst(found.at):%m/%d %H:%M} {act}"
    return f"伝票 {found.slip}（{when}）: {_WORDS[found.kind]}です。同じもの: {found.equal or '不明'}。"


def named(note: str) -> frozenset[str]:
    """The other slips that a hold's note names: whoever releases it says that these and this one are both wanted."""
    return frozenset(_NAMED.findall(note))
