"""The one direction of imports: web → assistant → index → corpus, and evals beside web."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
MAY_IMPORT = {
    "corpus": {"corpus"},
    "index": {"index", "corpus"},
    "assistant": {"assistant", "index", "corpus"},
    "web": {"web", "assistant", "index", "corpus"},
    "evals": {"evals", "assistant", "index", "corpus"},
}
MODULES = sorted(path for package in MAY_IMPORT for path in (REPOSITORY / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The first parts of all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_package_imports_only_what_lies_below_it(path: Path) -> None:
    package = path.relative_to(REPOSITORY).parts[0]
    assert imported(path) & MAY_IMPORT.keys() <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_nothing_that_can_run_code_on_reading_is_used(path: Path) -> None:
    assert not imported(path) & {"pickle", "marshal", "shelve", "joblib", "dill"}
    text = path.read_text(encoding="utf-8")
    assert not [
        name for name in ("load_local", "allow_pickle=True", "trust_remote_code=True", "torch.load(") if name in text
    ]
