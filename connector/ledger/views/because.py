"""Because (進まない理由): the one sentence why an order or slip is not further, and what would move it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from connector import words
from connector.journey import OrderState, SlipState
from connector.ledger.views.rows import EffectRow, HoldRow, OrderRow, SlipRow, StopRow
from connector.ledger.views.times import cut_off, next_of
from connector.outcome import Reason
from connector.shop import Mode, Shop
from connector.words import Text


class Because(Struct, frozen=True):
    """Why something is not further, and what would move it; both languages."""

    why: Text
    moves: Text


def because(
    row: OrderRow,
    shop: Shop,
    now: datetime,
    *,
    effects: Sequence[EffectRow] = (),
    holds: Sequence[HoldRow] = (),
    slips: Sequence[SlipRow] = (),
    stop: StopRow | None = None,
) -> Because:
    """The sentence for an order. Knows more where its effects, holds and slips are given."""
    if row.left_out:
        rule = words.LEFT_OUT[row.left_out]
        return Because(
            Text(f"{rule.name.ja}のため連携していません。", f"It is left out: {rule.name.en.lower()}."),
            rule.means,
        )
    ended = _ended(row.state)
    if ended is not None:
        return ended
    if row.reasons:
        return _held(row.reasons, [hold for hold in holds if hold.item == "order"])
    if stop is not None and stop.verdict == "open":
        return _stopping(stop, now)
    under_way = [act for act in effects if act.open and act.stage in ("notify", "import_daily", "complete")]
    if under_way:
        return _under_way(under_way[-1], now)
    if row.state == OrderState.IMPORTED and slips:
        return _of_slips(slips, shop, now, effects, holds)
    return _order_waits(row, shop, now)


def because_slip(
    row: SlipRow,
    shop: Shop,
    now: datetime,
    *,
    effects: Sequence[EffectRow] = (),
    holds: Sequence[HoldRow] = (),
) -> Because:
    """The sentence for a slip."""
    if row.state == SlipState.CANCELLED:
        if row.merged_into:
            merged = f"伝票 {row.merged_into} に統合されました。"
            return Because(Text(merged, f"Merged into slip {row.merged_into}."), Text("", ""))
        return Because(Text("取り消された伝票です。", "The slip was cancelled."), Text("", ""))
    if row.state == SlipState.CONFIRMED:
        return Because(Text("出荷確定まで終わっています。", "It is confirmed as shipped."), Text("", ""))
    if row.reasons:
        return _held(row.reasons, [hold for hold in holds if hold.number == row.number])
    under_way = [act for act in effects if act.open and act.stage in ("relay", "confirm_shipment")]
    if under_way:
        return _under_way(under_way[-1], now)
    return _slip_waits(row, shop, now)


def _ended(state: str) -> Because | None:
    if state == OrderState.COMPLETED:
        return Because(Text("カートの完了まで終わっています。", "It is done, up to the cart."), Text("", ""))
    if state == OrderState.CANCELLED:
        return Because(Text("取り消された受注です。", "The order was cancelled."), Text("", ""))
    return None


def _held(reasons: Sequence[str], holds: Sequence[HoldRow]) -> Because:
    known = [words.REASONS[Reason(reason)] for reason in dict.fromkeys(reasons)]
    note = next((hold.note.partition("\n")[0] for hold in holds if hold.closed_at is None and hold.note), "")
    tail_ja, tail_en = (f"（{note}）", f" ({note})") if note else ("", "")
    names_ja = "、".join(word.name.ja for word in known)
    names_en = ", ".join(word.name.en for word in known)
    return Because(
        Text(f"保留中です: {names_ja}{tail_ja}", f"It is held: {names_en}{tail_en}"),
        Text("".join(word.do.ja for word in known), " ".join(word.do.en for word in known)),
    )


def _under_way(act: EffectRow, now: datetime) -> Because:
    name = words.EFFECTS.get(act.kind, Text(act.kind, act.kind))
    at = _at(act.started_at, now)
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
    if look is None or look <= now:
        return Because(why, Text("次の回に確認します。", "The next pass looks."))
    when = _at(look, now)
    return Because(why, Text(f"{when.ja}に確認します。", f"The next look is at {when.en}."))


def _stopping(stop: StopRow, now: datetime) -> Because:
    at = _at(stop.asked_at, now)
    return Because(
        Text(
            f"カートで取り消されました。{at.ja}から出荷止めをしています。",
            f"It was cancelled in the cart; it is being stopped since {at.en}.",
        ),
        Text(
            "ネクストエンジンか倉庫の回答が出ると終わります。",
            "It ends with the answer of Next Engine or the warehouse.",
        ),
    )


def _at(at: datetime | None, now: datetime) -> Text:
    """An instant for both languages; "-" where there is none."""
    if at is None:
        return Text("-", "-")
    return Text(words.clock_time(at, now, "ja"), words.clock_time(at, now, "en"))


def _order_waits(row: OrderRow, shop: Shop, now: datetime) -> Because:
    since = _at(row.since, now)
    match row.state:
        case OrderState.RECEIVED:
            plain = Text(
                f"{since.ja}に取り込み、まだ通知していません。", f"Taken in at {since.en}, not announced yet."
            )
            acting = Text("次の回に通知メールを送ります。", "The next pass announces it.")
            return _waits(row, now, plain, _by_stage(shop, "notify", acting))
        case OrderState.NOTIFIED:
            return _not_in_intake(row, shop, now)
        case OrderState.IN_INTAKE:
            plain = Text(f"{since.ja}から新規受付にあります。", f"In 新規受付 since {since.en}.")
            return _waits(row, now, plain, _next_import(shop, now))
        case OrderState.SHIPPED:
            when = _at(next_of(shop.completion_times, now), now)
            plain = Text(
                "出荷済みです。カートの完了はまだです。", "It has shipped; the cart is not completed yet."
            )
            acting = Text(f"次の完了反映は {when.ja} です。", f"The next completion is at {when.en}.")
            return _waits(row, now, plain, _by_stage(shop, "complete", acting))
    return _waits(
        row,
        now,
        Text("伝票の進みを待っています。", "It waits for its slips."),
        Text("すべての伝票が出荷確定すると進みます。", "It moves once all its slips are confirmed."),
    )


def _not_in_intake(row: OrderRow, shop: Shop, now: datetime) -> Because:
    since, again_at = _at(row.since, now), row.since + shop.intake_patience
    why = Text(
        f"{since.ja}に通知メールを送りましたが、まだ新規受付にありません。",
        f"The mail was sent at {since.en}; it is not in 新規受付 yet.",
    )
    again = _at(again_at, now)
    if again_at <= now:
        moves = Text(
            f"{again.ja}を過ぎたので送り直します。メール取込の設定も確認してください。",
            f"It is past {again.en}, so it is sent again; check the mail intake, too.",
        )
        return Because(why, moves)
    moves = Text(
        f"新規受付に現れると進みます。{again.ja}までに現れなければ送り直します。",
        f"It moves when it appears there; if it does not by {again.en}, it is sent again.",
    )
    return Because(why, moves)


def _next_import(shop: Shop, now: datetime) -> Text:
    when = _at(next_of(shop.import_times, now), now)
    if shop.mode("import_daily") is Mode.ACT:
        return Text(f"次の本取込は {when.ja} です。", f"The next import is at {when.en}.")
    return Text(
        f"本取込は他の担当です（次の予定 {when.ja}）。", f"Somebody else imports (next planned at {when.en})."
    )


def _slip_waits(row: SlipRow, shop: Shop, now: datetime) -> Because:
    since = _at(row.since, now)
    match row.state:
        case SlipState.INTAKE:
            return Because(Text("新規受付にあります。", "It stands in 新規受付."), _next_import(shop, now))
        case SlipState.PRINT_READY if row.waiting_for in ("", "印刷待ち"):
            until = _at(cut_off(shop, now), now)
            acting = Text(
                f"次の出荷指示で渡します（締め {until.ja}）。",
                f"The next relay hands it over (cut-off {until.en}).",
            )
            return Because(
                Text("印刷待ちです。まだ倉庫へ渡していません。", "It is 印刷待ち, not at the warehouse yet."),
                _by_stage(shop, "relay", acting),
            )
        case SlipState.RELAYED:
            return Because(
                Text(f"{since.ja}に倉庫へ渡しました。", f"The warehouse has it since {since.en}."),
                Text("倉庫の出荷実績が届くと進みます。", "It moves when the warehouse reports the shipment."),
            )
        case SlipState.DISPATCHED:
            return _waits(
                row,
                now,
                Text(
                    "倉庫は出荷しました。出荷確定はまだです。",
                    "It was shipped; Next Engine is not confirmed.",
                ),
                _by_stage(
                    shop, "confirm_shipment", Text("次の回に出荷確定します。", "The next pass confirms it.")
                ),
            )
    return _waits(
        row,
        now,
        Text("ネクストエンジンで処理中です。", "It is being worked on in Next Engine."),
        Text("印刷待ちになると倉庫へ渡します。", "It is relayed once it stands in 印刷待ち."),
    )


def _waits(row: OrderRow | SlipRow, now: datetime, plain: Text, moves: Text) -> Because:
    """The stage's own words where it left some, with the time of the next look; else the plain sentence."""
    if not row.waiting_for:
        return Because(plain, moves)
    due = row.next_at if row.next_at is not None and row.next_at > now else None
    when = _at(due, now)
    english = words.wait(row.waiting_for, "en")
    why = Text(
        row.waiting_for + (f"（{when.ja}まで）" if due else ""),
        english[:1].upper() + english[1:] + (f" (until {when.en})" if due else ""),
    )
    known = Text(words.what_moves(row.waiting_for, "ja"), words.what_moves(row.waiting_for, "en"))
    return Because(why, known if known.ja else moves)


