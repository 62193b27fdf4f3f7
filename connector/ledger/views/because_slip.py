"""Because, of a slip (伝票が進まない理由): the one sentence, as Next Engine's own screen would give it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from connector import words
from connector.journey import SlipState
from connector.ledger.views.around import CALM, Around
from connector.ledger.views.rows import EffectRow, HoldRow, SlipRow, Tab
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
from connector.ledger.views.times import cut_off
from connector.shop import Shop
from connector.words import Text

NE_DOWN = ("outage_next_engine", "sign_in")
SHOWN = 3  # goods or reasons in one sentence


def because_slip(
    row: SlipRow,
    shop: Shop,
    now: datetime,
    *,
    effects: Sequence[EffectRow] = (),
    holds: Sequence[HoldRow] = (),
    around: Around = CALM,
) -> Because:
    """The sentence for a slip."""
    if row.state == SlipState.CANCELLED:
        if row.merged_into:
            merged = f"伝票 {row.merged_into} に統合されました。"
            return Because(Text(merged, f"Merged into slip {row.merged_into}."), NOTHING)
        return Because(Text("取り消された伝票です。", "The slip was cancelled."), NOTHING)
    if row.state == SlipState.CONFIRMED:
        return Because(Text("出荷確定まで終わっています。", "It is confirmed as shipped."), NOTHING)
    if row.reasons:
        return held(row.reasons, [hold for hold in holds if hold.number == row.number])
    acts = [act for act in effects if act.open and act.stage in ("relay", "confirm_shipment")]
    if acts:
        return under_way(acts[-1], now)
    return _waits(row, shop, now, around)


def _waits(row: SlipRow, shop: Shop, now: datetime, around: Around) -> Because:
    since = instant(row.since, now)
    match row.state:
        case SlipState.INTAKE:
            stands = Text("新規受付にあります。", "It stands in 新規受付.")
            return Because(
                stands, next_import(shop, now), Text("次の本取込待ち", "Waits for the next import")
            )
        case SlipState.OPEN:
            return _open(row, now, around)
        case SlipState.PRINT_READY if row.kept_by:
            numbers = "、".join(row.kept_by)
            return Because(
                Text(
                    f"印刷待ちですが、受注 {numbers} が止まっているので倉庫へ渡しません。",
                    f"It is 印刷待ち, but stays here: order {', '.join(row.kept_by)} stands still.",
                ),
                Text(
                    "その受注の保留・出荷止めが片付くか、その商品がこの伝票からなくなると進みます。",
                    "It goes on when that order's hold or stop is settled, or its goods are out of this slip.",
                ),
                Text("受注が止まっています", "Its order stands still"),
            )
        case SlipState.PRINT_READY if row.waiting_for in ("", "印刷待ち"):
            until = instant(cut_off(shop, now), now)
            acting = Text(
                f"次の出荷指示で渡します（締め {until.ja}）。",
                f"The next relay hands it over (cut-off {until.en}).",
            )
            return Because(
                Text("印刷待ちです。まだ倉庫へ渡していません。", "It is 印刷待ち, not at the warehouse yet."),
                by_stage(shop, "relay", acting),
                Text("出荷指示待ち", "Waits for the relay"),
            )
        case SlipState.RELAYED:
            return Because(
                Text(f"{since.ja}に倉庫へ渡しました。", f"The warehouse has it since {since.en}."),
                Text("倉庫の出荷実績が届くと進みます。", "It moves when the warehouse reports the shipment."),
                Text("倉庫で出荷作業中", "At the warehouse"),
            )
        case SlipState.DISPATCHED:
            shipped = Text(
                "倉庫は出荷しました。出荷確定はまだです。", "It was shipped; Next Engine is not confirmed."
            )
            acting = Text("次の回に出荷確定します。", "The next pass confirms it.")
            group = Text("出荷確定待ち", "Waits for the confirmation")
            return waits(row, now, shipped, by_stage(shop, "confirm_shipment", acting), group)
    return waits(
        row,
        now,
        Text("ネクストエンジンで処理中です。", "It is being worked on in Next Engine."),
        Text("印刷待ちになると倉庫へ渡します。", "It is relayed once it stands in 印刷待ち."),
        Text("ネクストエンジンで処理中", "Being worked on in Next Engine"),
    )


# --- 起票済 -------------------------------------------------------------------------------------------------


def _open(row: SlipRow, now: datetime, around: Around) -> Because:
    """On which screen it waits and for what; what we last read may be old while Next Engine is away."""
    if row.tab is None:
        seen = instant(row.seen_at, now)
        return Because(
            Text(
                f"起票済です。{seen.ja}に見たときは、自動処理（印刷待ちへの移動）の前でした。",
                f"It is 起票済; at {seen.en} Next Engine's automation had not moved it to 印刷待ち yet.",
            ),
            Text(
                "数分おきの自動処理で印刷待ちへ進みます。進まなければ伝票を開いて確認してください。",
                "Its automation moves it within minutes; if it does not, open the slip.",
            ),
            Text("起票済（自動処理の前）", "起票済, before the automation"),
        )
    why, moves = _TABS[row.tab.name](row.tab, now)
    stale = around.since(*NE_DOWN)
    if stale is not None:
        at = instant(stale[1], now)
        why = Text(
            f"{why.ja}（{at.ja}からネクストエンジンを見られず、その前の情報です）",
            f"{why.en} (Next Engine cannot be read since {at.en}; this is from before)",
        )
    english = words.wait(row.tab.name, "en")
    return Because(why, moves, Text(row.tab.name, english))


def _to_confirm(tab: Tab, _now: datetime) -> tuple[Text, Text]:
    known = [_confirm_words(code) for code in tab.codes[:SHOWN]]
    ja = "、".join(one.ja for one in known) or "理由の記載なし"
    en = ", ".join(one.en for one in known) or "no reason given"
    rest = len(tab.codes) - len(known)
    more = Text(f" ほか{rest}件", f" and {rest} more") if rest > 0 else NOTHING
    return Text(f"確認待ちです: {ja}{more.ja}。", f"It is 確認待ち: {en}{more.en}."), _moves(tab.name)


def _confirm_words(code: str) -> Text:
    """AA#2 → 商品コードが未登録です（AA、2行目）."""
    name, _, row = code.partition("#")
    known = words.CONFIRM_REASONS.get(name)
    where = Text(f"、{row}行目" if row else "", f", row {row}" if row else "")
    if known is None:
        return Text(f"確認内容 {name}{where.ja}", f"check {name}{where.en}")
    return Text(f"{known.ja}（{name}{where.ja}）", f"{known.en} ({name}{where.en})")


