"""Values of free columns over HTTP (自由項目), alike for orders and subscriptions (spec/ecforce.md §2.7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from connector.sandbox.cart.bulk import BulkResult, rows_of
from connector.sandbox.cart.documents import answer
from connector.sandbox.cart.free_columns import FreeValues
from connector.sandbox.cart.gate import Handler, read_object

Row = dict[str, Any]
Route = tuple[str, str, Handler]


class FreeValuesApi:
    """Handlers of `…/free_column_values`; `record` proves an id and raises Refusal for an unknown one."""

    def __init__(self, values: FreeValues, prefix: str, record: Callable[[str], int]) -> None:
        self._values, self._prefix, self._record = values, prefix, record

    def routes(self, one: str) -> tuple[Route, ...]:
        at = f"{one}/free_column_values"
        return (
            ("GET", at, self.shown),
            ("POST", f"{at}/bulk_create", partial(self.write, self._values.create)),
            ("PUT", f"{at}/bulk_update", partial(self.write, self._values.update)),
        )

    async def shown(self, request: web.Request) -> web.Response:
        """A bare array, neither envelope nor meta."""
        return answer(self._values.shown(self._record(request.match_info["id"])))

    async def write(self, deed: Callable[[int, Row], None], request: web.Request) -> web.Response:
        """Numbers in the reply are positions, for updates too."""
        id_ = self._record(request.match_info["id"])
        result = BulkResult(self._prefix)
        rows = rows_of(await read_object(request, self._prefix), "free_columns", self._prefix)
        for place, row in enumerate(rows, start=1):
            result.run(place, deed, id_, row if isinstance(row, dict) else {})
        return answer(result.body())
