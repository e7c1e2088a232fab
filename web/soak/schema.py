"""Requests that schemathesis makes from a description of every address, the staff's too. The service itself shows none."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.contacts import load_contacts
from assistant.settings import Settings
from assistant.wiring import build_assistant
from web.app import create_app
from web.feedback import FeedbackFields
from web.gate import AskBody
from web.soak.server import Server
from web.staff.access import PREFIXES, TOKEN_BYTES, csrf_of
from web.staff.options import StaffOptions
from web.storage.accounts import AccountStore
from web.storage.database import DATABASE_FILE, Database

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
QUESTION_FORM = {"type": "object", "properties": {"question": {"type": "string"}, "earlier": {"type": "string"}}}
FIND_FORM = {"type": "object", "properties": {"find": {"type": "string"}}}
# All that any of the staff's forms reads; which of them reads what, each says by itself.
STAFF_FIELDS = (
    "query question note state number ids span sources others wanted evidence say plan do more who scope"
    " language furigana name"
).split()
STAFF_FORM = {"type": "object", "properties": {field: {"type": "string"} for field in STAFF_FIELDS}}
# What would end the session in which all others are asked.
NOT_ASKED = ("/staff/sign-in", "/staff/sign-out")
WHO = "soak"


@dataclass(frozen=True, slots=True)
class SchemaFigures:
    """How it went: requests that were made, and whether any was answered by a failure of the server."""

    operations: int
    cases: int
    passed: bool
    said: str


def fuzz(server: Server, settings: Settings, program: Path, examples: int) -> SchemaFigures:
    """Have schemathesis make requests to a server; none may be answered by 500 or more.

    Args:
        server: with the staff's pages, and without other load, so that 503 is a failure too.
        settings: of this installation.
        program: schemathesis's command.
        examples: at most so many for each address and method.
    """
    described = describe(settings, server.var)
    headers = sign_in(server.var)
    file = server.var / "openapi.json"
    file.write_text(json.dumps(described), encoding="utf-8")
    command = [str(program), "run", str(file), "--url", f"http://127.0.0.1:{server.port}"]
    command += [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    command += ["--checks", "not_a_server_error", "--max-examples", str(examples), "--continue-on-failure", "--no-color"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=server.var)
    said = done.stdout[-3000:]
    cases = re.search(r"(\d[\d,]{0,12}) generated", done.stdout)
    operations = sum(len(methods) for methods in described["paths"].values())
    return SchemaFigures(operations, int(cases[1].replace(",", "")) if cases else 0, done.returncode == 0, said)


def sign_in(var: Path) -> dict[str, str]:
    """Give a data folder's database an administrator with a session; returns the headers of that person's requests."""
    database = Database(var / DATABASE_FILE)
    accounts = AccountStore(database)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        accounts.add(WHO, WHO, "admin", None)
        accounts.begin_session(WHO, token)
    finally:
        database.close()
    # Over http, without the prefix that a browser wants of https.
    return {"Cookie": f"staff={token}", "X-CSRF-Token": csrf_of(token)}


def describe(settings: Settings, var: Path) -> dict[str, Any]:
    """Return the description of every address, as OpenAPI; bodies are added, which the routes read by themselves."""
    app = create_app(
        lambda: build_assistant(settings),
        load_contacts(settings.contacts),
        Database(var / "none.sqlite3"),
        staff=StaffOptions(),
    )
    described: dict[str, Any] = app.openapi()
    for path in NOT_ASKED:
        del described["paths"][path]
    for path, methods in described["paths"].items():
        for method in methods.values():
            _add_places(path, method)
        if "post" in methods:
            kind, schema = _body(path)
            methods["post"]["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return described


def _add_places(path: str, method: dict[str, Any]) -> None:
    """Describe the places of an address that its route reads by itself, as the staff's do."""
    described = method.setdefault("parameters", [])
    for name in set(re.findall(r"{(\w{1,40})", path)) - {parameter["name"] for parameter in described}:
        described.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})


def _body(path: str) -> tuple[str, dict[str, Any]]:
    if path.startswith("/api/"):
        schema = AskBody.model_json_schema()
        # A reference inside of a body would be looked up in the whole description.
        turn = schema.pop("$defs")["TurnBody"]
        schema["properties"]["history"]["items"] = turn
        return JSON, schema
    if path.endswith("/feedback"):
        return FORM, FeedbackFields.model_json_schema()
    if path.startswith(PREFIXES):
        return FORM, STAFF_FORM
    return FORM, FIND_FORM if "/documents" in path else QUESTION_FORM
