"""The warehouse's post: honest mails in every form are taken, and no forgery of it ever is."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from connector.adapters.mail.mime import split
from connector.adapters.wms import wire
from connector.adapters.wms.attachments import contents
from connector.adapters.wms.mail_trust import SenderRules
from connector.clock import SteppedClock, at_jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.warehouse import WarehouseSandbox, post
from connector.sandbox.warehouse.numbers import is_sound
from connector.sandbox.warehouse.post import FORGERIES, ResultPost, forged

from tests.contract.wms_house import STOCK, TUESDAY
from tests.contract.wms_mail_desk import RESULTS

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RULES = SenderRules((post.SENDER,), (post.SIGNED_BY,), post.CHECKED_BY)


class Inbox:
    """A mailbox in memory."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    def append(self, folder: str, body: bytes) -> int:
        assert folder == post.FOLDER
        self.mails.append(body)
        return len(self.mails)


class Always(Faults):
    """Every fault of these strikes each time."""

    def strike(self, name: str) -> bool:
        return name in self.struck


def sent(count: int, faults: Faults | None = None, *, seed: int = 1) -> tuple[list[bytes], History]:
    inbox, history = Inbox(), History(SteppedClock(AT))
    office = ResultPost(inbox, faults or Faults(), history, seed=seed)
    for number in range(count):
        office.send(f"SHIPRES_{number}.csv", RESULTS[1], AT)
    return inbox.mails, history


def test_honest_mails_are_believed_and_bring_the_very_bytes() -> None:
    mails, history = sent(8)
    assert (len(mails), history.count("result_mailed"), history.count("result_forged")) == (8, 8, 0)
    names = []
    for mail in mails:
        head = split(mail)
        assert head is not None and RULES.doubt(head) == ""
        found = contents(head)
        assert found.refused == ()
        (file,) = found.files
        assert file.body == RESULTS[1]
        names.append(file.name)
    assert names[:4] == ["SHIPRES_0.csv", "SHIPRES_1.csv", "SHIPRES_2.csv", "出荷実績_SHIPRES_3.csv"]
    assert len(set(mails)) == 8


def test_no_forgery_is_believed() -> None:
    mails, history = sent(40, Always(["results-forged"]))
    told = [event.detail["forgery"] for event in history.of("result_forged")]
    assert set(told) == set(FORGERIES)
    for forgery, honest in zip(mails[::2], mails[1::2], strict=True):
        lie, truth = split(forgery), split(honest)
        assert lie is not None and RULES.doubt(lie)
        assert truth is not None and RULES.doubt(truth) == ""


def test_a_forgery_names_other_parcels_with_right_check_digits() -> None:
    column = wire.SHIPRES_COLUMNS.index("送り状番号")
    true, false = (
        [row[column] for row in list(csv.reader(io.StringIO(data.decode("cp932"))))[1:] if row[column]]
        for data in (RESULTS[1], forged(RESULTS[1]))
    )
    assert len(true) == len(false) > 0
    assert not set(true) & set(false)
    assert all(is_sound(number) for number in false)


@pytest.mark.parametrize("mailed", [True, False])
async def test_the_warehouse_mails_its_results_or_lays_them_down(mailed: bool, tmp_path: Path) -> None:
    from tests.contract.wms_house import GENERIC, ORDER_1

    clock, inbox = SteppedClock(at_jst(TUESDAY, 9)), Inbox()
    history = History(clock)
    office = ResultPost(inbox, Faults(), history) if mailed else None
    house = WarehouseSandbox(clock, tmp_path, history=history, post=office)
    house.seed_stock(STOCK)
    (tmp_path / wire.FOLDER_IN / ORDER_1).write_bytes((GENERIC / ORDER_1).read_bytes())
    while (due := house.next_event_at()) is not None and due < at_jst(TUESDAY, 21):
        await clock.advance_to(due)
        await house.advance()
    laid = list((tmp_path / wire.FOLDER_OUT).glob("SHIPRES_*.csv"))
    assert bool(inbox.mails) is mailed
    assert bool(laid) is not mailed
    assert history.count("result_written") >= 1
    assert house.check() == []
