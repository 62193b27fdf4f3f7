"""Reconcile (照合): read every side anew, compare, and give each order of the period exactly one verdict.

Reads only. A side that cannot be read, or shows something absurd, becomes "unknown" and is compared with
nothing: one outage is one line, not a thousand findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import msgspec

from connector.errors import ConnectorError
from connector.journey import OrderState
from connector.ledger import views
from connector.ledger.views import Connection, Database, OrderFacts, PulseRow, StrayRow
from connector.order import Order
from connector.outcome import Finding
from connector.ports import Cart, OrderManager
from connector.reports.checks import CHECKS, Check
from connector.reports.intake import count_intake, intake_findings
from connector.reports.picture import (
    CART,
    LEDGER,
    NEXT_ENGINE,
    SLIP_ROWS,
    Picture,
    Row,
    Source,
    Terms,
    Verdict,
)
from connector.shop import Mode, Shop
from connector.slip import NEStatus, Slip
from connector.words import STRAYS, Text

PERIOD = timedelta(days=14)  # how far back the cart is compared; what is still under way is always compared
ABSURD_FROM = 20  # below so many a half-empty answer is possible
ASK_AT_ONCE = 1000  # spec/next_engine.md: `-in` takes 1,000 values


async def reconcile(
    cart: Cart,
    orders: OrderManager,
    database: Database,
    shop: Shop,
    now: datetime,
    day: date,
    *,
    period: timedelta = PERIOD,
) -> Picture:
    """Compare the pictures for a business day; never raises for a side that cannot be read."""
    since = max(shop.start_at, views.day_span(day)[0] - period)
    pulses = {row.what: row for row in await database.read(lambda c: views.pulses_list(c, shop.key))}
    shown, cart_source = await _read_cart(cart, since, pulses)
    ours = await database.read(lambda c: views.order_facts(c, shop.key, since=since, numbers=list(shown)))
    unreadable: frozenset[int] = frozenset()
    if cart_source.known:
        shown, unreadable, cart_source = await _look_for(cart, shown, ours, cart_source)
    numbers = sorted(number for number in {*shown, *ours} if not _left_out(number, shown, ours, shop))
    slips, ne_source = await _read_slips(orders, numbers, ours, pulses)
    slips, rows_known = await _read_rows(orders, slips)
    sources = (cart_source, ne_source, Source(name=LEDGER, known=True, count=len(ours), ok_at=now))
    rows = [
        Row(number=number, cart=shown.get(number), ours=ours.get(number), slips=tuple(slips.get(number, ())))
        for number in sorted({*shown, *ours})
    ]
    terms = Terms(shop, now, since, unreadable)
    beside = await database.read(lambda c: _beside(c, shop.key, now))
    intake = await count_intake(cart, database, shop, now)
    beside += intake_findings(intake, rows)
    picture = _picture(rows, terms, day, sources, beside, rows_known=rows_known)
    kinds = picture.kinds | ({} if intake.known else {"intake_differs": None})
    return msgspec.structs.replace(picture, intake=intake, kinds=kinds)


# --- reading the sides --------------------------------------------------------------------------------------


async def _read_cart(
    cart: Cart, since: datetime, pulses: dict[str, PulseRow]
) -> tuple[dict[str, Order], Source]:
    shown: dict[str, Order] = {}
    unreadable = 0
    try:
        async for page in cart.changed_since(since):
            unreadable += len(page.malformed)
            shown |= {order.number: order for order in page.orders}
    except ConnectorError as error:
        return {}, _unknown(CART, str(error), pulses.get("ingest"))
    words = f"読めない受注 {unreadable} 件" if unreadable else ""
    return shown, Source(name=CART, known=True, count=len(shown), words=words)


async def _look_for(
    cart: Cart, shown: dict[str, Order], ours: dict[str, OrderFacts], source: Source
) -> tuple[dict[str, Order], frozenset[int], Source]:
    """Ask the cart by id for what we know and its list did not show; then judge whether to believe it.

    Also the ids of those that are there and cannot be read: they are strays, and not missing.
    """
    missing = [facts for number, facts in ours.items() if number not in shown]
    unreadable: frozenset[int] = frozenset()
    if missing:
        try:
            found = await cart.look([facts.cart_order_id for facts in missing])
        except ConnectorError as error:
            return {}, unreadable, Source(name=CART, known=False, words=str(error))
        shown = shown | found
        ids = (stray.facts.get("cart_order_id", "") for stray in found.malformed)
        unreadable = frozenset(int(id_) for id_ in ids if id_.isascii() and id_.isdigit())
    lost = sum(
        number not in shown and facts.cart_order_id not in unreadable for number, facts in ours.items()
    )
    if len(ours) >= ABSURD_FROM and lost * 2 > len(ours):
        words = f"知っている受注 {len(ours)} 件のうち {lost} 件を表示しません"
        return {}, unreadable, Source(name=CART, known=False, words=words)
    return shown, unreadable, Source(name=CART, known=True, count=len(shown), words=source.words)


async def _read_slips(
    orders: OrderManager,
    numbers: Sequence[str],
    ours: dict[str, OrderFacts],
    pulses: dict[str, PulseRow],
) -> tuple[dict[str, list[Slip]], Source]:
    found: dict[str, list[Slip]] = {}
    try:
        for start in range(0, len(numbers), ASK_AT_ONCE):
            found |= await orders.slips_of(numbers[start : start + ASK_AT_ONCE])
    except ConnectorError as error:
        return {}, _unknown(NEXT_ENGINE, str(error), pulses.get("follow_slips"))
    known = [number for number in numbers if number in ours and ours[number].slips]
    lost = sum(not found.get(number) for number in known)
    if len(known) >= ABSURD_FROM and lost * 2 > len(known):
        words = f"伝票があるはずの受注 {len(known)} 件のうち {lost} 件を表示しません"
        return {}, Source(name=NEXT_ENGINE, known=False, words=words)
    return found, Source(name=NEXT_ENGINE, known=True, count=sum(map(len, found.values())))


async def _read_rows(
    orders: OrderManager, slips: dict[str, list[Slip]]
) -> tuple[dict[str, list[Slip]], bool]:
    """Imported live slips with their rows; as they are, and False, where rows cannot be read."""
    wanted = [
        slip.number
        for found in slips.values()
        for slip in found
        if slip.live and slip.status >= NEStatus.OPEN
    ]
    read: dict[str, Slip] = {}
    try:
        for start in range(0, len(wanted), ASK_AT_ONCE):
            read |= await orders.slips(wanted[start : start + ASK_AT_ONCE], rows=True)
    except ConnectorError:
        return slips, False
    return {
        number: [msgspec.structs.replace(slip, rows=read.get(slip.number, slip).rows) for slip in found]
        for number, found in slips.items()
    }, True


def _unknown(name: str, words: str, pulse: PulseRow | None) -> Source:
    return Source(name=name, known=False, words=words, ok_at=pulse.ok_at if pulse else None)


def _beside(connection: Connection, shop: str, now: datetime) -> list[Finding]:
    """What is wrong without being about one order: strays, and books that do not tie (R1, T1)."""
    found = [_stray(stray) for stray in views.strays_list(connection, shop)]
    counted = views.standing(connection, shop)
    for flow in views.roll_forward(connection, shop, now, now + timedelta(days=1)):
        held = counted.get((flow.item, flow.state), 0)
        if flow.held + flow.open != held:
            words = f"{flow.item} {flow.state}: 履歴 {flow.held + flow.open} / 台帳 {held}"
            found.append(Finding("books_differ", "", words))
    return found


def _stray(stray: StrayRow) -> Finding:
    return Finding(stray.kind, "", f"{stray.place}: {stray.words}", since=stray.at)


# --- judging --------------------------------------------------------------------------------------------------


def _picture(
    rows: Sequence[Row],
    terms: Terms,
    day: date,
    sources: tuple[Source, ...],
    beside: list[Finding],
    *,
    rows_known: bool,
) -> Picture:
    known = {source.name for source in sources if source.known} | ({SLIP_ROWS} if rows_known else set())
    findings: list[Finding] = []
    kinds: dict[str, int | None] = {}
    for check in CHECKS:
        found = _run(check, rows, terms, known, findings)
        kinds[check.kind] = None if found is None else len(found)
        findings += found or ()
    for kind in (*STRAYS, "books_differ", "intake_differs"):
        kinds[kind] = sum(finding.kind == kind for finding in beside)
    verdicts = _verdicts(rows, findings, terms, CART in known)
    return Picture(
        shop=terms.shop.key,
        day=day,
        made_at=terms.now,
        since=terms.since,
        sources=sources,
        verdicts=tuple(verdicts),
        findings=(*findings, *beside),
        kinds=kinds,
        absurd=tuple(_absurd(sources)),
    )


def _run(
    check: Check, rows: Sequence[Row], terms: Terms, known: set[str], before: Sequence[Finding]
) -> list[Finding] | None:
    """The findings of one check, None where a side that it needs is unknown."""
    if not known.issuperset(check.needs):
        return None
    by_number = {row.number: row for row in rows}
    found = [
        _explained(check, finding, by_number[finding.order_number]) for finding in check.find(rows, terms)
    ]
    if check.kind != "stuck":
        return found
    # An order that has a finding of its own kind is not named a second time for standing still.
    named = {finding.order_number for finding in before}
    return [finding for finding in found if finding.order_number not in named]


def _explained(check: Check, finding: Finding, row: Row) -> Finding:
    """A hold says that somebody knows: the finding stays, and counts as explained."""
    return replace(finding, explained=check.explainable and bool(row.reasons))


def _verdicts(
    rows: Sequence[Row], findings: Sequence[Finding], terms: Terms, cart_known: bool
) -> list[Verdict]:
    open_ones: dict[str, Finding] = {}
    for finding in findings:
        if not finding.explained:
            open_ones.setdefault(finding.order_number, finding)
    return [_verdict(row, open_ones.get(row.number), terms, cart_known) for row in rows]


def _verdict(row: Row, finding: Finding | None, terms: Terms, cart_known: bool) -> Verdict:
    verdict, reason = _judge(row, finding, terms, cart_known)
    since = finding.since if finding is not None else row.ours.since if row.ours is not None else None
    return Verdict(
        number=row.number,
        verdict=verdict,
        reason=reason,
        yen=row.yen,
        since=since,
        in_cart=row.cart is not None,
    )


def _judge(row: Row, finding: Finding | None, terms: Terms, cart_known: bool) -> tuple[str, str]:
    """The first that fits, in this order: the sum over all verdicts is the number of orders."""
    rule = _rule(row, terms.shop)
    if rule:
        return "left_out", rule
    if finding is not None:
        return "finding", finding.kind
    if row.ours is None:
        return "on_its_way", "ingest"
    refused = row.cart is not None and row.cart.payment.refused
    if refused and row.ours.state == OrderState.RECEIVED:
        return "refused", "payment_refused"
    if row.reasons:
        return "held", row.reasons[0]
    if not cart_known:
        return "unknown", CART
    no_completion = terms.shop.mode("complete") is Mode.OFF and row.ours.state == OrderState.SHIPPED
    if row.ours.state in (OrderState.COMPLETED, OrderState.CANCELLED) or no_completion:
        return "matched", ""
    return "on_its_way", row.ours.state


def _rule(row: Row, shop: Shop) -> str:
    if row.ours is not None:
        return row.ours.left_out
    if row.cart is None:
        return ""
    if row.cart.placed_at < shop.start_at:
        return "before_start"
    return "deleted" if row.cart.deleted else ""


def _left_out(number: str, shown: dict[str, Order], ours: dict[str, OrderFacts], shop: Shop) -> bool:
    return bool(_rule(Row(number=number, cart=shown.get(number), ours=ours.get(number)), shop))


def _absurd(sources: Iterable[Source]) -> Iterable[Text]:
    for source in sources:
        if not source.known:
            yield Text(f"{source.name}: {source.words}", f"{source.name}: {source.words}")
