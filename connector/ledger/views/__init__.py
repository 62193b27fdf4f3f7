"""Views (閲覧): the ledger as pages, reports and commands read it: frozen structs, no SQL outside, no secrets.

Every function takes a connection: `await database.read(lambda c: views.funnel(c, shop, now))`.
Personal data comes out masked. Nothing here writes, except that `close_day` stores a finished report.
"""

from __future__ import annotations

from sqlalchemy import Connection

from connector.ledger.database import Database
from connector.ledger.views.because import Because, because, because_slip
from connector.ledger.views.case_figures import CaseFigures, Cases, cases_list
from connector.ledger.views.cases import CaseRow, CaseStep, LinkRow, case_of, links_of
from connector.ledger.views.changes import (
    ChangeRow,
    ChangeTold,
    VersionOf,
    VersionTold,
    changes_list,
    told,
    told_version,
    versions_of,
)
from connector.ledger.views.closed_days import close_day, closed_day, closed_days
from connector.ledger.views.facts import OrderFacts, SlipFacts, order_facts, standing
from connector.ledger.views.flows import roll_forward
from connector.ledger.views.intake import (
    INTAKE_DAYS,
    Intake,
    IntakeDay,
    IntakeKind,
    IntakeLine,
    digests,
    intake,
    intake_days,
)
from connector.ledger.views.lists import (
    PAGE,
    Question,
    funnel,
    held,
    orders_at,
    orders_list,
    slips_at,
    stops,
    strays_list,
)
from connector.ledger.views.money import Money, MoneyRow, money
from connector.ledger.views.one import order, slip
from connector.ledger.views.parcels import parcels_of
from connector.ledger.views.places import PLACE, PLACES, STAGES_OF, Place
from connector.ledger.views.renewal_rows import (
    Expected,
    Forecast,
    MissingRenewal,
    OddRenewal,
    Trap,
    WrongRules,
)
from connector.ledger.views.renewals import renewals_forecast
from connector.ledger.views.rows import (
    AttemptRow,
    EffectRow,
    ExchangeRow,
    Flow,
    HistoryRow,
    HoldRow,
    JobRow,
    LineRow,
    Listing,
    OrderPicture,
    OrderRow,
    Person,
    PlaceCount,
    PulseRow,
    ShipmentRow,
    SlipPicture,
    SlipRow,
    StopRow,
    StrayRow,
    VersionRow,
)
from connector.ledger.views.times import business_day, cut_off, day_span, due_at, next_of
from connector.ledger.views.touched import Touched, touched
from connector.ledger.views.waiting import waiting
from connector.ledger.views.why import HoldWhy, SlipWhy, Why, sentence_of, text, why, why_all, why_slip
from connector.ledger.views.work import (
    effect_totals,
    effects_between,
    exchange_bytes,
    exchanges_of,
    jobs,
    open_effects,
    pulses_list,
)

__all__ = [
    "INTAKE_DAYS",
    "PAGE",
    "PLACE",
    "PLACES",
    "STAGES_OF",
    "AttemptRow",
    "Because",
    "CaseFigures",
    "CaseRow",
    "CaseStep",
    "Cases",
    "ChangeRow",
    "ChangeTold",
    "Connection",
    "Database",
    "EffectRow",
    "ExchangeRow",
    "Expected",
    "Flow",
    "Forecast",
    "HistoryRow",
    "HoldRow",
    "HoldWhy",
    "Intake",
    "IntakeDay",
    "IntakeKind",
    "IntakeLine",
    "JobRow",
    "LineRow",
    "LinkRow",
    "Listing",
    "MissingRenewal",
    "Money",
    "MoneyRow",
    "OddRenewal",
    "OrderFacts",
    "OrderPicture",
    "OrderRow",
    "Person",
    "Place",
    "PlaceCount",
    "PulseRow",
    "Question",
    "ShipmentRow",
    "SlipFacts",
    "SlipPicture",
    "SlipRow",
    "SlipWhy",
    "StopRow",
    "StrayRow",
    "Touched",
    "Trap",
    "VersionOf",
    "VersionRow",
    "VersionTold",
    "Why",
    "WrongRules",
    "because",
    "because_slip",
    "business_day",
    "case_of",
    "cases_list",
    "changes_list",
    "close_day",
    "closed_day",
    "closed_days",
    "cut_off",
    "day_span",
    "digests",
    "due_at",
    "effect_totals",
    "effects_between",
    "exchange_bytes",
    "exchanges_of",
    "funnel",
    "held",
    "intake",
    "intake_days",
    "jobs",
    "links_of",
    "money",
    "next_of",
    "open_effects",
    "order",
    "order_facts",
    "orders_at",
    "orders_list",
    "parcels_of",
    "pulses_list",
    "renewals_forecast",
    "roll_forward",
    "sentence_of",
    "slip",
    "slips_at",
    "standing",
    "stops",
    "strays_list",
    "text",
    "told",
    "told_version",
    "touched",
    "versions_of",
    "waiting",
    "why",
    "why_all",
    "why_slip",
]
