"""The files in `deploy/`: a real nginx with the shipped configuration before an upstream of the test's own, and the unit."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from tests.conftest import REPOSITORY
from web.gate import MAX_BODY_BYTES
from web.stream import STREAM_HEADERS, STREAM_TYPE

TIMEOUT_S = 10
NAME = "plan.city.example.jp"
TYPED = "himitsu-no-shitsumon"
FRAME = """
daemon off; master_process off; pid nginx.pid; error_log main.error.log; events {{ worker_connections 256; }}
http {{
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include {site};
}}
"""


@dataclass(slots=True)
class Seen:
    """What reached the upstream, and what lets it send the second event of its stream."""

    headers: list[Message] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    first_has_come: threading.Event = field(default_factory=threading.Event)


@contextmanager
def upstream() -> Iterator[tuple[int, Seen]]:
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.headers.append(self.headers)
            if self.path == "/stream":
                self._stream()
                return
            self._answer(503 if self.path == "/busy" else 200, b"of the assistant")

        def do_POST(self) -> None:
            seen.lengths.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(200, b"of the assistant")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self.send_response(200)
            for name, value in {**STREAM_HEADERS, "Content-Type": STREAM_TYPE, "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"event: first\n\n")
            if seen.first_has_come.wait(TIMEOUT_S):
                self.wfile.write(b"event: second\n\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def nginx(folder: Path, upstream_port: int, *more: tuple[str, str]) -> Iterator[int]:
    """The shipped configuration with ports, paths and time limits of the test, and `more` that is exchanged."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not program:
        pytest.fail("nginx is not installed: run `make browser`, or `apt-get install nginx-light`")
    port = free_port()
    site = (REPOSITORY / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("    listen [::]:80;\n", ""),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream_port};"),
        ("/var/log/nginx/", f"{folder}/"),
        ("client_header_timeout 10s;", "client_header_timeout 1s;"),
        ("client_body_timeout 10s;", "client_body_timeout 1s;"),
        *more,
    ):
        assert site.count(old) == 1, old
        site = site.replace(old, new)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    (folder / "nginx.conf").write_text(FRAME.format(site=folder / "site.conf"), encoding="utf-8")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "start.error.log"], stderr=output
        )
        try:
            wait_for(port, process, folder / "output")
            yield port
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"nginx did not start: {output.read_text(encoding='utf-8')}")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Status, body and `Retry-After`."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
        connection.request(method, path, body, {"Host": NAME, **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers.get("Retry-After", "")


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[int, Seen]]:
    with upstream() as (upstream_port, seen), nginx(tmp_path, upstream_port) as port:
        yield port, seen


def test_a_client_that_never_ends_its_headers_is_dropped_though_it_goes_on_sending(behind: tuple[int, Seen]) -> None:
    port, seen = behind
    dropped = False
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as client:
        client.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\nX-Slow: ".encode())
        until = time.monotonic() + TIMEOUT_S
        while not dropped and time.monotonic() < until:
            try:
                client.sendall(b"a")
                dropped = client.recv(1000) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                dropped = True
    assert dropped
    assert seen.headers == []


def test_a_client_that_never_ends_its_body_is_dropped_before_the_assistant_is_asked(behind: tuple[int, Seen]) -> None:
    port, seen = behind
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        client.sendall(f"POST /api/ask HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 10\r\n\r\na".encode())
        try:
            received = client.recv(1000)
        except ConnectionError:
            received = b""
    assert not received or b" 408 " in received.splitlines()[0]
    assert seen.lengths == []


def test_a_body_within_the_assistants_limit_passes_and_one_that_is_too_large_is_refused(behind: tuple[int, Seen]) -> None:
    port, seen = behind
    assert ask(port, "POST", "/api/ask", b"a" * MAX_BODY_BYTES)[0] == 200
    # So much as the assistant itself has yet to refuse, with its own message.
    assert ask(port, "POST", "/api/ask", b"a" * (MAX_BODY_BYTES + 1))[0] == 200
    status, text, _ = ask(port, "POST", "/api/ask", b"a" * (MAX_BODY_BYTES + 16 * 1024))
    assert (status, "大きすぎます" in text) == (413, True)
    assert seen.lengths == [MAX_BODY_BYTES, MAX_BODY_BYTES + 1]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_with_its_lines_for_tls_it_serves_by_tls_of_today_and_asks_for_that_ever_after(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", NAME)
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    tls_port = free_port()
    tls = (
        ("# listen 443 ssl http2;", f"listen 127.0.0.1:{tls_port} ssl http2;"),
        ("    # listen [::]:443 ssl http2;\n", ""),
        ("# ssl_certificate /etc/ssl/plan-assistant/fullchain.pem;", f"ssl_certificate {tmp_path}/both.pem;"),
        ("# ssl_certificate_key /etc/ssl/plan-assistant/privkey.pem;", f"ssl_certificate_key {tmp_path}/both.pem;"),
        *((f"# {line}", line) for line in ("ssl_protocols", "ssl_session_tickets", "add_header Strict-Transport")),
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with upstream() as (upstream_port, seen), nginx(tmp_path, upstream_port, *tls):
        with closing(http.client.HTTPSConnection("127.0.0.1", tls_port, timeout=TIMEOUT_S, context=context)) as connection:
            connection.request("GET", "/", headers={"Host": NAME})
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, b"of the assistant")
            assert "max-age=31536000" in response.headers["Strict-Transport-Security"]
        assert seen.headers[0]["X-Forwarded-Proto"] == "https"
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        plain = socket.create_connection(("127.0.0.1", tls_port), timeout=TIMEOUT_S)
        with closing(plain), pytest.raises(ssl.SSLError, match=r"(?i)alert"):
            context.wrap_socket(plain, server_hostname=NAME)


def test_what_a_client_says_of_its_address_or_of_who_it_is_does_not_reach_the_assistant(behind: tuple[int, Seen]) -> None:
    port, seen = behind
    claimed = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=203.0.113.9",
        "X-Remote-User": "admin",
        "X-Staff-Proxy-Secret": "guessed",
    }
    assert ask(port, "GET", "/", headers=claimed)[0] == 200
    (headers,) = seen.headers
    assert headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert headers.get_all("X-Forwarded-Proto") == ["http"]
    assert headers.get_all("Host") == [NAME]
    assert [headers[name] for name in ("Forwarded", "X-Remote-User", "X-Staff-Proxy-Secret")] == [None] * 3


def test_an_event_arrives_before_the_next_one_is_sent(behind: tuple[int, Seen]) -> None:
    port, seen = behind
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S / 2)) as connection:
        connection.request("GET", "/stream", headers={"Host": NAME})
        response = connection.getresponse()
        # The upstream sends no more until this has been read.
        assert response.readline() == b"event: first\n"
        seen.first_has_come.set()
        assert response.read() == b"\nevent: second\n\n"


