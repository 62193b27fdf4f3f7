"""Carriers (運送会社): what each system calls a carrier and a time band, and from which day to which.

Codes drift: B2's 送り状種類 7 once was ネコポス and is クロネコゆうパケット today, 20-21時 became 19-21時. A wrong code
ships by another service without an error, so an outdated one is read with a warning and never written.

  load_services(path) -> Services     mappings/tables/carriers_by_system.yaml   .code(system, carrier)  .read(…)
  load_bands(path) -> Bands           mappings/tables/time_slot_by_system.yaml  .code(system, band, on)
"""

from __future__ import annotations

from connector.carriers.bands import BandCode, Bands, Choice, System, Verdict
from connector.carriers.files import lint_carriers, load_bands, load_services
from connector.carriers.services import ReadCode, Service, Services

__all__ = [
    "BandCode",
    "Bands",
    "Choice",
    "ReadCode",
    "Service",
    "Services",
    "System",
    "Verdict",
    "lint_carriers",
    "load_bands",
    "load_services",
]
