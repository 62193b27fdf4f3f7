"""Window (窓口): which page a person sees, and what becomes of the form they sent; knows nothing of sockets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Protocol

from connector.sandbox.history import Event, History
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.control import Control
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.next_engine.pages.forms import OFFICE_FORMS, SLIP_FORMS, Form
from connector.sandbox.next_engine.pages.frame import NO_TAB, OFFICE, page
from connector.sandbox.next_engine.pages.listing import found, listing
from connector.sandbox.next_engine.pages.office import Records, office_page
from connector.sandbox.next_engine.pages.slip import slip_page
from connector.sandbox.next_engine.screens import NEW, TABS


class Account(Protocol):
    """What the pages need of the sandbox."""

    control: Control
    history: History

    def tab(self, number: int) -> str | None: ...
    def records(self) -> Records: ...


class Window:
    """All pages of the account. LookupError when there is no such slip, act or page."""

    def __init__(self, account: Account, books: Books) -> None:
        self._account, self._books = account, books

    def overview(self, query: Mapping[str, str]) -> str:
        """A tab, or a search by order or slip number."""
        by_tab = self._by_tab()
        asked = query.get("q", "").strip()
        if asked:
            return self._page(f"{asked} の伝票", found(asked, self._search(asked)), by_tab)
        tab = query.get("tab") or NEW
        if tab not in (*TABS, NO_TAB):
            raise LookupError(f"{tab} というタブはありません")
        start = int(query["from"]) if query.get("from", "").isdecimal() else 0
        return self._page(tab, listing(tab, by_tab[tab], start), by_tab, current=tab)

    def slip(self, number: str, query: Mapping[str, str]) -> str:
        slip = self._slip(number)
        tab = self._account.tab(slip.number)
        family = [
            other for other in self._books.of_order(slip.shop_id, slip.order_number) if other is not slip
        ]
        body = slip_page(slip, tab, family, self._events(slip))
        return self._page(f"伝票 {slip.number}", body, self._by_tab(), query, current=tab or NO_TAB)

    def office(self, query: Mapping[str, str]) -> str:
        body = office_page(self._account.records())
        return self._page(OFFICE, body, self._by_tab(), query, current=OFFICE)

    def act_on_slip(self, number: str, act: str, given: Mapping[str, str]) -> tuple[str, str]:
        """What was done, and an error if it was not."""
        return self._act(SLIP_FORMS, act, given, self._slip(number))

    def act_in_office(self, act: str, given: Mapping[str, str]) -> tuple[str, str]:
        return self._act(OFFICE_FORMS, act, given, None)

    def _act(
        self, forms: Mapping[str, Form], act: str, given: Mapping[str, str], slip: Slip | None
    ) -> tuple[str, str]:
        form = forms.get(act)
        if form is None:
            raise LookupError(f"{act} という操作はありません")
        try:
            answer = self._account.control.do(act, form.read(given, slip))
        except (LookupError, TypeError, ValueError) as error:
            return "", f"{form.label}: できません（{error}）"
        return f"{form.label}: 済みました{_told(answer)}", ""

    def _search(self, asked: str) -> list[Slip]:
        slips = {slip.number: slip for slip in self._books.with_orders([asked])}
        slips |= {slip.number: slip for slip in self._books.with_numbers([asked])}
        if not slips:
            slips = {
                slip.number: slip
                for slip in self._books.slips.values()
                if asked.casefold() in slip.order_number.casefold()
            }
        return [slips[number] for number in sorted(slips, reverse=True)]

    def _slip(self, number: str) -> Slip:
        if not number.isdecimal():
            raise LookupError(f"伝票 {number} はありません")
        return self._books.find(int(number))

    def _events(self, slip: Slip) -> list[Event]:
        """Everything the history tells of this slip, or of its order before there were slips."""
        own, order = str(slip.number), slip.order_number
        about = ("slip_opened", "order_imported", "order_skipped")
        return [
            event
            for event in self._account.history
            if event.key == own
            or (event.what in about and event.key == order)
            or (event.what == "bundled" and event.detail["into"] == slip.number)
        ]

    def _by_tab(self) -> dict[str, list[Slip]]:
        by_tab: dict[str, list[Slip]] = defaultdict(list)
        for number in sorted(self._books.slips, reverse=True):
            by_tab[self._account.tab(number) or NO_TAB].append(self._books.slips[number])
        return by_tab

    def _page(
        self,
        title: str,
        body: str,
        by_tab: Mapping[str, list[Slip]],
        query: Mapping[str, str] | None = None,
        *,
        current: str = "",
    ) -> str:
        counts = {tab: len(slips) for tab, slips in by_tab.items()}
        told, error = (query or {}).get("told", ""), (query or {}).get("error", "")
        company, now = self._books.settings.company_name, self._books.stamp()
        return page(title, company, now, counts, body, current=current, told=told, error=error)


def _told(answer: Any) -> str:
    return "" if answer is None else f"（{answer}）"
