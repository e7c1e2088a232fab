from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.settings import Settings
from index.errors import IndexUnavailableError
from web.doctor import QUESTIONS_ASKED, Watch, can_serve, examine, report


def test_a_sound_installation_answers_and_nothing_leaves_the_machine(assistant: Assistant, settings: Settings) -> None:
    findings = examine(settings, lambda _: assistant)
    assert can_serve(findings)
    assert f"{QUESTIONS_ASKED}件の質問のあいだ、ありませんでした" in report(findings)


def test_a_missing_index_is_found_and_said_with_its_command(settings: Settings) -> None:
    def build(_: Settings) -> Assistant:
        raise IndexUnavailableError("索引がありません。作るには: python -m index build")

    findings = examine(settings, build)
    assert not can_serve(findings)
    assert "python -m index build" in report(findings)


def test_contacts_that_cannot_be_read_and_a_folder_that_others_can_write_are_found(
    assistant: Assistant, settings: Settings, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    broken = settings.model_copy(update={"contacts": tmp_path / "none.toml", "var": tmp_path})
    text = report(examine(broken, lambda _: assistant))
    assert "不可 連絡先" in text
    assert "ほかの人も書き込めます" in text


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("198.51.100.7", 53)])
def test_an_attempt_to_reach_another_machine_is_seen_even_where_it_fails(address: tuple[str, int]) -> None:
    watch = Watch()
    with watch.watching(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out, contextlib.suppress(OSError):
        way_out.sendto(b"x", address)
    assert watch.attempts == ["socket.sendto"]


def test_this_machine_itself_is_no_way_out() -> None:
    watch = Watch()
    with watch.watching(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside:
        inside.sendto(b"x", ("127.0.0.1", 9))
    assert watch.attempts == []
