"""The stop board over real HTTP: what is not settled first, every party's word, and the buttons of a person."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector import ops
from connector.clock import jst
from connector.commands.stop import listed, planned
from connector.ledger.views import why
from connector.ledger.views.stop_board import stop_board, stop_plan
from connector.reports import make, tables
from connector.web import WebContext

from tests.contract.web_site import SIGNED, Site, running
from tests.unit.world import World, an_order, world


def site_of(w: World, folder: Path) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32
    )


async def a_morning(w: World) -> None:
    """One that the warehouse agreed to, one that it refused, and one that it does not answer."""
    await w.to_relayed(*(an_order(f"T-100{n}") for n in (1, 2, 3)))
    for number in ("T-1001", "T-1002", "T-1003"):
        w.cart.put(an_order(number, cancelled=True))
    await w.run("ingest")
    w.wms.will_not_stop[w.slip_of("T-1002")] = "E302 PACKED"
    w.wms.silent.add(w.slip_of("T-1003"))
    for _ in range(4):
        await w.run("stop")
        w.pass_by(minutes=5)


async def form_of(site: Site, path: str) -> dict[str, str]:
    """Each button's address and the token of its form."""
    _, text = await site.get(path)
    found: dict[str, str] = {}
    for form in re.findall(r"<form method=\"post\".*?</form>", text, re.S):
        key = re.search(r'name="token" value="([0-9a-f]{64})"', form)
        assert key is not None
        found |= dict.fromkeys(re.findall(r'formaction="([^"]+)"', form), key[1])
    return found


async def test_the_board_and_a_telephone(tmp_path: Path) -> None:
    with world(tmp_path, doubles=_off()) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/stops")
            assert status == 200
            waiting, _, ended = text.partition("終わった出荷止め")
            assert "T-1003" in waiting
            assert "不明" in waiting
            assert "返事なし" in waiting
            assert "T-1001" in ended
            assert "止めました" in ended
            assert "証拠 SHIPACK_" in ended
            assert "間に合いませんでした" in ended
            assert "E302 PACKED" in ended
            too_late = next(row for row in ended.split("<section") if "E302 PACKED" in row)
            assert "カートで取り消されました" in too_late
            assert f"ネクストエンジン {w.slip_of('T-1002')}: 依頼しません" in too_late
            _, english = await site.get("/stops?lang=en")
            assert "Too late" in english
            assert f"slip {w.slip_of('T-1002')}: the warehouse refused （E302 PACKED）" in english
            forms = await form_of(site, "/stops")
            assert set(forms) == {"/stops/T-1003/stopped", "/stops/T-1003/shipped"}
            fields = SIGNED | {"token": forms["/stops/T-1003/stopped"]}
            assert (await site.post("/stops/T-1003/stopped", SIGNED | {"token": "0" * 64}))[0] == 403
            assert (await site.post("/stops/T-1003/stopped", fields))[0] == 200
            await w.run("stop")
            w.pass_by(minutes=5)
            await w.run("stop")
            assert w.stop("T-1003") == "by_hand"
            assert (await site.post("/stops/T-1003/stopped", fields))[0] == 409
            _, text = await site.get("/orders/T-1003")
            assert "手作業で決着" in text
            assert "見本 花子" in text
            assert (await site.get("/?"))[0] == 200


async def test_the_lists_as_files(tmp_path: Path) -> None:
    with world(tmp_path, doubles=_off()) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            rows = json.loads((await site.get("/stops.json"))[1])
            assert (rows[0]["number"], rows[0]["verdict"]) == ("T-1003", "unknown")
            assert {row["verdict"] for row in rows} == {"unknown", "stopped", "too_late"}
            _, body = await site.get("/stops.csv")
            table = list(csv.reader(io.StringIO(body.lstrip("\ufeff"))))
            assert table[0][:5] == ["番号", "依頼", "依頼者", "なぜ", "結果"]
            assert table[1][0] == "T-1003"
            assert table[1][2:4] == ["カートの取消", "カートで取り消されました"]


