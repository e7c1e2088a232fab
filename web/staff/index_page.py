"""Which index is answered from, and the way to a newer one without a restart: what SIGHUP does, for administrators."""

from __future__ import annotations

import logging
from collections import Counter

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response

from web.errors import STARTING, WebError
from web.service import LOAD_ERRORS, Service
from web.staff.access import StaffRoutes
from web.staff.person import Form, Person
from web.storage.audit import changing
from web.storage.database import Database, StorageUnavailableError

log = logging.getLogger("web.staff")


def add_index(routes: StaffRoutes, service: Service, database: Database) -> None:
    """Add the page and its one action."""
    # Whoever waits for another's exchange holds none of the threads in which questions are answered.
    turn = CapacityLimiter(1)

    def page(request: Request, person: Person, outcome: str = "", status: int = 200) -> Response:
        documents = service.documents()
        index = service.index() if documents else None
        passages = Counter(passage.document_id for passage in index.passages) if index else Counter[str]()
        return routes.pages.page(
            "staff/index.html",
            request,
            person,
            status=status,
            version=index.version if index else "",
            answering=service.answers is not None,
            documents=[(document.info, passages[document.info.id]) for document in documents],
            outcome=outcome,
        )

    @routes.get("/staff/index", "admin")
    async def show(request: Request, person: Person) -> Response:
        return page(request, person)

    @routes.post("/staff/index", "admin")
    async def renew(request: Request, person: Person, form: Form) -> Response:
        if not service.wait(0):
            raise WebError(STARTING)

        def exchange() -> str:
            before = service.index_version
            version = service.renew()
            log.info("index %s is loaded, by the staff's page", version)
            if version == before:
                return "same"
            try:
                with changing(database, person.name, "index.renew", version):
                    pass
            except StorageUnavailableError as error:
                log.error("that index %s was loaded could not be recorded: %s", version, error)
                return "unrecorded"
            return "renewed"

        try:
            outcome = await to_thread.run_sync(exchange, limiter=turn)
        except LOAD_ERRORS as error:
            # The message is for who can reach the server's files, and names them.
            log.error("the index could not be renewed by the staff's page: %s", error)
            outcome = "failed"
        except Exception:
            log.exception("the index could not be renewed by the staff's page")
            outcome = "failed"
        return page(request, person, outcome, 503 if outcome == "failed" else 200)
