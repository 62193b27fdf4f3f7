"""Character firewall: every change has a record, every character without a way over is named."""

from __future__ import annotations

import unicodedata

import pytest
from connector.mapping import Unfit, width
from connector.mapping.text import DASHES, RULES, Firewall, carried, suspects
from connector.outcome import Reason
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.samples import tables

# Unassigned and lone surrogates cannot come out of a decoder we use.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=30)


def cleaned(text: str, **options: object) -> tuple[str, list[tuple[str, str, str, int]]]:
    wall = Firewall("a1", tables().characters)
    out = wall.clean("届先名", text, **options)  # type: ignore[arg-type]
    return out, [(note.rule, note.found, note.put, note.position) for note in wall.replaced]


@pytest.mark.parametrize(
    ("text", "wanted", "rule"),
    [
        ("見本〜例示", "見本～例示", "dash"),
        ("9−99−1", "9-99-1", "dash"),
        ("見本−例", "見本－例", "dash"),
        ("9‐99", "9-99", "dash"),
        ("見本—例", "見本―例", "dash"),
        ("¥100", "￥100", "dash"),
        ("か\u3099くぶち", "がくぶち", "nfc"),
        ("見\u200b本", "見本", "invisible"),
        ("葛\U000e0100城", "葛城", "invisible"),
        ("\ufeff見本", "見本", "invisible"),
        ("見本\u0007子", "見本子", "invisible"),
        ("見本\u00a0太郎", "見本 太郎", "dash"),
        ("見本\n太郎", "見本 太郎", "line_break"),
        ("鷗太郎", "鴎太郎", "substitution"),
        ("𠮷田", "吉田", "substitution"),
    ],
)
def test_one_recorded_rule(text: str, wanted: str, rule: str) -> None:
    out, notes = cleaned(text)
    assert out == wanted
    assert {note[0] for note in notes} == {rule}
    assert set(RULES) >= {note[0] for note in notes}


@pytest.mark.parametrize("text", ["髙﨑", "濵 栁 德 彅 瀨", "①Ⅲ㈱№", "～－", "ﾐﾎﾝ", "１２３", "", "abc"])
def test_what_can_be_carried_stays_as_it_is(text: str) -> None:
    assert cleaned(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "points"), [("♥", "U+2665"), ("é🏠", "U+1F3E0"), ("샘플", "U+C0D8"), ("㉑", "U+3251")]
)
def test_what_has_no_way_over_is_named_with_its_code_point(text: str, points: str) -> None:
    with pytest.raises(Unfit) as raised:
        cleaned(f"見本{text}")
    assert raised.value.reason is Reason.UNMAPPABLE_TEXT
    assert points in raised.value.words
    assert "3文字目" in raised.value.words


def test_a_column_for_people_may_name_a_stand_in() -> None:
    out, notes = cleaned("よろしく🎁♪", stand_in="〓")
    assert out == "よろしく〓♪"
    assert notes == [("stand_in", "🎁", "〓", 5)]


def test_a_multiline_column_keeps_its_line_breaks() -> None:
    assert cleaned("一\r\n二〜", multiline=True)[0] == "一\r\n二～"


def test_only_odd_blocks_are_suspects() -> None:
    blocks = ["見本,1\r\n", "鷗,2\r\n", "x〜y\r\n", "か\u3099\r\n", "髙﨑①\r\n", "é\r\n", "-\x07-\r\n", ""]
    assert suspects(blocks, "cp932") == {1, 2, 3, 5, 6}
    assert suspects(["見本\r\n", "abc"], "cp932") == set()


@given(TEXT)
def test_a_text_that_is_no_suspect_survives_cp932_unchanged(text: str) -> None:
    if not suspects([text], "cp932"):
        assert text.encode("cp932").decode("cp932") == text


@given(TEXT)
def test_what_comes_out_is_carried_unchanged_or_the_text_is_held(text: str) -> None:
    try:
        out, notes = cleaned(text)
    except Unfit as unfit:
        assert not carried(unicodedata.normalize("NFC", text))
        assert "U+" in unfit.words
        return
    assert out.encode("cp932").decode("cp932") == out
    assert bool(notes) == (out != text)


def test_every_dash_rule_ends_in_something_cp932_gives_back() -> None:
    for put in DASHES.values():
        assert put.encode("cp932").decode("cp932") == put


def test_width_counts_as_cp932_bytes() -> None:
    for text in ("abc", "ﾐﾎﾝﾊﾞ", "見本①", "Ａ１-", "～"):
        assert width(text) == len(text.encode("cp932"))
