"""The chat on another site's page, and feedback on an answer."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.assistant import Assistant
from tests.conftest import MakeApp
from tests.e2e.conftest import ask, running, watched

PERIOD_QUESTION = "計画の期間はいつからいつまでですか"


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A site on another origin, as the city's own is, and the folder that it serves."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path
        server.shutdown()
        thread.join()


def test_one_script_puts_the_chat_on_a_page_of_the_city_without_a_cookie(
    browser: Browser, assistant: Assistant, make_app: MakeApp, other_site: tuple[str, Path]
) -> None:
    site, folder = other_site
    with running(make_app(lambda: assistant, widget_sites=(site,))) as address, watched(browser) as page:
        (folder / "page.html").write_text(
            f'<!doctype html><html lang="ja"><title>市</title><body><p><script src="{address}/widget.js"></script></html>',
            "utf-8",
        )
        page.goto(f"{site}/page.html")
        assert page.locator("iframe").count() == 0
        page.locator("summary").click()
        frame = page.frame_locator("iframe")
        frame.locator("#question").fill(PERIOD_QUESTION)
        frame.locator("#question").press("Enter")
        expect(frame.locator(".short-answer")).to_be_visible()
        frame.locator(".marker").first.click()
        expect(frame.locator(".panel mark")).to_be_visible()
        assert frame.locator(".panel .full").get_attribute("target") == "_blank"
        assert page.context.cookies() == []


def test_a_site_that_is_not_set_cannot_show_the_chat(
    browser: Browser, assistant: Assistant, make_app: MakeApp, other_site: tuple[str, Path]
) -> None:
    site, folder = other_site
    with running(make_app(lambda: assistant)) as address:
        page = browser.new_page()
        (folder / "page.html").write_text(f'<!doctype html><script src="{address}/widget.js"></script>', "utf-8")
        page.goto(f"{site}/page.html")
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.locator("summary").click()
        assert page.frame_locator("iframe").locator("#question").count() == 0
        page.close()


def test_the_test_page_shows_the_widget_at_work(page: Page, address: str) -> None:
    page.goto(f"{address}/widget-test")
    page.locator("summary").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator("#question")).to_be_visible()
    expect(frame.locator(".site-nav")).to_have_count(0)


def test_feedback_is_sent_without_leaving_the_chat(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    page.locator(".feedback summary").click()
    page.get_by_role("button", name="送る").click()
    expect(page.locator(".feedback .error")).to_contain_text("選んでください")
    page.get_by_label("役に立たなかった").check()
    page.get_by_label("言葉がむずかしい").check()
    with page.expect_request("**/feedback") as sent:
        page.get_by_role("button", name="送る").click()
    expect(page.locator(".thanks")).to_be_focused()
    body = sent.value.post_data or ""
    assert "rating=not_useful" in body
    assert "question" not in body
    expect(page.locator(".turn")).to_have_count(1)


def test_where_feedback_cannot_be_kept_the_visitor_is_told_and_the_chat_goes_on(
    browser: Browser, assistant: Assistant, make_app: MakeApp, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with running(make_app(lambda: assistant, database=in_the_way / "web.sqlite3")) as address, watched(browser) as page:
        page.goto(address)
        ask(page, PERIOD_QUESTION)
        page.locator(".feedback summary").click()
        page.get_by_label("役に立った", exact=True).check()
        page.get_by_role("button", name="送る").click()
        expect(page.locator(".feedback .error")).to_contain_text("ただいまご意見を受け付けられません")
        assert page.get_by_label("役に立った", exact=True).is_checked()
        ask(page, "再犯防止")
