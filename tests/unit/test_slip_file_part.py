"""The slip page's part about its file (ファイルでの文字): the lines of this slip, from every file it went out in."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from connector.web.frame import _PAGES

AT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
CHANGED = "200901 届先名 1文字目: 「髙」(U+9AD9) → 「高」 (characters.yaml の置き換え)"
OTHERS = "2009012 届先名 1文字目: 「﨑」(U+FA11) → 「崎」 (characters.yaml の置き換え)"
REMARK = "200901 離島かもしれません <東京都八丈町>"


def act(kind: str = "wms_file", **facts: Any) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, name="SHIPORD.csv", started_at=AT, facts=facts)


def part(*acts: SimpleNamespace) -> str:
    one = SimpleNamespace(slip=SimpleNamespace(number="200901"), effects=acts)
    module: Any = _PAGES.get_template("slip_file.html").module
    return str(module.in_the_file(one, lambda name: f"[{name}]", lambda at: f"{at:%H:%M}"))


def test_changes_and_remarks_of_this_slip_are_shown_and_no_others() -> None:
    text = part(act(replaced=[CHANGED, OTHERS], remarks=[REMARK]), act("ne_mark"))
    assert "「髙」(U+9AD9) → 「高」" in text
    assert "離島かもしれません &lt;東京都八丈町&gt;" in text
    assert "﨑" not in text
    assert text.count("[in_the_file]") == 1
    assert "SHIPORD.csv" in text


def test_nothing_to_say_is_nothing_at_all() -> None:
    assert part(act(replaced=[OTHERS], remarks=[]), act(), act("ne_mark", replaced=[CHANGED])).strip() == ""
