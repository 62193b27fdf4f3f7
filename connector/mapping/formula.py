"""Formulas (表計算ソフトの式): no cell is written that a spreadsheet would run (spec/wms.md §5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable

from connector.mapping.document import Proof, Section
from connector.mapping.paths import Scope
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

_SIGNS = frozenset("=+-@")
_LEADING = re.compile("[=+@\u3000 -]+")
_SIGNED_NUMBER = re.compile("[+-][ \u3000]*[0-9０-９]")


def guarded(get: Callable[[Scope], str], *, exact: bool) -> Callable[[Scope], str]:
    """A spreadsheet runs a cell that starts with one of these signs: none is written.

    A text goes without them, and it is recorded. Unfit is what may not be changed: a code, and -99-2, which
    without its sign would be another house.
    """

    def text(scope: Scope) -> str:
        found = get(scope)
        if found[:1] not in _SIGNS:
            return found
        if scope.care is None:
            raise Unfit(Reason.UNMAPPABLE_TEXT, "")  # only the careful way keeps records
        signs = _LEADING.match(found)
        put = found[signs.end() :] if signs is not None else found
        removed = found[: len(found) - len(put)]
        if exact or _SIGNED_NUMBER.search(removed + put[:1]):
            words = f"先頭の「{removed.strip()}」は表計算ソフトが式と読むので書けず、除くと別の値になります"
            raise Unfit(Reason.UNMAPPABLE_TEXT, f"{words}: 「{found}」。元の値を直してください")
        scope.care.note("formula", removed, "")
        return put

    return text


def as_it_is(node: Section, kind: str, proof: Proof) -> bool:
    """What may not lose its sign: what identifies something, and what the shop's own settings say."""
    steps = proof.texts(node.entries["as"]) if "as" in node else ()
    own = kind == "from" and proof.text(node.entries[kind]).startswith("profile.")
    return own or not {"code", "ascii"}.isdisjoint(steps)
