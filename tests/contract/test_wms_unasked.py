"""Receipts that answer no file of ours: shown once with what they say, and left where they lie."""

from __future__ import annotations

from pathlib import Path

from connector.shop import Mode

from tests.contract.test_wms_names import Desk, opened
from tests.contract.wms_desk import lay, sent
from tests.contract.wms_house import GENERIC, ORDER_2, ORDER_3

ACK = "to_wms/ack"


def receipt(one: Desk, order: str) -> None:
    (one.root / "to_wms/archive").mkdir(parents=True)
    (one.root / ACK).mkdir(parents=True)
    lay(one.root, ACK, GENERIC / f"SHIPACK_{order}")


def lies(one: Desk, name: str) -> bool:
    return (one.root / ACK / name).exists()


async def test_a_receipt_for_a_file_we_never_put_is_shown_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        receipt(one, ORDER_3)
        await one.look(4)
        assert one.shown() == [], "whoever waits for it may still fetch it"
        await one.look(3)
        one.restart()
        await one.look(7)
        (where,), (words,) = one.shown(), one.world.strays()
        assert where.startswith(f"{ACK}/SHIPACK_{ORDER_3}")
        assert f"{ORDER_3} は受付 2件・エラー 5件（200102 E301" in words
        assert "二重出荷" in words
        assert lies(one, f"SHIPACK_{ORDER_3}")


async def test_one_that_we_wait_for_is_fetched_and_no_news(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        receipt(one, ORDER_2)
        await one.look(2)
        assert await one.world.runner.ports.warehouse.receipt(sent(ORDER_2)) is not None
        await one.look(7)
        assert one.shown() == []


async def test_a_name_under_which_nobody_looks_and_a_broken_one_are_shown_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        for name in ("受付結果.csv", f"SHIPACK_{ORDER_2}", f"SHIPACK_{ORDER_2}.ok"):
            (one.root / ACK).mkdir(parents=True, exist_ok=True)
            (one.root / ACK / name).write_bytes(b"x")
        await one.look(7)
        told = dict(zip(one.shown(), one.world.strays(), strict=True))
        assert len(told) == 2
        assert any("受付結果.csv" in where and "名前に合わない" in words for where, words in told.items())
        assert any("SHIPACK" in where and "読めません" in words for where, words in told.items())


async def test_where_others_relay_the_receipts_are_theirs(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        receipt(one, ORDER_3)
        one.world.shop.modes["relay"] = Mode.WATCH
        await one.look(7)
        assert one.shown() == []