def _to_pay(tab: Tab, _now: datetime) -> tuple[Text, Text]:
    method = tab.method or "-"
    why = Text(
        f"入金待ちです: {method} {words.yen(tab.yen)} の入金が登録されていません。",
        f"It is 入金待ち: no deposit of {words.yen(tab.yen, 'en')} ({method}) is entered.",
    )
    return why, _moves(tab.name)


def _to_allocate(tab: Tab, _now: datetime) -> tuple[Text, Text]:
    shown = tab.short[:SHOWN]
    ja = "、".join(f"{one.sku} があと {one.wanted - one.allocated}個" for one in shown)
    en = ", ".join(f"{one.wanted - one.allocated} of {one.sku}" for one in shown)
    rest = len(tab.short) - len(shown)
    more = Text(f" ほか{rest}点", f" and {rest} more") if rest > 0 else NOTHING
    if not shown:
        return Text("引当待ちです。", "It is 引当待ち."), _moves(tab.name)
    return Text(f"引当待ちです: {ja}{more.ja}足りません。", f"It is 引当待ち: {en}{more.en} short."), Text(
        "入荷して在庫が引き当たると進みます。", "It moves once the goods are in and allocated."
    )


def _to_release(tab: Tab, _now: datetime) -> tuple[Text, Text]:
    on = _day(tab.on)
    why = Text(
        f"発売日待ちです: {tab.sku} の発売日は {on.ja} です。",
        f"It is 発売日待ち: {tab.sku} is released on {on.en}.",
    )
    return why, _moves(tab.name)


def _to_print(tab: Tab, _now: datetime) -> tuple[Text, Text]:
    on = _day(tab.on)
    why = Text(
        f"印刷日待ちです: 納品書印刷指示日は {on.ja} です。", f"It is 印刷日待ち: its print date is {on.en}."
    )
    return why, _moves(tab.name)


_TABS = {
    "確認待ち": _to_confirm,
    "入金待ち": _to_pay,
    "引当待ち": _to_allocate,
    "発売日待ち": _to_release,
    "印刷日待ち": _to_print,
}


def _moves(tab: str) -> Text:
    return Text(words.what_moves(tab, "ja"), words.what_moves(tab, "en"))


def _day(on: date | None) -> Text:
    """11/26(木) as operators write a day."""
    if on is None:
        return words.UNKNOWN
    return Text(words.day(on, "ja"), words.day(on, "en"))
