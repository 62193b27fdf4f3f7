"""Paging (ページめくり): read a list that changes while it is read, and lose no row of it.

Rows are asked for by where the last one stood (its update time, then its id), never by how many were read: an offset
over moving rows skips one for each that leaves an earlier page. Why nothing is lost: a row's update time only grows,
and never beyond now. What stood before the newest row of a page was therefore in that page, and whatever is changed
meanwhile comes again further on. Where more rows than a page holds share one second, that second is read by id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic

import msgspec
from msgspec import Raw

from connector.adapters.ecforce.reader import SYSTEM, Page, ReadPage
from connector.clock import jst
from connector.errors import NotDone

Conditions = Sequence[tuple[str, str]]
Ask = Callable[[Conditions], Awaitable[bytes]]

MOST_PAGES = 1_000  # spec/ecforce.md §2.2: a hard cap, where only a page's number says how far we are
SWEEPS = 3  # how often such a list is begun anew because it shrank while it was read
SECOND = timedelta(seconds=1)  # as finely as the cart tells times (§2.6)


class Paging(Generic[Page]):
    """One list of the cart: `ask` gets a page of it, `read` understands the page."""

    def __init__(self, ask: Ask, read: Callable[[bytes], ReadPage[Page]]) -> None:
        self._ask = ask
        self._read: Callable[[bytes], ReadPage[Page]] = read

    async def changed_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[Page]:
        """Every row updated at or after `since`, oldest change first; rows of one second may come twice.

        With `until` what was updated before it; a row that is changed meanwhile leaves, and stands after it.
        """
        start = since.replace(microsecond=0)
        end: Conditions = [("q[updated_at_lt]", _said(until))] if until else []
        while True:
            conditions = [("q[updated_at_gteq]", _said(start)), *end, ("sort", "updated_at,id")]
            one = await self._page(conditions)
            yield one.page
            if _is_last(one):
                return
            span = _span(one)
            if span is None or span[0] < start:  # not sorted, or not filtered, as we asked
                async for page in self._counted(conditions, one):
                    yield page
                return
            oldest, start = span
            if oldest < start:
                continue
            second = [("q[updated_at_gteq]", _said(start)), ("q[updated_at_lt]", _said(start + SECOND))]
            async for page in self.by_id(second):
                yield page
            start += SECOND

    async def by_id(self, conditions: Conditions) -> AsyncIterator[Page]:
        """Every row under these conditions, newest id first; for conditions that rows leave and none enters late.

        A night's run that touches as many old orders as it creates shows those it created first.
        """
        last = 0
        while True:
            below: Conditions = [("q[id_lt]", str(last))] if last else []
            one = await self._page([*conditions, *below, ("sort", "-id")])
            yield one.page
            if _is_last(one):
                return
            ids = _ids(one.page.body)
            if not ids or (last and max(ids) >= last) or ids != sorted(ids, reverse=True):
                # q[id_lt] or the sort was ignored (§2.3)
                async for page in self._counted([*conditions, ("sort", "-id")]):
                    yield page
                return
            last = ids[-1]

    async def _counted(
        self, conditions: Conditions, first: ReadPage[Page] | None = None
    ) -> AsyncIterator[Page]:
        """By page number, for a cart that does not do as asked. Where it shrank meanwhile, begun anew.

        `first` is the first page where it was read and handed out already.
        """
        for _ in range(SWEEPS):
            one = first or await self._page(conditions)
            if first is None:
                yield one.page
            first, total, number = None, one.page.total, 1
            while not _is_last(one, number):
                number += 1
                if number > MOST_PAGES:
                    raise NotDone(f"{SYSTEM}: {MOST_PAGES} ページを読んでも終わりません")
                one = await self._page(conditions, number)
                yield one.page
            if total is None or one.page.total is None or one.page.total >= total:
                return
        raise NotDone(f"{SYSTEM}: 読んでいる間に一覧が減り続けるため、漏れがないと言えません")

    async def _page(self, conditions: Conditions, number: int = 1) -> ReadPage[Page]:
        return self._read(await self._ask([*conditions, ("page", str(number))]))


def _said(at: datetime) -> str:
    return f"{jst(at):%Y-%m-%d %H:%M:%S}"


def _is_last(one: ReadPage[Page], number: int = 1) -> bool:
    """Stop rules of §2.2: all that the page says of the end must agree, for each part of `meta` may be missing.

    One page too many costs a second, one too few an order. `links.next` is never followed: it is not null on the
    last page.
    """
    if not one.rows:
        return True
    says = []
    if one.per and one.rows < one.per:
        says.append(True)
    if one.page.total:
        before = (number - 1) * (one.per or one.rows)
        says.append(before + one.rows >= one.page.total)
    if one.total_pages:
        says.append(number >= one.total_pages)
    return bool(says) and all(says)


def _span(one: ReadPage[Page]) -> tuple[datetime, datetime] | None:
    """The first and the last update of a page, if its rows came in the order we asked for."""
    known = [at for at in one.updates if at is not None]
    return (known[0], known[-1]) if known and known == sorted(known) else None


class _Meta(msgspec.Struct, frozen=True):
    total_count: int | None = None


class _Counted(msgspec.Struct, frozen=True):
    meta: _Meta = _Meta()


def counted(body: bytes) -> int | None:
    """The cart's own count of a list, None where it says none. Raises NotDone for what is no list."""
    try:
        return msgspec.json.decode(body, type=_Counted).meta.total_count
    except msgspec.MsgspecError as error:
        raise NotDone(f"{SYSTEM}: 受注の件数を読み取れません: {error}") from error


class _Named(msgspec.Struct, frozen=True):
    id: str | int = 0


class _List(msgspec.Struct, frozen=True):
    data: list[Raw] = []


_LIST = msgspec.json.Decoder(_List)
_NAMED = msgspec.json.Decoder(_Named)


def _ids(body: bytes) -> list[int]:
    """The ids of a page's rows as they stand, of unreadable orders too; a row without one is left out."""
    found = []
    for row in _LIST.decode(body).data:
        try:
            found.append(int(_NAMED.decode(row).id))
        except (msgspec.MsgspecError, ValueError):
            continue
    return [each for each in found if each]


__all__ = ["MOST_PAGES", "Ask", "Conditions", "Paging", "counted"]
