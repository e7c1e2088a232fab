"""All routes of the staff, put together. The one place where a new group of pages is added."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from web.approved import ApprovedAnswers
from web.counter.routes import add_counter
from web.outcomes import OutcomeLog
from web.rendering import Renderer
from web.service import Service
from web.staff.access import Access, StaffRoutes
from web.staff.answers import AnswerPages
from web.staff.charts import add_charts
from web.staff.index_page import add_index
from web.staff.options import StaffOptions
from web.staff.pages import StaffPages
from web.staff.person import Person
from web.staff.review import ReviewPages
from web.staff.sign_in import add_sign_in
from web.storage.accounts import AccountStore
from web.storage.audit import latest_changes
from web.storage.database import Database
from web.storage.questions import QuestionStore

CHANGES_SHOWN = 200


def staff_routes(
    options: StaffOptions,
    renderer: Renderer,
    database: Database,
    service: Service,
    approved: ApprovedAnswers,
    outcomes: OutcomeLog,
) -> APIRouter:
    """Return the staff's routes over the parts of the server."""
    routes = StaffRoutes(Access(options, AccountStore(database)), StaffPages(renderer))
    add_sign_in(routes)
    _add_home(routes)
    questions = QuestionStore(database)
    answers = AnswerPages(routes, service, approved, questions)
    answers.add_routes()
    ReviewPages(routes, service, database, answers, texts_kept=outcomes.keeps_texts).add_routes()
    add_charts(routes, questions, outcomes)
    add_index(routes, service, database)
    _add_changes(routes, database)
    add_counter(routes, service, renderer, options.counter_idle_minutes)
    return routes.router


def _add_home(routes: StaffRoutes) -> None:
    @routes.get("/staff", "viewer")
    async def home(request: Request, person: Person) -> Response:
        return routes.pages.page("staff/home.html", request, person)


def _add_changes(routes: StaffRoutes, database: Database) -> None:
    @routes.get("/staff/changes", "admin")
    async def changes(request: Request, person: Person) -> Response:
        latest = await to_thread.run_sync(latest_changes, database, CHANGES_SHOWN)
        return routes.pages.page("staff/changes.html", request, person, changes=latest)
