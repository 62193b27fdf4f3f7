"""Drift (コードの変遷): a result's code that once meant another service, read by what the slip was sent with.

B2's 送り状種類 7 was ネコポス and is クロネコゆうパケット today (spec/wms.md §4.2). Dangerous: guessing. The old
meaning holds only for a slip that was sent with that very service; for any other the code means what it means today.
"""

from __future__ import annotations

from msgspec.structs import replace

from connector.carriers import Services
from connector.mapping import CsvReader, Tables
from connector.mapping.grammars import Ungrammatical
from connector.outcome import Item
from connector.slip import Shipment, Slip

Once = dict[str, frozenset[str]]  # by what a code means today: what it meant in this system before


def once_meant(reader: CsvReader, services: Services) -> Once:
    """Of the codes that this result's own list of words reads; empty for a file that writes our codes."""
    column = next((one for one in reader.columns if one.key == "carrier"), None)
    found: Once = {}
    for carrier, row in services.rows.items() if column is not None else ():
        for system, code in row.formerly.items():
            try:
                today = str(column.parse(code, "")) if column is not None else ""
            except Ungrammatical:
                continue
            if today != carrier and services.of(today).codes.get(system) == code:
                found[today] = found.get(today, frozenset()) | {carrier}
    return found


def as_sent(shipment: Shipment, item: Item[Slip], once: Once, tables: Tables) -> Shipment:
    """The event under the carrier that it went by. What was booked stays, though the slip was edited since."""
    formerly = once.get(shipment.carrier, frozenset())
    row = tables.carrier_of_slip(item.noun.delivery_method, item.noun.delivery_id)
    booked = (one.carrier for one in item.shipments if one.result_id == shipment.result_id)
    sent = row.code if row is not None else ""
    carrier = next((one for one in (*booked, sent) if one in formerly), "")
    return replace(shipment, carrier=carrier) if carrier else shipment
