"""Every reason, state, stage, effect, event and finding has words in both languages; every page has its labels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector import words
from connector.journey import OrderState, SlipState
from connector.ledger.left_out import rule_of
from connector.ledger.views import PLACES, STAGES_OF
from connector.order import Order, PaymentState
from connector.outcome import EffectState, Reason
from connector.reports.checks import CHECKS
from connector.slip import Result
from connector.stages import BY_NAME
from connector.words import Text

PRODUCT = Path(words.__file__).parents[1]
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")
TEMPLATES = [*PRODUCT.glob("web/templates/*.html"), *PRODUCT.glob("reports/templates/*.html")]


def texts(value: object) -> Iterator[Text]:
    """Every Text inside a table."""
    if isinstance(value, Text):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)


def literals(folder: str, call: str, keyword: str) -> set[str]:
    """The literal first arguments (or keywords) of every call of this name in a room."""
    found = set()
    for path in (PRODUCT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call:
                given = [one.value for one in node.keywords if one.arg == keyword] or node.args[:1]
                found |= {
                    one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return found


@pytest.mark.parametrize(
    ("table", "members"),
    [
        (words.REASONS, set(Reason)),
        (words.ORDER_STATES, set(OrderState)),
        (words.SLIP_STATES, set(SlipState)),
        (words.STAGES, set(BY_NAME)),
        (words.EFFECT_STATES, set(EffectState)),
        (words.PAYMENT_STATES, set(PaymentState)),
        (words.RESULTS, set(Result)),
        (
            words.FINDINGS,
            {check.kind for check in CHECKS} | {*words.STRAYS, "books_differ", "intake_differs"},
        ),
    ],
)
def test_nothing_lacks_words_and_no_words_are_left_over(table: dict[str, object], members: set[str]) -> None:
    assert set(table) == members


def test_every_text_is_said_in_both_languages() -> None:
    tables = (
        words.REASONS,
        words.ORDER_STATES,
        words.SLIP_STATES,
        words.STAGES,
        words.EFFECTS,
        words.EFFECT_STATES,
        words.EVENTS,
        words.FINDINGS,
        words.VERDICTS,
        words.LEFT_OUT,
        words.STOP_VERDICTS,
        words.SYSTEMS,
        words.LABELS,
        words.FIGURES,
        words.PAYMENT_STATES,
        words.RESULTS,
    )
    said = [text for table in tables for text in texts(table)]
    assert len(said) > 400
    assert [text for text in said if not text.ja.strip() or not text.en.strip()] == []
    in_english = [
        text.en for text in said if JAPANESE.search(text.en.replace("新規受付", "").replace("売上失敗", ""))
    ]
    assert in_english == []


def test_a_reason_says_what_happened_what_it_means_and_what_to_do() -> None:
    for reason, word in words.REASONS.items():
        for part in (word.why, word.means, word.do):
            assert part.ja.endswith("。"), (reason, part.ja)
            assert JAPANESE.search(part.ja)
            assert part.en.endswith("."), (reason, part.en)


@pytest.mark.parametrize("reason", [Reason.UNMAPPABLE_TEXT, Reason.TEXT_TOO_LONG, Reason.MALFORMED])
def test_what_cannot_be_written_is_corrected_where_the_text_is_kept(reason: Reason) -> None:
    """A slip is Next Engine's own copy: the cart's text no longer reaches it, and nobody sent us a file."""
    word = words.REASONS[reason]
    assert "カート" in word.do.ja and "伝票になった後はネクストエンジン" in word.do.ja
    assert "in the cart" in word.do.en and "Next Engine" in word.do.en
    said = word.why.ja + word.means.ja + word.do.ja
    assert "送信元" not in said and "受け取った" not in said


def test_every_wait_of_a_stage_is_explained() -> None:
    said = literals("stages", "Wait", "why") | literals("stages", "Retry", "why")
    assert len(said) > 10
    assert said <= set(words.WAITS) | set(words.NE_SCREENS)
    for wait in said:
        assert words.what_moves(wait, "ja") and words.what_moves(wait, "en")
        assert words.wait(wait, "en") != wait


def test_every_event_and_effect_of_the_journey_has_a_name() -> None:
    events = literals("ledger", "Entry", "event")
    assert events
    assert events <= set(words.EVENTS)
    kinds = literals("stages", "Effect", "kind") | {
        node.value
        for path in (PRODUCT / "stages").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and re.fullmatch(r"(ne|wms)_[a-z]+", str(node.value))
    }
    assert kinds == set(words.EFFECTS)


def test_every_rule_that_leaves_an_order_out_has_words() -> None:
    source = ast.parse(Path(rule_of.__code__.co_filename).read_text())
    rules = {
        node.value.value
        for function in ast.walk(source)
        if isinstance(function, ast.FunctionDef) and function.name == "rule_of"
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and node.value.value
    }
    assert rules == set(words.LEFT_OUT)


def test_the_places_of_the_views_are_those_of_the_stages() -> None:
    assert [place.state for place in PLACES] == [*OrderState, *SlipState]
    for place in PLACES:
        if not place.stage:
            continue
        stage = BY_NAME[place.stage]
        assert place.state in stage.takes
        assert place.patience == stage.patience
        assert place.stage in STAGES_OF[place.item]
    for name, stage in BY_NAME.items():
        assert stage.noun is None or name in STAGES_OF["order" if stage.noun is Order else "slip"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_every_label_of_a_template_exists(path: Path) -> None:
    used = set(re.findall(r'\bt\("([a-z0-9_]+)"(?! ~)', path.read_text()))
    assert used <= set(words.LABELS)


def test_unknown_is_a_word_and_never_a_zero() -> None:
    assert words.yen(None) == words.count(None) == words.age(None) == words.moment(None) == "不明"
    assert words.yen(None, "en") == "unknown"


@pytest.mark.parametrize(
    ("span", "japanese", "english"),
    [
        (timedelta(days=2, hours=3, minutes=9), "2日3時間", "2d 3h"),
        (timedelta(hours=5, minutes=30), "5時間30分", "5h 30min"),
        (timedelta(days=1, minutes=4), "1日4分", "1d 4min"),
        (timedelta(seconds=20), "0分", "0min"),
        (timedelta(seconds=-5), "0分", "0min"),
    ],
)
def test_ages_are_said_in_their_two_largest_units(span: timedelta, japanese: str, english: str) -> None:
    assert words.age(span) == japanese
    assert words.age(span, "en") == english


def test_instants_are_shown_in_japanese_time() -> None:
    at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert words.moment(at) == "11/25(水) 08:30"
    assert words.moment(at, "en") == "Wed 25 Nov 08:30"
    assert words.clock_time(at, at + timedelta(hours=3)) == "08:30"
    assert words.clock_time(at, at - timedelta(hours=9)) == "11/25(水) 08:30"


def test_yen_is_an_integer_with_separators() -> None:
    assert words.yen(1234567) == "1,234,567円"
    assert words.yen(-980, "en") == "¥-980"


def test_what_no_table_knows_is_shown_as_it_stands() -> None:
    assert words.wait("謎の待ち", "en") == "謎の待ち"
    assert words.what_moves("謎の待ち", "ja") == ""
    assert words.stage("by_hand") == "by_hand"
    with pytest.raises(KeyError):
        words.label("no_such_label", "ja")
