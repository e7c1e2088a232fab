"""What `make env` installs."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY


def name_of(requirement: str) -> str:
    """The name as PEP 503 compares it, with the version."""
    name, _, version = requirement.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + "==" + version


def test_the_lock_has_each_pinned_version_and_no_other_and_each_with_a_hash() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {name_of(line.split(";")[0].strip()) for line in lines if "==" in line}
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", lock.replace("\\\n", " "))[1:]
    assert {name_of(entry.split()[0]) for entry in entries} == pinned
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_of_torch_only_the_build_without_cuda_is_taken() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    entry = re.search(r"^torch==.*(?:\n {4}.*)*", lock, re.MULTILINE)
    assert entry
    assert entry[0].count("--hash") == 1
