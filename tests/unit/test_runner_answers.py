"""What the import said about our files: a refused row is held with its place, and only the cart proves the rest."""

from __future__ import annotations

from pathlib import Path

from connector.errors import NotDone
from connector.ledger.schema import effects
from connector.outcome import Effect, Stray
from connector.ports import CompletionAnswers
from sqlalchemy import select

from tests.unit.world import CARD, World, an_order, world

WORDS = "cart_results/shipping_x.csv 2行目: 配送業者名が正しくありません"


async def handed_over(w: World) -> list[str]:
    await w.to_shipped(an_order("T-1001", payment=CARD), an_order("T-1002", payment=CARD))
    await w.complete_now()
    w.pass_by(minutes=6)
    return [row.name for row in w.rows(select(effects.c.name).where(effects.c.kind == "completion"))]


async def test_a_refused_row_is_held_with_the_carts_own_sentence(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files") as w:
        shipping, state = await handed_over(w)
        w.cart.answers = CompletionAnswers({shipping: {"T-1001": WORDS}, state: {}})
        w.cart.refuses["T-1001"] = "as in the answer"
        w.cart.take_files()
        await w.run("complete")
        assert w.holds("T-1001") == ["refused"]
        assert w.hold_note("T-1001", "refused") == WORDS
        assert (w.state("T-1002"), w.holds("T-1002")) == ("completed", [])


async def test_a_row_that_was_taken_counts_only_when_the_cart_shows_it(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files") as w:
        await handed_over(w)
        w.cart.answers = CompletionAnswers({})
        await w.run("complete")
        assert w.state("T-1001") == "shipped"
        assert w.effects("completion") == ["sent", "sent"]


async def test_what_the_cart_shows_goes_before_what_a_result_file_said(tmp_path: Path) -> None:
    """A second import of the same file says 失敗 for what is long done."""
    with world(tmp_path, completion_route="files") as w:
        shipping, _ = await handed_over(w)
        w.cart.take_files()
        w.cart.answers = CompletionAnswers({shipping: {"T-1001": WORDS}})
        await w.run("complete")
        assert (w.state("T-1001"), w.holds("T-1001")) == ("completed", [])


async def test_strangers_are_set_aside_once_and_move_nothing(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files") as w:
        await handed_over(w)
        stray = Stray("ecforce", "cart_results/stock.csv", "foreign")
        w.cart.answers = CompletionAnswers({}, (stray,))
        for _ in range(3):
            await w.run("complete")
            w.pass_by(minutes=6)
        assert w.strays() == ["foreign"]
        assert w.state("T-1001") == "shipped"


async def test_results_that_cannot_be_read_do_not_keep_us_from_looking_at_the_cart(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files") as w:
        await handed_over(w)

        async def away(_: list[Effect]) -> CompletionAnswers:
            raise NotDone("cart_results: gone")

        w.cart.instead(completion_answers=away)
        w.cart.take_files()
        counts = await w.runner.run("complete")
        assert "cart_results" in counts.failed, "and the connections' list says so"
        assert w.state("T-1001") == "completed"
