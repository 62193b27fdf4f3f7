"""Address slots (住所と名前の割り付け): the `address:` section of a mapping, fitted once per item.

Receivers cut in silence what is too long (spec/wms.md §5.1). What does not fit is a hold with the proposed split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connector.mapping.address import JOINT, LAYOUTS, NAMES, Placed, fit, full, name_in_slots, tidied
from connector.mapping.document import Node, Section
from connector.mapping.paths import Scope
from connector.mapping.text import width
from connector.mapping.unfit import Unfit
from connector.mapping.values import EMPTY, Get, Workshop, one_path, text_paths
from connector.outcome import Reason

NAME = "お届け先名"


def compile_address(node: Node | None, shop: Workshop) -> Get | None:
    """The `address:` section: lines to split and the width of each slot, fitted once per item.

    With `name` and `names` the name has two slots of its own, name1 and name2.
    """
    section = shop.proof.section(node, ("lines", "widths", "name", "names"), ("lines", "widths"))
    if "lines" not in section or "widths" not in section:
        return None
    gets = [path.get for path in text_paths(section, "lines", shop)]
    limits = _limits(section.entries["widths"], shop)
    name, names = _name_slots(section, shop)

    def placed(scope: Scope) -> Any:
        if scope.address is None:
            scope.address = fit([_tidied(get(scope), scope) for get in gets], limits)
            if names:
                scope.address = _with_name(scope.address, scope, name, names)
        return scope.address

    return placed


def _tidied(line: str, scope: Scope) -> str:
    """One line with its digits, dashes and blanks in their usual form: nothing of it unrecorded (V6)."""
    if scope.care is not None:
        line = scope.care.clean(line)
    text, steps = tidied(line)
    if not steps:
        return line
    if scope.care is None:
        raise Unfit(Reason.UNMAPPABLE_TEXT, "")  # only the careful way keeps records
    for notes in steps:
        scope.care.firewall.noted(scope.care.column, text, notes)
    return text


def _limits(node: Node, shop: Workshop) -> list[int]:
    layout = LAYOUTS[isinstance(node, Section) and JOINT in node]
    widths = shop.proof.section(node, layout, layout)
    return [shop.proof.integer(widths.entries[slot], 1, 500) for slot in layout if slot in widths]


def _name_slots(section: Section, shop: Workshop) -> tuple[Get, list[int]]:
    """Where the name comes from, and the width of each of its slots."""
    if ("name" in section) != ("names" in section):
        shop.proof.problem(section, "name: と names: は一緒に書きます")
    if "name" not in section or "names" not in section:
        return EMPTY.get, []
    items = shop.proof.listing(section.entries["names"])
    if len(items) != len(NAMES):
        shop.proof.problem(section.entries["names"], "名前の枠の幅を二つ書いてください", "", "[32, 32]")
    get, _, _ = one_path(section, "name", shop)
    return get, [shop.proof.integer(item, 1, 500) for item in items]


def _with_name(address: Placed, scope: Scope, get: Get, names: Sequence[int]) -> Placed:
    name = get(scope)
    if scope.care is not None:
        scope.care.column = NAME
        name = scope.care.clean(name)
    slots = name_in_slots(name, names)
    if slots is None:
        words = f"お届け先の名前が全角{full(width(name))}文字です (上限{'＋'.join(map(full, names))}文字)"
        raise Unfit(Reason.TEXT_TOO_LONG, words)
    return replace(address, name1=slots[0], name2=slots[1])
