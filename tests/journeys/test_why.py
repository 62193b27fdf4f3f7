"""Why is my order not in the CSV, not in 印刷待ち? One day, one order in each situation, and the true sentence of each.

What the sentence says is compared with what the town itself knows: its tabs, its stock, its import queue, its clock.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from connector.adapters.next_engine import wire
from connector.clock import jst
from connector.ledger import views
from connector.ledger.views import WaitingGroup, Why
from connector.sandbox.cart import Order
from connector.sandbox.next_engine.orderfile import FileOrder
from connector.sandbox.people import BANK
from msgspec.structs import replace

from tests.journeys.conftest import RHYTHM, OpenDay
from tests.journeys.day import CREAM, HOME, SERUM, Day, moment
from tests.journeys.test_address_changed import MOVED

TWICE = {"times": ["10:00:00", "14:00:00"]}
ELSEWHERE = replace(HOME, zip="530-0001")  # Osaka's, with an address in Tokyo
EMOJI = replace(HOME, name02="花子😊")


async def why(day: Day, order: Order | str, lang: str = "ja") -> Why:
    number = order if isinstance(order, str) else order.number
    shop = day.demo.shop.shop
    found = await day.demo.world.database.read(lambda c: views.why(c, shop, number, day.now, lang))
    assert found is not None
    return found


async def said(day: Day, order: Order) -> tuple[str, str]:
    """The sentence and what moves it; both languages are complete, each in one sentence."""
    japanese, english = await why(day, order), await why(day, order, "en")
    print(
        f"{order.number}  {japanese.sentence}\n      → {japanese.moves}\n      {english.sentence} | {english.moves}"
    )
    for one in (japanese, english):
        assert one.sentence.strip()
        assert one.moves.strip()
        assert "\n" not in one.sentence
    assert japanese.sentence != english.sentence
    return japanese.sentence, japanese.moves


async def groups(day: Day) -> dict[str, WaitingGroup]:
    shop = day.demo.shop.shop
    found = await day.demo.world.database.read(lambda c: views.waiting_groups(c, shop, day.now))
    return {group.name: group for group in found}


def tab(day: Day, order: Order) -> str | None:
    return day.town.next_engine.tab(day.slip(order).number)


async def test_before_the_csv(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    refused = day.place(card="decline")
    hard = day.place(billing=EMOJI)
    usual = day.place()
    await day.until("08:35")
    fresh = day.place()
    await day.until("08:41")
    sentence, moves = await said(day, fresh)
    settles = jst(fresh.updated_at + timedelta(minutes=10))
    assert sentence == f"注文内容の確定待ち（{settles:%H:%M}まで）"
    assert day.posted(fresh) == []

    sentence, moves = await said(day, refused)
    assert sentence.startswith("保留中です: 決済NG（")
    assert not day.captures(refused)
    assert "カートで" in moves

    day.faults.plan("lost-mail", 1)
    await day.until("08:52")
    assert (day.mails(fresh), len(day.posted(fresh))) == (0, 1)
    sentence, moves = await said(day, fresh)
    posted_at = jst(day.posted(fresh)[0].at)
    assert sentence == f"{posted_at:%H:%M}に通知メールを送りましたが、まだ新規受付にありません。"
    assert f"{posted_at + timedelta(hours=2):%H:%M}" in moves

    await day.until("09:30")
    assert tab(day, usual) == "新規受付"
    sentence, moves = await said(day, usual)
    assert "新規受付にあります" in sentence
    assert moves == "次の本取込は 10:00 です。"

    await day.until("10:30")
    sentence, moves = await said(day, hard)
    assert sentence.startswith("保留中です: 送れない文字（")
    assert "U+1F60A" in sentence
    assert day.imports(hard) == 0

    cancelled = day.place()
    await day.until("10:46")
    day.town.cart.cancel(cancelled.id)
    await day.until("11:10")
    answer = await why(day, cancelled)
    assert answer.sentence == "取り消された受注です。"

    counted = await groups(day)
    assert {"保留: 決済NG", "保留: 送れない文字"} <= set(counted)
    assert [one.number for one in counted["保留: 決済NG"].orders] == [refused.number]
    day.town.cart.set_card(refused.payment.card_id or 0, "ok")


async def test_in_next_engine_before_print_ready(open_day: OpenDay) -> None:
    """One import brings an order to each of its screens."""
    day = await open_day(import_daily={"times": ["10:00:00"]})
    ne = day.town.next_engine
    await day.alone_until("08:30")
    unpaid, elsewhere = day.place(payment_method_id=BANK), day.place(billing=ELSEWHERE)
    noted, plain = day.place(remark="のし希望"), day.place()
    release = moment("00:00", 7)
    ne.goods(SERUM).release_at = release
    unreleased = day.place(items=((SERUM, 1),))
    await day.until("09:40")
    cream = ne.goods(CREAM)
    short = day.place(items=((CREAM, 3),))
    cream.stock = cream.allocated + 1
    await day.until("10:06")
    later = day.slip(plain).number
    ne.operator.edit(later, {wire.PRINT_ON: "2026-11-26 00:00:00"})
    await day.until("10:30")

    assert tab(day, unpaid) == "入金待ち"
    sentence, _ = await said(day, unpaid)
    total = int(float(day.slip(unpaid).fields[wire.TOTAL] or 0))
    assert f"入金待ちです: 銀行振込前払い {total:,}円 の入金が登録されていません。" in sentence

    assert tab(day, elsewhere) == tab(day, noted) == "確認待ち"
    sentence, _ = await said(day, elsewhere)
    assert day.slip(elsewhere).fields[wire.CONFIRM_IDS] == "AO"
    assert "確認待ちです: 住所と郵便番号が合いません（AO）。" in sentence
    sentence, moves = await said(day, noted)
    assert "備考の確認が必要です（AG）" in sentence
    assert "確認" in moves

    assert tab(day, unreleased) == "発売日待ち"
    sentence, _ = await said(day, unreleased)
    assert f"{SERUM} の発売日は {jst(release).month}/{jst(release).day}" in sentence

    assert tab(day, short) == "引当待ち"
    row = day.slip(short).rows[0]
    missing = 3 - int(row.fields[wire.ROW_ALLOCATED] or 0)
    sentence, moves = await said(day, short)
    assert f"引当待ちです: {CREAM} があと {missing}個足りません。" in sentence
    assert "入荷" in moves

    assert tab(day, plain) == "印刷日待ち"
    sentence, _ = await said(day, plain)
    assert "納品書印刷指示日は 11/26(木) です。" in sentence

    counted = await groups(day)
    for name, members in {
        "入金待ち": 1,
        "確認待ち": 2,
        "発売日待ち": 1,
        "引当待ち": 1,
        "印刷日待ち": 1,
    }.items():
        assert counted[name].count == members, name


async def test_bundled_cancelled_changed_refused_left_out_unknown(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    ne = day.town.next_engine
    before = day.town.cart
    await day.alone_until("08:30")
    kept, absorbed = day.place(payment_method_id=BANK), day.place(payment_method_id=BANK)
    changed, twice_cancelled = day.place(payment_method_id=BANK), day.place(payment_method_id=BANK)
    await day.until("10:20")
    survivor, gone = day.slip(kept).number, day.slip(absorbed).number
    ne.operator.bundle(survivor, gone)
    before.change_address(changed.id, MOVED)
    ne.operator.cancel(day.slip(twice_cancelled).number)
    await day.until("10:50")

    sentence, moves = await said(day, absorbed)
    assert f"伝票 {gone} を同梱した伝票 {survivor}: 入金待ちです" in sentence
    assert "入金待ちです" in sentence
    assert tab(day, kept) == "入金待ち"

    sentence, moves = await said(day, changed)
    assert sentence.startswith("保留中です: 引渡後の変更")
    assert "伝票" in moves

    sentence, _ = await said(day, twice_cancelled)
    assert "保留中です" in sentence or "取り消" in sentence

    shop = day.demo.shop.shop
    answer = await day.demo.world.database.read(lambda c: views.unknown(c, shop, "no-such-number", day.now))
    assert answer.why.ja.startswith("台帳にこの番号の受注も伝票もありません（カートは 10:")
    assert day.town.cart.shop.order_by_number.get("no-such-number") is None


async def test_while_next_engine_is_away_and_while_its_intake_is_silent(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | {"follow_slips": 5, "confirm_intake": 5, "ingest": 5})
    await day.alone_until("07:00")
    there = day.place()
    await day.until("07:40")
    port = await day.next_engine_goes_down()
    waiting = day.place()
    await day.until("08:40")
    assert day.posted(waiting) == []
    sentence, moves = await said(day, waiting)
    assert sentence.startswith("まだ通知していません（ネクストエンジンにつながりません、07:4")
    sentence, _ = await said(day, there)
    assert sentence.startswith("新規受付にありますが、本取込できません（ネクストエンジンにつながりません")
    await day.next_engine_comes_back(port)
    await day.until("09:05")
    assert await day.state(waiting) == "in_intake"

    day.town.next_engine.operator.move_intake_address("1", "moved@ne.example.jp")
    swallowed = day.place()
    await day.until("09:20")
    probe, kept_back = day.place(), day.place()
    await day.until("09:44")
    probe, kept_back = sorted((probe, kept_back), key=lambda one: -len(day.posted(one)))
    assert len(day.posted(probe)) == 1, "one goes out to see"
    assert (day.mails(swallowed), len(day.posted(swallowed))) == (0, 1)
    assert day.posted(kept_back) == []
    sentence, moves = await said(day, swallowed)
    assert "新規受付に届いていません" in sentence
    assert "mail.recipient" in moves
    sentence, _ = await said(day, kept_back)
    assert sentence == "受注メール取込の警報中のため、通知を見合わせています"
    counted = await groups(day)
    assert counted["警報: 受注メールが新規受付に届いていません"].count == 2
    day.town.next_engine.operator.move_intake_address("1", day.posted(swallowed)[0].recipient)
    await day.until("10:40")
    assert [await day.state(one) for one in (swallowed, probe, kept_back)] == ["imported"] * 3


async def test_refused_by_the_import_and_bounced(open_day: OpenDay, monkeypatch: pytest.MonkeyPatch) -> None:
    day = await open_day(import_daily=TWICE, rhythm_minutes=RHYTHM | {"read_mail": 5})
    await day.alone_until("08:30")
    day.faults.plan("bounced-mail", 1)
    bounced = day.place()
    await day.until("08:55")
    assert day.mails(bounced) == 0
    sentence, moves = await said(day, bounced)
    assert sentence.startswith("保留中です: 通知メールが戻りました")
    assert "アドレス" in moves
    day.excused.add(bounced.number)

    refused, taken = day.place(), day.place()
    sound = FileOrder.complaint
    monkeypatch.setattr(
        FileOrder,
        "complaint",
        lambda self, *more: "受注名が長すぎます" if self.number == refused.number else sound(self, *more),
    )
    await day.until("10:30")
    assert day.imports(refused) == 0
    assert day.imports(taken) == 1
    (skipped,) = day.town.next_engine.history.of("order_skipped")
    sentence, _ = await said(day, refused)
    assert sentence.startswith("保留中です: 相手が拒否（")
    assert str(skipped.detail["why"]) in sentence


async def test_the_page_of_reasons_says_when_a_sign_in_is_needed(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = day.place()
    await day.until("09:20")
    day.town.next_engine.operator.expire_tokens(access=True, refresh=True)
    await day.until("09:40")
    sentence, moves = await said(day, order)
    assert "新規受付にありますが、本取込できません（" in sentence
    assert "サインイン" in sentence + moves
    day.excused.add(order.number)
