"""Why (なぜ進まないか): the chain of facts of one order or slip, and the one sentence that a person wants.

"Why is it not in the CSV?" is the most frequent puzzle of this link: only what stands in 新規受付 is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from connector import words
from connector.ledger.schema import pulses, strays, tracking_numbers
from connector.ledger.views.around import Around, around
from connector.ledger.views.because import Because, because, because_slip
from connector.ledger.views.goods_back import goods_back
from connector.ledger.views.one import order as order_picture
from connector.ledger.views.one import slip as slip_picture
from connector.ledger.views.parcels import parcels_of
from connector.ledger.views.places import PLACE
from connector.ledger.views.rows import (
    EffectRow,
    HistoryRow,
    HoldRow,
    OrderPicture,
    OrderRow,
    SlipPicture,
    SlipRow,
)
from connector.ledger.views.sentences import instant
from connector.ledger.views.times import next_of
from connector.outcome import SELF_CLEARING, Reason
from connector.shop import Mode, Shop
from connector.words import Text
from connector.words.amounts import amounts_note
from connector.words.history import facts_of, note_of


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that was proved, or done by somebody, and when."""

    at: datetime
    words: str
    actor: str
    note: str
    evidence: dict[str, Any]


class HoldWhy(Struct, frozen=True, kw_only=True):
    """An open hold in words. `clears_itself`: it goes once its cause is gone."""

    on: str
    reason: str
    name: str
    why: str
    means: str
    do: str
    note: str
    opened_at: datetime
    clears_itself: bool


class SlipWhy(Struct, frozen=True, kw_only=True):
    number: str
    state: str
    state_name: str
    since: datetime
    waiting_for: str
    sentence: str
    moves: str


class CameBack(Struct, frozen=True, kw_only=True):
    """Goods of it that came back to the warehouse, and what a person does about the money."""

    words: str
    do: str


class Why(Struct, frozen=True, kw_only=True):
    """The answer. `next_at` is when the next look comes at the earliest, None where nothing is planned."""

    item: str
    number: str
    state: str
    state_name: str
    since: datetime
    sentence: str
    moves: str
    waiting_for: str
    next_at: datetime | None
    holds: tuple[HoldWhy, ...]
    slips: tuple[SlipWhy, ...]
    open_effects: tuple[EffectRow, ...]
    facts: tuple[Fact, ...]
    came_back: tuple[CameBack, ...] = ()


def why(connection: Connection, shop: Shop, number: str, now: datetime, lang: str = "ja") -> Why | None:
    """The chain of facts for an order number, else for a slip number; None where we know neither."""
    one = order_picture(connection, shop, number, now)
    if one is None:
        return why_slip(connection, shop, number, now, lang)
    here = around(connection, shop)
    answer = because(
        one.order,
        shop,
        now,
        effects=one.effects,
        holds=one.holds,
        slips=one.slips,
        stop=one.stop,
        around=here,
    )
    back = _came_back(connection, shop, [slip.number for slip in one.slips], lang)
    return _why("order", one.order, answer, one, one.slips, shop, now, lang, here, back)


def why_all(connection: Connection, shop: Shop, number: str, now: datetime, lang: str = "ja") -> list[Why]:
    """The same; the cart's own number of an order to several addresses has one answer for each, and a tracking
    number (送り状番号) that of its slip."""
    parcels = parcels_of(connection, shop.key, number)
    asked = [number] if number in parcels else [number, *parcels, *slips_with(connection, shop.key, number)]
    answers = [why(connection, shop, one, now, lang) for one in asked]
    return [answer for answer in answers if answer is not None]


def slips_with(connection: Connection, shop: str, tracking: str) -> list[str]:
    """Slips that got this tracking number, newest first."""
    query = select(tracking_numbers.c.slip_number).where(
        tracking_numbers.c.shop == shop, tracking_numbers.c.number == tracking.replace("-", "")
    )
    return list(connection.scalars(query.order_by(tracking_numbers.c.at.desc())))


