"""Doubles on the slip's page (二重出荷の疑い): what was sent before, beside the slip that waits for a decision."""

from __future__ import annotations

from typing import Any

from connector.doubles import Kind
from connector.ledger.views.suspects import suspects
from connector.web.frame import View
from connector.words.doubles import DOUBLES


async def suspects_of(view: View, number: str) -> dict[str, Any]:
    """What the template of a slip needs to show them."""

    def name(kind: Kind) -> str:
        return DOUBLES[kind].name.say(view.lang)

    def means(kind: Kind) -> str:
        return DOUBLES[kind].means.say(view.lang)

    rows = await view.read(lambda connection: suspects(connection, view.shop, number, view.now))
    return {"suspects": rows, "double_name": name, "double_means": means}
