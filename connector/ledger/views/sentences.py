"""Sentences (理由の言い方): the parts that the sentence of an order and that of a slip have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from connector import words
from connector.ledger.views.rows import EffectRow, HoldRow, OrderRow, SlipRow
from connector.ledger.views.times import next_of
from connector.outcome import Reason
from connector.ports import NOT_ANNOUNCED
from connector.shop import Mode, Shop
from connector.words import Text

NOTHING = Text("", "")
LONG_NOTE = 80  # characters; more are no part of one sentence


class Because(Struct, frozen=True):
    """Why something is not further, and what would move it; both languages. `group`: the kind of reason."""

    why: Text
    moves: Text
    group: Text = NOTHING


def held(reasons: Sequence[str], holds: Sequence[HoldRow]) -> Because:
    if Reason.HANDLED in reasons:  # a memo from before it was handled must not say: release it
        reasons = [reason for reason in reasons if reason != Reason.BY_HAND]
        holds = [hold for hold in holds if hold.reason != Reason.BY_HAND]
    known = [words.REASONS[Reason(reason)] for reason in dict.fromkeys(reasons)]
    note = next((_short(hold.note) for hold in holds if hold.closed_at is None and hold.note), "")
    tail_ja, tail_en = (f"（{note}）", f" ({note})") if note else ("", "")
    names = Text("、".join(word.name.ja for word in known), ", ".join(word.name.en for word in known))
    return Because(
        Text(f"保留中です: {names.ja}{tail_ja}", f"It is held: {names.en}{tail_en}"),
        Text("".join(word.do.ja for word in known), " ".join(word.do.en for word in known)),
        Text(f"保留: {known[0].name.ja}", f"Held: {known[0].name.en}"),
    )


def _short(note: str) -> str:
    """Its first line; of a long one the first sentence. The hold itself shows it whole."""
    first = note.partition("\n")[0]
    head, stop, rest = first.partition("。")
    return head if len(first) > LONG_NOTE and stop and rest else first


def under_way(act: EffectRow, now: datetime) -> Because:
    name = words.EFFECTS.get(act.kind, Text(act.kind, act.kind))
    at = instant(act.started_at, now)
    look = act.look_at
    if act.state == "sent":
        why = Text(
            f"{at.ja}に{name.ja}を送りました。受付の確認を待っています。",
            f"{name.en} was sent at {at.en}; its receipt is awaited.",
        )
    else:
        why = Text(
            f"{at.ja}の{name.ja}の結果を相手側で確認しています。確認が済むまで再送しません。",
            f"What became of the {name.en.lower()} of {at.en} is being looked up; nothing is sent again before.",
        )
    group = Text(f"{name.ja}の結果を確認中", f"{name.en}: result being looked up")
    if look is None or look <= now:
        return Because(why, Text("次の回に確認します。", "The next pass looks."), group)
    when = instant(look, now)
    return Because(why, Text(f"{when.ja}に確認します。", f"The next look is at {when.en}."), group)


def waits(row: OrderRow | SlipRow, now: datetime, plain: Text, moves: Text, group: Text) -> Because:
    """The stage's own words where it left some, with the time of the next look; else the plain sentence."""
    if not row.waiting_for:
        return Because(plain, moves, group)
    timed = row.next_at is not None and row.next_at > now and row.waiting_for != NOT_ANNOUNCED
    due = row.next_at if timed else None
    when = instant(due, now)
    english = words.wait(row.waiting_for, "en")
    why = Text(
        row.waiting_for + (f"（{when.ja}まで）" if due else ""),
        english[:1].upper() + english[1:] + (f" (until {when.en})" if due else ""),
    )
    known = Text(words.what_moves(row.waiting_for, "ja"), words.what_moves(row.waiting_for, "en"))
    if not known.ja:
        return Because(why, moves, group)
    return Because(why, known, Text(row.waiting_for, english[:1].upper() + english[1:]))


def by_stage(shop: Shop, stage: str, acting: Text) -> Text:
    match shop.mode(stage):
        case Mode.ACT:
            return acting
        case Mode.WATCH:
            return Text(
                "この工程は他の担当です（監視のみ）。", "Somebody else does this step; we only watch."
            )
        case Mode.OFF:
            return Text("この工程は止めてあります（OFF）。", "This step is switched off.")


def next_import(shop: Shop, now: datetime) -> Text:
    when = instant(next_of(shop.import_times, now), now)
    if shop.mode("import_daily") is Mode.ACT:
        return Text(f"次の本取込は {when.ja} です。", f"The next import is at {when.en}.")
    return Text(
        f"本取込は他の担当です（次の予定 {when.ja}）。", f"Somebody else imports (next planned at {when.en})."
    )


def instant(at: datetime | None, now: datetime) -> Text:
    """An instant for both languages; "-" where there is none."""
    if at is None:
        return Text("-", "-")
    return Text(words.clock_time(at, now, "ja"), words.clock_time(at, now, "en"))
