"""Pages about the service, the accessibility statement, and the script that puts the chat on another site."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from web.accessibility import AccessibilityReport
from web.rendering import Renderer
from web.service import Service
from web.view import WIDGET_PATH, view_of

WIDGET_SCRIPT = "/widget.js"
# A site that includes the script should have a new version of it within the hour.
WIDGET_CACHE = "public, max-age=3600"


def information_routes(service: Service, renderer: Renderer, report: AccessibilityReport | None) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/about")
    async def about(request: Request) -> Response:
        infos = [document.info for document in service.documents()]
        return renderer.page("about.html", view_of(request), documents=infos)

    @routes.get("/accessibility")
    async def accessibility(request: Request) -> Response:
        return renderer.page("accessibility.html", view_of(request), report=report)

    @routes.get(WIDGET_SCRIPT)
    async def widget_script(request: Request) -> Response:
        view = view_of(request)
        label = renderer.catalogues[view.language]("widget.open", city=renderer.contacts.city.name_in(view.language))
        script = renderer.environment.get_template("widget.js.j2").render(
            words={"open": label, "lang": view.tag}, path=view.url(WIDGET_PATH)
        )
        return Response(script, media_type="text/javascript", headers={"Cache-Control": WIDGET_CACHE})

    @routes.get("/widget-test")
    async def widget_test(request: Request) -> Response:
        view = view_of(request)
        script = view.url(WIDGET_SCRIPT)
        snippet = f'<script src="{str(request.base_url).rstrip("/")}{script}"></script>'
        return renderer.page("widget_test.html", view, script=script, snippet=snippet)

    return routes
