"""Because (進まない理由): the one sentence why an order is not further, and what would move it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector import words
from connector.journey import OrderState, SlipState
from connector.ledger.views.around import CALM, Around, Failing
from connector.ledger.views.because_slip import NE_DOWN, because_slip
from connector.ledger.views.places import PLACE
from connector.ledger.views.rows import EffectRow, HoldRow, OrderRow, SlipRow, StopRow
from connector.ledger.views.sentences import (
    NOTHING,
    Because,
    by_stage,
    held,
    instant,
    next_import,
    under_way,
    waits,
)
from connector.ledger.views.times import next_of
from connector.shop import Shop
from connector.words import Text
from connector.words.stops import STOP_WHYS

STILL_TRYING = "メールサーバが再送中"
SETTLING = "注文内容の確定待ち"
NOT_YET = ("", "新規受付待ち")  # the stage has nothing to say beyond that


def because(
    row: OrderRow,
    shop: Shop,
    now: datetime,
    *,
    effects: Sequence[EffectRow] = (),
    holds: Sequence[HoldRow] = (),
    slips: Sequence[SlipRow] = (),
    stop: StopRow | None = None,
    around: Around = CALM,
) -> Because:
    """The sentence for an order. Knows more where its effects, holds and slips, and what is around it, are given."""
    if row.left_out:
        rule = words.LEFT_OUT[row.left_out]
        return Because(
            Text(f"{rule.name.ja}のため連携していません。", f"It is left out: {rule.name.en.lower()}."),
            rule.means,
            Text(f"対象外: {rule.name.ja}", f"Left out: {rule.name.en}"),
        )
    ended = _ended(row.state)
    if ended is not None:
        return ended
    if row.reasons:
        return held(row.reasons, [hold for hold in holds if hold.item == "order"])
    if stop is not None and stop.verdict == "open":
        return _stopping(stop, now)
    acts = [act for act in effects if act.open and act.stage in ("notify", "import_daily", "complete")]
    waits_for_time = (
        row.waiting_for in words.WAITS and row.waiting_for not in NOT_YET and not _settled(row, now)
    )
    if (acts or not waits_for_time) and (down := _down(row, around, now)) is not None:
        return down
    if acts:
        return under_way(acts[-1], now)
    if row.state == OrderState.IMPORTED and slips:
        return _of_slips(slips, shop, now, effects, holds, around)
    return _waits(row, shop, now, around)


def _ended(state: str) -> Because | None:
    if state == OrderState.COMPLETED:
        return Because(Text("カートの完了まで終わっています。", "It is done, up to the cart."), NOTHING)
    if state == OrderState.CANCELLED:
        return Because(Text("取り消された受注です。", "The order was cancelled."), NOTHING)
    return None


def _stopping(stop: StopRow, now: datetime) -> Because:
    at = instant(stop.asked_at, now)
    asked = Text("カートで取り消されました", "It was cancelled in the cart")
    if stop.asked_by:
        asked = Text(f"{stop.asked_by} さんの依頼です", f"{stop.asked_by} asked for it")
    elif stop.why in STOP_WHYS:
        told = STOP_WHYS[stop.why]
        asked = Text(
            told.ja,
            f"It was {told.en}"
            if stop.why in ("cancelled in the cart", "deleted in the cart")
            else told.en.capitalize(),
        )
    return Because(
        Text(
            f"{asked.ja}。{at.ja}から出荷止めをしています。",
            f"{asked.en}; it is being stopped since {at.en}.",
        ),
        Text(
            "ネクストエンジンか倉庫の回答が出ると終わります。",
            "It ends with the answer of Next Engine or the warehouse.",
        ),
        Text("出荷止めの処理中", "Being stopped"),
    )


def _waits(row: OrderRow, shop: Shop, now: datetime, around: Around) -> Because:
    since = instant(row.since, now)
    match row.state:
        case OrderState.RECEIVED:
            plain = Text(
                f"{since.ja}に取り込み、まだ通知していません。", f"Taken in at {since.en}, not announced yet."
            )
            acting = Text("次の回に通知メールを送ります。", "The next pass announces it.")
            group = Text("通知前", "Not announced yet")
            if _settled(row, now):
                return Because(plain, by_stage(shop, "notify", acting), group)
            return waits(row, now, plain, by_stage(shop, "notify", acting), group)
        case OrderState.NOTIFIED if row.waiting_for != STILL_TRYING:
            return _not_in_intake(row, shop, now, around)
        case OrderState.IN_INTAKE:
            return _in_intake(row, shop, now, around)
        case OrderState.SHIPPED:
            when = instant(next_of(shop.completion_times, now), now)
            plain = Text(
                "出荷済みです。カートの完了はまだです。", "It has shipped; the cart is not completed yet."
            )
            acting = Text(f"次の完了反映は {when.ja} です。", f"The next completion is at {when.en}.")
            group = Text("カートの完了待ち", "Waits for the cart's completion")
            return waits(row, now, plain, by_stage(shop, "complete", acting), group)
    return waits(
        row,
        now,
        Text("伝票の進みを待っています。", "It waits for its slips."),
        Text("すべての伝票が出荷確定すると進みます。", "It moves once all its slips are confirmed."),
        Text("伝票待ち", "Waits for its slips"),
    )


# --- not in 新規受付, not in the file ----------------------------------------------------------------------


def _down(row: OrderRow, around: Around, now: datetime) -> Because | None:
    """A system that does not answer keeps this order from its next step."""
    kinds = {
        OrderState.RECEIVED: (*NE_DOWN, "outage_mail"),
        OrderState.NOTIFIED: NE_DOWN,
        OrderState.IN_INTAKE: NE_DOWN,
    }.get(OrderState(row.state), ())
    stage = PLACE["order", row.state].stage
    found = around.since(*kinds)
    if not kinds or (found is None and stage not in around.failing):
        return None
    stands = {
        OrderState.RECEIVED: Text("まだ通知していません", "It is not announced yet"),
        OrderState.NOTIFIED: Text(
            "通知メールは送りましたが、新規受付にあるか確認できません",
            "Its mail was sent; whether it is in 新規受付 cannot be seen",
        ),
        OrderState.IN_INTAKE: Text(
            "新規受付にありますが、本取込できません", "In 新規受付, but no import is possible"
        ),
    }[OrderState(row.state)]
    if found is None:
        return _fails(stands, stage, around.failing[stage], now)
    kind, begun_at = found
    at, alarm = instant(begun_at, now), words.ALARMS[kind]
    return Because(
        Text(
            f"{stands.ja}（{alarm.name.ja}、{at.ja}から）。",
            f"{stands.en} ({alarm.name.en}, since {at.en}).",
        ),
        alarm.do,
        Text(f"警報: {alarm.name.ja}", f"Alarm: {alarm.name.en}"),
    )


def _fails(stands: Text, stage: str, failing: Failing, now: datetime) -> Because:
    """Not long enough for an alarm, or a trouble of another kind: in the other side's words."""
    at, said = instant(failing.since, now), failing.words
    return Because(
        Text(
            f"{stands.ja}（{words.stage(stage)}が{at.ja}から失敗しています: {said}）。",
            f"{stands.en} ({words.stage(stage, 'en')} fails since {at.en}: {said}).",
        ),
        Text("次の回にもう一度行います。", "The next pass tries again."),
        Text(f"失敗中: {words.stage(stage)}", f"Failing: {words.stage(stage, 'en')}"),
    )


