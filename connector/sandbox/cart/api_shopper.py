"""The customer side over HTTP (マイページ API): what a shopper who signed in may do with the own subscriptions.

spec/ecforce.md §2.13, §7.1, §7.7. One wish at a time: state with its reasons, the cycle with its components, the
next delivery date alone, or the skip alone. Dangerous: what the shop does not allow on マイページ is refused here
while the admin API still does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.documents import Lister
from connector.sandbox.cart.gate import SHOPPER, Handler, read_object
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.model import Customer, Item, SubsOrder
from connector.sandbox.cart.refusal import invalid, missing, not_found, not_valid
from connector.sandbox.cart.renewals import SHOPPER as ACTOR
from connector.sandbox.cart.resources_subs import EVERY_DAYS, EVERY_MONTHS, ON_DAY, ON_WEEK, ON_WEEKDAY
from connector.sandbox.cart.shop import planned_on
from connector.sandbox.cart.subs_births import FROM_LAST_ORDER
from connector.sandbox.cart.texts import read_int, read_switch

ASO: Final = wire.PREFIX_SUBS_ORDER
DELIVERY: Final = "scheduled_to_be_delivered_at"
SKIP: Final = "skip_next_scheduled_delivery"
PAST_SHIP: Final = "enable_past_scheduled_to_be_shipped_at_error"
PAST_ERROR: Final = "enable_recalc_past_date_error"
STATE_KEYS: Final = frozenset(["state", "suspend_reason_ids", "cancel_reason_ids"])
CYCLE_KEYS: Final = frozenset(
    ["payment_schedule", EVERY_MONTHS, ON_DAY, EVERY_DAYS, ON_WEEK, ON_WEEKDAY, FROM_LAST_ORDER, PAST_ERROR]
)
WISHES: Final = (STATE_KEYS, CYCLE_KEYS, frozenset([DELIVERY]), frozenset([SKIP]))
EDITABLE: Final = ("email", "optin", "password", "customer_type_id", "line_id", "link_number")
ADDRESSES: Final = ("billing_address_attributes", "shipping_addresses_attributes", "notes_attributes")
WORDS_NOT_ALLOWED: Final = "マイページからは変更できません。"
WORDS_PAST_DATE: Final = "次回配送予定日に過去の日付は指定できません。"

Row = dict[str, Any]


class ShopperApi:
    """Handlers of `/customer…`."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._office, self._shop, self._lister, self._kinds = office, office.shop, lister, kinds

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        me, at = wire.PATHS["shopper"], wire.PATHS["shopper_subs_orders"]
        one, item = at + r"/{id:\d+}", at + r"/{id:\d+}/order_items/{item_id:\d+}"
        return (
            ("GET", me, self.profile),
            ("PUT", me, self.put_profile),
            ("GET", at, self.page),
            ("GET", one, self.one),
            ("PUT", one, self.put),
            ("POST", at + r"/{id:\d+}/order_items", self.add_item),
            ("PUT", item, self.put_item),
            ("DELETE", item, self.remove_item),
        )

    # --- the shopper ---

    async def profile(self, request: web.Request) -> web.Response:
        return self._lister.one(request, self._kinds.customers, self._customer(request))

    async def put_profile(self, request: web.Request) -> web.Response:
        """Only what a shopper may say of himself; the rest is dropped without a word."""
        customer = self._customer(request)
        form = (await read_object(request, wire.PREFIX_CUSTOMER)).get("customer")
        if not isinstance(form, dict):
            raise missing(wire.PREFIX_CUSTOMER, "customer")
        allowed = {key: value for key, value in form.items() if key in (*EDITABLE, *ADDRESSES)}
        self._office.customer_edits.update(customer, allowed)
        return self._lister.one(request, self._kinds.customers, customer)

    # --- the own subscriptions ---

    async def page(self, request: web.Request) -> web.Response:
        return self._lister.page(request, self._kinds.subs, self._own(request))

    async def one(self, request: web.Request) -> web.Response:
        return self._lister.one(request, self._kinds.subs, self._subs(request))

    async def put(self, request: web.Request) -> web.Response:
        """The updated subscription as an array of one."""
        subs = self._subs(request)
        params = (await read_object(request, ASO)).get("subs_order")
        if not isinstance(params, dict):
            raise missing(ASO, "subs_order")
        self._grant(subs, params)
        self._shop.history.add("subs_changed", subs.number, keys=sorted(params))
        return self._lister.several(request, self._kinds.subs, [subs])

    def _grant(self, subs: SubsOrder, params: Row) -> None:
        """The one wish of this request; wishes that do not go together are refused (SANDBOX: …3002)."""
        asked = [keys for keys in WISHES if keys & params.keys()]
        if len(asked) > 1:
            raise invalid(ASO, sorted(asked[-1] & params.keys())[0])
        deeds: dict[frozenset[str], Callable[[SubsOrder, Row], None]] = dict(
            zip(WISHES, (self._set_state, self._set_cycle, self._set_date, self._skip), strict=True)
        )
        for keys in asked:
            deeds[keys](subs, {key: params[key] for key in keys & params.keys()})

    def _set_state(self, subs: SubsOrder, params: Row) -> None:
        wish, state = self._shop.settings.mypage, params.get("state", subs.state)
        if state == wire.SUBS_ACTIVE and subs.state != wire.SUBS_ACTIVE:
            self._demand(wish.resume in ("both", subs.state))
        elif state == wire.SUBS_CANCELED and subs.state != wire.SUBS_CANCELED:
            self._demand(wish.cancel)  # whether お約束回数 allow it, the engine says
        self._office.subs_edits.apply(subs, params, actor=ACTOR)

    def _set_cycle(self, subs: SubsOrder, params: Row) -> None:
        """The next dates stay unless they are to be reckoned from the last order."""
        self._demand(self._shop.settings.mypage.change_cycle)
        before = subs.cycle, subs.next_ship_at, subs.next_delivery_at
        self._office.subs_edits.apply(subs, params, actor=ACTOR)
        if not read_switch(params.get(FROM_LAST_ORDER)):
            return
        self._office.schedule.plan_from_last(subs)
        if read_switch(params.get(PAST_ERROR)) and planned_on(subs.next_delivery_at) < self._shop.today():
            subs.cycle, subs.next_ship_at, subs.next_delivery_at = before
            self._shop.touch(subs)
            raise not_valid(ASO, WORDS_PAST_DATE)

    def _set_date(self, subs: SubsOrder, params: Row) -> None:
        """The ship date follows: a shopper knows none."""
        self._demand(self._shop.settings.mypage.change_date)
        if not params[DELIVERY]:
            raise missing(ASO, DELIVERY)
        together = {**params, "sync_scheduled_to_be_shipped_at": 1, PAST_SHIP: 1}
        self._office.subs_edits.apply(subs, together, actor=ACTOR)

    def _skip(self, subs: SubsOrder, params: Row) -> None:
        """Once, until the next delivery was made."""
        self._demand(self._shop.settings.mypage.skip)
        if read_switch(params[SKIP]):
            self._office.renewals.skip(subs)

    # --- items ---

    async def add_item(self, request: web.Request) -> web.Response:
        """The added item as an array of one; for every order, or with `onetime:1` for the next alone."""
        subs, row = await self._item(request, ("variant_id", "quantity", "onetime"))
        item = self._office.subs_items.add(subs, row, actor=ACTOR)
        return self._lister.several(request, self._kinds.items, [item])

    async def put_item(self, request: web.Request) -> web.Response:
        subs, row = await self._item(request, ("variant_id", "quantity"))
        item = self._office.subs_items.change(subs, request.match_info["item_id"], row, actor=ACTOR)
        changed: list[Item] = [] if item is None else [item]
        return self._lister.several(request, self._kinds.items, changed)

    async def remove_item(self, request: web.Request) -> web.Response:
        subs, _ = await self._item(request, ())
        self._office.subs_items.change(subs, request.match_info["item_id"], {"delete": 1}, actor=ACTOR)
        return web.Response(status=204)

    async def _item(self, request: web.Request, keys: Iterable[str]) -> tuple[SubsOrder, Row]:
        subs = self._subs(request)
        self._demand(self._shop.settings.mypage.change_items)
        row = (await read_object(request, wire.PREFIX_SUBS_ITEM)).get("order_item")
        form = row if isinstance(row, dict) else {}
        return subs, {key: form[key] for key in keys if key in form}

    # --- who asks ---

    def _demand(self, allowed: bool) -> None:
        if not allowed:
            raise not_valid(ASO, WORDS_NOT_ALLOWED)

    def _customer(self, request: web.Request) -> Customer:
        return self._shop.customers[request[SHOPPER]]

    def _own(self, request: web.Request) -> list[SubsOrder]:
        return [self._shop.subs[id_] for id_ in self._customer(request).subs_ids]

    def _subs(self, request: web.Request) -> SubsOrder:
        """Another's subscription is as unknown as one that does not exist."""
        wanted = read_int(request.match_info["id"])
        found = next((subs for subs in self._own(request) if subs.id == wanted), None)
        if found is None or found.deleted_at is not None:
            raise not_found(ASO, "subs_order")
        return found
