"""`python -m web.bench`: the figures that the product promises, measured from outside as a user meets them.

Prints one figure a line beside its goal. These machines are noisy: quote figures of one run together, and repeat a run
before believing a difference.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

QUESTIONS = (
    "自助・共助って何ですか？",
    "計画の期間はいつからいつまでですか",
    "市内に地域包括支援センターはいくつある？",
    "お年寄りを見守る仕組みはありますか",
    "福祉相談課の電話番号を教えてください",
    "社協は災害に備えてどんなことをしていますか",
    "ちいきふくしってなんですか",
    "How many years does the plan cover?",
)
ROUNDS = 10
START_TIMEOUT_S = 60.0

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGE_ROUNDS = 5
# Since the browser began to ask for the page until its chat answers to Enter.
USABLE = """() => customElements.whenDefined("plan-chat").then(() => performance.now())"""
# From send until something is painted: the note that the question is being worked on, and the first sentence.
FIRST_SENTENCE = """async (question) => {
  const painted = async (selector, count) => {
    while (document.querySelectorAll(selector).length <= count) await new Promise(requestAnimationFrame);
    return performance.now();
  };
  const field = document.querySelector("#question");
  const sentences = document.querySelectorAll(".sentence, .fixed").length;
  field.value = question;
  const sent = performance.now();
  field.form.requestSubmit();
  const feedback = await painted(".turn[aria-busy]", 0).then((at) => at - sent);
  const sentence = await painted(".sentence, .fixed", sentences).then((at) => at - sent);
  while (document.querySelector(".turn[aria-busy]")) await new Promise(requestAnimationFrame);
  return [feedback, sentence];
}"""


def main() -> int:
    """Measure and print; returns 1 where a figure misses its goal."""
    figures = [_build_seconds(), *_serving_figures(), *_browser_figures()]
    for name, value, unit, goal in figures:
        print(f"{name:<48} {value:8.1f} {unit:<3} (goal: at most {goal:g}) {'ok' if value <= goal else 'MISSED'}")
    return int(any(value > goal for _, value, _, goal in figures))


Figure = tuple[str, float, str, float]


def _build_seconds() -> Figure:
    """The whole command, with Python's start, the model's loading and the writing, into a folder of its own."""
    subprocess.run([sys.executable, "-m", "index", "build"], check=True)  # expands the model where it is not there yet
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "index", "build", "--force", "--out", out], check=True)
        return "python -m index build of the plan", time.perf_counter() - started, "s", 20


def _serving_figures() -> list[Figure]:
    port = free_port()
    started = time.perf_counter()
    with _server(port) as process:
        wait_until_ready(port)
        ready_s = time.perf_counter() - started
        client = http.client.HTTPConnection("127.0.0.1", port)
        times_ms = []
        for question in QUESTIONS * ROUNDS:
            asked = time.perf_counter()
            _ask(client, question)
            times_ms.append((time.perf_counter() - asked) * 1000)
        memory_mb = _peak_memory_mb(process.pid)
    return [
        ("server ready after start", ready_s, "s", 10),
        ("POST /api/ask p50, one client", statistics.median(times_ms), "ms", 250),
        ("POST /api/ask p95, one client", statistics.quantiles(times_ms, n=20)[-1], "ms", 400),
        ("server memory, peak", memory_mb, "MB", 1200),
    ]


def _browser_figures() -> list[Figure]:
    """What a visitor's browser sees; Playwright and Chromium are needed for this alone, and come with `make bench`."""
    from playwright.sync_api import sync_playwright

    port = free_port()
    with _server(port), sync_playwright() as playwright:
        wait_until_ready(port)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        usable_ms, feedback_ms, sentence_ms = [], [], []
        for _ in range(PAGE_ROUNDS):
            page = browser.new_context().new_page()
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            loaded: list[float] = []
            network.on("Network.loadingFinished", lambda event, loaded=loaded: loaded.append(event["encodedDataLength"]))
            page.goto(f"http://127.0.0.1:{port}/")
            usable_ms.append(page.evaluate(USABLE))
            page_kb = sum(loaded) / 1000
            for question in QUESTIONS[:5]:
                feedback, sentence = page.evaluate(FIRST_SENTENCE, question)
                feedback_ms.append(feedback)
                sentence_ms.append(sentence)
            page.context.close()
        browser.close()
    return [
        ("first page, transferred, without fonts", page_kb, "kB", 100),
        ("first page usable p50", statistics.median(usable_ms), "ms", 1000),
        ("first feedback on screen after send p50", statistics.median(feedback_ms), "ms", 100),
        ("first sentence on screen after send p50", statistics.median(sentence_ms), "ms", 300),
    ]


@contextmanager
def _server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "web", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def wait_until_ready(port: int, probe: str = "/readyz") -> None:
    """Return when the server on a port can answer; with `/livez` when it listens. A TimeoutError after `START_TIMEOUT_S`."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, http.client.HTTPException), closing(client):
            client.request("GET", probe)
            if client.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"no {probe} after {START_TIMEOUT_S} s; run python -m web to see why")


def _ask(client: http.client.HTTPConnection, question: str) -> None:
    body = json.dumps({"question": question}).encode()
    client.request("POST", "/api/ask", body, {"Content-Type": "application/json"})
    response = client.getresponse()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"status {response.status}")


def _peak_memory_mb(pid: int) -> float:
    """The largest resident set so far, as Linux counts it; the model file's mapped pages are in it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    # The figures are for two cores, whatever the machine has more.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    sys.exit(main())
