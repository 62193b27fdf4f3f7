"""Table files (変換表の読み込み): the YAML files behind `Tables`, checked word by word."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from connector.carriers import BANDS, Bands, Services
from connector.errors import Misconfigured, Problem
from connector.mapping.carrier_files import read_carriers
from connector.mapping.document import Listing, Node, Proof, Section, Text, read
from connector.mapping.pages import carried
from connector.mapping.tables import CarrierRow, PaymentRow, Tables, fold
from connector.mapping.time_slot import TimeSlot, TimeSlots
from connector.mapping.time_slot import fold as fold_slot
from connector.order import PaymentKind
from connector.slip import Carrier

KINDS = tuple(kind.value for kind in PaymentKind if kind is not PaymentKind.UNKNOWN)


def load_tables(folder: Path) -> Tables:
    """Raises Misconfigured with every problem of all files."""
    tables, problems = read_tables(folder)
    if tables is None:
        raise Misconfigured(problems)
    return tables


def read_tables(folder: Path) -> tuple[Tables | None, list[Problem]]:
    """The tables, or None and every problem of all files."""
    proofs = {name: Proof(str(folder / f"{name}.yaml")) for name in _READERS}
    carriers = read_carriers(folder)
    parts: dict[str, Any] = {"folder": folder, "last_lines": {}}
    parts |= {"services": carriers.services, "bands": carriers.bands}
    for name, reader in _READERS.items():
        root = read(folder / f"{name}.yaml", proofs[name])
        if root is not None:
            reader(root, proofs[name], parts)
    problems = [problem for proof in proofs.values() for problem in proof.told()]
    problems += carriers.problems
    return (None if problems else Tables(**parts)), problems


def _last_line(node: Node) -> int:
    """The last line of a part of the file: new values go after it."""
    inner: list[Node] = []
    if isinstance(node, Section):
        inner = [*node.entries.values(), *node.names.values()]
    elif not isinstance(node, Text):
        inner = list(node.items)
    return max([node.line, *map(_last_line, inner)])


def _payments(root: Section, proof: Proof, parts: dict[str, Any]) -> None:
    proof.section(root, ("cart", "next_engine"), ("cart", "next_engine"))
    cart, theirs = root.entries.get("cart"), root.entries.get("next_engine")
    if not isinstance(cart, Section) or not isinstance(theirs, Section):
        proof.problem(root, "「cart」と「next_engine」の下に「名前: 値」を並べてください")
        return
    ne_rows = {ne_id: _ne_payment(ne_id, node, proof) for ne_id, node in theirs.entries.items()}
    rows: dict[str, PaymentRow] = {}
    for name, node in cart.entries.items():
        if fold(name) in rows:
            proof.problem(cart.names[name], "全角・半角の違いだけの同じ名前があります", name)
        rows[fold(name)] = _cart_payment(name, node, proof, ne_rows)
    parts |= {"payments": rows, "ne_payments": ne_rows}
    parts["last_lines"] |= {"payment": _last_line(cart), "payment_ne": _last_line(theirs)}


def _cart_payment(name: str, node: Node, proof: Proof, known: dict[str, PaymentRow]) -> PaymentRow:
    needed = ("kind", "label", "linked", "prepayment")
    row = proof.section(node, (*needed, "ne_ids"), needed)
    ne_ids = proof.texts(row.entries["ne_ids"]) if "ne_ids" in row else ()
    for ne_id in ne_ids:
        if ne_id not in known:
            proof.problem(row.entries["ne_ids"], "下の next_engine にない支払区分です", ne_id)
    return PaymentRow(
        name=name,
        kind=_kind(row, proof),
        label=_text(row, "label", proof),
        linked="linked" in row and proof.flag(row.entries["linked"]),
        prepayment="prepayment" not in row or proof.flag(row.entries["prepayment"]),
        ne_ids=ne_ids,
    )


def _ne_payment(ne_id: str, node: Node, proof: Proof) -> PaymentRow:
    row = proof.section(node, ("name", "kind", "prepayment"), ("name", "kind", "prepayment"))
    name = _text(row, "name", proof)
    return PaymentRow(
        name=name,
        kind=_kind(row, proof),
        label=name,
        linked=False,
        prepayment="prepayment" not in row or proof.flag(row.entries["prepayment"]),
        ne_ids=(ne_id,),
    )


def _kind(row: Section, proof: Proof) -> PaymentKind:
    return PaymentKind(proof.word(row.entries["kind"], KINDS, "unknown") if "kind" in row else "unknown")


def _text(row: Section, name: str, proof: Proof) -> str:
    return proof.text(row.entries[name]) if name in row else ""


_CARRIER_LISTS = {
    "cart": "cart_names",
    "ne": "ne_names",
    "ne_ids": "ne_ids",
    "bands": "bands",
    "also_codes": "also_codes",
}


def _carriers(root: Section, proof: Proof, parts: dict[str, Any]) -> None:
    proof.section(root, ("carriers",), ("carriers",))
    node = root.entries.get("carriers")
    seen: dict[tuple[str, str], int] = {}
    items = proof.listing(node)
    parts["carriers"] = tuple(_carrier(item, proof, seen) for item in items)
    for item, row in zip(items, parts["carriers"], strict=True):
        _known_bands(item, row, parts["services"], parts["bands"], proof)
    line = _last_line(node) if node is not None else 0
    parts["last_lines"] |= {"carrier": line, "carrier_ne": line}


def _carrier(node: Node, proof: Proof, seen: dict[tuple[str, str], int]) -> CarrierRow:
    row = proof.section(node, ("label", "code", "cod_code", "slots", *_CARRIER_LISTS), ("label", "code"))
    lists: dict[str, Any] = {}
    for name, attribute in _CARRIER_LISTS.items():
        items = proof.listing(row.entries[name]) if name in row else ()
        lists[attribute] = tuple(proof.text(item) for item in items)
        for item in items:
            _once(name, item, proof, seen)
    codes = {
        name: proof.word(row.entries[name], tuple(Carrier)) for name in ("code", "cod_code") if name in row
    }
    return CarrierRow(
        label=_text(row, "label", proof),
        code=codes.get("code", ""),
        cod_code=codes.get("cod_code", ""),
        slots="slots" not in row or proof.flag(row.entries["slots"]),
        **lists,
    )


def _known_bands(node: Node, row: CarrierRow, services: Services, bands: Bands, proof: Proof) -> None:
    """A band that the service of this carrier does not have could never be sent."""
    named = node.entries.get("bands") if isinstance(node, Section) else None
    items = named.items if isinstance(named, Listing) else ()
    for code in dict.fromkeys(filter(None, (row.code, row.cod_code))):
        system = bands.systems.get(services.of(code).bands)
        if system is None:
            continue
        unknown = [item for item in items if isinstance(item, Text) and item.value not in system.bands]
        for item in unknown:
            if item.value in BANDS:
                proof.problem(item, f"{system.name} の時間帯の表にない時間帯です", item.value)
        if unknown:
            return  # told once, whichever of the two services is asked


def _once(name: str, item: Node, proof: Proof, seen: dict[tuple[str, str], int]) -> None:
    if not isinstance(item, Text):
        return
    if name in ("bands", "also_codes"):
        proof.word(item, BANDS if name == "bands" else tuple(Carrier))
        return
    key = (name, fold(item.value))
    if key in seen:
        proof.problem(item, f"同じ値が {seen[key]} 行目にもあります", item.value)
    seen.setdefault(key, item.line)


def _time_slots(root: Section, proof: Proof, parts: dict[str, Any]) -> None:
    proof.section(root, ("bands", "codes"), ("bands",))
    bands = root.entries.get("bands")
    slots: dict[str, TimeSlot] = {}
    words: dict[str, str] = {}
    pairs: dict[tuple[int, int], str] = {}
    for band, node in proof.section(bands, BANDS, ("NONE", "AM")).entries.items():
        row = proof.section(node, ("label", "words", "hours"), ("label",))
        slots[band] = TimeSlot(band=band, label=_text(row, "label", proof))
        for item in proof.listing(row.entries["words"]) if "words" in row else ():
            _add(words, fold_slot(proof.text(item)), band, item, proof)
        for item in proof.listing(row.entries["hours"]) if "hours" in row else ():
            _add(pairs, _pair(item, proof), band, item, proof)
    codes = _codes(root.entries["codes"], proof) if "codes" in root else {}
    parts["time_slots"] = TimeSlots(slots=slots, pairs=pairs, words=words, codes=codes)
    parts["last_lines"]["time_slot"] = _last_line(bands) if bands is not None else 0


def _add(known: dict[Any, str], key: Any, band: str, item: Node, proof: Proof) -> None:
    if known.setdefault(key, band) != band:
        proof.problem(item, f"「{known[key]}」にも同じものがあります", proof.text(item))


def _pair(item: Node, proof: Proof) -> tuple[int, int]:
    start, dash, end = proof.text(item).partition("-")
    if dash and start.isdigit() and end.isdigit() and 0 <= int(start) < int(end) <= 24:
        return int(start), int(end)
    proof.problem(item, "時刻の組ではありません", proof.text(item), "例: 14-16")
    return (0, 0)


def _codes(node: Node, proof: Proof) -> dict[str, dict[str, str]]:
    contexts = node.entries if isinstance(node, Section) else {}
    if not isinstance(node, Section):
        proof.problem(node, "「読む相手: コード表」を並べてください")
    codes: dict[str, dict[str, str]] = {}
    for context, table in contexts.items():
        entries = table.entries if isinstance(table, Section) else {}
        codes[context] = {code: proof.word(band, BANDS) for code, band in entries.items()}
    return codes


def _characters(root: Section, proof: Proof, parts: dict[str, Any]) -> None:
    proof.section(root, ("substitutions", "jis"), ("substitutions",))
    characters = _substitutions(root.entries.get("substitutions"), "cp932", proof)
    parts["characters"] = characters
    if "jis" in root:
        characters |= _substitutions(root.entries["jis"], "shift_jis", proof)
    parts["last_lines"]["characters"] = _last_line(root.entries.get("substitutions") or root)


def _substitutions(node: Node | None, page: str, proof: Proof) -> dict[str, str]:
    """What stands for a character where the page lacks it."""
    table = node if isinstance(node, Section) else proof.section(node, ())
    characters: dict[str, str] = {}
    for found, replacement in table.entries.items():
        put = proof.text(replacement)
        if len(found) != 1 or unicodedata.normalize("NFC", found) != found:
            proof.problem(table.names[found], "左には一文字だけ書いてください", found)
        elif not put or not carried(put, page):
            proof.problem(replacement, f"右の文字も {page} では書けません", put)
        elif carried(found, page):
            proof.problem(table.names[found], "この文字はそのまま書けるので置き換えません", found)
        characters[found] = put
    return characters


_READERS = {"payment": _payments, "carrier": _carriers, "time_slot": _time_slots, "characters": _characters}
