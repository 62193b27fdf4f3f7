"""Stage (工程): the three shapes a verb of the journey can have.

Reading stages take in what the outside shows. Looking stages prove something about items by looking. Acting
stages do something outside, always as plan → act → look: the runner commits the intent between plan and act,
and calls `look` for whatever has no certain outcome. `witness` looks where `act` would act, for a shop that
lets somebody else do this step.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from connector.errors import Refused, Unknown
from connector.incoming import MailSeen
from connector.journey import State
from connector.order import Order
from connector.outcome import Begun, Effect, Item, Outcome, Reply, Stray
from connector.ports import CartPage, Ports, ResultFile, SubscriptionPage
from connector.shop import Shop
from connector.slip import Shipment, Slip

CATCH_UP = timedelta(hours=12)  # how long a missed set time is made up for, where the shop says nothing
AnyItem = Item[Order] | Item[Slip]
Said = tuple[Item[Any], Outcome]
Judge = Callable[[Ports, Shipment, Item[Slip] | None, bool, bool], tuple[Outcome, ...] | Stray]
"""An event, its slip if we know it, whether that was relayed, and whether the cart was told of its completion."""
Seen = CartPage | SubscriptionPage | list[Slip] | ResultFile | MailSeen | Stray


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every stage says about itself. An item that stands longer than `patience` counts as stuck."""

    name: str
    japanese: str
    every: timedelta
    patience: timedelta
    noun: type[Order] | type[Slip] | None = None
    takes: tuple[State, ...] = ()
    gives: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Stage):
    """Takes in what is new since the cursor. `cursor` False: the source hands over and forgets."""

    read: Callable[[Ports, datetime], AsyncIterator[Seen]]
    cursor: bool = True
    from_the_beginning: bool = False  # the first read reaches back before the shop's start_at
    judge: Judge | None = None  # what an event of the warehouse means for its slip
    released: Callable[[Ports, Item[Slip]], Outcome | None] | None = None  # what a lifted hold lets go on
    again: Callable[[Ports, Sequence[str]], AsyncIterator[Seen]] | None = None  # slips a change waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking(Stage):
    """Proves something about items by looking; slips it saw on the way are stored, too."""

    observe: Callable[[Sequence[Item[Any]], Ports], AsyncIterator[Said | list[Slip]]]
    redo_of: str = ""  # whose act a Redo takes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting(Stage):
    """Does something outside. `settle`: how long "not there" may still become "there"."""

    plan: Callable[[Sequence[Item[Any]], Ports], AsyncIterator[Said | Effect | list[Slip]]]
    act: Callable[[Sequence[Begun], Ports], AsyncIterator[tuple[Begun, Reply]]]
    look: Callable[[Sequence[Begun], Ports], AsyncIterator[tuple[Begun, Reply] | Stray]]
    witness: Callable[[Sequence[Item[Any]], Ports], AsyncIterator[Said]]
    settle: Callable[[Ports], timedelta] = lambda _ports: timedelta(0)
    times: Callable[[Shop], tuple[time, ...]] | None = None  # set times of day (JST), instead of every pass
    grace: Callable[[Shop], timedelta] = lambda _shop: CATCH_UP
    numbered: str = ""  # the kind of effect whose files are numbered without gaps
    once: str = ""  # items at `gives` come back until they have an effect of this kind
    refused: str = ""  # items the other side refused come once more for an effect of this kind
    paced: bool = False  # a day with far more of them than usual waits for a click
    claims: str = ""  # what an effect of this kind made ours is planned once more in the same pass
    at_once: int = 500  # items a pass
    checked: bool = (
        False  # its files are compared with earlier ones before they leave, and may wait for a click
    )
    on_request: bool = False  # takes what was asked for (a stop request), wherever it stands


def translated(order: Order, ports: Ports) -> Order:
    """Under the tables as they are now: an extended table frees an order by itself."""
    return ports.cart.translate(order) if order.unknown else order


def digest_of(parts: Iterable[str]) -> str:
    """A short name for a set of numbers inside a key, however many there are."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16]


async def one_by_one(
    begun: Sequence[Begun], act: Callable[[Begun], Any]
) -> AsyncIterator[tuple[Begun, Reply]]:
    """Act on each in turn; what one raises is its reply and does not stop the others."""
    for one in begun:
        try:
            reply: Reply = await act(one)
        except Exception as error:  # noqa: BLE001 - the runner tells errors of ours from bugs
            reply = error
        yield one, reply


async def look_at_each(
    begun: Sequence[Begun], look: Callable[[Begun], Any]
) -> AsyncIterator[tuple[Begun, Reply]]:
    """The same for looking, where a refusal that is *raised* only says that we may not look now.

    That the other side refused the act itself is what a look found out, and returns.
    """

    async def looked(one: Begun) -> Reply:
        try:
            reply: Reply = await look(one)
        except Refused as error:
            return Unknown(str(error))
        return reply

    async for one, reply in one_by_one(begun, looked):
        yield one, reply
