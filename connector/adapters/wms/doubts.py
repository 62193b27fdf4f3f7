"""Doubts (出荷前の点検): what a slip is asked before it is handed to any warehouse, and how it goes into the file.

Dangerous is a wish that vanishes: a band, a date or a payment that the carrier does not offer. Nothing is dropped or
exchanged but by the shop's own tables, and then it is said (spec/wms.md §4.2, §4.3, §5.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from connector.adapters.wms.wire import QUANTITY_MAX
from connector.addresses import RECEIVERS, Delivery, Postal, Receiver, examine, open_postal
from connector.carriers import Choice, Service, Verdict
from connector.errors import Misconfigured, Problem
from connector.mapping import CarrierRow, Tables, TimeSlot
from connector.mapping.carrier_files import BANDS_FILE, SERVICES_FILE
from connector.mapping.findings import WEIGHTS, Checks, Finding, Weight, load_checks
from connector.outcome import Hold, Reason
from connector.slip import Slip

_Found = Iterator[tuple[str, str]]
NONE, AMBIENT = "NONE", "0"
_AS_A_NUMBER = re.compile(r"0\d+|\d{16,}|\d+(?:\.\d+)?[eE]-?\d+")
_METHOD = "ネクストエンジンの「発送方法」"
USUAL = Checks()
_WISH = "「配達希望日」「時間帯指定」"


@dataclass(frozen=True, slots=True)
class Ready:
    """A slip as it goes out, and what a person should know about it although it goes."""

    slip: Slip
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """The questions at one warehouse's door. `page`: what its file can carry; `temperature`: of all its parcels."""

    tables: Tables
    checks: Checks = USUAL
    receiver: Receiver | None = None
    postal: Postal | None = None
    page: str = "cp932"
    temperature: str = AMBIENT

    def doubts(self, slips: Sequence[Slip], on: date) -> dict[str, tuple[Hold, ...]]:
        """By slip number, one hold per reason with all its sentences; slips without a doubt are left out."""
        asked = {slip.number: _holds(self.findings(slip, on)) for slip in slips}
        return {number: holds for number, holds in asked.items() if holds}

    def ready(self, slip: Slip, on: date) -> Ready:
        """The slip with the band that is really sent, and with a filler where the shop has one."""
        told = [finding.words for finding in self.findings(slip, on) if finding.weight is not Weight.HOLD]
        row = self._row(slip)
        if row is not None and row.slots and (slot := self._slot(slip, row)) is not None:
            choice = self._choice(slip, row, slot, on)
            band = choice.band if choice is not None and choice.verdict is Verdict.REPLACED else slot.band
            if self.tables.time_slot(slip.time_slot) != self.tables.time_slots.slots[band]:
                slip = replace(slip, time_slot=self.tables.time_slots.slots[band].label)
        if self.checks.phone_filler and not slip.phone.strip():
            slip = replace(slip, phone=self.checks.phone_filler)
        return Ready(slip, tuple(f"{slip.number} {words}" for words in told))

    def findings(self, slip: Slip, on: date) -> tuple[Finding, ...]:
        """Everything there is to say about a delivery that leaves on that day, heaviest first."""
        lacking = not slip.phone.strip() and self.checks.phone_filler
        delivery = Delivery(
            zip_code=slip.zip_code,
            lines=(slip.address1, slip.address2),
            name=slip.name,
            phone=None if lacking else slip.phone,
        )
        found = examine(
            delivery,
            self.receiver,
            characters=self.tables.characters,
            postal=self.postal,
            weights=self._weights,
            page=self.page,
        )
        told = [*self._delivery(slip, on)]
        if lacking:
            told.append(("phone_filled", f"電話番号がないので {lacking} を書きます"))
        told += [*_quantities(slip), *_numbers(slip)]
        others = [Finding(kind, self._weights.get(kind, WEIGHTS[kind]), words) for kind, words in told]
        kept = [finding for finding in (*found, *others) if finding.weight is not Weight.OFF]
        return tuple(sorted(kept, key=lambda finding: list(Weight).index(finding.weight)))

    @property
    def _weights(self) -> Mapping[str, Weight]:
        return self.checks.weights

    def _row(self, slip: Slip) -> CarrierRow | None:
        return self.tables.carrier_of_slip(slip.delivery_method, slip.delivery_id)

    def _delivery(self, slip: Slip, on: date) -> _Found:
        row = self._row(slip)
        if row is None:
            method = slip.delivery_method or slip.delivery_id
            yield "carrier_unknown", self.tables.unknown("carrier_ne", method)
            return
        service = self._service(slip, row)
        yield from _payment(slip, row, service)
        if self.temperature != AMBIENT and not service.cool:
            words = f"「{row.label}」({service.name}) は冷蔵・冷凍を扱いません"
            yield "cool_not_offered", f"{words}。{_METHOD}を直してください"
        if (slot := self._slot(slip, row)) is None:
            yield "band_unknown", self.tables.unknown("time_slot", slip.time_slot)
        elif row.slots:
            yield from self._band(slip, row, slot, on)
            yield from _day(slip, on)
        elif slip.deliver_on or slot.band != NONE:
            wish = "・".join(filter(None, (str(slip.deliver_on or ""), slip.time_slot)))
            yield "wish_dropped", f"「{row.label}」は日時を指定できないので、{_WISH}「{wish}」を書きません"

    def _slot(self, slip: Slip, row: CarrierRow) -> TimeSlot | None:
        """Read as the carrier's own bare code, too: which one it is, is known here (spec/wms.md Resolutions 6)."""
        return self.tables.time_slot(slip.time_slot, self._service(slip, row).bands)

    def _service(self, slip: Slip, row: CarrierRow) -> Service:
        return self.tables.services.of(row.service(collects=slip.collects))

    def _band(self, slip: Slip, row: CarrierRow, slot: TimeSlot, on: date) -> _Found:
        choice = self._choice(slip, row, slot, on)
        if choice is None or choice.verdict is Verdict.OFFERED:
            return
        if choice.verdict is Verdict.REPLACED:
            yield "band_replaced", choice.words
            return
        mend = f"mappings/tables/{BANDS_FILE} で代わりを決めてください"
        words = f"時間帯「{slip.time_slot}」: {choice.words}。ネクストエンジンの「時間帯指定」か「発送方法」を直すか"
        yield "band_not_offered", f"{words}、{mend}"

    def _choice(self, slip: Slip, row: CarrierRow, slot: TimeSlot, on: date) -> Choice | None:
        """What becomes of the band; None where nobody knows the carrier's bands."""
        code = row.service(collects=slip.collects)
        system = self.tables.bands.systems.get(self.checks.bands or self.tables.services.of(code).bands)
        return system.among(row.bands).choose(slot.band, on, code) if system is not None else None


