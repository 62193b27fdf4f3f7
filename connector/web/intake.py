"""Intake (取込の内訳): what became of every order seen; the cart's own counts stand as the newest report asked them."""

from __future__ import annotations

from aiohttp import web

from connector import words
from connector.ledger import views
from connector.ledger.views import Intake
from connector.reports import latest, rows_for_excel
from connector.reports.intake import day_verdict, rule_words
from connector.web.frame import View
from connector.web.lists import attachment
from connector.words import label


async def page(request: web.Request) -> web.Response:
    view = View(request)
    found = await _intake(view)
    asked = _asked(view)
    return view.page(
        "intake.html",
        here="intake",
        found=found,
        lines=[line for line in found.lines if not line.older],
        older=[line for line in found.lines if line.older],
        asked=asked,
        kind=lambda line: words.INTAKE[line.kind],
        rule=lambda line: rule_words(line, view.lang),
        day_verdict=lambda day: day_verdict(day, view.lang),
    )


async def as_json(request: web.Request) -> web.Response:
    view = View(request)
    return view.json({"now": await _intake(view), "compared": _asked(view)})


async def as_csv(request: web.Request) -> web.Response:
    """One row for each line."""
    view = View(request)
    titles = ("verdict", "rule", "count", "yen", "oldest")
    rows = [
        (
            words.INTAKE[line.kind].name.say(view.lang)
            + (label("intake_older", view.lang) if line.older else ""),
            rule_words(line, view.lang),
            line.count,
            line.yen,
            line.oldest_at.isoformat() if line.oldest_at else "",
        )
        for line in (await _intake(view)).lines
    ]
    body = rows_for_excel([label(title, view.lang) for title in titles], rows)
    return attachment(f"intake_{view.shop.key}.csv", body)


async def _intake(view: View) -> Intake:
    return await view.read(lambda connection: views.intake(connection, view.shop, view.now))


def _asked(view: View) -> Intake | None:
    """As the newest report found it: a page asks nobody outside."""
    report = latest(view.context.reports_dir, view.shop.key)
    return report.intake if report is not None else None
