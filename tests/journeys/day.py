"""Day (一日): one shop, its town and one clock: what a story may do, and what it may ask of either side.

Stories are told in Japanese wall-clock times. What the connector believes comes from the ledger's history; what
really happened comes from the town's histories, never from calls.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default as policy

from connector.clock import at_jst, jst
from connector.journey import OrderState
from connector.ledger import history, views
from connector.ledger.views import OrderPicture, StrayRow
from connector.rehearsal import FIRST_DAY, Demo, Progress
from connector.sandbox.cart import NewCustomer, NewOrder, Order, PostalAddress
from connector.sandbox.cart.gateway import Deed
from connector.sandbox.faults import KNOWN, Faults
from connector.sandbox.mailbox import ReceivedMail
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.people import CARD
from connector.sandbox.town import Town
from msgspec.structs import replace

HOME = PostalAddress(
    name01="見本",
    name02="太郎",
    kana01="ミホン",
    kana02="タロウ",
    zip="150-0001",
    prefecture_id=13,
    addr01="渋谷区神宮前",
    addr02="99-1-2",
    addr03="見本マンション101",
    tel="090-0000-0001",
)
CREAM = "MH-CREAM-50"
SERUM = "MH-SERUM-30"
FINISHED = (OrderState.COMPLETED, OrderState.CANCELLED)


class Mischief(Faults):
    """Faults that strike when the story says so: so many times, or until it says stop."""

    def __init__(self) -> None:
        super().__init__()
        self._left: dict[str, int] = {}

    def plan(self, name: str, times: int = 1_000_000) -> None:
        if name not in KNOWN:
            raise ValueError(f"no fault {name}")
        self._left[name] = times

    def stop(self, name: str) -> None:
        self._left.pop(name, None)

    def strike(self, name: str) -> bool:
        left = self._left.get(name, 0)
        if left <= 0:
            return False
        self._left[name] = left - 1
        self.struck[name] = self.struck.get(name, 0) + 1
        return True


class Silence(Progress):
    """Nobody watches."""

    async def show(self, demo: Demo) -> None:
        return


@dataclass(slots=True)
class Day:
    """The first day is a Tuesday; it begins at midnight, and the connector was started then."""

    demo: Demo
    faults: Mischief
    excused: set[str] = field(default_factory=set)  # figures of the town a story makes differ on purpose
    _customers: int = 0

    @property
    def town(self) -> Town:
        return self.demo.town

    @property
    def now(self) -> datetime:
        return self.demo.clock.now()

    # --- time ---

    async def until(self, wall: str, *, day: int = 0) -> None:
        """Live until this time of day, `day` days after the first, with the connector running."""
        at = moment(wall, day)
        await self.demo.live_until(at, 0.0, Silence(self.now, at))

    async def alone_until(self, wall: str, *, day: int = 0) -> None:
        """The town lives; the connector is not running."""
        await self.town.run_until(moment(wall, day))

    async def after_a_night(self, wall: str, *, day: int = 1) -> None:
        """Live until this time of a later day. The connector is off from 22:00 to 07:30 and catches up: for stories in
        which nothing of theirs happens at night.
        """
        await self.until("22:00", day=day - 1)
        await self.alone_until("07:30", day=day)
        await self.until(wall, day=day)

    # --- what people do ---

    def place(self, **wishes: object) -> Order:
        """A card order for one cream, unless wished otherwise."""
        self._customers += 1
        wanted: dict[str, object] = {
            "customer": NewCustomer(email=f"kyaku-{self._customers}@example.jp"),
            "billing": self._home(),
            "items": ((CREAM, 1),),
            "payment_method_id": CARD,
        }
        return self.town.cart.place(NewOrder(**(wanted | wishes)))  # type: ignore[arg-type]

    def _home(self) -> PostalAddress:
        """Each customer's own house: the same goods for one person within hours would be held as perhaps one order."""
        n = self._customers
        return HOME if n == 1 else replace(HOME, addr02=f"99-1-{n + 1}", tel=f"090-0000-{n:04}")

    # --- what goes wrong ---

    async def next_engine_goes_down(self) -> int:
        """Nobody answers at its door; returns the port to come back on."""
        url = self.demo.world.settings.shops[self.demo.shop.shop.key].next_engine.api_url
        await self.town.next_engine.stop()
        return int(url.rpartition(":")[2])

    async def next_engine_comes_back(self, port: int) -> None:
        await self.town.next_engine.start(port=port)

    # --- what the connector believes ---

    async def picture(self, order: Order) -> OrderPicture:
        shop = self.demo.shop.shop
        found = await self.demo.world.database.read(lambda c: views.order(c, shop, order.number, self.now))
        assert found is not None, f"order {order.number} is not in the ledger"
        return found

    async def state(self, order: Order) -> str:
        return (await self.picture(order)).order.state

    async def walk(self, order: Order) -> list[str]:
        """The places the order itself came to, in the words of the ledger's history."""
        picture = await self.picture(order)
        return [
            row.to_state
            for row in picture.history
            if row.item == "order" and row.event in ("received", "moved") and row.to_state
        ]

    async def holds(self, order: Order) -> dict[str, str]:
        """Open holds of the order and of its slips: reason and words."""
        picture = await self.picture(order)
        return {hold.reason: hold.note for hold in picture.holds if hold.closed_at is None}

    async def held_once(self, order: Order) -> list[str]:
        """Every reason it was ever held for, lifted ones too."""
        return [hold.reason for hold in (await self.picture(order)).holds]

    async def strays(self) -> list[StrayRow]:
        key = self.demo.shop.shop.key
        return await self.demo.world.database.read(lambda c: views.strays_list(c, key))

    # --- what really happened ---

    def slips(self, order: Order) -> list[Slip]:
        return self.town.next_engine.slips_of(order.number)

    def slip(self, order: Order) -> Slip:
        """Its only live slip."""
        live = [slip for slip in self.slips(order) if slip.live]
        assert len(live) == 1, f"{len(live)} live slips of {order.number}"
        return live[0]

    def mails(self, order: Order) -> int:
        """Mails about it that Next Engine's intake read."""
        return int(self.town.truth()["mails_per_order"].get(order.number, 0))

    def posted(self, order: Order) -> list[ReceivedMail]:
        """Mails about it that the mail server took, those that were lost later, too."""
        return [mail for mail in self.town.mail.mails if order.number in str(_parsed(mail)["Subject"])]

    def imports(self, order: Order) -> int:
        return self.town.next_engine.history.per_key("order_imported")[order.number]

    def relayed(self, order: Order) -> int:
        """Slips of it that the warehouse accepted."""
        return self._at_warehouse("slip_accepted")[order.number]

    def shipped(self, order: Order) -> int:
        return self._at_warehouse("shipped", "shipped_partly")[order.number]

    def _at_warehouse(self, *what: str) -> Counter[str]:
        events = self.town.warehouse.history.of(*what)
        return Counter(str(event.detail["order_number"]) for event in events)

    def calls_of_next_engine(self) -> int:
        return sum(month.requests for month in self.town.next_engine.usage.values())

    def captures(self, order: Order) -> list[int]:
        """Every amount that was really taken."""
        return [
            call.amount
            for call in self.town.cart.gateway.calls
            if call.ok and call.deed in (Deed.CAPTURE, Deed.REPORT) and call.order_number == order.number
        ]

    # --- the promise, at the end of every story ---

    async def kept(self) -> None:
        """Nothing lost, nothing twice, nothing unpaid out of the door, and every order explained."""
        truth = self.town.truth()
        wrong = [
            "double_mailed",
            "double_imported",
            "double_shipped",
            "double_captured",
            "shipped_unpaid",
            "relayed_after_cancel",
            "warehouse_differences",
        ]
        assert {name: truth[name] for name in wrong if name not in self.excused and truth[name]} == {}
        key = self.demo.shop.shop.key
        assert await self.demo.world.database.read(lambda c: history.verify(c, key)) is None
        for event in self.town.cart.history.of("order_placed", "order_generated"):
            if event.at >= self.town.opens_at and event.key not in self.excused:
                await self._explained(event.key)

    async def _explained(self, number: str) -> None:
        """Finished, held with a reason, or inside its patience; there is no fourth kind (T5)."""
        picture = await self.picture(self.town.cart.shop.order_by_number[number])
        order = picture.order
        if order.state in FINISHED or order.left_out or order.reasons:
            return
        assert not order.stuck, f"{number} stands {order.state} since {order.since}: {order.waiting_for}"
        stuck = [slip.number for slip in picture.slips if slip.stuck and not (slip.reasons or slip.kept_by)]
        assert not stuck, f"slips {stuck} of {number} are stuck"


def _parsed(mail: ReceivedMail) -> Message:
    return message_from_bytes(mail.raw, policy=policy)


def moment(wall: str, day: int = 0) -> datetime:
    """The instant of a Japanese wall-clock time, `day` days after the first."""
    clock_time = time.fromisoformat(wall)
    return at_jst(FIRST_DAY + timedelta(days=day), clock_time.hour, clock_time.minute, clock_time.second)


def wall(at: datetime) -> str:
    """How an operator writes it: 11-24 10:00."""
    return f"{jst(at):%m-%d %H:%M}"
