"""What people read of missing renewals: the morning's sentence, its number, its tables, and the command's text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from connector import words
from connector.ledger.views import Forecast
from connector.reports import Morning, make, opening, tables, what, what_to_do, write
from connector.reports.morning import encode
from connector.reports.renewals import one_line, text, troubles
from connector.subscriptions.forecast import MET, OPEN
from msgspec.json import decode
from msgspec.structs import replace

from tests.unit.renewal_desk import WEEKLY, Desk, a_desk, a_subscription, at, day

NOW = "11-26 08:00"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """One forgotten, one rolled, one doubled, one in time, one that a shopper moved too near; 08:00 of the day."""
    with a_desk(tmp_path) as one:
        a, b, c, d = (a_subscription(subscription_id=n, number=f"d{n}") for n in (1, 2, 3, 4))
        await one.sees(a, b, c, d, now="11-20 09:00")
        double = one.child(c, "11-26 00:30")
        twin = one.child(replace(c, orders_count=5), "11-26 00:30", ship_on=c.next_ship_on)
        twin = replace(twin, deliver_on=c.next_deliver_on)
        await one.receives(double, twin, one.child(d, "11-26 00:30"), now="11-26 00:40")
        run = "11-26 00:30"
        await one.sees(
            one.moved_on(b, run), one.after(c, run, orders_count=6), one.after(d, run), now="11-26 01:00"
        )
        near = a_subscription(
            subscription_id=5, number="d5", updated_at=at("11-26 07:00"), **one.dates(day("11-28"))
        )
        await one.sees(near, now="11-26 07:30")
        yield one


async def morning(desk: Desk) -> Morning:
    await desk.read_to_the_end(NOW)
    return await make(desk.database, desk.shop, day("11-25"), at(NOW))


async def test_the_sentence_of_the_morning(desk: Desk) -> None:
    report = await morning(desk)
    assert opening(report, "ja") == "照合差異 不明 / 未説明 不明 / 定期の作成漏れ 2件"
    assert opening(report, "en").endswith(" / renewals missing 2")
    nothing = replace(report, renewals=None)
    assert opening(nothing, "ja") == "照合差異 不明 / 未説明 不明"


async def test_the_first_number_counts_them(desk: Desk) -> None:
    report = await morning(desk)
    missing = report.figures[0]
    assert (missing.key, missing.value, missing.red) == ("missing", None, True)  # the cart was not compared
    assert missing.words.ja == (
        "照合していません  11/26の定期の作成予定 4件  作成済み 2件  定期の作成漏れ 2件（11/26に作成されるはずでした）"
    )
    assert missing.words.en == (
        "not reconciled; renewals due on 2026-11-26: 4, here 2; renewals missing 2 (due on 2026-11-26)"
    )


async def test_one_that_another_day_owed_is_told_with_its_day(desk: Desk) -> None:
    found = await desk.forecast(NOW)
    assert found.missing is not None
    (today, *_), (one, *_) = found.expected, found.missing
    earlier = replace(found, missing=(replace(one, due_on=day("11-25")),))
    assert one_line(earlier).ja == (
        f"11/26の定期の作成予定 {today.count}件  作成済み {today.here}件  "
        "定期の作成漏れ 1件（11/25に作成されるはずでした）"
    )
    assert one_line(earlier).en.endswith("; renewals missing 1 (due on 2026-11-25)")
    assert one_line(replace(found, missing=())).ja.endswith("  定期の作成漏れ 0件")


async def test_each_has_a_line_that_says_what_to_do(desk: Desk) -> None:
    report = await morning(desk)
    mine = [one for one in report.todo if one.kind == "renewal"]
    assert sorted(one.what for one in mine) == ["doubled", "missing", "rolled", "trap"]
    for one in mine:
        for lang in words.LANGUAGES:
            assert what(one, lang) == words.RENEWALS[one.what].name.say(lang)
            assert what_to_do(one, lang) == words.RENEWALS[one.what].do.say(lang)
    (forgotten,) = [one for one in mine if one.what == "missing"]
    assert forgotten.note == "定期 d1  作成 11/26  発送 12/3  配送 12/5"
    assert forgotten.yen == 1944
    assert forgotten.due_at is not None  # before its ship day


async def test_the_tables_of_the_report(desk: Desk, tmp_path: Path) -> None:
    report = await morning(desk)
    by_key = {table.key: table for table in tables(report, "ja")}
    rows = by_key["renewals"].rows
    assert [row[:2] for row in rows] == [
        ("定期の作成漏れ", "d1"),
        ("日付だけが進みました", "d2"),
        ("定期の二重作成", "d3"),
        ("長期休暇の注意", "d5"),
    ]
    days = by_key["renewal_days"].rows
    assert len(days) == 7
    assert days[0][:2] == ("11/26(木)", 4)
    paths = write(report, tmp_path / "out", lang="ja")
    page = next(path for path in paths if path.suffix == ".html").read_text(encoding="utf-8")
    assert "日付だけが進みました" in page


async def test_a_kept_report_reads_back_as_it_was(desk: Desk) -> None:
    report = await morning(desk)
    again = decode(encode(report), type=Morning)
    assert again.renewals == report.renewals
    old = json.loads(encode(report))
    del old["renewals"]
    assert decode(json.dumps(old).encode(), type=Morning).renewals is None


async def test_the_text_of_the_command(desk: Desk) -> None:
    found = await desk.forecast(NOW, days=3)
    said = text(found, "ja").splitlines()
    assert said[0] == "有効な定期 5件  最終読取 11/26(木) 08:00"
    assert said[1] == "定期の作成漏れ 2件  3,888円"
    assert ["11/26(木)", "4件", "7,776円", "作成済み", "2件"] in [line.split() for line in said]
    assert "定期の作成漏れ 1件: 作成日を過ぎましたが、受注が作成されていません。" in said
    assert "  d1  1,944円  1時間30分  作成 11/26  発送 12/3  配送 12/5" in said
    assert sum(line.startswith("  → ") for line in said) == 4
    english = text(found, "en")
    assert "Renewal missing 2  ¥3,888" in english
    assert not any("\u3040" <= letter <= "\u30ff" for letter in english)


async def test_where_nothing_is_known_nothing_is_zero(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        found = await desk.forecast(NOW, read=False)
    assert found.missing is None
    said = text(found, "ja")
    assert "定期の作成漏れ 不明  受注と定期受注をまだ最後まで読んでいません" in said
    assert one_line(found).ja == "定期の作成漏れは不明（受注と定期受注をまだ最後まで読んでいません）"


async def test_wrong_settings_say_what_is_set_and_what_is_done(tmp_path: Path) -> None:
    with a_desk(tmp_path, origin="deliver", days_before=5) as desk:
        parents = [a_subscription(subscription_id=n, number=f"d{n}") for n in range(30)]
        await desk.sees(*parents, now="11-20 09:00")
        await desk.receives(*(desk.child(one, "11-26 00:30") for one in parents), now="11-26 00:35")
        found = await desk.forecast(NOW)
    (one,) = [one for one in troubles(found) if one.kind == "wrong_rules"]
    assert one.note.ja == "設定 配送予定日の5日前（30件中0件が一致）  実際 発送予定日の7日前（30件）"
    assert "really 7 days before the ship day (30)" in one.note.en
    assert found.wrong == 1


async def test_a_quiet_morning_says_so(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        await desk.sees(a_subscription(schedule=WEEKLY), now="11-20 09:00")
        found = await desk.forecast("11-25 08:00")
    assert found.wrong == 0
    assert text(found, "ja").endswith("定期の漏れはありません。")


def test_every_kind_and_every_end_has_words() -> None:
    kinds = {
        "missing",
        "rolled",
        "lost",
        "unseen",
        "early",
        "late",
        "doubled",
        "trap",
        "wrong_rules",
        "unplanned",
    }
    assert set(words.RENEWALS) == kinds
    for word in words.RENEWALS.values():
        for part in (word.why, word.means, word.do):
            assert part.ja.endswith("。")
            assert part.en.endswith(".")
    assert {OPEN, MET}.isdisjoint(words.RENEWAL_ENDS)
    assert all(end.ja and end.en for end in words.RENEWAL_ENDS.values())


def test_a_forecast_is_plain_data() -> None:
    assert Forecast.__struct_config__.frozen