def _day(slip: Slip, on: date) -> _Found:
    """The words name no other day than the wish: a person lets a finding pass by its words."""
    if slip.deliver_on is not None and slip.deliver_on < on:
        words = f"お届け希望日 {slip.deliver_on} に間に合いません（もう過ぎたか、倉庫が出荷する日より前です）"
        yield "wish_passed", f"{words}。ネクストエンジンの「配達希望日」を直してください"


def _quantities(slip: Slip) -> _Found:
    """No instruction has such a row, and a warehouse may refuse the whole file for it (spec/wms.md §7.3, no. 34)."""
    for row in slip.rows:
        if row.cancelled or 1 <= row.quantity <= QUANTITY_MAX:
            continue
        words = f"明細{row.no}「{row.sku}」の数量が {row.quantity:,} です（書けるのは 1～{QUANTITY_MAX:,}）"
        yield "quantity_odd", f"{words}。ネクストエンジンで数量を直すか、明細を取り消してください"


def _numbers(slip: Slip) -> _Found:
    """Codes that a spreadsheet would write back as other numbers."""
    codes = (slip.order_number, *(row.sku for row in slip.rows if not row.cancelled))
    for code in dict.fromkeys(code for code in codes if _AS_A_NUMBER.fullmatch(code)):
        words = f"「{code}」は、表計算ソフトで開いて保存すると別の値になります"
        yield "reads_as_number", f"{words}。ファイルは保存し直さずに取り込んでください"


def _payment(slip: Slip, row: CarrierRow, service: Service) -> _Found:
    if not slip.collects:
        return
    mend = f"{_METHOD}か「支払方法」を直してください"
    if not row.cod_code:
        words = f"「{row.label}」は代金引換を扱いません (mappings/tables/carrier.yaml の cod_code)"
        yield "cod_not_offered", f"{words}。{mend}"
    elif service.cod_most is not None and slip.total > service.cod_most:
        words = f"代金引換 {slip.total:,}円 は「{row.label}」の上限 {service.cod_most:,}円 を超えています"
        yield "cod_beyond_limit", f"{words}。{mend}"


def _holds(findings: Sequence[Finding]) -> tuple[Hold, ...]:
    words: dict[Reason, list[str]] = {}
    for finding in findings:
        if finding.weight is Weight.HOLD:
            words.setdefault(finding.reason, []).append(finding.words)
    return tuple(Hold(reason, "\n".join(dict.fromkeys(told))) for reason, told in words.items())


def remarks_of(ready: Sequence[Ready], included: Collection[str]) -> list[str]:
    """What to know about the slips that go."""
    going = set(included)
    return [words for one in ready if one.slip.number in going for words in one.remarks]


def open_door(folder: Path, tables: Tables) -> Door:
    """The door of the warehouse whose mappings lie in `folder`. Raises Misconfigured with every problem."""
    if lacking := [
        Problem(str(tables.folder / name), 0, 0, "ファイルを読めません", name)
        for name, known in ((SERVICES_FILE, tables.services.rows), (BANDS_FILE, tables.bands.systems))
        if not known
    ]:
        raise Misconfigured(lacking)
    checks = load_checks(folder / "checks.yaml", tables.bands.systems)
    receiver = RECEIVERS[checks.receiver] if checks.receiver else None
    return Door(tables, checks, receiver, open_postal()[0])
