"""Mail form (受注メール): the notification Next Engine opens a slip from, line by line out of YAML.

spec/next_engine.md §14.5. NE reads the lines by their beginning, so a line break inside a name could forge an
order: every value becomes one line, whatever the mapping says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.mapping.document import Node, Proof, Text, read
from connector.mapping.paths import Ground, Scope, element, walk
from connector.mapping.sources import SOURCES
from connector.mapping.tables import Tables
from connector.mapping.transforms import one_line
from connector.mapping.unfit import Unfit
from connector.mapping.values import EXTRAS, VALUES, Workshop, compile_value
from connector.outcome import Reason

Piece = Callable[[Scope], str]


@dataclass(frozen=True, slots=True)
class _Written:
    """One line of the form, or one per element of `each`."""

    pieces: tuple[Piece, ...]
    each: Callable[[Scope], Sequence[Any]] | None = None


@dataclass(frozen=True, slots=True)
class MailForm:
    """A compiled form. Both methods raise Unfit (with `.hold`) for an order that cannot be announced."""

    subject_pieces: tuple[Piece, ...]
    lines: tuple[_Written, ...]

    def subject(self, order: Any) -> str:
        return _line(self.subject_pieces, Scope(order, []))

    def text(self, order: Any) -> str:
        """The body, lines ended by one line feed; the mail's own line ends are the mailer's business."""
        scope = Scope(order, [])
        return "".join(f"{line}\n" for written in self.lines for line in _lines(written, scope))


def _lines(written: _Written, scope: Scope) -> Iterable[str]:
    if written.each is None:
        yield _line(written.pieces, scope)
        return
    elements = written.each(scope)
    if not elements:
        raise Unfit(Reason.MALFORMED, "明細が一つもありません")
    for scope.line in elements:
        yield _line(written.pieces, scope)


def _line(pieces: tuple[Piece, ...], scope: Scope) -> str:
    return "".join(piece(scope) for piece in pieces)


def load_mail(path: Path, tables: Tables) -> MailForm:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    form = read_mail(path, tables, proof)
    proof.finish()
    assert form is not None  # noqa: S101 - without problems there is a form
    return form


_NEEDED = ("kind", "source", "subject", "lines")


def read_mail(path: Path, tables: Tables, proof: Proof) -> MailForm | None:
    root = read(path, proof)
    if root is None:
        return None
    proof.section(root, _NEEDED, _NEEDED)
    if any(name not in root for name in _NEEDED):
        return None
    proof.word(root.entries["kind"], ("mail",))
    source = proof.word(root.entries["source"], SOURCES)
    if not source:
        return None
    shop = Workshop(Ground(SOURCES[source]), tables, proof, "utf-8")
    lines = [_written(node, shop) for node in proof.listing(root.entries["lines"])]
    return MailForm(_pieces(root.entries["subject"], shop), tuple(lines))


def _written(node: Node, shop: Workshop) -> _Written:
    if isinstance(node, Text) or not hasattr(node, "entries"):
        return _Written(_pieces(node, shop))
    section = shop.proof.section(node, ("each", "line"), ("each", "line"))
    if "each" not in section or "line" not in section:
        return _Written(())
    path = walk(section.entries["each"], shop.ground, shop.proof)
    if path is None:
        return _Written(())
    if (line := element(path.kind)) is None:
        shop.proof.problem(section, "each: には明細の並びを書いてください", path.text)
    inside = Workshop(Ground(shop.ground.item, line), shop.tables, shop.proof, shop.encoding)
    return _Written(_pieces(section.entries["line"], inside), path.get)


def _pieces(node: Node, shop: Workshop) -> tuple[Piece, ...]:
    """A fixed text, or a list of fixed texts and values."""
    items = (node,) if isinstance(node, Text) else shop.proof.listing(node)
    return tuple(_piece(item, shop) for item in items)


def _piece(node: Node, shop: Workshop) -> Piece:
    if isinstance(node, Text):
        fixed = node.value
        return lambda scope: fixed
    section = shop.proof.section(node, (*VALUES, *EXTRAS[:-1], "required"))
    get = compile_value(section, shop).get
    required = "required" not in section or shop.proof.flag(section.entries["required"])

    def piece(scope: Scope) -> str:
        text = one_line(get(scope))
        if required and not text:
            raise Unfit(Reason.MALFORMED, "受注メールに要る値が空です")
        return text

    return piece
