"""Forms of the control plane (操作の書式): reading what it is told, and settings as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_type_hints

import msgspec
from aiohttp import web

from connector.sandbox.cart.refusal import Refusal, Sentence
from connector.sandbox.cart.settings import CartSettings

Form = TypeVar("Form")

NOT_JSON: Final = ("is_closed", "lead_days")  # functions: the holiday calendar has a form of its own
HIDDEN: Final = ("token", "password", "customer_password", "webhook_secret")


async def read_form(request: web.Request, type_: type[Form]) -> Form:
    """The body as this form; an empty body is an empty form. Raises Refusal for anything else."""
    try:
        body = msgspec.json.decode(await request.read() or b"{}")
        return msgspec.convert(body, type_)
    except msgspec.ValidationError as error:
        raise Refusal(422, Sentence("SANDBOX", str(error))) from error
    except msgspec.DecodeError as error:
        raise Refusal(400, Sentence("SANDBOX", str(error))) from error


def shown_settings(settings: CartSettings) -> dict[str, Any]:
    """All settings that are data, without what opens the door."""
    names = [name for name in settings.__struct_fields__ if name not in (*NOT_JSON, *HIDDEN)]
    return {name: msgspec.to_builtins(getattr(settings, name)) for name in names}


def change_of_settings(wish: Mapping[str, Any]) -> dict[str, Any]:
    """The named settings as what they are. Raises Refusal for a name or a value the shop does not have."""
    types = get_type_hints(CartSettings)
    unknown = [name for name in wish if name not in types or name in NOT_JSON]
    if unknown:
        raise Refusal(422, Sentence("SANDBOX", f"no setting {', '.join(unknown)}"))
    try:
        return {name: msgspec.convert(value, types[name]) for name, value in wish.items()}
    except msgspec.ValidationError as error:
        raise Refusal(422, Sentence("SANDBOX", str(error))) from error
