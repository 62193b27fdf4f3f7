"""Frame (画面の枠): one request's shop, language and time, and how a template becomes a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from aiohttp import web

from connector import words
from connector.ledger.views import AlarmRow, Connection, sentence_of
from connector.reports import figure_value, lamp_name, what, what_to_do, written
from connector.shop import Shop
from connector.web.context import CONTEXT, WebContext
from connector.words.history import facts_of
from connector.words.kept import kept
from connector.words.letters import letters
from connector.words.proofs import proof

Answer = TypeVar("Answer")
ALARMS = web.RequestKey("alarms", tuple[AlarmRow, ...])

_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ASKED = ("q", "offset", "state", "reason", "situation", "all", "days", "on")  # what a list may be asked for
SIGN_IN = "/next-engine/"
SAID = {403: "error_403", 404: "error_404", 405: "error_405", 421: "error_421", 500: "error_500"}


class View:
    """What one request asks for: which shop, in which language, at which instant."""

    # Pages that every page leads to. Not set in the template: what base.html sets would hide what a page hands over.
    in_sight = ("home", "orders", "held", "cases", "changes", "stops", "strays", "money", "reports")
    in_menu = (
        "alarms", "waiting", "intake", "preflight", "stage_stops", "mails", "renewals", "automation", "stock",
        "goods_returns", "next_engine",
    )  # fmt: skip

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.context: WebContext = request.app[CONTEXT]
        self.now: datetime = self.context.clock.now()
        asked = request.query.get("lang", "")
        self.lang = asked if asked in words.LANGUAGES else self.context.lang
        self.shop = self._shop(request.query.get("shop", ""))
        self.alarms: tuple[AlarmRow, ...] = request.get(ALARMS, ())  # open ones, for the band on every page

    def _shop(self, key: str) -> Shop:
        if not key:
            return self.context.shops[0]
        for shop in self.context.shops:
            if shop.key == key:
                return shop
        raise web.HTTPNotFound

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        return await self.context.database.read(work)

    def link(self, *path: str, **query: object) -> str:
        """A link that keeps the language and the shop; parts of the path are quoted."""
        kept: dict[str, object] = {}
        if self.lang != self.context.lang:
            kept["lang"] = self.lang
        kept |= self._other_shop()
        kept |= {key: value for key, value in query.items() if value not in ("", None)}
        where = "/" + "/".join(quote(part, safe="") for part in path)
        return where + ("?" + urlencode(kept) if kept else "")

    @property
    def in_the_other_language(self) -> str:
        """This very page, with everything it was asked for."""
        kept = [(key, value) for key, value in self.request.query.items() if key in ASKED]
        if self.request.path.startswith(SIGN_IN):
            kept = []  # what a person brings back from there is for one use
        return "?" + urlencode(
            [*kept, ("lang", "ja" if self.lang == "en" else "en"), *self._other_shop().items()]
        )

    def _other_shop(self) -> dict[str, object]:
        return {"shop": self.shop.key} if self.shop is not self.context.shops[0] else {}

    def page(self, template: str, *, status: int = 200, here: str = "", **values: Any) -> web.Response:
        """An HTML page. Everything in `values` is escaped where it is printed."""
        text = _PAGES.get_template(template).render(view=self, here=here, **self._tools(), **values)
        return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)

    def json(self, value: object) -> web.Response:
        body = msgspec.json.encode(value, order="deterministic")
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    def _tools(self) -> dict[str, Any]:
        lang, now = self.lang, self.now
        return {
            "lang": lang,
            "shop": self.shop,
            "context": self.context,
            "now": now,
            "link": self.link,
            "t": lambda key: words.label(key, lang),
            "yen": lambda amount: words.yen(amount, lang),
            "count": lambda number: words.count(number, lang),
            "letters": lambda status: letters(status, lang),
            "moment": lambda at: words.moment(at, lang),
            "clock": lambda at: words.clock_time(at, now, lang),
            "age": lambda at: words.age(now - at if at is not None else None, lang),
            "state": lambda item, value: words.state(item, value, lang),
            "state_means": lambda item, value: words.place(item, value).means.say(lang),
            "stage": lambda name: words.stage(name, lang),
            "reason": lambda value: words.reason(value, lang),
            "alarm_word": lambda kind: words.ALARMS[kind],
            "word": lambda value: words.REASONS[words.Reason(value)],
            "wait": lambda value: words.wait(value, lang),
            "checked": lambda row: words.checked(row.tab, row.code, lang),
            "effect": lambda kind: words.effect(kind, lang),
            "proof": lambda evidence: proof(evidence, lang),
            "effect_state": lambda value: words.effect_state(value, lang),
            "system": lambda name: words.system(name, lang),
            "payment_state": lambda value: words.payment_state(value, lang),
            "result": lambda value: words.result(value, lang),
            "say": lambda text: text.say(lang),
            "kept_words": lambda text: kept(text, lang),
            "sentence": lambda row: sentence_of(row, lang),
            "proved": lambda found: facts_of(found, lang),
            "verdict": lambda value: words.STOP_VERDICTS[value].say(lang),
            "what": lambda todo: what(todo, lang),
            "what_to_do": lambda todo: what_to_do(todo, lang),
            "lamp_name": lambda key: lamp_name(key, lang),
            "figure_name": lambda key: words.FIGURES[key][0].say(lang),
            "figure_means": lambda key: words.FIGURES[key][1].say(lang),
            "figure": lambda one, value: figure_value(one, value, lang),
            "cell": lambda value, column: written(value, column, lang),
        }


def error_page(request: web.Request, status: int) -> web.Response:
    """What a person reads instead of a stack of internals; JSON where a list was asked for."""
    asked = request.query.get("lang", "")
    context = request.app[CONTEXT]
    lang = asked if asked in words.LANGUAGES else context.lang
    said = words.label(SAID.get(status, "error_other"), lang)
    if request.path.endswith(".json"):
        body = msgspec.json.encode({"status": status, "words": said})
        return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")
    title = words.label("error_title", lang)
    text = _PAGES.get_template("error.html").render(
        lang=lang,
        title=title,
        words=said,
        back=words.label("nav_home", lang),
        product=words.label("product", lang),
        banner=context.banner.say(lang),
        status=status,
    )
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
