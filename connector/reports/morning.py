"""Morning (朝の報告): gathers the model of one shop's day, and keeps it once the day is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from connector.journey import OrderState
from connector.ledger import views
from connector.ledger.views import (
    Cases,
    ChangeRow,
    Connection,
    Database,
    Forecast,
    HoldRow,
    StopRow,
    StrayRow,
)
from connector.ledger.views.goods_back import goods_back
from connector.outcome import Finding, Reason
from connector.reports.cases import cases_todo, held_beside
from connector.reports.changes import changes_todo, not_said_twice
from connector.reports.figures import figures
from connector.reports.goods_back import goods_back_todo
from connector.reports.model import Figure, Lamp, Manifest, Morning, Todo, Waiting
from connector.reports.picture import CART, Picture, Source
from connector.reports.renewals import todos
from connector.shop import Shop
from connector.words import STRAYS

FILES = ("ne_import", "wms_file", "completion", "wms_stop")
BEFORE_IMPORT = ("missing_here", "missing_in_ne", "changed_not_seen", "not_imported")
NEVER = datetime.max.replace(tzinfo=UTC)
FROM_STORED = 7  # days behind the mean

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Morning)


def encode(report: Morning) -> bytes:
    """The same report gives the same bytes."""
    return _ENCODER.encode(report)


async def make(
    database: Database, shop: Shop, day: date, now: datetime, picture: Picture | None = None
) -> Morning:
    """The report of a day: as it was kept if the day is closed, else as things stand now.

    Without a picture the reconciliation shows as unknown. Repeating is safe; nothing is written.
    """
    kept = await closed(database, shop.key, day)
    if kept is not None:
        return kept
    return await database.read(lambda connection: _gather(connection, shop, day, now, picture))


async def close(database: Database, report: Morning) -> bool:
    """Keep the report of a finished day. False where the day was closed before; the first closing stands."""
    body = encode(report)
    return await database.run(
        lambda connection: views.close_day(connection, report.shop, report.day, body, report.made_at)
    )


async def closed(database: Database, shop: str, day: date) -> Morning | None:
    """The kept report of a day, None while it is open."""
    body = await database.read(lambda connection: views.closed_day(connection, shop, day))
    return None if body is None else _DECODER.decode(body)


def latest(folder: Path, shop: str, day: date | None = None) -> Morning | None:
    """The newest report written into the folder (or that of `day`); None where none can be read."""
    name = f"{day:%Y-%m-%d}" if day is not None else "????-??-??"
    for path in sorted(folder.glob(f"report_{shop}_{name}.json"), reverse=True):
        try:
            return _DECODER.decode(path.read_bytes())
        except (msgspec.DecodeError, OSError):
            continue
    return None


def _gather(connection: Connection, shop: Shop, day: date, now: datetime, picture: Picture | None) -> Morning:
    begins_at, ends_at = views.day_span(day)
    held = views.held(connection, shop.key)
    strays = views.strays_list(connection, shop.key)
    stops = views.stops(connection, shop.key, since=begins_at)
    open_stops = [stop for stop in stops if stop.verdict in ("open", "unknown")]
    findings = picture.findings if picture is not None else ()
    renewals = views.renewals_forecast(connection, shop, now)
    changed = views.changes_list(connection, shop.key)
    cases = views.cases_list(connection, shop, now, day=day)
    money = views.money(connection, shop, now)
    back = goods_back_todo(goods_back(connection, shop.key, since=begins_at))
    return Morning(
        shop=shop.key,
        shop_name=shop.name,
        day=day,
        made_at=now,
        differences=picture.differences if picture is not None else None,
        unexplained=len(picture.unexplained) if picture is not None and picture.complete else None,
        unexplained_yen=picture.unexplained_yen if picture is not None else None,
        cart_orders=picture.source(CART).count if picture is not None else None,
        verdicts=picture.counts() if picture is not None else {},
        sources=picture.sources if picture is not None else _no_sources(),
        absurd=picture.absurd if picture is not None else (),
        lamp=_lamp(picture, len(open_stops)),
        todo=tuple(_todo(shop, now, held, findings, open_stops, strays, changed, renewals, cases, back)),
        figures=tuple(
            _with_past(
                connection, shop.key, day, figures(connection, shop, day, now, picture, renewals, money)
            )
        ),
        flows=tuple(views.roll_forward(connection, shop.key, begins_at, ends_at)),
        held=tuple(held),
        waiting=tuple(_waiting(connection, shop, now)),
        findings=tuple(findings),
        kinds=dict(picture.kinds) if picture is not None else {},
        strays=tuple(strays),
        stops=tuple(stops),
        manifests=tuple(_manifests(connection, shop.key, begins_at, ends_at)),
        pulses=tuple(views.pulses_running(connection, shop)),
        calls=views.next_engine_budget(connection, shop, now) if shop.ne_account else None,
        alarms=tuple(views.alarms_list(connection, shop.key, begins_at)),
        changes=tuple(changed),
        intake=picture.intake if picture is not None else None,
        renewals=renewals,
        money=money,
        cases=cases,
    )


def _no_sources() -> tuple[Source, ...]:
    return (Source(name=CART, known=False, words="照合していません"),)


def _lamp(picture: Picture | None, stops_open: int) -> Lamp:
    kinds = picture.kinds if picture is not None else {}
    return Lamp(
        relayed_twice=kinds.get("relayed_twice"),
        duplicate_slips=kinds.get("duplicate_slip"),
        captured_twice=kinds.get("captured_twice"),
        shipped_unpaid=kinds.get("shipped_unpaid"),
        stops_open=stops_open,
    )


def _todo(
    shop: Shop,
    now: datetime,
    held: Sequence[HoldRow],
    findings: Sequence[Finding],
    stops: Sequence[StopRow],
    strays: Sequence[StrayRow],
    changed: Sequence[ChangeRow],
    renewals: Forecast,
    cases: Cases,
    back: Sequence[Todo],
) -> list[Todo]:
    """What a person must do, by cut-off: holds, unexplained findings, open stops, strays, renewals, returns."""
    mine = _not_handled(held_beside(not_said_twice(held, changed), cases))
    found = [_of_hold(shop, hold, now) for hold in mine]
    found += [
        _of_finding(shop, finding, now)
        for finding in findings
        if not finding.explained and finding.kind not in STRAYS
    ]
    found += [_of_stop(shop, stop, now) for stop in stops]
    found += [_of_stray(stray) for stray in strays]
    found += changes_todo(shop, changed, held, now)
    found += cases_todo(shop, cases, now)
    found += [*todos(renewals), *back]
    return sorted(found, key=lambda todo: (todo.due_at or NEVER, -todo.yen, todo.order_number))


def _not_handled(held: Sequence[HoldRow]) -> list[HoldRow]:
    """The holds without those of what was handled outside, and the memos on it: there is nothing to do, or release."""
    elsewhere = {(hold.item, hold.number) for hold in held if hold.reason == Reason.HANDLED}
    quiet = (Reason.HANDLED, Reason.BY_HAND)
    return [hold for hold in held if hold.reason not in quiet or (hold.item, hold.number) not in elsewhere]


def _of_hold(shop: Shop, hold: HoldRow, now: datetime) -> Todo:
    return Todo(
        kind="hold",
        what=hold.reason,
        order_number=hold.order_number,
        slip_number=hold.number if hold.item == "slip" else "",
        note=hold.note,
        yen=hold.yen,
        since=hold.opened_at,
        due_at=views.due_at(shop, hold.item, hold.state, now),
    )


def _of_finding(shop: Shop, finding: Finding, now: datetime) -> Todo:
    item = "slip" if finding.slip_number else "order"
    state = OrderState.IN_INTAKE if finding.kind in BEFORE_IMPORT else OrderState.IMPORTED
    return Todo(
        kind="finding",
        what=finding.kind,
        order_number=finding.order_number,
        slip_number=finding.slip_number,
        note=finding.words,
        yen=finding.yen,
        since=finding.since,
        due_at=views.due_at(shop, item, state, now),
    )


def _of_stop(shop: Shop, stop: StopRow, now: datetime) -> Todo:
    return Todo(
        kind="stop",
        what="stop",
        order_number=stop.number,
        slip_number="",
        note=stop.words,
        yen=stop.yen,
        since=stop.asked_at,
        due_at=views.cut_off(shop, now),
    )


def _of_stray(stray: StrayRow) -> Todo:
    return Todo(
        kind="stray",
        what=stray.kind,
        order_number="",
        slip_number="",
        note=f"{stray.place}: {stray.words}",
        yen=0,
        since=stray.at,
        due_at=None,
    )


def _with_past(connection: Connection, shop: str, day: date, today: Sequence[Figure]) -> list[Figure]:
    """Yesterday's value and the mean of seven days, from the reports that were kept."""
    past: dict[int, dict[str, int]] = {}
    for back in range(1, FROM_STORED + 1):
        body = views.closed_day(connection, shop, day - timedelta(days=back))
        if body is not None:
            kept = _DECODER.decode(body).figures
            past[back] = {figure.key: figure.value for figure in kept if figure.value is not None}
    return [_one_with_past(figure, past) for figure in today]


