"""How much is asked, with what outcome, about which sections: charts that the server draws, each beside its table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anyio import to_thread
from fastapi import Request, Response

from web.outcomes import OutcomeLog
from web.staff.access import StaffRoutes
from web.staff.csv_export import csv_response
from web.staff.person import Person
from web.storage.audit import JAPAN
from web.storage.questions import QuestionStore

DAYS = 30
TOP_SECTIONS = 10
# In a chart's own units; the page scales it.
WIDTH, HEIGHT = 600.0, 160.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it stands for, how many, and its place in the drawing."""

    name: str
    count: int
    x: float
    y: float
    width: float
    height: float


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Return upright bars over the whole width, the highest as high as the drawing; none of no counts."""
    most = max((count for _, count in counts), default=0) or 1
    step = WIDTH / len(counts) if counts else 0.0
    return [
        Bar(
            name,
            count,
            round(at * step, 1),
            round(HEIGHT * (1 - count / most), 1),
            round(step * 0.8, 1),
            round(HEIGHT * count / most, 1),
        )
        for at, (name, count) in enumerate(counts)
    ]


def add_charts(routes: StaffRoutes, questions: QuestionStore, outcomes: OutcomeLog) -> None:
    """Add the page of charts and its figures as a file."""

    @routes.get("/staff/charts", "viewer")
    async def show(request: Request, person: Person) -> Response:
        found = await to_thread.run_sync(questions.since, DAYS)
        blocked = await to_thread.run_sync(questions.blocked_since, DAYS)
        statuses = _most(one.status for one in found)
        sections = _most(section for one in found for section in one.sections)[:TOP_SECTIONS]
        return routes.pages.page(
            "staff/charts.html",
            request,
            person,
            total=len(found),
            days=bars(_by_day([one.day for one in found])),
            statuses=[(routes.pages.text(f"charts.status_{status}"), count) for status, count in statuses],
            sections=sections,
            approved=sum(one.approved for one in found),
            blocked=blocked,
            dropped=outcomes.dropped,
            span=DAYS,
            size=(WIDTH, HEIGHT),
        )

    @routes.get("/staff/charts/days.csv", "viewer")
    async def export(request: Request, person: Person) -> Response:
        found = await to_thread.run_sync(questions.since, DAYS)
        head = [routes.pages.text("charts.day"), routes.pages.text("charts.count")]
        return csv_response([head, *_by_day([one.day for one in found])], "days.csv")


def _by_day(days: Sequence[dt.date]) -> list[tuple[str, int]]:
    """All days of the span with their counts, also those without a question."""
    today = dt.datetime.now(JAPAN).date()
    counts = Counter(days)
    every = [today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day.isoformat(), counts[day]) for day in every]


def _most(names: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(names).items(), key=lambda one: (-one[1], one[0]))
