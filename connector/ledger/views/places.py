"""Places (居場所の表): which stage moves an item on from each state, and how long it may stand there.

The ledger may not import the stages, so the table stands here too; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector import shipping
from connector.journey import OrderState, SlipState, State
from connector.shop import Mode, Shop


@dataclass(frozen=True, slots=True)
class Place:
    """`stage` is who moves an item on; empty where nobody has to act on the item itself."""

    item: str  # order or slip
    state: State
    stage: str
    patience: timedelta | None  # None: standing here is never "stuck"

    def patience_of(self, shop: Shop) -> timedelta | None:
        """How long is too long for this shop; None where nobody is expected to act."""
        if self.patience is None or shop.mode(self.stage) is Mode.OFF:
            return None
        return shop.patiences.get(self.stage, self.patience)

    def late_before(self, shop: Shop, now: datetime) -> datetime | None:
        """Who came here before then stands here too long. At the warehouse only its own business days count."""
        patience = self.patience_of(shop)
        if patience is None:
            return None
        at_warehouse = self.stage == "collect"
        return shipping.days_before(shop.shipping_days, now, patience) if at_warehouse else now - patience


# fmt: off
PLACES = (
    Place("order", OrderState.RECEIVED, "notify", timedelta(minutes=30)),
    Place("order", OrderState.NOTIFIED, "confirm_intake", timedelta(hours=2)),
    Place("order", OrderState.IN_INTAKE, "import_daily", timedelta(hours=26)),
    Place("order", OrderState.IMPORTED, "", None),  # its slips walk
    Place("order", OrderState.SHIPPED, "complete", timedelta(hours=26)),
    Place("order", OrderState.COMPLETED, "", None),
    Place("order", OrderState.CANCELLED, "", None),
    Place("slip", SlipState.INTAKE, "follow_slips", timedelta(days=2)),
    Place("slip", SlipState.OPEN, "follow_slips", timedelta(days=2)),
    Place("slip", SlipState.PRINT_READY, "relay", timedelta(hours=4)),
    Place("slip", SlipState.RELAYED, "collect", timedelta(days=3)),
    Place("slip", SlipState.DISPATCHED, "confirm_shipment", timedelta(hours=4)),
    Place("slip", SlipState.CONFIRMED, "", None),
    Place("slip", SlipState.CANCELLED, "", None),
)
# fmt: on

PLACE = {(place.item, str(place.state)): place for place in PLACES}

STAGES_OF = {
    "order": ("ingest", "notify", "confirm_intake", "import_daily", "complete", "stop"),
    "slip": ("follow_slips", "relay", "collect", "confirm_shipment"),
}
"""Which stages work on orders and which on slips: `effect_items.item_id` alone does not say. Others work on neither."""