def _one_with_past(figure: Figure, past: dict[int, dict[str, int]]) -> Figure:
    values = [values[figure.key] for values in past.values() if figure.key in values]
    mean = round(sum(values) / len(values), 1) if values else None
    return msgspec.structs.replace(
        figure,
        yesterday=past.get(1, {}).get(figure.key),
        mean7=figure.mean7 if figure.mean7 is not None else mean,
    )


def _waiting(connection: Connection, shop: Shop, now: datetime) -> list[Waiting]:
    """Every order that stands before the import, with the reason why it is not in the CSV."""
    before = [OrderState.RECEIVED, OrderState.NOTIFIED, OrderState.IN_INTAKE]
    next_at = views.next_of(shop.import_times, now)
    return [
        Waiting(
            number=row.number,
            state=row.state,
            yen=row.yen,
            since=row.since,
            next_at=_later(row.next_at, now) or (next_at if row.state == OrderState.IN_INTAKE else None),
            why=answer.why,
            moves=answer.moves,
        )
        for row, answer in views.waiting(connection, shop, before, now)
    ]


def _later(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at > now else None


def _manifests(connection: Connection, shop: str, begins_at: datetime, ends_at: datetime) -> list[Manifest]:
    acts = views.effects_between(connection, shop, begins_at, ends_at, FILES)
    kept = {row.id: row.digest for row in views.exchanges_of(connection, [act.exchange_id for act in acts])}
    return [
        Manifest(
            kind=act.kind,
            name=act.name,
            sequence=act.sequence,
            items=act.items,
            state=act.state,
            begun_at=act.started_at,
            settled_at=act.changed_at,
            attempts=len(act.attempts),
            digest=kept.get(act.exchange_id, "") if act.exchange_id else "",
            words=act.words,
            **_totals(act),
        )
        for act in acts
    ]


def _totals(act: views.EffectRow) -> dict[str, Any]:
    """Control totals of an order CSV; other files have none."""
    if "manifest" not in act.facts:
        return {}
    file = views.file_of(act)
    numbers = [number for one in file.differing for number in one.orders]
    read = {} if file.ties is None else {"read_yen": file.read_yen, "ties": file.ties}
    return {"yen": file.yen, "differing": (*file.missing, *numbers)} | read
