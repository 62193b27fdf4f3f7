"""Bench (計測): what this machine does with orders, with a night of renewals and with mail; ratios, not promises."""

from __future__ import annotations

from connector.bench.mail import mail_line, measure_mail
from connector.bench.orders import measure, measure_nights, night_line, table

__all__ = ["mail_line", "measure", "measure_mail", "measure_nights", "night_line", "table"]
