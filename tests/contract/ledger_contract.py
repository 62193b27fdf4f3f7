"""The contract of the ledger's store: one class, inherited once for SQLite and once for PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from connector.errors import Misconfigured, NotDone
from connector.journey import OrderState
from connector.ledger import (
    archive,
    bookings,
    due,
    effects,
    holds,
    jobs,
    receive,
    shipments,
    under_way,
    views,
)
from connector.ledger.database import Database, migrate
from connector.ledger.history import Entry, append, verify
from connector.ledger.ledger import Ledger, Said
from connector.ledger.record import By, record
from connector.ledger.schema import exchanges, history, metadata, orders, strays
from connector.ledger.schema import holds as hold_rows
from connector.ledger.tokens import LedgerTokens
from connector.outcome import Advance, Effect, EffectState, Hold, Reason, Retry, Stray, Wait
from connector.ports import CartPage, TokenPair
from connector.slip import Shipment
from cryptography.fernet import Fernet
from msgspec.structs import replace
from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from tests.unit.world import START, World, a_shipment, an_order, tracking, world

NOW = START
LATER = START + timedelta(minutes=30)
SHOP = "mihon"
BY = By("notify", OrderState.NOTIFIED, takes=(OrderState.RECEIVED,))


def mail(item: int, number: str = "T-1001", body: bytes = b"mail", **facts: Any) -> Effect:
    key = f"{SHOP}/mail/{number}"
    return Effect(kind="mail", key=key, items=(item,), body=body, name=f"<{number}@x>", facts=facts)


def file(sequence: int, *items: int) -> Effect:
    return Effect(
        kind="wms_file",
        key=f"{SHOP}/wms_file/{sequence:06}",
        items=items,
        body=b"%d" % sequence,
        facts={"sequence": sequence},
    )


class LedgerContract:
    """Inherit it and give `new_url`: the address of an empty store."""

    @pytest.fixture
    def new_url(self, tmp_path: Path) -> Callable[[], str]:
        raise AssertionError("the inheriting class names its store")

    @pytest.fixture
    def url(self, new_url: Callable[[], str]) -> str:
        return new_url()

    @pytest.fixture
    def w(self, tmp_path: Path, url: str) -> Iterator[World]:
        with world(tmp_path, url=url) as one:
            yield one

    @pytest.fixture
    def connection(self, w: World) -> Iterator[Connection]:
        with w.database.engine.begin() as connection:
            yield connection

    # --- the schema ----------------------------------------------------------------------------------

    def test_migrations_make_exactly_the_metadata(self, new_url: Callable[[], str]) -> None:
        database = Database(new_url(), inline=True)
        try:
            migrate(database)
            migrate(database)  # repeating is safe
            with database.engine.connect() as connection:
                options = {"compare_type": True, "compare_server_default": True}
                context = MigrationContext.configure(connection, opts=options)
                assert compare_metadata(context, metadata) == []
                assert set(inspect(connection).get_table_names()) - {"alembic_version"} == set(
                    metadata.tables
                )
        finally:
            database.close()

    def test_a_naive_instant_is_refused(self, connection: Connection) -> None:
        with pytest.raises(StatementError, match="naive"):
            jobs.move_cursor(connection, SHOP, "ingest", datetime(2026, 11, 24))  # noqa: DTZ001

    def test_instants_come_back_aware_and_exact(self, connection: Connection) -> None:
        at = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC)
        jobs.move_cursor(connection, SHOP, "ingest", at)
        assert jobs.cursor(connection, SHOP, "ingest") == at

    # --- transactions --------------------------------------------------------------------------------

    async def test_all_of_it_or_nothing(self, w: World) -> None:
        def half(connection: Connection) -> None:
            jobs.move_cursor(connection, SHOP, "half", NOW)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await w.database.run(half)
        assert await w.ledger.cursor("half") is None

    async def test_reading_does_not_wait_for_the_writer(self, url: str, w: World) -> None:
        """And it sees a picture that stands still while somebody commits."""
        database = Database(url)
        try:
            await database.run(lambda c: jobs.move_cursor(c, SHOP, "a", NOW))
            wrote = threading.Event()

            def look(connection: Connection) -> tuple[datetime | None, datetime | None]:
                before = jobs.cursor(connection, SHOP, "a")
                with w.database.engine.begin() as other:
                    jobs.move_cursor(other, SHOP, "a", LATER)
                wrote.set()
                return before, jobs.cursor(connection, SHOP, "a")

            assert await database.read(look) == (NOW, NOW)
            assert wrote.is_set()
            assert await database.read(lambda c: jobs.cursor(c, SHOP, "a")) == LATER
        finally:
            database.close()

    async def test_reading_cannot_write(self, w: World) -> None:
        await w.database.read(lambda c: _ignored(lambda: jobs.move_cursor(c, SHOP, "b", NOW)))
        assert await w.ledger.cursor("b") is None

    # --- orders --------------------------------------------------------------------------------------

    async def test_the_same_content_again_changes_nothing(self, w: World) -> None:
        page = CartPage((an_order(), an_order("T-1002")), (), b"page")
        first = await w.ledger.receive(page, NOW)
        again = await w.ledger.receive(replace_page(page, b"page, read later"), LATER)
        assert (first.new, first.changed) == (2, 0)
        assert (again.new, again.changed) == (0, 0)
        assert w.events() == ["received"]
        assert w.rows_of("exchanges") == 1, "overlap repeats itself and is not kept again"

    async def test_changed_content_is_a_new_version(self, w: World) -> None:
        await w.ledger.receive(CartPage((an_order(),), (), b"1"), NOW)
        await w.ledger.receive(CartPage((an_order(memo="x"),), (), b"2"), LATER)
        await w.ledger.receive(CartPage((an_order(),), (), b"3"), LATER)
        assert w.order().version == 3
        assert w.rows_of("order_versions") == 3

    async def test_a_thousand_at_once(self, w: World) -> None:
        page = tuple(an_order(f"T-{n:05}") for n in range(1, 1201))
        received = await w.ledger.receive(CartPage(page, (), b"big"), NOW)
        assert received.new == 1200
        items = await w.ledger.orders_due("notify", (OrderState.RECEIVED,), NOW, 5000)
        assert [item.noun.number for item in items] == [order.number for order in page]
        planned = [mail(item.id, item.noun.number, item.noun.number.encode()) for item in items]
        begins = await w.ledger.begin(BY, planned, {item.id: item for item in items}, [], NOW)
        assert [one.effect.name for one in begins.begun] == [effect.name for effect in planned]
        assert len(await w.ledger.to_look_at("notify", NOW)) == 1000
        looked = await w.ledger.to_look_at("notify", NOW)
        assert [one.effect.body for one in looked] == [effect.body for effect in planned[:1000]]

    def test_the_same_number_of_two_shops(self, w: World, connection: Connection) -> None:
        for key in ("mihon", "other"):
            receive.receive(connection, replace(w.shop, key=key), [an_order()], None, NOW)
        assert len(list(connection.execute(select(orders)))) == 2

    # --- foreign text --------------------------------------------------------------------------------

    def test_text_no_store_can_keep_does_not_break_its_batch(self, w: World, connection: Connection) -> None:
        bad = "half \ud83d and NUL \0 \N{SNOWMAN} 髙"
        receive.receive(connection, w.shop, [an_order("T-1001"), an_order("T-1002")], None, NOW)
        items = due.orders_due(connection, SHOP, "notify", (OrderState.RECEIVED,), NOW)
        said: Said = [(items[0], Hold(Reason.REFUSED, bad)), (items[1], Wait(bad))]
        record(connection, SHOP, BY, said, NOW)
        append(connection, SHOP, NOW, [Entry(item="shop", item_id=None, number="", event="x", note=bad)])
        facts: dict[str, Any] = {"words": bad, "deep": [bad], "on": NOW.date(), "at": NOW}
        append(connection, SHOP, NOW, [Entry(item="shop", item_id=None, number="", event="y", facts=facts)])
        begun = effects.begin(connection, SHOP, "notify", mail(items[1].id, words="\0"), None, NOW)
        assert begun is not None
        assert effects.settle(connection, begun, EffectState.DONE, NOW, evidence={"reply": bad}, words=bad)
        assert shipments.set_aside(connection, SHOP, Stray("wms", bad, bad * 500), NOW)
        note = connection.scalar(select(hold_rows.c.note))
        assert note == "half ? and NUL \ufffd \N{SNOWMAN} 髙"
        assert verify(connection, SHOP) is None

    # --- the history chain ---------------------------------------------------------------------------

    async def test_two_writers_continue_one_chain(self, url: str, w: World) -> None:
        databases = [Database(url), Database(url)]
        failures: list[BaseException] = []

        def write(database: Database) -> None:
            try:
                for n in range(25):
                    entry = Entry(item="shop", item_id=None, number=str(n), event="note")
                    with database.engine.begin() as connection:
                        append(connection, SHOP, NOW, [entry])
            except BaseException as error:  # noqa: BLE001 - a thread has nobody to raise it to
                failures.append(error)

        threads = [threading.Thread(target=write, args=(database,)) for database in databases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for database in databases:
            database.close()
        assert failures == []
        assert w.rows_of("history") == 50
        with w.database.engine.connect() as connection:
            assert verify(connection, SHOP) is None

    # --- effects -------------------------------------------------------------------------------------

    def test_an_intent_is_begun_once(self, w: World, connection: Connection) -> None:
        begun = effects.begin(connection, SHOP, "notify", mail(1), None, NOW)
        assert begun is not None
        assert effects.begin(connection, SHOP, "notify", mail(1), None, LATER) is None
        with pytest.raises(effects.KeyConflict):
            effects.begin(connection, SHOP, "notify", mail(1, body=b"other"), None, LATER)
        assert effects.settle(connection, begun, EffectState.DONE, LATER, evidence={"reply": "250"})
        assert not effects.settle(connection, begun, EffectState.REFUSED, LATER, evidence={})
        assert effects.begin(connection, SHOP, "notify", mail(1, body=b"other"), None, LATER) is None

    def test_proved_absent_it_may_be_tried_again(self, w: World, connection: Connection) -> None:
        begun = effects.begin(connection, SHOP, "notify", mail(1), None, NOW)
        assert begun is not None
        effects.settle(connection, begun, EffectState.NOT_DONE, NOW, evidence={})
        again = effects.begin(connection, SHOP, "notify", mail(1, body=b"rebuilt"), None, LATER)
        assert again is not None
        assert (again.attempts, again.first_at, again.started_at) == (2, NOW, LATER)
        assert not effects.settle(connection, begun, EffectState.DONE, LATER, evidence={}), "an old try"
        looked = effects.to_look_at(connection, SHOP, "notify", LATER)
        assert [(one.attempts, one.started_at) for one in looked] == [(2, LATER)]

    def test_a_plan_with_old_and_new_acts(self, w: World, connection: Connection) -> None:
        first = effects.begin(connection, SHOP, "notify", mail(1, "A"), None, NOW)
        assert first is not None
        effects.settle(connection, first, EffectState.UNDONE, NOW, evidence={})
        effects.begin(connection, SHOP, "notify", mail(2, "B"), None, NOW)
        planned = [mail(3, "C"), mail(1, "A"), mail(2, "B", b"other"), mail(4, "D")]
        intents = effects.begin_all(connection, SHOP, "notify", planned, LATER)
        assert [one.effect.key[-1] for one in intents.begun] == ["C", "A", "D"]
        assert [one.attempts for one in intents.begun] == [1, 2, 1]
        assert [effect.key[-1] for effect, _ in intents.conflicts] == ["B"]
        by_key = {one.effect.key: one.id for one in effects.to_look_at(connection, SHOP, "notify", LATER)}
        assert all(by_key[one.effect.key] == one.id for one in intents.begun)

    def test_what_is_looked_at_and_when(self, w: World, connection: Connection) -> None:
        begun = effects.begin(connection, SHOP, "notify", mail(1), None, NOW)
        assert begun is not None
        assert len(effects.to_look_at(connection, SHOP, "notify", NOW)) == 1
        effects.settle(connection, begun, EffectState.UNKNOWN, NOW, evidence={"a": 1}, look_after=60)
        assert effects.to_look_at(connection, SHOP, "notify", NOW + timedelta(seconds=59)) == []
        looked = effects.to_look_at(connection, SHOP, "notify", NOW + timedelta(seconds=60))
        assert looked[0].evidence == {"a": 1}
        effects.settle(connection, looked[0], EffectState.DONE, NOW, evidence={"b": 2})
        assert effects.to_look_at(connection, SHOP, "notify", LATER) == []

    def test_sequence_numbers_leave_no_gap(self, w: World, connection: Connection) -> None:
        assert under_way.next_sequence(connection, SHOP, "wms_file") == 1
        first = effects.begin(connection, SHOP, "relay", file(1, 1), None, NOW)
        assert under_way.next_sequence(connection, SHOP, "wms_file") == 2
        effects.begin(connection, SHOP, "relay", file(2, 2), None, NOW)
        assert first is not None
        effects.settle(connection, first, EffectState.NOT_DONE, NOW, evidence={})
        assert under_way.next_sequence(connection, SHOP, "wms_file") == 1
        effects.begin(connection, SHOP, "relay", file(1, 1, 3), None, NOW)
        assert under_way.next_sequence(connection, SHOP, "wms_file") == 3
        assert under_way.next_sequence(connection, "other", "wms_file") == 1
        assert under_way.next_sequence(connection, SHOP, "wms_stop") == 1

    # --- what is due, and what becomes of it ---------------------------------------------------------

    def test_due(self, w: World, connection: Connection) -> None:
        def waiting(stage: str = "notify") -> list[str]:
            items = due.orders_due(connection, SHOP, stage, (OrderState.RECEIVED,), NOW)
            return [item.noun.number for item in items]

        placed = [an_order(f"T-{n}") for n in range(1001, 1006)]
        placed.append(an_order("T-0001", placed_at=START - timedelta(days=1)))
        receive.receive(connection, w.shop, placed, None, NOW)
        items = due.orders_due(connection, SHOP, "notify", (OrderState.RECEIVED,), NOW)
        assert waiting() == [f"T-{n}" for n in range(1001, 1006)]
        said: Said = [
            (items[0], Hold(Reason.REFUSED)),
            (items[1], Hold(Reason.UNKNOWN_VALUE)),
            (items[2], Retry("busy")),
            (items[3], Advance({"x": 1})),
        ]
        assert record(connection, SHOP, BY, said, NOW) == 1
        assert waiting() == ["T-1005"]
        connection.execute(update(orders).values(next_at=None))
        assert waiting() == ["T-1002", "T-1003", "T-1005"], "a self-clearing hold is asked about again"
        effects.begin(connection, SHOP, "notify", mail(items[4].id), None, NOW)
        assert waiting() == ["T-1002", "T-1003"]
        assert waiting("other_stage") == ["T-1002", "T-1003", "T-1005"]

    def test_one_open_hold_per_item_and_reason(self, w: World, connection: Connection) -> None:
        pinned: dict[str, Any] = {"item": "order", "item_id": 1, "number": "T-1", "reason": Reason.BUG}
        assert len(holds.pin(connection, SHOP, NOW, **pinned, note="a", stage="x")) == 1
        assert holds.pin(connection, SHOP, NOW, **pinned, note="b", stage="y") == []
        rows = list(connection.execute(select(hold_rows)))
        assert [(row.note, row.stage) for row in rows] == [("b", "y")]
        found: dict[str, Any] = {"item": "order", "item_id": 1, "number": "T-1"}
        assert len(holds.take_off(connection, NOW, **found, by="見本", why="ok")) == 1
        assert holds.take_off(connection, NOW, **found, by="見本", why="ok") == []
        assert len(holds.pin(connection, SHOP, NOW, **pinned, note="c", stage="x")) == 1
        row = {"shop": SHOP, **pinned, "stage": "x", "opened_at": NOW}
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(insert(hold_rows), [row])

    # --- what crossed the border ---------------------------------------------------------------------

    def test_the_same_bytes_are_kept_once(self, w: World, connection: Connection) -> None:
        def keep(body: bytes, direction: str = "in") -> archive.Kept:
            return archive.keep(connection, SHOP, NOW, system="wms", direction=direction, name="a", body=body)

        first = keep(b"x" * 100_000)
        assert not first.known
        assert keep(b"x" * 100_000) == archive.Kept(first.id, known=True)
        assert keep(b"x" * 100_000, "out").id != first.id
        assert archive.body_of(connection, first.id) == b"x" * 100_000
        stored = connection.scalar(select(exchanges.c.body).where(exchanges.c.id == first.id))
        assert stored is not None
        assert len(stored) < 1_000
        assert archive.unread(connection, SHOP, "wms") == [(first.id, "a")]
        archive.finish_reading(connection, first.id, NOW)
        assert archive.unread(connection, SHOP, "wms") == []
        with pytest.raises(KeyError):
            archive.body_of(connection, 4711)

    def test_two_same_bodies_in_one_plan(self, w: World, connection: Connection) -> None:
        one = archive.Bytes(system="mail", direction="out", name="a", body=b"same")
        kept = archive.keep_all(connection, SHOP, NOW, [one, one])
        assert kept[0].id == kept[1].id

    def test_shipments_and_their_numbers(self, w: World, connection: Connection) -> None:
        shipment = a_shipment("9001", tracking(1), tracking(2))
        assert bookings.book_all(connection, SHOP, [shipment], None, NOW)
        assert not bookings.book_all(connection, SHOP, [shipment], None, NOW)
        corrected: Shipment = replace(shipment, tracking=(tracking(2), tracking(3)))
        assert bookings.book_all(connection, SHOP, [corrected], None, NOW)

        numbers = [tracking(n) for n in (1, 2, 3, 4)]
        assert bookings.slips_of_numbers(connection, SHOP, numbers, NOW) == {
            number: ["9001"] for number in numbers[:3]
        }
        assert bookings.slips_of_numbers(connection, SHOP, numbers, LATER) == {}

    def test_a_stray_is_set_aside_once(self, w: World, connection: Connection) -> None:
        stray = Stray("wms", "A.csv:3", "この伝票はありません", facts={"row": 3})
        assert shipments.set_aside(connection, SHOP, stray, NOW)
        assert not shipments.set_aside(connection, SHOP, stray, LATER)
        assert len(list(connection.execute(select(strays)))) == 1

    async def test_an_early_result_is_given_when_the_file_with_its_slip_has_left(self, w: World) -> None:
        ledger = Ledger(w.database, w.shop)
        await w.to_print_ready(an_order())
        w.wms.receipt_delay = timedelta(hours=1)
        w.wms.reports(a_shipment(w.slip_of()), a_shipment("77777", tracking(7)))
        await w.run("collect")
        assert await ledger.early_results() == []
        await w.run("relay")
        assert [shipment.slip_number for *_, shipment in await ledger.early_results()] == [w.slip_of()]

    # --- windows, cursors, pulses --------------------------------------------------------------------

    def test_a_cursor_never_goes_back(self, w: World, connection: Connection) -> None:
        jobs.move_cursor(connection, SHOP, "x", LATER)
        jobs.move_cursor(connection, SHOP, "x", NOW)
        assert jobs.cursor(connection, SHOP, "x") == LATER

    def test_a_window_is_begun_and_finished(self, w: World, connection: Connection) -> None:
        jobs.start(connection, SHOP, "import_daily", "2026-11-24 14:00", NOW)
        jobs.start(connection, SHOP, "import_daily", "2026-11-24 14:00", LATER)
        assert not jobs.finished(connection, SHOP, "import_daily", "2026-11-24 14:00")
        jobs.finish(connection, SHOP, "import_daily", "2026-11-24 14:00", LATER, {"done": 3})
        assert jobs.finished(connection, SHOP, "import_daily", "2026-11-24 14:00")
        assert not jobs.finished(connection, SHOP, "import_daily", "2026-11-25 14:00")

    def test_pulses(self, w: World, connection: Connection) -> None:
        jobs.pulse(connection, SHOP, "notify", NOW)
        jobs.pulse(connection, SHOP, "notify", LATER, "line cut")
        assert jobs.last_runs(connection, SHOP) == {"notify": LATER}

    # --- tokens --------------------------------------------------------------------------------------

    async def test_tokens_are_sealed_and_swapped_with_their_generation(self, w: World) -> None:
        keys = [Fernet.generate_key()]
        store = LedgerTokens(w.database, w.clock, keys)
        pair = TokenPair(access="ACCESS-1", refresh="REFRESH-1", access_until=NOW, refresh_until=LATER)
        async with store.lock("company"):
            assert await store.load("company") is None
            assert await store.save("company", pair, after=0) == 1
        assert await store.load("company") == (pair, 1)
        with pytest.raises(NotDone):
            await store.save("company", pair, after=0)
        newer = replace(pair, access="ACCESS-2")
        assert await store.save("company", newer, after=1) == 2
        rows = w.rows(select(metadata.tables["tokens"]))
        assert b"ACCESS" not in rows[0].sealed + rows[0].previous
        with pytest.raises(Misconfigured):
            await LedgerTokens(w.database, w.clock, [Fernet.generate_key()]).load("company")
        rotated = LedgerTokens(w.database, w.clock, [Fernet.generate_key(), *keys])
        assert await rotated.load("company") == (newer, 2)

    # --- and all of it together ----------------------------------------------------------------------

    async def test_a_whole_journey(self, w: World) -> None:
        await w.to_shipped(an_order("T-1001"), an_order("T-1002"))
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.state("T-1001") == "completed"
        assert w.state("T-1002") == "completed"
        assert w.rows_of("holds") == 0

    async def test_a_cancel_at_the_warehouse(self, w: World) -> None:
        await w.to_relayed(an_order())
        w.cart.put(an_order(cancelled=True))
        for _ in range(3):
            await w.run("ingest", "stop", "follow_slips")
            w.pass_by(minutes=5)
        assert w.stop() == "stopped"
        assert w.state() == "cancelled"

    def test_a_changed_row_breaks_the_chain(self, w: World) -> None:
        entries = [Entry(item="shop", item_id=None, number=str(n), event="note") for n in range(3)]
        with w.database.engine.begin() as connection:
            append(connection, SHOP, NOW, entries)
            ids = list(connection.scalars(select(history.c.id).order_by(history.c.id)))
        with w.database.engine.connect() as connection:
            connection.execute(update(history).where(history.c.id == ids[1]).values(note="forged"))
            assert verify(connection, SHOP) == ids[1]
            connection.rollback()

    async def test_what_became_of_every_order_adds_up(self, w: World) -> None:
        """取込の内訳: one of two parts held, one cancelled, one left out, one that nobody can read."""
        w.cart.orders |= {part: an_order(part, cart_order_id=7) for part in ("T-7-1", "T-7-2")}
        w.cart.put(an_order("T-1", cancelled=True))
        w.cart.put(an_order("T-2", placed_at=NOW - timedelta(days=1)))
        w.pass_by(hours=1)
        await w.run("ingest")
        facts = {"noun": "受注", "cart_order_id": "9", "placed_at": NOW.isoformat()}
        broken = Stray("ecforce", "受注 T-9: $.data[0]", "受注を読み取れません", facts=facts)
        await w.ledger.receive(CartPage((), (broken,), b"9"), w.clock.now())
        row = {"shop": SHOP, "item": "order", "item_id": w.order("T-7-2").id, "number": "T-7-2"}
        row |= {"reason": Reason.BY_HAND, "stage": "", "opened_at": NOW}
        with w.database.engine.begin() as connection:
            connection.execute(insert(hold_rows), [row])
        found = await w.database.read(lambda c: views.intake(c, w.shop, w.clock.now()))
        assert sorted((str(line.kind), line.rule, line.count, line.yen) for line in found.lines) == [
            ("ended", "cancelled", 1, 2200),
            ("held", "by_hand", 1, 4400),
            ("left_out", "before_start", 1, 2200),
            ("unreadable", "", 1, None),
        ]
        assert (found.sum, found.seen) == (4, 4)
        assert [(day.ledger, day.unreadable) for day in found.days] == [(2, 1)]
        w.pass_by(minutes=5)
        await w.ledger.receive(CartPage((an_order("T-9", cart_order_id=9),), (), b"T-9"), w.clock.now())
        found = await w.database.read(lambda c: views.intake(c, w.shop, w.clock.now()))
        assert [(day.ledger, day.unreadable) for day in found.days] == [(3, 0)]

    async def test_the_second_ledger_on_the_same_rows_goes_on(self, w: World) -> None:
        await w.to_intake(an_order())
        w.ledger = Ledger(w.database, w.shop)
        w.runner = w.new_runner()
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily")
        assert w.state() == "imported"


def replace_page(page: CartPage, body: bytes) -> CartPage:
    return CartPage(page.orders, page.malformed, body)


def _ignored(work: Callable[[], None]) -> None:
    """A store may refuse the write or forget it at the end; it must not stay."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - each store has its own word for it
        assert "read-only" in str(error)