def _settled(row: OrderRow, now: datetime) -> bool:
    """It waited for its settling, and that time is over."""
    return row.waiting_for == SETTLING and row.next_at is not None and row.next_at <= now


def _not_in_intake(row: OrderRow, shop: Shop, now: datetime, around: Around) -> Because:
    since, again_at = instant(row.since, now), row.since + shop.intake_patience
    group = Text("通知済みで、まだ新規受付にない", "Announced, not in 新規受付 yet")
    silent = around.since("intake_silent")
    if silent is not None and silent[1] <= row.since:
        return _swallowed(row, now, silent[1], around)
    why = Text(
        f"{since.ja}に通知メールを送りましたが、まだ新規受付にありません。",
        f"The mail was sent at {since.en}; it is not in 新規受付 yet.",
    )
    again = instant(again_at, now)
    if again_at <= now:
        moves = Text(
            f"{again.ja}を過ぎたので送り直します。メール取込の設定も確認してください。",
            f"It is past {again.en}, so it is sent again; check the mail intake, too.",
        )
        return Because(why, moves, group)
    moves = Text(
        f"新規受付に現れると進みます。{again.ja}までに現れなければ送り直します。",
        f"It moves when it appears there; if it does not by {again.en}, it is sent again.",
    )
    return Because(why, moves, group)


