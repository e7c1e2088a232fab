"""`SECURITY.md` and `docs/reliability.md` name tests; each of them exists, and no row of their tables is left blank."""

from __future__ import annotations

import ast
import re

from tests.conftest import REPOSITORY

TABLE = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
CASES = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]{1,80}\.py)::(\w{1,150})`", TABLE + CASES)


def test_every_test_that_the_table_names_exists() -> None:
    assert len(NAMED) >= 20
    missing = []
    for file, name in NAMED:
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if name not in functions:
            missing.append(f"{file}::{name}")
    assert missing == []


def test_every_row_names_a_test_or_says_why_not() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith(("| ASVS", "| AISVS"))]
    assert len(rows) >= 20
    assert [row for row in rows if not re.search(r"\| (`tests/|n/a|open)", row)] == []


def test_each_of_the_58_cases_names_what_tries_it_or_says_why_nothing_does() -> None:
    rows = [line for line in CASES.splitlines() if line.startswith("| T")]
    assert [row.split()[1] for row in rows] == [f"T{number:02}" for number in range(1, 59)]
    assert [row for row in rows if not re.search(r"\| (`tests/|`python -m|n/a|open)", row)] == []