def unknown(connection: Connection, shop: Shop, number: str, now: datetime, lang: str = "ja") -> Because:
    """Why the ledger does not know a number: it cannot be read, it is too new, or it is not ours."""
    unread = select(strays.c.words).where(
        strays.c.shop == shop.key,
        strays.c.resolved_at.is_(None),
        strays.c.place.contains(f" {number}:", autoescape=True),
    )
    words_of_it = connection.scalar(unread.order_by(strays.c.id.desc()).limit(1)) if number else None
    if words_of_it is not None:
        said = words_of_it.partition("\n")[0]
        return Because(
            Text(
                f"受注 {number} は内容を読み取れず、迷子にあります（{said}）。",
                f"{number} cannot be read ({said}).",
            ),
            Text("カートで内容を直すと自動で取り込みます。", "Correct it in the cart; it is then taken in."),
        )
    out = around(connection, shop).since("outage_cart")
    read_at = connection.scalar(
        select(pulses.c.ok_at).where(pulses.c.shop == shop.key, pulses.c.what == "ingest")
    )
    until = instant(read_at, now)
    if out is not None:
        since = instant(out[1], now)
        return Because(
            Text(
                f"台帳にありません。カートには{since.ja}からつながらず、その後の受注を取り込めていません。",
                f"Not in the ledger; the cart does not answer since {since.en}, later orders are not taken in.",
            ),
            words.ALARMS["outage_cart"].do,
        )
    return Because(
        Text(
            f"台帳にこの番号の受注も伝票もありません（カートは {until.ja} まで読んでいます）。",
            f"The ledger knows no such order or slip (the cart is read up to {until.en}).",
        ),
        Text(
            "その後の受注なら次の受注取込で現れます。番号と店舗も確認してください。",
            "A later order appears with the next intake from the cart; check number and shop, too.",
        ),
    )


def why_slip(connection: Connection, shop: Shop, number: str, now: datetime, lang: str = "ja") -> Why | None:
    """The chain of facts for a slip number."""
    one = slip_picture(connection, shop, number, now)
    if one is None:
        return None
    here = around(connection, shop)
    answer = because_slip(one.slip, shop, now, effects=one.effects, holds=one.holds, around=here)
    back = _came_back(connection, shop, [number], lang)
    return _why("slip", one.slip, answer, one, (), shop, now, lang, here, back)


def _came_back(connection: Connection, shop: Shop, slips: Sequence[str], lang: str) -> tuple[CameBack, ...]:
    rows = goods_back(connection, shop.key, of=slips) if slips else []
    return tuple(CameBack(words=row.said(lang), do=row.what_to_do(lang)) for row in rows)


def text(answer: Why, lang: str = "ja") -> str:
    """The answer as plain lines, for a terminal."""
    ja = lang == "ja"
    kind = ("受注" if ja else "Order") if answer.item == "order" else ("伝票" if ja else "Slip")
    since = words.moment(answer.since, lang)
    lines = [
        f"{kind} {answer.number}  [{answer.state_name}]  {since}{'から' if ja else ''}",
        f"  → {answer.sentence}",
    ]
    if answer.moves:
        lines.append(f"    {answer.moves}")
    if answer.next_at is not None:
        lines.append(f"    {'次に見る時刻' if ja else 'next look'}: {words.moment(answer.next_at, lang)}")
    for hold in answer.holds:
        opened = words.moment(hold.opened_at, lang)
        lines.append(f"{'保留' if ja else 'HOLD'} {hold.on} [{hold.name}] {opened} {hold.note}".rstrip())
        lines += [f"    {part}" for part in (hold.why, hold.means, hold.do)]
    for back in answer.came_back:
        lines += [back.words, f"    {back.do}"]
    for slip in answer.slips:
        lines.append(
            f"{'伝票' if ja else 'Slip'} {slip.number} [{slip.state_name}] {slip.sentence} {slip.moves}".rstrip()
        )
    for act in answer.open_effects:
        name = words.EFFECTS[act.kind].say(lang) if act.kind in words.EFFECTS else act.kind
        lines.append(
            f"{'処理中' if ja else 'under way'} {name} [{act.state}] {act.name} {act.words}".rstrip()
        )
    lines.append("経過" if ja else "Facts")
    for fact in answer.facts:
        proved = facts_of(fact.evidence, lang)
        lines.append(f"  {words.moment(fact.at, lang)}  {fact.words}  {proved}".rstrip())
    return "\n".join(lines)