async def test_the_buttons_of_an_order(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.receipt_delay = timedelta(hours=9)
        async with running(site_of(w, tmp_path)) as site:
            forms = await form_of(site, "/orders/T-1001")
            assert {"/orders/T-1001/stop", "/orders/T-1001/handled"} <= set(forms)
            fields = SIGNED | {"token": forms["/orders/T-1001/stop"]}
            assert (await site.post("/orders/T-1001/stop", fields))[0] == 200
            assert w.stop() == "open"
            await w.run("stop")
            _, text = await site.get("/stops")
            assert "倉庫の締めまで" in text
            assert "残り" in text
            assert "依頼済み・返事待ち" in text
            assert "カート: 取消は人が行います" in text
            assert "カート: 依頼済み" not in text, "nothing was asked of the cart"
            with w.database.engine.connect() as connection:
                rows = stop_board(connection, w.shop, w.clock.now())
            english = listed(rows, w.clock.now(), "en")
            assert "Cart: people cancel it there" in english
            assert not re.search("[ぁ-んァ-ヶ一-龥]", english.replace("見本 花子", ""))
            assert (await site.post("/orders/T-1001/stop", fields))[0] == 409
            status, text = await site.post("/orders/T-1001/handled", fields)
            assert (status, "→ 出荷指示済" in text) == (200, True)
            assert w.holds() == ["handled"]


async def test_what_was_handled_outside_is_no_work_and_its_release_warns(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        number, slip = "T-1001", w.slip_of()
        async with running(site_of(w, tmp_path)) as site:
            fields = SIGNED | {"token": (await form_of(site, f"/orders/{number}"))["/orders/T-1001/hold"]}
            await site.post(f"/orders/{number}/hold", fields | {"why": "テスト"})
            await site.post(f"/orders/{number}/handled", fields | {"why": "事務所から出荷"})
            assert (w.hold_note(number, "by_hand"), w.hold_note(number, "handled")) == (
                "テスト",
                "事務所から出荷",
            )
            for path in (f"/orders/{number}", f"/slips/{slip}", "/held?reason=handled"):
                _, text = await site.get(path)
                assert "連携外で処理済み" in text
                assert "二重に出荷するおそれ" in text
                assert "済んだら解除" not in text or path == f"/orders/{number}", "only of the hold before"
            for kind, item in (("orders", number), ("slips", slip)):
                forms = await form_of(site, f"/{kind}/{item}")
                buttons = [path.rpartition("/")[2] for path in forms]
                assert "release" not in buttons
                assert buttons[0] != "release_handled", "the Enter key presses the first"
                here = fields | {"token": forms[f"/{kind}/{item}/release_handled"]}
                for verb in ("release", "retry"):
                    status, text = await site.post(f"/{kind}/{item}/{verb}", here)
                    assert (status, "二重に出荷するおそれ" in text) == (409, True)
            assert (w.holds(), w.holds(slip)) == (["by_hand", "handled"], ["handled"])
            status, text = await site.post(f"/orders/{number}/release_handled", fields)
            assert (status, "二重に出荷されます" in text) == (200, True)
            assert (w.holds(), w.holds(slip)) == ([], ["handled"])


async def test_the_morning_does_not_ask_for_what_was_handled_outside(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        here: dict[str, Any] = {"actor": "見本 花子", "why": "事務所から出荷", "now": w.clock.now()}
        await ops.hold(w.database, w.shop.key, "T-1001", **here)
        await ops.handled(w.database, w.shop.key, "T-1001", **here)
        await ops.hold(w.database, w.shop.key, "T-1002", **here)
        report = await make(w.database, w.shop, jst(w.clock.now()).date(), w.clock.now())
        assert [(todo.order_number, todo.what) for todo in report.todo] == [("T-1002", "by_hand")]
        assert {hold.reason for hold in report.held} == {"handled", "by_hand"}
        with w.database.engine.connect() as connection:
            answer = why(connection, w.shop, "T-1001", w.clock.now())
        assert answer is not None
        assert answer.sentence.startswith("保留中です: 連携外で処理済み")
        assert answer.moves.startswith("解除しないでください")


async def test_the_same_as_text(tmp_path: Path) -> None:
    with world(tmp_path, doubles=_off()) as w:
        await a_morning(w)
        with w.database.engine.connect() as connection:
            rows = stop_board(connection, w.shop, w.clock.now(), everything=False)
            plan = stop_plan(connection, w.shop, "T-1003")
        assert [row.number for row in rows] == ["T-1003"]
        text = listed(rows, w.clock.now(), "ja")
        assert text.startswith("T-1003  不明")
        assert f"倉庫 {w.slip_of('T-1003')}: 返事なし" in text
        assert listed([], w.clock.now(), "en") == "No stop is unsettled."
        assert f"倉庫 {w.slip_of('T-1003')}" in planned(plan, "T-1003", "ja")


async def test_where_the_cart_is_cancelled_by_us(tmp_path: Path) -> None:
    with world(tmp_path, doubles=_off(), cancels_in_cart=True) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        for number in ("T-1001", "T-1002"):
            await ops.stop(w.database, w.shop, number, actor="見本 花子", why="電話", now=w.clock.now())
        w.cart.loses_reply = True
        with w.database.engine.connect() as connection:
            plan = stop_plan(connection, w.shop, "T-1001")
        assert "カート: 止まったあとに自動で取り消します" in planned(plan, "T-1001", "ja")
        await w.run("stop")
        w.pass_by(minutes=5)
        await w.run("stop")
        w.cart.refuses_to_cancel = {"T-1002": "売上済みです。返金のうえ、カートで取り消してください"}
        await _rounds(w)
        with w.database.engine.connect() as connection:
            (row,) = stop_board(connection, w.shop, w.clock.now(), everything=False)
        text = listed([row], w.clock.now(), "ja")
        assert "カート: 断られました 11/24(火) " in text
        assert "返金のうえ、カートで取り消してください" in text
        async with running(site_of(w, tmp_path)) as site:
            waiting, _, ended = (await site.get("/stops"))[1].partition("終わった出荷止め")
            assert "T-1002" in waiting
            assert "カートの取消がまだです" in waiting
            assert "返金のうえ、カートで取り消してください" in waiting
            assert "カート: 取消済み" in ended
            assert re.search(r"11/24\(火\) \d\d:\d\d（依頼 11/24\(火\) \d\d:\d\d 自動）", ended)
            assert "証拠 canceled / voided" in ended
            _, body = await site.get("/stops.csv")
            assert re.search(r"カート: 取消済み 11/24\(火\) \d\d:\d\d（依頼 [^）]+ 自動）", body)
            _, english = await site.get("/orders/T-1001?lang=en")
            assert "Cancel in the cart" in english
        report = await make(w.database, w.shop, jst(w.clock.now()).date(), w.clock.now(), None)
        (stops,) = [one for one in tables(report, "ja") if one.key == "stops"]
        told = {row[0]: str(row[-1]) for row in stops.rows}
        assert re.fullmatch(
            r"カート: 取消済み 11/24\(火\) [0-9:]{5}（依頼 11/24\(火\) [0-9:]{5} 自動）", told["T-1001"]
        )
        assert told["T-1002"].startswith("カート: 断られました")


async def _rounds(w: World) -> None:
    for _ in range(4):
        await w.run("collect", "stop", "ingest")
        w.pass_by(minutes=6)


def _off() -> object:
    from connector.shop import DoubleRules

    return DoubleRules(enabled=False)