def test_the_assistants_own_errors_pass_and_only_where_it_is_down_nginx_answers(
    behind: tuple[int, Seen], tmp_path_factory: pytest.TempPathFactory
) -> None:
    port, _ = behind
    assert ask(port, "GET", "/busy") == (503, "of the assistant", "")
    with nginx(tmp_path_factory.mktemp("down"), free_port()) as port:
        status, text, retry_after = ask(port, "POST", "/api/ask", b"{}")
    assert (status, retry_after) == (503, "30")
    assert "ただいまサービスを利用できません" in text
    assert "119番" in text


def test_an_address_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    slow = (("rate=20r/s", "rate=1r/m"), ("burst=200", "burst=2"))
    with upstream() as (upstream_port, seen), nginx(tmp_path, upstream_port, *slow) as port:
        answers = [ask(port, "GET", "/") for _ in range(4)]
    assert [status for status, _, _ in answers] == [200, 200, 200, 429]
    assert "混み合っています" in answers[-1][1]
    assert answers[-1][2] == "10"
    assert len(seen.headers) == 3


def test_an_address_has_only_so_many_connections_at_a_time(tmp_path: Path) -> None:
    with (
        upstream() as (upstream_port, seen),
        nginx(tmp_path, upstream_port, ("plan_connections 100;", "plan_connections 1;")) as port,
    ):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
            connection.request("GET", "/stream", headers={"Host": NAME})
            response = connection.getresponse()
            assert ask(port, "GET", "/")[0] == 429
            seen.first_has_come.set()
            response.read()
        assert ask(port, "GET", "/")[0] == 200


def test_no_log_holds_an_address_or_what_was_typed_not_even_of_an_error(tmp_path: Path) -> None:
    with nginx(tmp_path, free_port()) as port:
        assert (
            ask(port, "POST", f"/plan/{TYPED}?q={TYPED}", TYPED.encode(), {"Referer": f"http://{NAME}/?q={TYPED}"})[0] == 503
        )
        assert ask(port, "POST", f"/{TYPED}", TYPED.encode() * MAX_BODY_BYTES)[0] == 413
        access = tmp_path / "plan-assistant.access.log"
        # The line is written once the rest of the body has been thrown away, some time after the answer.
        until = time.monotonic() + TIMEOUT_S
        while access.read_text(encoding="utf-8").count("\n") < 2 and time.monotonic() < until:
            time.sleep(0.02)
    lines = access.read_text(encoding="utf-8").splitlines()
    assert [line.split()[1:3] for line in lines] == [["POST", "503"], ["POST", "413"]]
    for file in (path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(".conf")):
        assert not re.search(rf"{TYPED}|127\.0\.0\.1", file.read_text(encoding="utf-8")), file.name


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("systemd-analyze is not there: this machine does not run systemd")
    text = (REPOSITORY / "deploy" / "plan-assistant.service").read_text(encoding="utf-8")
    installed = "/opt/plan-assistant/.venv/bin/python"
    assert text.count(f"{installed} -m") == 2
    unit = tmp_path / "plan-assistant.service"
    # It looks whether the program is there.
    unit.write_text(text.replace(installed, sys.executable), encoding="utf-8")
    verdict = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
    assert (verdict.returncode, [line for line in verdict.stderr.splitlines() if unit.name in line]) == (0, [])
    unit.write_text(
        unit.read_text(encoding="utf-8").replace("ProtectSystem=strict", "ProtectSystem=strickt"), encoding="utf-8"
    )
    broken = subprocess.run([program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
    assert "protect system" in broken.stderr
