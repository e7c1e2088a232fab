"""`create_app`: the server put together from built parts; errors for every route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from starlette.middleware.gzip import GZipMiddleware

from assistant.assistant import Assistant
from assistant.contacts import Contacts
from assistant.route import load_router
from assistant.settings import QUESTIONS_PER_MINUTE
from assistant.triage import Triage
from assistant.wordings import load_wordings
from index.search_index import SearchIndex
from web.accessibility import load_report
from web.api import api_routes
from web.approved import ApprovedAnswers
from web.assets import Assets
from web.catalogue import LANGUAGES, load_catalogues, saying_what_is_kept
from web.chat import chat_routes
from web.error_pages import ErrorPages
from web.errors import NOT_FOUND, WebError
from web.feedback import feedback_routes
from web.front_door import FrontDoor
from web.furigana import Furigana
from web.furigana_route import furigana_route
from web.headers import SecurityHeaders
from web.information import information_routes
from web.metrics import Metrics
from web.notice import NoticeBoard
from web.outcomes import OutcomeLog
from web.plan import plan_routes
from web.rate_limit import RateLimit
from web.rendering import Renderer, environment
from web.request_log import RequestLog
from web.service import Renew, Service
from web.staff.options import NOTHING_KEPT, KeepingOptions, StaffOptions
from web.staff.site import staff_routes
from web.storage.answers import AnswerStore
from web.storage.database import Database
from web.storage.feedback import FeedbackStore
from web.storage.questions import QuestionStore
from web.theme import theme_css
from web.view import View

FOR_EVER = "public, max-age=31536000, immutable"
MIN_COMPRESSED_BYTES = 1000


def create_app(
    build: Callable[[], Assistant],
    contacts: Contacts,
    database: Database,
    *,
    widget_sites: Sequence[str] = (),
    hosts: Sequence[str] = (),
    questions_per_minute: int = QUESTIONS_PER_MINUTE,
    staff: StaffOptions | None = None,
    keeping: KeepingOptions = NOTHING_KEPT,
    load_index: Callable[[], SearchIndex] | None = None,
    notices: NoticeBoard | None = None,
    renew: Renew | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        build: makes the assistant; called once, in the background, when the server starts.
        contacts: the city and whom to ask.
        database: where feedback is kept; the rest works without it.
        widget_sites: origins that may show the chat in a frame.
        hosts: names that the service goes by; with none, any Host header is taken.
        questions_per_minute: what one address may ask.
        staff: how the city's staff come in; without, there are no pages for them.
        keeping: what is kept of questions.
        load_index: loads the index alone, so that documents and the counter's search live where no assistant can be made.
        notices: the operator's notice, and whether the service is closed; never, if not given.
        renew: an assistant → the same over the index that is current now.

    Raises:
        ConfigurationError: a catalogue lacks a text, or the city's colour cannot be read on the page.
    """
    wordings = load_wordings()
    notices = notices or NoticeBoard()
    approved = ApprovedAnswers(AnswerStore(database))
    outcomes = OutcomeLog(QuestionStore(database), keep_texts=keeping.texts, text_days=keeping.text_days)
    rate_limit = RateLimit(questions_per_minute)
    service = Service(
        build,
        Triage(load_router(), contacts, wordings),
        rate_limit,
        approved if staff or keeping.approved_for_residents else None,
        outcomes,
        approved_for_residents=keeping.approved_for_residents,
        load_index=load_index,
        notices=notices,
        renew=renew,
    )
    catalogues = load_catalogues()
    renderer = Renderer(
        assets=Assets({"theme.css": theme_css(contacts.city)}),
        contacts=contacts,
        catalogues=saying_what_is_kept(catalogues, keeping.text_days) if keeping.texts else catalogues,
        wordings=wordings,
        furigana=Furigana(contacts.city.readings),
        widget_sites=widget_sites,
        environment=environment(),
        notices=notices,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        outcomes.start()
        yield
        approved.stop()
        outcomes.stop()
        database.close()

    # FastAPI's own pages for its API load from another server, and a public service has no use for them.
    app = FastAPI(title="plan-assistant", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.service, app.state.metrics = service, Metrics(service)
    _add_residents(app, service, renderer, FeedbackStore(database))
    if staff:
        app.include_router(staff_routes(staff, renderer, database, service, approved, outcomes))
    _add_static(app, renderer.assets)
    errors = ErrorPages(renderer)
    errors.add_to(app)
    # The last one meets a request first.
    app.add_middleware(GZipMiddleware, minimum_size=MIN_COMPRESSED_BYTES)
    app.add_middleware(FrontDoor, respond=errors.respond, hosts=hosts, notices=notices, asker=rate_limit.asker)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, count=app.state.metrics.count)
    return app


def _add_residents(app: FastAPI, service: Service, renderer: Renderer, feedback: FeedbackStore) -> None:
    app.include_router(api_routes(service))
    app.include_router(furigana_route(service, renderer.furigana))
    for language in LANGUAGES:
        prefix = View(language, "").url("")
        app.include_router(chat_routes(service, renderer), prefix=prefix)
        app.include_router(plan_routes(service, renderer), prefix=prefix)
        app.include_router(information_routes(service, renderer, load_report()), prefix=prefix)
        app.include_router(feedback_routes(renderer, feedback), prefix=prefix)


def _add_static(app: FastAPI, assets: Assets) -> None:
    @app.get("/static/{name:path}")
    async def static(name: str) -> Response:
        asset = assets.find(name)
        if asset is None:
            raise WebError(NOT_FOUND)
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": FOR_EVER})
