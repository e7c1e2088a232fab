"""The chat in a real browser against a real server on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from assistant.assistant import Assistant
from web.app import create_app

# Chromium as root in a closed network: no sandbox, and none of its own connections.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PERIOD = "令和３（２０２１）年度から令和７（２０２５）年度までの５年間"


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(lambda: assistant)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not (server.started and app.state.service.ready):
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose script errors, policy violations and requests to other hosts fail the test."""
    page = browser.new_page(locale="ja-JP", reduced_motion="reduce")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda request: None if "//127.0.0.1:" in request.url else wrong.append(request.url))
    yield page
    page.close()
    assert wrong == []


def ask(page: Page, question: str) -> None:
    page.get_by_label("質問（300文字まで）").fill(question)
    page.get_by_label("質問（300文字まで）").press("Enter")
    expect(page.get_by_role("status")).to_have_text("回答ができました。")


def test_a_question_is_answered_and_its_citation_opens_the_plan_at_the_highlighted_sentence(
    page: Page, address: str
) -> None:
    page.goto(address)
    ask(page, "自助・共助って何ですか？")
    expect(page.locator(".sentences li").first).to_contain_text("住民一人ひとりの力（自助）")
    page.get_by_role("link", name="根拠1、計画の本文を開く").first.click()
    expect(page.locator("mark")).to_be_in_viewport()
    assert page.locator("mark").inner_text().startswith("様々な生活課題について")
    expect(page.get_by_role("heading", name="２ 地域福祉とは")).to_be_visible()


def test_the_short_answer_is_marked_in_its_sentence(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "計画の期間はいつからいつまでですか")
    assert page.locator(".short-answer").inner_text() == PERIOD


def test_a_conversation_goes_on_with_what_was_asked_before(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "計画の期間を教えて")
    ask(page, "それは何年間ですか")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last).to_contain_text("５年間")


def test_an_example_is_asked_by_its_button(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="計画の期間はいつからいつまでですか").click()
    expect(page.locator(".sentences li").first).to_contain_text(PERIOD)


def test_what_the_plan_does_not_say_shows_whom_to_ask(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "福祉相談課の電話番号は？")
    expect(page.locator(".answer")).to_contain_text("答えが見つかりませんでした")
    expect(page.locator(".contacts")).to_contain_text("福祉相談課")
    expect(page.locator(".sources")).to_be_hidden()


def test_a_refused_question_stays_in_the_box_and_the_reason_is_announced(page: Page, address: str) -> None:
    page.goto(address)
    box = page.get_by_label("質問（300文字まで）")
    box.fill("   ")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("質問を入力してください。")
    expect(box).to_be_focused()


@pytest.mark.parametrize("event", [{"isComposing": True}, {"keyCode": 229}])
def test_enter_that_ends_a_conversion_sends_nothing(page: Page, address: str, event: dict[str, object]) -> None:
    page.goto(address)
    box = page.get_by_label("質問（300文字まで）")
    box.fill("けいかく")
    box.dispatch_event("keydown", {"key": "Enter", "bubbles": True, "cancelable": True, **event})
    expect(page.locator(".turn")).to_have_count(0)
    assert box.input_value() == "けいかく"


def test_the_question_stands_in_no_address(page: Page, address: str) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(address)
    ask(page, "青色防犯パトロール")
    assert addresses
    assert not [url for url in addresses if "%E9%9D%92" in url or "青" in url]


def test_markup_in_a_question_is_shown_as_text(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "<img src=x onerror=alert(1)>計画の期間は")
    assert page.locator(".asked").inner_text().endswith("<img src=x onerror=alert(1)>計画の期間は")


def test_a_lost_connection_keeps_the_question_and_says_so(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.route("**/api/ask", lambda route: route.abort())
    page.get_by_label("質問（300文字まで）").fill("計画の期間は")
    page.get_by_role("button", name="質問する").click()
    expect(page.get_by_role("alert")).to_contain_text("通信できませんでした")
    assert page.get_by_label("質問（300文字まで）").input_value() == "計画の期間は"
    page.close()


def test_without_javascript_the_chat_works_by_forms(browser: Browser, address: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    page.get_by_label("質問（300文字まで）").fill("計画の期間を教えて")
    page.get_by_role("button", name="質問する").click()
    expect(page.locator(".sentences li").first).to_contain_text(PERIOD)
    page.get_by_label("質問（300文字まで）").fill("それは何年間ですか")
    page.get_by_role("button", name="質問する").click()
    expect(page.locator(".answer")).to_contain_text("５年間")
    page.get_by_role("link", name="根拠1、計画の本文を開く").first.click()
    expect(page.locator("mark").first).to_be_visible()
    page.close()


@pytest.mark.parametrize("path", ["/", "/documents/asaka-4"])
def test_at_320_pixels_nothing_runs_out_of_the_page(browser: Browser, address: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(address + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()
