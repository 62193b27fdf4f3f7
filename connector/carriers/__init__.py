"""Carriers (運送会社): what each system calls a carrier and a time band, and from which day to which.

Codes drift: B2's 送り状種類 7 once was ネコポス and is クロネコゆうパケット today, 20-21時 became 19-21時. A wrong code
ships by another service without an error, so an outdated one is read with a warning and never written.

  Services     mappings/tables/carriers_by_system.yaml    .code(system, carrier)    .read(…)
  Bands        mappings/tables/time_slot_by_system.yaml   .code(system, band, on)

The two files are read by the mapping room; `Tables` has both.
"""

from __future__ import annotations

from connector.carriers.bands import BANDS, BandCode, Bands, Choice, Missing, System, Verdict
from connector.carriers.services import ONE_EACH, SYSTEMS, ReadCode, Service, Services

__all__ = [
    "BANDS",
    "ONE_EACH",
    "SYSTEMS",
    "BandCode",
    "Bands",
    "Choice",
    "Missing",
    "ReadCode",
    "Service",
    "Services",
    "System",
    "Verdict",
]