def _swallowed(row: OrderRow, now: datetime, silent_since: datetime, around: Around) -> Because:
    since, at, alarm = instant(row.since, now), instant(silent_since, now), words.ALARMS["intake_silent"]
    number = around.alarms["intake_silent"].get("orders", 0)
    return Because(
        Text(
            f"{since.ja}に通知メールを送りましたが、{at.ja}以降の受注メール（{number}件）が新規受付に届いていません。",
            f"The mail was sent at {since.en}; no mail since {at.en} ({number} orders) has reached 新規受付.",
        ),
        alarm.do,
        Text(f"警報: {alarm.name.ja}", f"Alarm: {alarm.name.en}"),
    )


def _in_intake(row: OrderRow, shop: Shop, now: datetime, around: Around) -> Because:
    since = instant(row.since, now)
    if around.preflight is not None and row.waiting_for.startswith("取込前確認で止まっています"):
        until = instant(around.preflight.deadline_at, now)
        by_rule = shop.preflight.release_at_deadline
        return Because(
            Text(
                f"新規受付にありますが、{around.preflight.window} の受注CSVが取込前確認で止まっています。",
                f"In 新規受付; the order CSV of {around.preflight.window} waits for a click.",
            ),
            Text(
                f"「取込前確認」で解放すると取り込みます。{until.ja}までに判断がなければ"
                + ("自動で取り込みます。" if by_rule else "今回は見送ります。"),
                f"Release it on the preflight page; at {until.en} it "
                + ("goes in by rule." if by_rule else "is left for the next time."),
            ),
            Text("取込前確認で停止中", "Waits for a click before the import"),
        )
    plain = Text(f"{since.ja}から新規受付にあります。", f"In 新規受付 since {since.en}.")
    return waits(row, now, plain, next_import(shop, now), Text("次の本取込待ち", "Waits for the next import"))


# --- not in 印刷待ち --------------------------------------------------------------------------------------


def _of_slips(
    slips: Sequence[SlipRow],
    shop: Shop,
    now: datetime,
    effects: Sequence[EffectRow],
    holds: Sequence[HoldRow],
    around: Around,
) -> Because:
    """The slip that is furthest behind speaks for the order."""
    line = list(SlipState)
    walking = [slip for slip in slips if slip.state not in (SlipState.CANCELLED, SlipState.CONFIRMED)]
    if not walking:
        return Because(
            Text("伝票はすべて終わっています。", "All its slips have ended."),
            Text("次の回に出荷済になります。", "The next pass takes it to shipped."),
            Text("伝票はすべて終了", "All its slips have ended"),
        )
    last = min(walking, key=lambda slip: line.index(SlipState(slip.state)))
    # Effects of several slips cannot be told apart here: only a single slip's may speak.
    mine = effects if len(slips) == 1 else ()
    inner = because_slip(last, shop, now, effects=mine, holds=holds, around=around)
    merged = next((slip for slip in slips if slip.merged_into == last.number), None)
    told = Text(f"伝票 {last.number}", f"Slip {last.number}")
    if merged is not None:
        told = Text(
            f"伝票 {merged.number} を同梱した伝票 {last.number}",
            f"Slip {last.number}, which slip {merged.number} was bundled into",
        )
    return Because(Text(f"{told.ja}: {inner.why.ja}", f"{told.en}: {inner.why.en}"), inner.moves, inner.group)


__all__ = ["Because", "because", "because_slip"]
