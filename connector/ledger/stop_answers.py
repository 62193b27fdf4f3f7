"""Stop answers (出荷止めの回答): what each party said about one stop, slip by slip, as it came in.

The rows follow the effects in the same transaction: no question without its row, no answer without its proof. Only
news is written; an answer that differs from the last one opens an ended request again, so that its verdict is found
anew. What a person was told by telephone stands here under that person's name, never as the party's own word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, and_, insert, select, update

from connector.ledger.schema import orders, stop_requests
from connector.ledger.schema_warehouse import stop_answers
from connector.ledger.storable import plain
from connector.outcome import Begun, EffectState, Facts, StopAnswer

CART, NEXT_ENGINE, WAREHOUSE = "cart", "next_engine", "warehouse"
ASKED, AGREED, REFUSED, SILENT = StopAnswer.ASKED, StopAnswer.AGREED, StopAnswer.REFUSED, StopAnswer.SILENT
NOT_ASKED, NEVER_HAD = StopAnswer.NOT_ASKED, StopAnswer.NEVER_HAD
PARTY = {"wms_stop": WAREHOUSE, "ne_cancel": NEXT_ENGINE, "cart_cancel": CART}
NOBODY_ASKED = (
    "カートでの取消は人が行います"  # older ledgers have it as a question to the cart; nobody asked it
)
ENDED = ("stopped", "too_late", "unknown", "by_hand")


class Ended(Protocol):
    """How an effect ended (`effects.Ending`)."""

    @property
    def begun(self) -> Begun: ...
    @property
    def state(self) -> EffectState: ...
    @property
    def evidence(self) -> Facts: ...
    @property
    def words(self) -> str: ...


def of_orders(connection: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """Every answer about these orders, oldest first."""
    mine = stop_answers.c.order_id.in_(list(order_ids))
    query = select(stop_answers).where(mine, stop_answers.c.words != NOBODY_ASKED)
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query.order_by(stop_answers.c.id)):
        found.setdefault(row.order_id, []).append(row)
    return found


def agreed_slips(connection: Connection, shop: str) -> set[str]:
    """Slips that the warehouse agreed to stop, at whatever time."""
    here = and_(stop_answers.c.shop == shop, stop_answers.c.party == WAREHOUSE)
    return set(
        connection.scalars(select(stop_answers.c.slip_number).where(here, stop_answers.c.answer == AGREED))
    )


def warehouse_was_asked(connection: Connection, order_id: int) -> bool:
    """Whether a question about this order went to the warehouse, or may have gone."""
    here = and_(stop_answers.c.order_id == order_id, stop_answers.c.party == WAREHOUSE)
    question = select(stop_answers.c.id).where(here, stop_answers.c.answer == ASKED).limit(1)
    return connection.scalar(question) is not None


def write(
    connection: Connection,
    order_id: int,
    party: str,
    slip_number: str,
    answer: str,
    words: str,
    now: datetime,
    *,
    proof: str = "",
    by: str = "",
    of: str = "",
) -> bool:
    """Write down one answer; False where it is no news. `of`: the act by which it was asked for."""
    here = and_(stop_answers.c.order_id == order_id, stop_answers.c.party == party)
    about = select(stop_answers).where(here, stop_answers.c.slip_number == slip_number)
    last = connection.execute(about.order_by(stop_answers.c.id.desc()).limit(1)).first()
    if last is not None and (last.answer, last.by) == (answer, by):
        return False
    if last is not None and answer in (SILENT, NOT_ASKED) and of and (last.answer, last.proof) != (ASKED, of):
        return False  # an older question's silence says nothing about what was answered or asked since
    shop = connection.scalar(select(orders.c.shop).where(orders.c.id == order_id))
    row = {"shop": shop, "order_id": order_id, "party": party, "slip_number": slip_number}
    said = {"answer": answer, "words": plain(words), "proof": plain(proof)[:200], "by": by, "at": now}
    connection.execute(insert(stop_answers), [row | said])
    return True


def asked(connection: Connection, begun: Sequence[Begun], now: datetime) -> None:
    """The intents of asking are being committed."""
    for one in begun:
        for order_id, slip_number in _about(one):
            party = PARTY[one.effect.kind]
            write(connection, order_id, party, slip_number, ASKED, "", now, proof=one.effect.name)


def heard(connection: Connection, endings: Iterable[Ended], now: datetime) -> None:
    """What came of asking is being committed; news about an ended request opens it again."""
    for one in endings:
        said = dict(_said(one)) if one.begun.effect.kind in PARTY else {}
        for order_id, slip_number in _about(one.begun) if said else ():
            answer, words = said.get(slip_number, (SILENT, "返事に、この伝票がありません"))
            proof = str(one.evidence.get("receipt", ""))
            party = PARTY[one.begun.effect.kind]
            about = (order_id, party, slip_number, answer, words, now)
            news = write(connection, *about, proof=proof, of=one.begun.effect.name)
            if news and party == WAREHOUSE and answer in (AGREED, REFUSED):
                reopen(connection, order_id)


def reopen(connection: Connection, order_id: int) -> bool:
    """Its verdict is to be found anew; False where it is open, or was taken back."""
    ended = and_(stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(ENDED))
    opened = connection.execute(update(stop_requests).where(ended).values(verdict="open"))
    if opened.rowcount:
        connection.execute(update(orders).where(orders.c.id == order_id).values(next_at=None))
    return bool(opened.rowcount)


def ask_again(connection: Connection, order_id: int, actor: str, why: str, now: datetime) -> None:
    """A person wants the warehouse asked once more about the slips that it was silent about."""
    last = {row.slip_number: row for row in _of_warehouse(connection, order_id)}
    for slip_number, row in last.items():
        if row.answer in (SILENT, REFUSED):
            write(connection, order_id, WAREHOUSE, slip_number, NOT_ASKED, why, now, by=actor)
    reopen(connection, order_id)


def _of_warehouse(connection: Connection, order_id: int) -> list[Row[Any]]:
    return [row for row in of_orders(connection, [order_id]).get(order_id, []) if row.party == WAREHOUSE]


def _about(begun: Begun) -> Iterator[tuple[int, str]]:
    """The orders and slips that such an effect asks about; nothing for any other effect."""
    slips = begun.effect.facts.get("slips", {})
    match begun.effect.kind:
        case "wms_stop":
            yield from ((owner, number) for number, owners in slips.items() for owner in owners)
        case "ne_cancel":
            yield from ((begun.effect.items[0], number) for number in slips)
        case "cart_cancel":
            yield begun.effect.items[0], ""


def _said(one: Ended) -> Iterator[tuple[str, tuple[str, str]]]:
    """Slip by slip what an ending says; nothing while the answer is only waited for."""
    numbers = list(dict.fromkeys(number for _, number in _about(one.begun)))
    if "answers" in one.evidence:
        yield from ((number, (said[0], said[1])) for number, said in one.evidence["answers"].items())
    elif one.state is EffectState.DONE:
        yield from ((number, (AGREED, "")) for number in numbers)
    elif one.state is EffectState.REFUSED and "cannot_tell" in one.evidence:
        yield from ((number, (SILENT, one.words)) for number in numbers)
    elif one.state is EffectState.REFUSED and PARTY[one.begun.effect.kind] != WAREHOUSE:
        yield from ((number, (REFUSED, one.words)) for number in numbers)
    elif one.state in (EffectState.REFUSED, EffectState.NOT_DONE):
        yield from ((number, (NOT_ASKED, one.words)) for number in numbers)
