"""Results by mail: every mail of fixtures/mail/wms with its verdict, over IMAP into a real ledger; and crashes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from connector.ledger.archive import bodies_of
from connector.ledger.schema import exchanges, strays
from connector.reports import make, what, what_to_do
from connector.web import WebContext
from sqlalchemy import select

from tests.contract.web_site import running
from tests.contract.wms_house import TUESDAY
from tests.contract.wms_mail_desk import (
    MAILS,
    RESULTS,
    SLIPS,
    Desk,
    a_mail,
    desk,
    fixture_mail,
    part,
)

SHIPRES = "SHIPRES_demo_WH01_20261124183000_000001.csv"
ACCEPTED = {
    41: "出荷実績_WH01_20261124_本日分.csv",
    42: "出荷実績_20261124.csv",
    43: SHIPRES,
    48: SHIPRES,
    51: SHIPRES,
    53: "again.csv",
    54: "出荷実績.csv",
}
STRAYS = {  # what the one sentence must name
    45: ("result@wms-example.example.net", SHIPRES, "許可された送信元ではありません"),
    46: ("result@wms.example.jp", SHIPRES, "電子署名 (DKIM) の検証に通っていません (fail)"),
    47: ("result@wms.example.jp", "当社の受信サーバー mx1.shop.example.test の検証結果ではありません"),
    49: ("tantou@wms.example.jp", "許可された送信元ではありません"),
    50: ("winmail.dat", "Outlook 形式"),
    52: ("result@wms.example.jp", "添付ファイル (CSV または ZIP) がありません"),
}


def test_no_mail_of_the_fixtures_is_without_a_verdict() -> None:
    found = {int(path.name[:2]) for path in MAILS.glob("*.eml")}
    assert found == {*ACCEPTED, *STRAYS, 44}


@pytest.mark.parametrize("number", ACCEPTED)
async def test_a_good_mail_is_taken(number: int, tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", fixture_mail(number))
        await one.look()
        assert one.files() == [ACCEPTED[number]]
        assert kept(one, "wms") == [RESULTS[1]]
        assert sorted(one.booked()) == list(SLIPS[:7])
        assert one.world.strays() == []
        assert one.folders() == {"Processed": 1}
        assert one.world.slip("200106").state == "dispatched"
        assert one.booked()["200106"] == "999900010616 999900010620 999900010631"


async def test_two_files_in_one_mail_complete_a_slip(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", fixture_mail(44))
        await one.look()
        assert kept(one, "wms") == [RESULTS[2], RESULTS[3]]
        assert one.world.slip("200108").state == "dispatched"
        assert one.folders() == {"Processed": 1}


@pytest.mark.parametrize("number", STRAYS)
async def test_a_mail_that_is_not_believed_moves_nothing(number: int, tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", fixture_mail(number))
        await one.look()
        await one.look()
        (words,) = one.world.strays()
        for piece in (*STRAYS[number], "2026-11-24 18:30", "出荷実績 11月24日"):
            assert piece in words
        assert one.folders() == {"Quarantine": 1}
        assert (one.files(), one.booked()) == ([], {})
        assert {one.world.slip(slip).state for slip in SLIPS} == {"relayed"}
        assert kept(one, "wms_mail") == [fixture_mail(number)], "a person can still look at it"
        (row,) = one.world.rows(select(strays))
        assert row.place.startswith("メール <w") and row.exchange_id


NOT_THEIRS, DEFECTIVE = (
    (45, 46, 47, 49),
    (50, 52),
)  # nothing proves the sender; the warehouse's own, and of no use


@pytest.mark.parametrize("number", NOT_THEIRS + DEFECTIVE)
async def test_nobody_is_told_to_answer_whoever_may_have_forged_a_mail(number: int, tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", fixture_mail(number))
        await one.look()
        w = one.world
        report = await make(w.database, w.shop, TUESDAY, w.clock.now())
        (todo,) = [each for each in report.todo if each.kind == "stray"]
        site = WebContext(
            database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=tmp_path, form_key=b"k" * 32
        )
        async with running(site) as web:
            pages = {lang: (await web.get(f"/strays?lang={lang}"))[1] for lang in ("ja", "en")}
    morning, page = what_to_do(todo, "ja"), pages["ja"]
    assert "この行" not in page, "a mail is no row"
    if number in DEFECTIVE:
        assert "送信元に確認" in morning and "送り主に確かめて" in page
        return
    for said in (morning, page):
        assert "このメールには返信せず、契約書にある倉庫の電話番号で" in said
        assert "だれも知らないメールなら、理由を書いて片付けてください" in said
        assert "送り主に確かめて" not in said and "送信元に確認" not in said
    assert what(todo, "ja") == "差出人を確かめられないメール"
    for said in (what_to_do(todo, "en"), pages["en"]):
        assert "Do not reply to it" in said and "telephone number of the contract" in said


async def test_the_same_bytes_in_another_mail_are_no_news(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", fixture_mail(41))
        await one.look()
        before = one.booked(), one.world.events("200101")
        one.box.append("INBOX", fixture_mail(53))
        one.box.append("INBOX", fixture_mail(43))
        await one.look()
        assert (one.booked(), one.world.events("200101")) == before
        assert kept(one, "wms") == [RESULTS[1]]
        assert one.world.strays() == []
        assert one.folders() == {"Processed": 3}


async def test_all_at_once_in_any_order_end_the_same(tmp_path: Path) -> None:
    numbers = sorted({*ACCEPTED, *STRAYS, 44})
    ends = []
    for name, order in (("there", numbers), ("back", numbers[::-1])):
        (tmp_path / name).mkdir()
        async with desk(tmp_path / name) as one:
            for number in order:
                one.box.append("INBOX", fixture_mail(number))
            await one.look()
            assert one.folders() == {"Processed": 8, "Quarantine": 6}
            assert {one.world.slip(slip).state for slip in SLIPS} == {"dispatched"}
            ends.append((sorted(one.booked().items()), sorted(one.world.strays())))
    assert ends[0] == ends[1]


async def test_watching_leaves_every_mail_where_it_lies(tmp_path: Path) -> None:
    async with desk(tmp_path, moves=False) as one:
        for number in (41, 45):
            one.box.append("INBOX", fixture_mail(number))
        await one.look()
        await one.look()
        assert one.folders() == {"INBOX": 2}
        assert kept(one, "wms") == [RESULTS[1]]
        assert len(one.world.strays()) == 1


async def test_a_mail_beyond_the_limit_is_not_fetched(tmp_path: Path) -> None:
    async with desk(tmp_path, largest=2_000) as one:
        one.box.append("INBOX", fixture_mail(41))
        await one.look()
        (words,) = one.world.strays()
        assert "大きすぎるため取得していません" in words
        assert one.folders() == {"Quarantine": 1}


async def test_a_good_file_beside_a_bad_one_is_taken_and_the_mail_is_shown(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        bad = part(b"PK\x03\x04 no archive", name="more.zip", kind="application/zip")
        one.box.append("INBOX", a_mail(part(RESULTS[1]), bad))
        await one.look()
        assert sorted(one.booked()) == list(SLIPS[:7])
        (words,) = one.world.strays()
        assert "more.zip" in words and "ZIP が途中で切れています" in words
        assert one.folders() == {"Quarantine": 1}


async def test_a_part_after_the_end_of_the_mail_is_not_passed_over(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        late = b"--b1\r\n" + part(RESULTS[2], name="late.csv") + b"\r\n--b1--\r\n"
        one.box.append("INBOX", a_mail(part(RESULTS[1])) + late)
        await one.look()
        assert not one.booked()
        (words,) = one.world.strays()
        assert "終わりの後に続きがあります" in words
        assert one.folders() == {"Quarantine": 1}


@pytest.mark.parametrize(
    "head", [b"X-Long: " + b"y" * 70_000, b"X-Cr: a\rContent-Type: text/plain"], ids=["long", "cr"]
)
async def test_a_part_whose_head_is_none_is_shown_and_the_others_are_taken(
    head: bytes, tmp_path: Path
) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(part(RESULTS[1]), head + b"\r\n" + part(RESULTS[2], name="odd.csv")))
        await one.look()
        assert sorted(one.booked()) == list(SLIPS[:7])
        (words,) = one.world.strays()
        assert "見出しが壊れているか長すぎる" in words
        assert one.folders() == {"Quarantine": 1}


async def test_a_letter_without_fields_and_words_around_the_parts_are_ordinary(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        mail = a_mail(b"\r\nresults\r\n", part(RESULTS[1])).replace(
            b"--b1\r\n", b"for old readers\r\n--b1\r\n", 1
        )
        one.box.append("INBOX", mail + b"-- \r\nsent by the warehouse\r\n")
        await one.look()
        assert sorted(one.booked()) == list(SLIPS[:7])
        assert not one.world.strays()


# --- crashes ---------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process died here."""


