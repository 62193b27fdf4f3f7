"""The API's front (API の入口一覧): every path of v2, with and without `.json`, and its v1 twin.

spec/ecforce.md §2.7, §2.18. v1 lacks `/admin`, takes shipping results by POST too and knows no customer side.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.api_customers import CustomersApi
from connector.sandbox.cart.api_items import ItemsApi
from connector.sandbox.cart.api_masters import MastersApi
from connector.sandbox.cart.api_orders import OrdersApi
from connector.sandbox.cart.api_results import ResultsApi
from connector.sandbox.cart.api_shopper import ShopperApi
from connector.sandbox.cart.api_subs import SubsApi
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.documents import Lister, Quirks
from connector.sandbox.cart.gate import Gate, Handler
from connector.sandbox.cart.includes import Includes
from connector.sandbox.cart.kinds import Kinds

ADMIN = "/admin"

Routes = Iterable[tuple[str, str, Handler]]


def open_api(app: web.Application, office: BackOffice, gate: Gate, quirks: Quirks) -> None:
    """Put all of it on the application."""
    lister, kinds = Lister(quirks, office.shop), Kinds(office.shop, Includes(office.shop, office.cards))
    results = ResultsApi(office, lister, kinds)
    session: Routes = (
        ("POST", wire.PATHS["sign_in"], gate.sign_in),
        ("GET", wire.PATHS["sign_out"], gate.sign_out),
    )
    shopper: Routes = (
        ("POST", wire.PATHS["shopper_sign_in"], gate.shopper_sign_in),
        ("GET", wire.PATHS["shopper_sign_out"], gate.shopper_sign_out),
        *ShopperApi(office, lister, kinds).routes(),
    )
    admin: Routes = (
        *OrdersApi(office, lister, kinds).routes(),
        *results.routes(),
        *SubsApi(office, lister, kinds).routes(),
        *CustomersApi(office, lister, kinds).routes(),
        *ItemsApi(office, lister, kinds).routes(),
        *MastersApi(office, lister, kinds).routes(),
    )
    twins = ((method, path.removeprefix(ADMIN), handler) for method, path, handler in admin)
    for routes in (session, admin, shopper):
        _add(app, wire.API_V2, routes)
    for routes in (session, twins, results.routes_v1()):
        _add(app, wire.API_V1, routes)


def _add(app: web.Application, prefix: str, routes: Routes) -> None:
    """Both spellings (§2.1)."""
    for method, path, handler in routes:
        app.router.add_route(method, prefix + path, handler)
        app.router.add_route(method, f"{prefix}{path}.json", handler)