def _why(
    item: str,
    row: OrderRow | SlipRow,
    answer: Because,
    picture: OrderPicture | SlipPicture,
    slips: Sequence[SlipRow],
    shop: Shop,
    now: datetime,
    lang: str,
    here: Around,
    back: tuple[CameBack, ...],
) -> Why:
    holds = [hold for hold in picture.holds if hold.closed_at is None]
    return Why(
        item=item,
        number=row.number,
        state=row.state,
        state_name=words.state(item, row.state, lang),
        since=row.since,
        sentence=answer.why.say(lang),
        moves=answer.moves.say(lang),
        waiting_for=words.wait(row.waiting_for, lang),
        next_at=_next_at(item, row, picture.effects, shop, now),
        holds=tuple(_hold(hold, lang) for hold in holds),
        slips=tuple(_slip(slip, shop, now, holds, lang, here) for slip in slips),
        open_effects=tuple(act for act in picture.effects if act.open),
        facts=tuple(_fact(one, lang) for one in picture.history),
        came_back=back,
    )


def _next_at(
    item: str, row: OrderRow | SlipRow, effects: Sequence[EffectRow], shop: Shop, now: datetime
) -> datetime | None:
    """When something is looked at or done next; None where it ended or waits for a person."""
    looks = [act.look_at or now for act in effects if act.open]
    if looks:
        return max(min(looks), now)
    stage = PLACE[item, row.state].stage
    if not stage or shop.mode(stage) is Mode.OFF or (isinstance(row, OrderRow) and row.left_out):
        return None
    if any(Reason(reason) not in SELF_CLEARING for reason in row.reasons):
        return None
    if row.next_at is not None and row.next_at > now:
        return row.next_at
    if stage == "import_daily":
        return next_of(shop.import_times, now)
    if stage == "complete":
        return next_of(shop.completion_times, now)
    return now


def _hold(hold: HoldRow, lang: str) -> HoldWhy:
    reason = Reason(hold.reason)
    word = words.REASONS[reason]
    return HoldWhy(
        on=hold.number,
        reason=hold.reason,
        name=word.name.say(lang),
        why=word.why.say(lang),
        means=word.means.say(lang),
        do=word.do.say(lang),
        note=amounts_note(hold.note, lang) if reason is Reason.AMOUNT_DIFFERS else hold.note,
        opened_at=hold.opened_at,
        clears_itself=reason in SELF_CLEARING,
    )


def _slip(
    slip: SlipRow, shop: Shop, now: datetime, holds: Sequence[HoldRow], lang: str, here: Around
) -> SlipWhy:
    answer = because_slip(slip, shop, now, holds=holds, around=here)
    return SlipWhy(
        number=slip.number,
        state=slip.state,
        state_name=words.state("slip", slip.state, lang),
        since=slip.since,
        waiting_for=words.wait(slip.waiting_for, lang),
        sentence=answer.why.say(lang),
        moves=answer.moves.say(lang),
    )


def _fact(row: HistoryRow, lang: str) -> Fact:
    return Fact(at=row.at, words=sentence_of(row, lang), actor=row.actor, note=row.note, evidence=row.facts)


def sentence_of(row: HistoryRow, lang: str) -> str:
    """One line of history in words: 受注 1001 新規受付 → 本取込済（本取込）."""
    event = words.EVENTS.get(row.event, Text(row.event, row.event)).say(lang)
    kind = ("受注" if row.item == "order" else "伝票") if lang == "ja" else row.item
    brackets = "（{}）" if lang == "ja" else " ({})"
    stage = brackets.format(words.stage(row.stage, lang)) if row.stage in words.STAGES else ""
    note = note_of(row.event, row.note, row.facts, lang)
    if row.event in ("moved", "seen", "received") and row.to_state:
        there = words.state(row.item, row.to_state, lang)
        here = words.state(row.item, row.from_state, lang) if row.from_state else event
        return f"{kind} {row.number} {here} → {there}{stage} {note}".rstrip()
    if row.event in ("held", "released"):
        reason = str(row.facts.get("reason", ""))
        name = words.reason(reason, lang) if reason else ""
        return f"{kind} {row.number} {event}: {name} {note}".rstrip()
    if row.event == "revalued":
        before, now = (words.yen(int(row.facts[key]), lang) for key in ("from", "to"))
        return f"{kind} {row.number} {event} {before} → {now}"
    return f"{kind} {row.number} {event} {note}".rstrip()
