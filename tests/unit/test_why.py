"""Why is it not further? The sentence for every place, and the chain of facts behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from connector.clock import at_jst
from connector.ledger import views
from connector.ledger.database import Database
from connector.outcome import EffectState, Hold, Reason
from connector.shop import Mode
from connector.slip import NEStatus
from sqlalchemy import Connection

from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP, Day, a_slip, an_order, tracking_number


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with (
        a_morning(tmp_path_factory.mktemp("morning")) as database,
        database.engine.connect() as connection,
    ):
        yield connection


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with an_empty_ledger(tmp_path) as database:
        yield database


@pytest.mark.parametrize(
    ("number", "sentence", "moves"),
    [
        ("1002", "07:50から新規受付にあります。", "次の本取込は 14:00 です。"),
        (
            "1003",
            "保留中です: 決済NG（カード有効期限切れ）",
            "カートで支払方法の変更を案内してください。決済が通れば自動で再開します。",
        ),
        ("1004", "注文内容の確定待ち（08:36まで）", "最後の変更から一定時間たつと通知します。"),
        (
            "1005",
            "06:00に通知メールを送りましたが、まだ新規受付にありません。",
            "08:00を過ぎたので送り直します。メール取込の設定も確認してください。",
        ),
        (
            "1006",
            "伝票 51006: 入金待ちです: 銀行振込 3,980円 の入金が登録されていません。",
            "入金が登録されると進みます。",
        ),
        (
            "1007",
            "伝票 51007: 印刷待ちです。まだ倉庫へ渡していません。",
            "次の出荷指示で渡します（締め 14:30）。",
        ),
        (
            "1008",
            "伝票 51008: 11/18(水) 10:30に倉庫へ渡しました。",
            "倉庫の出荷実績が届くと進みます。",
        ),
        ("1010", "出荷済みです。カートの完了はまだです。", "次の完了反映は 19:30 です。"),
        (
            "1011",
            "連携開始前の受注のため連携していません。",
            "連携開始日時より前の受注なので処理しません。",
        ),
        (
            "1013",
            "カートで取り消されました。07:52から出荷止めをしています。",
            "ネクストエンジンか倉庫の回答が出ると終わります。",
        ),
        (
            "1014",
            "08:22の受注メールの結果を相手側で確認しています。確認が済むまで再送しません。",
            "08:32に確認します。",
        ),
        ("1015", "取り消された受注です。", ""),
        ("2000", "カートの完了まで終わっています。", ""),
        (
            "51006",
            "入金待ちです: 銀行振込 3,980円 の入金が登録されていません。",
            "入金が登録されると進みます。",
        ),
    ],
)
def test_the_sentence_of_every_place(morning: Connection, number: str, sentence: str, moves: str) -> None:
    answer = views.why(morning, SHOP, number, NOW)
    assert answer is not None
    assert (answer.sentence, answer.moves) == (sentence, moves)
    english = views.why(morning, SHOP, number, NOW, "en")
    assert english is not None
    assert english.sentence != sentence


def test_a_held_slip_speaks_for_its_order(morning: Connection) -> None:
    answer = views.why(morning, SHOP, "1009", NOW)
    assert answer is not None
    (hold,) = answer.holds
    assert (hold.on, hold.reason, hold.clears_itself) == ("51009", "shipment_conflict", False)
    assert hold.name in answer.sentence
    assert hold.do == answer.moves


def test_the_time_of_the_next_look_is_always_said(morning: Connection) -> None:
    def at(number: str) -> object:
        answer = views.why(morning, SHOP, number, NOW)
        assert answer is not None
        return answer.next_at

    assert at("1002") == at_jst(DAY, 14)
    assert at("1004") == NOW + timedelta(minutes=6)
    assert at("1010") == at_jst(DAY, 19, 30)
    assert at("1014") == NOW + timedelta(minutes=2)
    assert at("51007") == NOW
    assert at("2000") is None  # it has ended
    assert at("51009") is None  # a person must act first


def test_the_chain_of_facts_stands_in_order_with_evidence(morning: Connection) -> None:
    answer = views.why(morning, SHOP, "2000", NOW)
    assert answer is not None
    said = [fact.words for fact in answer.facts]
    assert said[0] == "受注 2000 取込 → 取込済（受注取込）"
    assert "受注 2000 新規受付 → 本取込済（本取込）" in said
    assert "伝票 52000 出荷指示済 → 出荷実績あり（出荷実績取込）" in said
    assert said.index("伝票 52000 出荷実績あり → 出荷確定済（出荷確定）") < said.index(
        "受注 2000 出荷済 → 完了（カート完了反映）"
    )
    assert [fact.at for fact in answer.facts] == sorted(fact.at for fact in answer.facts)
    assert {"tracking": [tracking_number(0)]} in [fact.evidence for fact in answer.facts]


def test_the_answer_is_json_and_plain_text(morning: Connection) -> None:
    answer = views.why(morning, SHOP, "1009", NOW)
    assert answer is not None
    assert msgspec.json.decode(msgspec.json.encode(answer), type=views.Why) == answer
    text = views.text(answer)
    assert text.startswith("受注 1009  [本取込済]  11/24(火) 15:30から\n  → 伝票 51009: 保留中です")
    assert "保留 51009 [出荷実績の食い違い]" in text
    assert views.text(answer, "en").startswith("Order 1009")


def test_an_unknown_number_has_no_answer(morning: Connection) -> None:
    assert views.why(morning, SHOP, "9999", NOW) is None


def test_what_is_under_way_is_waited_for(empty: Database) -> None:
    with empty.engine.begin() as connection:
        day = Day(connection)
        day.to_intake(an_order("1", NOW - timedelta(hours=2)), NOW - timedelta(hours=2), "51")
        sent = NOW - timedelta(minutes=3)
        day.act("import_daily", "ne_import", ["1"], sent, state=EffectState.SENT, name="orders.csv")
        answer = views.why(connection, SHOP, "1", NOW)
    assert answer is not None
    assert answer.sentence == "08:27に受注CSV取込を送りました。受付の確認を待っています。"
    assert answer.moves == "08:37に確認します。"
    assert [act.name for act in answer.open_effects] == ["orders.csv"]


def test_a_watched_stage_says_whose_work_it_is(empty: Database) -> None:
    watching = msgspec.structs.replace(SHOP, modes={"notify": Mode.OFF, "import_daily": Mode.WATCH})
    with empty.engine.begin() as connection:
        day = Day(connection, watching)
        day.to_intake(an_order("1", NOW - timedelta(hours=2)), NOW - timedelta(hours=2), "51")
        day.take_in(an_order("2", NOW - timedelta(days=3)), NOW - timedelta(days=3))
        answer = views.why(connection, watching, "1", NOW)
        off = views.why(connection, watching, "2", NOW)
        places = {(place.item, place.state): place for place in views.funnel(connection, watching, NOW)}
    assert answer is not None and off is not None
    assert answer.moves == "本取込は他の担当です（次の予定 14:00）。"
    assert off.moves == "この工程は止めてあります（OFF）。"
    assert off.next_at is None
    assert places["order", "received"].stuck == 0  # nobody is expected to act


def test_a_traceback_is_kept_out_of_the_sentence(empty: Database) -> None:
    with empty.engine.begin() as connection:
        day = Day(connection)
        day.take_in(an_order("1", NOW - timedelta(hours=2)), NOW - timedelta(hours=2))
        day.say("notify", "1", Hold(Reason.BUG, "KeyError('x')\nTraceback …"), NOW)
        answer = views.why(connection, SHOP, "1", NOW)
    assert answer is not None
    assert answer.sentence == "保留中です: プログラム異常（KeyError('x')）"


def test_a_merged_slip_names_its_target(empty: Database) -> None:
    with empty.engine.begin() as connection:
        day = Day(connection)
        day.to_intake(an_order("1", NOW - timedelta(hours=2)), NOW - timedelta(hours=2), "51")
        day.see(a_slip("51", "1", NEStatus.OPEN, "9", cancel_type="3", merged_into="77"), NOW)
        answer = views.why(connection, SHOP, "51", NOW)
    assert answer is not None
    assert answer.sentence == "伝票 77 に統合されました。"


# --- lists ------------------------------------------------------------------------------------------------


def test_the_funnel_counts_every_place_and_leaves_out_what_never_walks(morning: Connection) -> None:
    places = {(place.item, place.state): place for place in views.funnel(morning, SHOP, NOW)}
    received = places["order", "received"]
    assert (received.count, received.held, received.stuck) == (4, 2, 0)  # 1011 is before the start
    assert places["order", "notified"].stuck == 1
    assert places["slip", "relayed"].stuck == 1
    assert places["slip", "dispatched"].held == 1
    assert places["slip", "cancelled"].count == 0
    assert len(places) == 14


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("1002", {"1002"}),
        ("51010", {"1010"}),
        (tracking_number(910), {"1010"}),
        ("state:in_intake", {"1002"}),
        ("held:any", {"1003", "1009", "1012"}),
        ("held:shipment_conflict", {"1009"}),
        ("stuck:yes", {"1005", "1008"}),
        ("left_out:yes", {"1011"}),
        ("state:imported age:>2d", {"1008"}),
        ("slip:51006", {"1006"}),
        ("order:101 state:shipped", {"1010"}),
        ("%", set()),
        ("' OR 1=1 --", set()),
    ],
)
def test_orders_are_found_by_search(morning: Connection, question: str, numbers: set[str]) -> None:
    found = views.orders_list(morning, SHOP, views.Question.parse(question), NOW)
    assert {row.number for row in found.rows} == numbers
    assert found.total == len(numbers)


def test_pages_of_a_list_do_not_overlap(morning: Connection) -> None:
    question = views.Question.parse("2")
    first = views.orders_list(morning, SHOP, question, NOW, limit=5)
    second = views.orders_list(morning, SHOP, question, NOW, limit=5, offset=5)
    assert first.total == second.total > 10
    assert not {row.number for row in first.rows} & {row.number for row in second.rows}


def test_personal_data_leaves_the_views_masked(morning: Connection) -> None:
    picture = views.order(morning, SHOP, "1002", NOW)
    one = views.slip(morning, SHOP, "51002", NOW)
    assert picture is not None and one is not None
    assert (picture.buyer.name, picture.buyer.email, picture.buyer.phone) == (
        "見* 太*",
        "t***@example.jp",
        "000-****-0000",
    )
    assert (one.recipient.name, one.recipient.zip_code) == ("見* 太*", "000-0000")
    shown = msgspec.json.encode((picture, one)).decode()
    assert "見本 太郎" not in shown and "taro@" not in shown and "見本区" not in shown


def test_each_place_ties_and_closes_as_the_next_day_opens(morning: Connection) -> None:
    """R1: opening + new = moved on + cancelled + held + open; closing(d) = opening(d+1)."""
    closing: dict[tuple[str, str], tuple[int, int]] | None = None
    for back in range(8, -1, -1):
        begins_at, ends_at = views.day_span(DAY - timedelta(days=back))
        flows = views.roll_forward(morning, SHOP.key, begins_at, ends_at)
        for flow in flows:
            for part in ("", "_yen"):
                left = getattr(flow, f"opening{part}") + getattr(flow, f"new{part}")
                right = sum(
                    getattr(flow, f"{name}{part}") for name in ("moved_on", "cancelled", "held", "open")
                )
                assert left == right, flow
            assert min(flow.opening, flow.new, flow.moved_on, flow.cancelled, flow.held, flow.open) >= 0
        if closing is not None:
            assert {(flow.item, flow.state): (flow.opening, flow.opening_yen) for flow in flows} == closing
        closing = {
            (flow.item, flow.state): (flow.held + flow.open, flow.held_yen + flow.open_yen) for flow in flows
        }
    assert closing is not None
    counted = {
        (place.item, place.state): (place.count, place.yen) for place in views.funnel(morning, SHOP, NOW)
    }
    assert closing == counted


def test_the_automation_rate_counts_holds_and_hands(empty: Database) -> None:
    with empty.engine.begin() as connection:
        day = Day(connection)
        at = NOW - timedelta(hours=20)
        for n in range(3):
            day.to_shipped(an_order(str(n + 1), at), at, f"51{n}", tracking_number(n))
        day.say("relay", "510", Hold(Reason.PAYMENT_GATE, "入金"), at + timedelta(minutes=70))
        begins_at, ends_at = views.day_span(DAY - timedelta(days=1))
        found = views.automation(connection, SHOP.key, begins_at, ends_at)
    assert (found.shipped, found.untouched, found.permille) == (3, 2, 666)
    assert [(one.reason, one.slips, one.gain) for one in found.removals] == [("payment_gate", 1, 333)]
