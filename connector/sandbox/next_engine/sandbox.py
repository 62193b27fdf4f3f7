"""Next Engine sandbox (見本環境): one account as a real little server on loopback, driven by the town's clock.

It starts no timers: whoever drives the town calls `advance` when `next_event_at` has come; every request does so
too, so that nobody ever sees an old picture.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.adapters.next_engine import wire
from connector.clock import Clock, jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History
from connector.sandbox.next_engine import screens
from connector.sandbox.next_engine.account import Account
from connector.sandbox.next_engine.automation import Automation
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.call import Call
from connector.sandbox.next_engine.control import Control
from connector.sandbox.next_engine.deeds import Deeds
from connector.sandbox.next_engine.fields import ROW_FIELDS, SLIP_FIELDS
from connector.sandbox.next_engine.gate import Gate
from connector.sandbox.next_engine.importer import Importer
from connector.sandbox.next_engine.intake import Intake
from connector.sandbox.next_engine.letters import Letters
from connector.sandbox.next_engine.model import Goods, IntakeLine, Request, Row, Slip, Usage
from connector.sandbox.next_engine.operator import Operator
from connector.sandbox.next_engine.pages.office import Records
from connector.sandbox.next_engine.pages.window import Window
from connector.sandbox.next_engine.reads import Reads
from connector.sandbox.next_engine.script import Planned
from connector.sandbox.next_engine.server import Server
from connector.sandbox.next_engine.settings import NextEngineSettings
from connector.sandbox.next_engine.stock import Stock
from connector.sandbox.next_engine.tokens import TokenDesk, TokenPair
from connector.sandbox.next_engine.writes import Writes

REQUESTS_KEPT = 500  # of the request log


class NextEngineSandbox:
    """The town's Next Engine. `operator` does what people do there."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        faults: Faults | None = None,
        history: History | None = None,
        settings: NextEngineSettings | None = None,
    ) -> None:
        self.settings = settings or NextEngineSettings()
        self.history = history or History(clock)
        self.usage: dict[str, Usage] = defaultdict(Usage)
        self.requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        self._clock = clock
        self._books = Books(clock, self.settings, self.history)
        self._stock = Stock(self._books)
        self._letters = letters = Letters(self._books)
        deeds = Deeds(self._books, self._stock, letters)
        self._tokens = TokenDesk(
            self._books.agenda, self.settings, self.history, random.Random(f"{seed}/tokens")
        )
        self._account = Account(self.settings, self._tokens)
        self._intake = Intake(self._books, self._stock)
        Automation(self._books, self._stock)
        self._gate = Gate(
            self._books,
            self._account,
            self._tokens,
            Reads(self._books, self._stock),
            Writes(self._books, self._stock, deeds, letters),
            Importer(self._books, self._stock, letters),
            faults or Faults(),
        )
        self.operator = Operator(self._books, self._stock, deeds, letters, self._tokens)
        self.control = Control(
            self.operator,
            self._gate.script,
            self.deliver,
            self._views(),
        )
        self.window = Window(self, self._books)
        self._server = Server(self, signed_in_browser=self.settings.signed_in_browser)

    # the town's side

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, *, ssl_context: ssl.SSLContext | None = None
    ) -> str:
        """Open the one port for login screens and API, with TLS if asked; its base URL."""
        return await self._server.start(host, port, ssl_context)

    async def stop(self) -> None:
        await self._server.stop()

    def next_event_at(self) -> datetime | None:
        return self._books.agenda.next_at()

    async def advance(self) -> None:
        self._books.agenda.run_due()

    # the neighbours' side

    @property
    def intake_addresses(self) -> dict[str, str]:
        """受注情報取込み用メールアドレス by shop id, as they are now."""
        return {shop.id: shop.intake_address for shop in self._books.shops.values()}

    def takes(self, recipient: str) -> bool:
        """Whether mail for this address is NE's to read or to lose: any address of its mail domain."""
        domains = {shop.intake_address.rpartition("@")[2].casefold() for shop in self.settings.shops}
        domains |= {address.rpartition("@")[2].casefold() for address in self.intake_addresses.values()}
        return recipient.rpartition("@")[2].casefold() in domains

    def deliver(self, mail: bytes, recipient: str) -> None:
        """An intake mail arrives; after the intake's delay it opens a slip, or nothing."""
        self._intake.deliver(mail, recipient)

    # preparing and looking

    @property
    def client_id(self) -> str:
        return self.settings.client_id

    @property
    def client_secret(self) -> str:
        return self.settings.client_secret

    def issue_pair(
        self, uid: str | None = None, *, access: str | None = None, refresh: str | None = None
    ) -> TokenPair:
        """A stored pair to start with, as batch programs have one (§11); tokens of your own choice if given."""
        user = self.settings.user(uid) if uid else self.settings.users[0]
        return self._tokens.issue(user.uid, access=access, refresh=refresh)

    def new_state(self, uid: str | None = None, *, state: str | None = None) -> str:
        """A person has signed in: the state their browser would bring back; one of your own choice if given."""
        return self._tokens.new_state(uid or self.settings.users[0].uid, state)

    def seed_goods(self, goods: Iterable[Goods]) -> None:
        """Put goods with their stock into the master."""
        self._stock.stock_goods(goods)

    def goods(self, sku: str) -> Goods:
        return self._stock.goods[sku]

    def restore(self, texts: Mapping[str, str | None], rows: Iterable[Mapping[str, str | None]] = ()) -> Slip:
        """Put a slip into the books as it stood somewhere else: wire names, its own number and promises."""
        number = texts.get(wire.SLIP_ID)
        slip = self._books.open(
            _only(SLIP_FIELDS, texts),
            [Row.new(**_only(ROW_FIELDS, row)) for row in rows],
            number=int(number) if number else None,
        )
        if slip.status != wire.STATUS_SHIPPED:
            self._stock.adopt(slip)
        return slip

    def plan_reply(
        self,
        reply: str,
        *,
        path: str = "",
        times: int = 1,
        applied: bool = False,
        with_tokens: bool = True,
        empty_tokens: bool = False,
        seconds: float = 0.0,
        wall: bool = False,
    ) -> None:
        """The next calls (of this path) get this code, or `html-502`, `drop`, `empty`, `slow`, `late`; see `script.py`.

        `slow` and `late` take `seconds` of the town's clock, or real ones with `wall`; with `applied` the work is
        done before the wait.
        """
        self._gate.script.plan(Planned(reply, path, times, applied, with_tokens, empty_tokens, seconds, wall))

    @property
    def intake_log(self) -> list[IntakeLine]:
        """What became of every order mail, by shop; nobody outside is ever told."""
        return self._intake.log

    @property
    def letters_sent(self) -> dict[str, dict[str, int]]:
        """Automatic mails by day and kind (J, H, F)."""
        return {day: dict(kinds) for day, kinds in self._letters.sent.items()}

    @property
    def slips(self) -> Mapping[int, Slip]:
        return self._books.slips

    def slips_of(self, order_number: str, shop_id: str = "1") -> list[Slip]:
        return self._books.of_order(shop_id, order_number)

    def tab(self, number: int) -> str | None:
        """The tab the slip stands under on NE's screen."""
        slip = self._books.find(number)
        return screens.tab(slip, self._books.shops[slip.shop_id], self._stock.goods, self._books.now())

    # the server's side

    def answer(self, call: Call) -> dict[str, Any]:
        return self._gate.answer(call)

    def planned_wait(self, call: Call) -> Planned | None:
        return self._gate.script.wait(call.path)

    async def wait(self, planned: Planned) -> None:
        """A request takes its time; nothing else in the town waits for it."""
        if planned.wall:
            await asyncio.sleep(planned.seconds)
        else:
            await self._clock.sleep(planned.seconds)

    def meter(self, call: Call, received: int, sent: int, code: str) -> None:
        """Count a request; the month the free budget is passed is told once, never enforced (§2.5)."""
        month, settings = jst(self._books.now()).strftime("%Y-%m"), self.settings
        usage = self.usage[month]
        before = usage.passes(settings.monthly_requests, settings.monthly_bytes)
        usage.count(call.path, received, sent)
        if usage.passes(settings.monthly_requests, settings.monthly_bytes) and not before:
            self.history.add("budget_passed", month, requests=usage.requests, size=usage.bytes)
        self.requests.append(Request(self._books.stamp(), call.path, code, received, sent))

    def sign_in_address(self, query: Mapping[str, str]) -> str:
        """Where the login screen sends the browser; SignInRefused when it does not."""
        return self._account.redirect(query)

    def launch_address(self) -> str:
        """Where NE's app menu sends the browser."""
        return self._account.launch()

    def records(self) -> Records:
        """What the page of the account shows."""
        return Records(
            shops=self._books.shops.values(),
            patterns=self._books.patterns.values(),
            stock_taking=self._books.stock_taking,
            letters_on=self._letters.on,
            letters_sent=self._letters.sent,
            intake=self._intake.log,
            usage=self.usage,
            requests=list(self.requests),
            free_requests=self.settings.monthly_requests,
        )

    def _views(self) -> dict[str, Callable[[], Any]]:
        """What the control plane shows."""
        return {
            "slips": self._slip_view,
            "usage": lambda: self.usage,
            "requests": lambda: list(self.requests),
            "intake": lambda: self.intake_log,
            "letters": lambda: self.letters_sent,
        }

    def _slip_view(self) -> list[dict[str, Any]]:
        return [
            {
                "slip": slip.number,
                "order": slip.order_number,
                "shop": slip.shop_id,
                "status": slip.status,
                "cancel_type": slip.fields[wire.CANCEL_TYPE],
                "tab": self.tab(slip.number),
                "tracking": slip.fields[wire.TRACKING],
            }
            for slip in self._books.slips.values()
        ]


def _only(names: Mapping[str, object], texts: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: text for name, text in texts.items() if name in names}
