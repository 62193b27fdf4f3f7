"""Reports (照合・朝の報告): four pictures side by side, and one model from which every format is rendered.

picture = await reconcile(cart, order_manager, database, shop, now, day)
report = await make(database, shop, day, now, picture)      # a closed day comes back as it was (R3)
await close(database, report)                               # once the day is over
paths = write(report, folder, lang="ja")                    # report_<shop>_<day>.html .xlsx .csv .json
"""

from __future__ import annotations

from connector.reports.model import Morning
from connector.reports.morning import close, closed, latest, make
from connector.reports.picture import Picture
from connector.reports.reconcile import reconcile
from connector.reports.render import rows_for_excel, write, written
from connector.reports.sayings import figure_value, lamp_name, what, what_to_do
from connector.reports.tables import opening, tables

__all__ = [
    "Morning",
    "Picture",
    "close",
    "closed",
    "figure_value",
    "lamp_name",
    "latest",
    "make",
    "opening",
    "reconcile",
    "rows_for_excel",
    "tables",
    "what",
    "what_to_do",
    "write",
    "written",
]
