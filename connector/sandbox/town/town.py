"""Town (町): cart, Next Engine, mail and warehouse with one goods list, and the people who keep them busy.

It starts no timers. Steered by a SteppedClock it jumps from event to event (`run_until`); with a real or scaled
clock `run_forever` sleeps in between. Nothing is mailed or shipped here unless a connector does it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from connector.clock import Clock, SteppedClock, at_jst, jst, today
from connector.sandbox.cart import CartSandbox, CartSettings
from connector.sandbox.cart.cart_clock import CartClock
from connector.sandbox.cart.holidays import shipping_closed
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.imap import ImapSandbox
from connector.sandbox.mailbox import MailSandbox
from connector.sandbox.next_engine import Goods, NextEngineSandbox
from connector.sandbox.people import GOODS, STOCK, Townsfolk
from connector.sandbox.town import masters, past, ways
from connector.sandbox.town.addresses import Addresses
from connector.sandbox.town.clerk import DONE, INBOX, RESULTS, Clerk
from connector.sandbox.town.doors import Doors, Endpoint
from connector.sandbox.town.life import DailyLife
from connector.sandbox.town.screens import NextEngineScreens
from connector.sandbox.town.story import Story
from connector.sandbox.town.truth import Truth, truth
from connector.sandbox.warehouse import WarehouseSandbox
from connector.sandbox.warehouse.post import ResultPost
from connector.subscriptions.cycle import Rules

LOOPBACK: Final[Endpoint] = ("127.0.0.1", 0)
NIGHTS: Final = 14  # over how many nights the renewals of the existing subscribers are spread
LONGEST_NAP: Final = timedelta(minutes=1)  # a file may appear in a folder at any time


class Town:
    """The whole outside world of one shop. The same seed is the same town.

    `root` gets the warehouse's tree in `wms/` and the clerk's folders `cart_inbox/`, `cart_results/`,
    `cart_done/`. With `history_dir` each sandbox also writes its history there as JSON lines; `people` is the
    history of what shoppers and clerk did. `faults` are names, or the Faults that others look at too.
    `subscriptions` more subscribers with histories of up to a year make it a shop of real size. `omits_one_renewal`
    and `heals_one_payment` are two parts of the first night that never fail to happen (story.py). `warehouse_by` is
    how the warehouse wants to be spoken to, one of ways.WAYS.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        root: Path,
        seed: int = 0,
        faults: Faults | Iterable[str] = (),
        orders_per_day: float = 100,
        start_on: date | None = None,
        subscribers: int = 60,
        subscriptions: int = 0,
        omits_one_renewal: bool = False,
        heals_one_payment: bool = False,
        history_dir: Path | None = None,
        warehouse_by: str = ways.SFTP,
    ) -> None:
        self.clock, self.root = clock, root.resolve()
        self.faults = faults if isinstance(faults, Faults) else Faults(faults, seed=seed)
        self.opens_at = max(clock.now(), at_jst(start_on or today(clock)))
        folk = Townsfolk(seed=seed, rate=orders_per_day)
        rules = Rules(days_before=CartSettings().days_before, is_closed=shipping_closed)
        self._signups = folk.signups(subscribers, jst(self.opens_at).date(), NIGHTS, rules)
        self._cart_clock = CartClock(clock)
        if self._signups:
            self._cart_clock.go_to(at_jst(jst(self._signups[0].at).date()))
        self.way = warehouse_by
        self._build(seed, history_dir, busy=orders_per_day > 0)
        self.people = History(clock, _file(history_dir, "people"))
        self.life = DailyLife(self.cart, folk, self.people, opens_at=self.opens_at)
        self._seed, self._subscriptions = seed, subscriptions
        self._omits_one_renewal, self._heals_one_payment = omits_one_renewal, heals_one_payment
        self.clerk = self._hire(seed)
        face = ways.face_of(warehouse_by, self.warehouse)
        self._doors = Doors(
            self.cart, self.next_engine, self.mail, self.inbox, self.warehouse, warehouse_by, face
        )
        self._busy = False

    def _hire(self, seed: int) -> Clerk:
        return Clerk(
            self.cart,
            NextEngineScreens(self.next_engine),
            self.root,
            self.people,
            seed=seed,
            opens_at=self.opens_at,
            is_closed=shipping_closed,
            transfers=self.life.transfers,
        )

    def _build(self, seed: int, folder: Path | None, *, busy: bool) -> None:
        """The four systems with the same goods, and the mailbox of the shop. A story's own town is told no news."""
        clock, faults = self.clock, self.faults
        self.cart = CartSandbox(
            self._cart_clock,
            seed=seed,
            faults=faults,
            history=History(self._cart_clock, _file(folder, "cart")),
        )
        self.next_engine = NextEngineSandbox(
            clock,
            seed=seed,
            faults=faults,
            history=History(clock, _file(folder, "next_engine")),
            settings=masters.next_engine_settings(),
        )
        self.inbox = ImapSandbox(
            clock,
            user=masters.SENDER,
            password=random.Random(f"{seed}/inbox").randbytes(12).hex(),
            history=History(clock, _file(folder, "inbox")),
        )
        self.mail = MailSandbox(
            clock,
            next_engine=self.next_engine,
            faults=faults,
            history=History(clock, _file(folder, "mail")),
            inboxes={masters.SENDER: self.inbox},
        )
        self.next_engine.control.add(
            {
                "mail-trouble": self.mail.trouble,
                "mail-no-trouble": self.mail.no_trouble,
                "forge-bounce": partial(self.mail.forge, masters.SENDER),
            }
        )
        history = History(clock, _file(folder, "warehouse"))
        self.warehouse = WarehouseSandbox(
            clock,
            self.root / "wms",
            seed=seed,
            faults=faults,
            history=history,
            settings=masters.warehouse_settings(news=busy and self.way in (ways.SFTP, ways.FOLDER)),
            post=ResultPost(self.inbox, faults, history, seed=seed) if self.way == ways.MAIL else None,
        )
        self.cart.seed_goods(GOODS)
        self.next_engine.seed_goods(Goods(goods.sku, goods.name, STOCK, price=goods.price) for goods in GOODS)
        self.warehouse.seed_stock(masters.warehouse_stock(jst(self.opens_at).year))

    # The doors.

    async def start(
        self,
        *,
        cart: Endpoint = LOOPBACK,
        next_engine: Endpoint = LOOPBACK,
        smtp: Endpoint = LOOPBACK,
        imap: Endpoint = LOOPBACK,
        sftp: Endpoint = LOOPBACK,
        warehouse_api: Endpoint = LOOPBACK,
        next_engine_tls: bool = False,
    ) -> Addresses:
        """Live through the past of the subscribers, then open all doors. Call it once."""
        tls_folder = self.root / "next_engine_tls" if next_engine_tls else None
        first_orders = await past.live_through(self.cart, self._cart_clock, self._signups, self.opens_at)
        past.let_cards_die(self.cart, self._signups, first_orders)
        if self._subscriptions:
            self.cart.seed_shop(self._subscriptions, seed=self._seed)
        self._tell_story()
        return Addresses(
            cart=await self._doors.open_cart(cart),
            next_engine=await self._doors.open_next_engine(next_engine, tls_folder),
            mail=await self._doors.open_mail(smtp),
            mailbox=await self._doors.open_mailbox(imap),
            warehouse=await self._doors.open_warehouse(sftp, warehouse_api),
            root=str(self.root),
            cart_inbox=str(self.root / INBOX),
            cart_results=str(self.root / RESULTS),
            cart_done=str(self.root / DONE),
            opens_at=self.opens_at.isoformat(),
        )

    def _tell_story(self) -> None:
        story = Story(self.cart, self.people, self.life.plan, self.opens_at)
        if self._heals_one_payment:
            story.heal_one_payment()
        if self._omits_one_renewal:
            story.omit_one_renewal()

    async def stop(self) -> None:
        """Close all doors. The histories stay readable."""
        await self._doors.close()

    # Time.

    def next_event_at(self) -> datetime:
        """When somebody or something in the town is next due."""
        planned = (
            self.life.next_event_at(),
            self.clerk.next_event_at(),
            self.cart.next_event_at(),
            self.mail.next_event_at(),
            self.next_engine.next_event_at(),
            self.warehouse.next_event_at(),
        )
        return min(at for at in planned if at is not None)

    async def advance(self) -> None:
        """Everybody does what is due now. Safe to call often, and from a clock's `on_advance`."""
        if self._busy:
            return
        self._busy = True
        try:
            now = self.clock.now()
            self.life.advance(now)
            self.clerk.advance(now)
            await self.cart.advance()
            await self.mail.advance()
            await self.next_engine.advance()
            await self.warehouse.advance()
        finally:
            self._busy = False

    async def run_until(self, at: datetime) -> None:
        """Steer a SteppedClock from event to event up to this instant. Raises TypeError for other clocks."""
        if not isinstance(self.clock, SteppedClock):
            raise TypeError("only a SteppedClock is steered by the town")
        while (due := self.next_event_at()) <= at:
            await self.clock.advance_to(due)
            await self.advance()
        await self.clock.advance_to(at)
        await self.advance()

    async def run_forever(self) -> None:
        """Live by a real or scaled clock until cancelled."""
        while True:
            await self.advance()
            nap = min(self.next_event_at() - self.clock.now(), LONGEST_NAP)
            await self.clock.sleep(max(0.0, nap.total_seconds()))

    # What really happened.

    def truth(self) -> Truth:
        """Counts since the opening, from the sandboxes' own histories (see `truth.Truth`)."""
        order_of = {str(number): slip.order_number for number, slip in self.next_engine.slips.items()}
        return truth(self.cart, self.next_engine.history, self.warehouse, self.opens_at, order_of)


def _file(folder: Path | None, name: str) -> Path | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.jsonl"