def _by_stage(shop: Shop, stage: str, acting: Text) -> Text:
    match shop.mode(stage):
        case Mode.ACT:
            return acting
        case Mode.WATCH:
            return Text(
                "この工程は他の担当です（監視のみ）。", "Somebody else does this step; we only watch."
            )
        case Mode.OFF:
            return Text("この工程は止めてあります（OFF）。", "This step is switched off.")


def _of_slips(
    slips: Sequence[SlipRow],
    shop: Shop,
    now: datetime,
    effects: Sequence[EffectRow],
    holds: Sequence[HoldRow],
) -> Because:
    """The slip that is furthest behind speaks for the order."""
    line = list(SlipState)
    walking = [slip for slip in slips if slip.state not in (SlipState.CANCELLED, SlipState.CONFIRMED)]
    if not walking:
        return Because(
            Text("伝票はすべて終わっています。", "All its slips have ended."),
            Text("次の回に出荷済になります。", "The next pass takes it to shipped."),
        )
    last = min(walking, key=lambda slip: line.index(SlipState(slip.state)))
    # Effects of several slips cannot be told apart here: only a single slip's may speak.
    mine = effects if len(slips) == 1 else ()
    inner = because_slip(last, shop, now, effects=mine, holds=holds)
    return Because(
        Text(f"伝票 {last.number}: {inner.why.ja}", f"Slip {last.number}: {inner.why.en}"), inner.moves
    )
