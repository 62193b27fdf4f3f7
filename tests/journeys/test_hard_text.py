"""Text that cp932 cannot carry: held with its code point, or replaced by a named rule and written down."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.journeys.day import HOME, Day

NAME, NOTE = "receive_order_consignee_name", "receive_order_note"


@pytest.mark.parametrize(
    ("wish", "code_point", "column"),
    [
        ({"billing": replace(HOME, name02="花子😊")}, "U+1F60A", "受注名"),
        ({"shipping": (replace(HOME, addr03="見本ビル♥"),)}, "U+2665", "発送先住所２"),
        ({"shipping": (replace(HOME, name01="見\u0600本"),)}, "U+0600", "発送先名"),
    ],
    ids=["emoji-in-a-name", "heart-in-an-address", "arabic-sign-in-a-name"],
)
async def test_an_unmappable_character_is_held_with_its_code_point_and_the_others_are_imported(
    day: Day, wish: dict[str, object], code_point: str, column: str
) -> None:
    await day.alone_until("08:30")
    before, order, after = day.place(), day.place(**wish), day.place()

    await day.until("10:40")
    assert (await day.holds(order)).keys() == {"unmappable_text"}
    note = (await day.holds(order))["unmappable_text"]
    assert code_point in note
    assert column in note
    assert day.imports(order) == 0
    assert [await day.state(each) for each in (before, after)] == ["imported"] * 2


async def test_what_a_rule_replaces_is_written_down_with_its_code_point(day: Day) -> None:
    await day.alone_until("08:30")
    rare = day.place(billing=replace(HOME, name01="𠮷見本"))
    cheerful = day.place(remark="楽しみにしています😊")
    plain = day.place(billing=replace(HOME, name01="髙﨑", addr03="ﾃｽﾄﾊｲﾂ〜弐番館①"))

    await day.until("10:40")
    assert [await day.state(order) for order in (rare, cheerful, plain)] == ["imported"] * 3
    assert day.slip(rare).fields[NAME] == "吉見本 太郎"
    assert day.slip(cheerful).fields[NOTE] == "楽しみにしています〓"
    assert day.slip(plain).fields[NAME] == "髙﨑 太郎", "what cp932 can carry is carried as it is"
    effects = (await day.picture(rare)).effects
    (replaced,) = [act.facts["replaced"] for act in effects if act.kind == "ne_import"]
    assert any(rare.number in words and "U+20BB7" in words and "「吉」" in words for words in replaced)
    assert any(cheerful.number in words and "U+1F60A" in words and "備考" in words for words in replaced)
    about_plain = [words for words in replaced if plain.number in words]
    assert all("U+301C" in words for words in about_plain), "two spellings of one wave dash, and nothing else"
