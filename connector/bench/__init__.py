"""Bench (計測): what this machine does with orders, a night of renewals, mail and results; ratios, not promises."""

from __future__ import annotations

from connector.bench.mail import mail_line, measure_mail
from connector.bench.orders import measure, measure_nights, night_line, table
from connector.bench.results import ROUNDS as RESULT_ROUNDS
from connector.bench.results import ROWS as RESULT_ROWS
from connector.bench.results import measure_results, results_lines

__all__ = [
    "RESULT_ROUNDS",
    "RESULT_ROWS",
    "mail_line",
    "measure",
    "measure_mail",
    "measure_nights",
    "measure_results",
    "night_line",
    "results_lines",
    "table",
]