class Life:
    """Dies before or after the n-th step; a step is one write, here or over there."""

    def __init__(self, deadly: int) -> None:
        self.deadly, self.steps = deadly, 0

    def _pass(self) -> None:
        self.steps += 1
        if self.steps == self.deadly:
            raise Killed

    def mortal(self, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def acted(*args: Any, **more: Any) -> Any:
            self._pass()
            done = await act(*args, **more)
            self._pass()
            return done

        return acted


async def lived(folder: Path, deadly: int) -> tuple[object, int]:
    """The end state when the process dies at step `deadly` and is started again."""
    folder.mkdir()
    async with desk(folder) as one:
        pdf = part(b"junk", name="x.bin", kind="application/octet-stream")
        for mail in (fixture_mail(44), fixture_mail(45), a_mail(part(RESULTS[1]), pdf), fixture_mail(53)):
            one.box.append("INBOX", mail)
        life, ledger = Life(deadly), one.world.ledger
        archive = one.world.runner.ports.warehouse._archive  # type: ignore[attr-defined]
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in (
                (archive, "keep"),
                (ledger, "keep_file"),
                (ledger, "set_aside"),
                (ledger, "book"),
                (one.mailbox, "move"),
            ):
                patch.setattr(owner, name, life.mortal(getattr(owner, name)))
            try:
                await one.world.run("collect")
            except Killed:
                pass
        await one.mailbox.hang_up()
        await one.look()
        return one.end_state(), life.steps


async def test_dying_at_any_step_ends_the_same(tmp_path: Path) -> None:
    whole, steps = await lived(tmp_path / "whole", 0)
    assert steps > 30
    for deadly in range(1, steps + 1):
        end, _ = await lived(tmp_path / str(deadly), deadly)
        assert end == whole, f"died at step {deadly}"


def kept(one: Desk, system: str) -> list[bytes]:
    """The bytes of what came in, in the order it was kept."""
    query = select(exchanges.c.id).where(exchanges.c.system == system).order_by(exchanges.c.id)
    ids = [row.id for row in one.world.rows(query)]
    with one.world.database.engine.connect() as connection:
        return list(bodies_of(connection, ids).values())
