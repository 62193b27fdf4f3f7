"""Text that no Japanese system of the nineties can carry: that order is held with its code point, the rest goes on."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.journeys.day import HOME, Day


@pytest.mark.parametrize(
    ("wish", "code_point", "column"),
    [
        ({"billing": replace(HOME, name02="花子😊")}, "U+1F60A", "受注名"),
        ({"billing": replace(HOME, name01="𠮷見本")}, "U+20BB7", "受注名"),
        ({"billing": HOME, "shipping": (replace(HOME, addr03="見本ビル♥"),)}, "U+2665", "発送先住所２"),
        ({"remark": "楽しみにしています😊"}, "U+1F60A", "備考"),
    ],
    ids=["emoji-in-a-name", "kanji-beyond-the-plane", "heart-in-an-address", "emoji-in-a-remark"],
)
async def test_an_unmappable_character_is_held_with_its_code_point(
    day: Day, wish: dict[str, object], code_point: str, column: str
) -> None:
    await day.alone_until("08:30")
    neighbour = day.place()
    order = day.place(**wish)
    other = day.place(billing=replace(HOME, name01="髙﨑", addr03="コーポ見本〜弐番館 101"))

    await day.until("10:40")
    assert (await day.holds(order)).keys() == {"unmappable_text"}
    note = (await day.holds(order))["unmappable_text"]
    assert code_point in note
    assert column in note
    assert day.imports(order) == 0
    assert [await day.state(each) for each in (neighbour, other)] == ["imported"] * 2
    assert day.slip(other).fields["receive_order_consignee_name"] == "髙﨑太郎" or (
        day.slip(other).fields["receive_order_consignee_name"] == "髙﨑 太郎"
    ), "nothing is silently altered"
