"""Which index is answered from, and the way to a newer one without a restart: what SIGHUP does, for administrators."""

from __future__ import annotations

import logging
from collections import Counter

from anyio import to_thread
from fastapi import Request, Response

from web.errors import STARTING, WebError
from web.service import LOAD_ERRORS, Service
from web.staff.access import StaffRoutes
from web.staff.person import Form, Person
from web.storage.audit import changing
from web.storage.database import Database

log = logging.getLogger("web.staff")


def add_index(routes: StaffRoutes, service: Service, database: Database) -> None:
    """Add the page and its one action."""

    def page(request: Request, person: Person, outcome: str = "", status: int = 200) -> Response:
        documents = service.documents()
        passages = Counter(passage.document_id for passage in service.index().passages) if documents else Counter[str]()
        listed = [(document.info, passages[document.info.id]) for document in documents]
        version = service.index_version
        return routes.pages.page(
            "staff/index.html", request, person, status=status, version=version, documents=listed, outcome=outcome
        )

    @routes.get("/staff/index", "admin")
    async def show(request: Request, person: Person) -> Response:
        return page(request, person)

    @routes.post("/staff/index", "admin")
    async def renew(request: Request, person: Person, form: Form) -> Response:
        if not service.wait(0):
            raise WebError(STARTING)
        before = service.index_version
        try:
            version = await to_thread.run_sync(service.renew)
        except LOAD_ERRORS as error:
            # The message is for who can reach the server's files, and names them.
            log.error("the index could not be renewed by the staff's page: %s", error)
            return page(request, person, "failed", 503)
        if version == before:
            return page(request, person, "same")

        def record() -> None:
            with changing(database, person.name, "index.renew", version):
                pass

        await to_thread.run_sync(record)
        return page(request, person, "renewed")
