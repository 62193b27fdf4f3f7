"""OPENLOGI's stops (取消): DELETE before the work, a request to the floor after it, and what "gone" proves (§2.2).

Dangerous: a cancelled 出荷依頼 is simply gone, and so is one that was never there. Gone counts as stopped only where
we asked for it. What only the ledger remembers of that (this process has not sent it) is held against OPENLOGI's own
lists first. Nothing is asked once more while an earlier request surely arrived.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from connector.adapters.wms.api import number_of, refused, taken
from connector.adapters.wms.openlogi_said import (
    BEFORE_WORK,
    CANCEL_ASKED,
    ON_THE_FLOOR,
    SHIPMENTS,
    SHIPPED,
    departure,
    document_of,
    explain,
)
from connector.errors import Unknown
from connector.outcome import Absent, CannotTell, Effect, Reply, Sent
from connector.ports import Receipt
from connector.transport.http import Answer

GONE: Final = "取消済み"
NEVER_SEEN: Final = "OPENLOGI にこの伝票の出荷依頼がありません。取消の前からないので、止まったとは言えません"
NOT_SURE: Final = (
    "OPENLOGI に出荷依頼がありません。取消が届いたかは確かめられないので、倉庫に電話で確かめてください"
)
LEFT_MEANWHILE: Final = "取消を送る間に OPENLOGI から出荷依頼がなくなりました。倉庫に確かめてください"


class Calls(Protocol):
    """What a stop needs of the API."""

    async def find(self, number: str, effect: Effect) -> dict[str, Any] | None: ...

    async def listed(self, number: str, effect: Effect) -> bool: ...

    async def write(self, method: str, path: str, body: bytes, effect: Effect) -> Answer: ...


class Stops:
    """Stops of one account. `asked`: slips for which this process sent a request, or may have."""

    def __init__(self, calls: Calls, asked: set[str]) -> None:
        self._calls, self._asked = calls, asked

    async def send(self, effect: Effect) -> Reply | Receipt:
        document = await self._calls.find(number_of(effect), effect)
        if document is None:
            return await self._gone(effect) or CannotTell(NEVER_SEEN)
        if document.get("status") in BEFORE_WORK:
            answer = await self._ask(effect, "DELETE", f"/{SHIPMENTS}/{document['id']}", b"")
            if answer.status in (200, 204):
                answer.accepted(explain)
                return taken(effect, f"{document['id']} 削除")
            if answer.status != 403:
                return _odd(answer)
            # It has moved on meanwhile.
            document = await self._calls.find(number_of(effect), effect) or document
            if document.get("status") not in ON_THE_FLOOR:
                return refused(effect, explain(answer.body)[1])
        if document.get("status") == CANCEL_ASKED:
            self._asked.add(number_of(effect))
            return Sent({"id": document["id"], "status": CANCEL_ASKED})
        if document.get("status") == SHIPPED:
            return refused(effect, departure(document))
        return await self._ask_the_floor(effect, str(document["id"]))

    async def _ask_the_floor(self, effect: Effect, shipment_id: str) -> Reply | Receipt:
        answer = await self._ask(effect, "POST", f"/{SHIPMENTS}/{shipment_id}/cancel", b"{}")
        if answer.status == 403:
            return refused(effect, explain(answer.body)[1])
        if answer.status == 404:
            return _odd(answer)
        after = document_of(answer.accepted(explain)) or {}
        return Sent({"id": shipment_id, "status": str(after.get("status", ""))})

    async def _ask(self, effect: Effect, method: str, path: str, body: bytes) -> Answer:
        """Remembered where it went out: what is gone afterwards went by our request."""
        try:
            answer = await self._calls.write(method, path, body, effect)
            if answer.status in (200, 204):
                answer.accepted(explain)
        except Unknown:
            self._asked.add(number_of(effect))
            raise
        if answer.status in (200, 204) or answer.status >= 500:
            self._asked.add(number_of(effect))
        return answer

    # --- looking ---------------------------------------------------------------------------------------

    async def receipt(self, effect: Effect) -> Receipt | None:
        """Gone after our request: stopped. Left: not. Anything else can still go either way."""
        document = await self._calls.find(number_of(effect), effect)
        if document is None:
            return await self._gone(effect)
        return refused(effect, departure(document)) if document.get("status") == SHIPPED else None

    async def lies_there(self, effect: Effect) -> Reply:
        document = await self._calls.find(number_of(effect), effect)
        surely, status = self._surely(effect), str((document or {}).get("status", ""))
        if document is None and not surely:
            return CannotTell(NOT_SURE)
        if document is None or status in (CANCEL_ASKED, SHIPPED) or (surely and status in ON_THE_FLOOR):
            if status == CANCEL_ASKED:
                self._asked.add(number_of(effect))
            return Sent({"status": status or "gone"})
        return Absent({"status": status})

    def _surely(self, effect: Effect) -> bool:
        return number_of(effect) in self._asked or effect.facts.get("asked") == "surely"

    async def _gone(self, effect: Effect) -> Receipt | None:
        """For a slip that OPENLOGI does not find: that it went by our request, None where that is not proved."""
        number = number_of(effect)
        if self._surely(effect):
            return taken(effect, GONE)
        if not effect.facts.get("asked") or await self._calls.listed(number, effect):
            return None
        self._asked.add(number)
        return taken(effect, GONE)


def _odd(answer: Answer) -> Reply:
    if answer.status == 404:
        return CannotTell(LEFT_MEANWHILE)
    answer.accepted(explain)
    return CannotTell(f"OPENLOGI の取消の返信を読み取れません (HTTP {answer.status})")
