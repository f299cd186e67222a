"""Who comes in to the page, who sees its token, what a closed tab leaves: the real server, without a browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tnt_sim.app import server
from tnt_sim.app.page import Page
from tnt_sim.app.request_guard import RequestGuard, generate_token, write_opening
from tnt_sim.cli.commands import app as verb
from tnt_sim.cli.main import main
from tnt_sim.cli.projects.uploaded_project import build_starting
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.scenario import ScenarioData

PATIENCE = 60
IMPATIENT = (
    "import sys; from tnt_sim.app import tabs; tabs.IDLE_SECONDS = 1.5; tabs.MOST_TABS = 60;"
    "from tnt_sim.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


@dataclass
class Served:
    """A running server, its address, and all that it has said since."""

    port: int
    token: str
    process: subprocess.Popen[str]
    lines: list[str]
    cookie: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, host: str | None = None, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of one request by a name."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        names = {
            "Host": self.host if host is None else host,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        asked.request(method, path, body, headers=names)
        with asked.getresponse() as found:
            told = (
                found.status,
                {key.lower(): value for key, value in found.getheaders()},
                found.read().decode(),
            )
        asked.close()
        return told

    def get(self, path: str, host: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
        return self.ask("GET", path, host, **headers)

    def open_tab(self) -> str:
        """Open the page, and return the name of its tab."""
        status, __, text = self.get("/", Cookie=self.cookie)
        assert status == 200
        found = re.search(r'data-tab="([\w-]+)"', text)
        assert found is not None
        return found[1]

    def say(self, tab: str, verb: str, event: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        """Send one event of a tab; status and replies."""
        body = json.dumps(event).encode()
        status, __, text = self.ask(
            "POST", f"/tabs/{tab}/{verb}", body=body, Cookie=self.cookie, Origin=f"http://{self.host}"
        )
        return status, [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def read_memory(self) -> int:
        """Return the memory of the server in kB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    demo = tmp_path_factory.mktemp("doors") / "demo"
    assert main(["new", str(demo)]) == 0
    command = [sys.executable, "-c", IMPATIENT, "app", str(demo / "scenario.yaml"), "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    watch = threading.Timer(PATIENCE, process.kill)
    watch.start()
    told = next(line for line in process.stderr if "http://" in line)
    watch.cancel()
    address = urlsplit(told.split()[-1])
    lines: list[str] = []
    reader = threading.Thread(target=lines.extend, args=(process.stderr,))
    reader.start()
    found = Served(int(address.port or 0), address.query.removeprefix("token="), process, lines)
    found.cookie = found.get(f"/?token={found.token}")[1]["set-cookie"].split(";")[0]
    yield found
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0
    reader.join()
    process.stderr.close()


@pytest.mark.slow
def test_only_this_machine_with_its_token_comes_in(served: Served, subtests: pytest.Subtests) -> None:
    """One test, so that however the tests are shared out there is one server."""
    for step in (
        by_its_own_names_only,
        the_cookie_stays_at_home,
        every_answer_has_its_policy,
        no_other_origin_asks,
        no_long_or_broken_request_is_read,
        tabs_have_settings_of_their_own,
        a_closed_or_silent_tab_is_gone,
        fifty_tabs_leave_the_memory_as_it_was,
        no_log_tells_the_token,
    ):
        with subtests.test(step.__name__):
            step(served)


def by_its_own_names_only(served: Served) -> None:
    entry = f"/?token={served.token}"
    for name in ("127.0.0.1", "localhost", "LocalHost"):
        assert served.get(entry, f"{name}:{served.port}")[0] == 200
    foreign = ("evil.example", f"evil.example:{served.port}", "127.0.0.1", f"127.0.0.1:{served.port + 1}",
               f"127.0.0.1.evil.example:{served.port}", f"[::1]:{served.port}", "")  # fmt: skip
    for name in foreign:
        for path in (entry, "/", "/assets/page.js"):
            assert served.get(path, name, Cookie=served.cookie)[0] == 403, (name, path)
    with socket.create_connection(("127.0.0.1", served.port), PATIENCE) as door:
        door.sendall(f"GET {entry} HTTP/1.1\r\nHost: {served.host}\r\nHost: evil.example\r\n\r\n".encode())
        assert b" 403 " in door.recv(64)


def the_cookie_stays_at_home(served: Served) -> None:
    status, headers, text = served.get(f"/?token={served.token}")
    assert status == 200
    assert "SameSite=Strict" in headers["set-cookie"]
    assert "HttpOnly" in headers["set-cookie"]
    assert served.token not in text + headers["set-cookie"]
    assert '<script src="/assets/onward.js">' in text
    assert "location.hash" in served.get("/assets/onward.js", Cookie=served.cookie)[2]
    name = served.cookie.partition("=")[0]
    for cookie in ("", f"{name}=", f"{name}={served.token}", f"{name}=é", "a=b;;=;", f"x={served.cookie}"):
        assert served.get("/", Cookie=cookie)[0] == 403, cookie
    for token in ("wrong", "", "%ff", served.token + "x", served.token[:-1]):
        assert served.get(f"/?token={token}")[0] == 403, token


def every_answer_has_its_policy(served: Served) -> None:
    for path in (
        "/",
        "/assets/page.css",
        "/assets/page.js",
        "/no/such",
        f"/?token={served.token}",
        "/?token=x",
    ):
        headers = served.get(path, Cookie=served.cookie)[1]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    for path in (
        "/assets/../server.py",
        "/assets/%2e%2e/server.py",
        "/assets/page.html",
        "/server.py",
        "/assets/",
    ):
        assert served.get(path, Cookie=served.cookie)[0] == 404, path


def no_other_origin_asks(served: Served) -> None:
    tab = served.open_tab()
    event = json.dumps({"do": "reset"}).encode()
    own = f"http://{served.host}"
    for origin in ("http://evil.example", f"https://{served.host}", f"http://localhost:{served.port}",
                   f"http://127.0.0.1:{served.port + 1}", "null", ""):  # fmt: skip
        for act in ("events", "cancel", "stay", "close"):
            found = served.ask("POST", f"/tabs/{tab}/{act}", body=event, Cookie=served.cookie, Origin=origin)
            assert found[0] == 403, (origin, act)
    assert served.ask("POST", f"/tabs/{tab}/events", body=event, Cookie=served.cookie)[0] == 403, "no origin"
    assert served.ask("POST", f"/tabs/{tab}/events", body=event, Origin=own)[0] == 403, "no cookie"
    assert served.ask("PUT", f"/tabs/{tab}/events", body=event, Cookie=served.cookie, Origin=own)[0] == 501
    assert served.say(tab, "events", {"do": "reset"})[0] == 200


def no_long_or_broken_request_is_read(served: Served) -> None:
    tab = served.open_tab()
    path, own = f"/tabs/{tab}/events", {"Cookie": served.cookie, "Origin": f"http://{served.host}"}
    assert served.ask("POST", path, body=b"{}", Content_Length="200001", **own)[0] == 413
    assert served.ask("POST", path, body=b"{}", Content_Length="9" * 30, **own)[0] == 413
    assert served.ask("POST", path, body=b"{}", Transfer_Encoding="chunked", **own)[0] == 411
    assert served.ask("POST", path, body=b"{}", Content_Length="-1", **own)[0] == 411
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"1"):
        assert served.ask("POST", path, body=body, **own)[0] == 400, body[:9]
    for bad in ("/tabs", "/tabs/", f"/tabs/{tab}", f"/tabs/{tab}/other", "/other"):
        assert served.ask("POST", bad, body=b"{}", **own)[0] == 404, bad
    status, replies = served.say(tab, "events", {"do": "no such thing"})
    assert (status, replies[-1]["kind"], replies[-1]["done"]) == (200, "bad", True)


def tabs_have_settings_of_their_own(served: Served) -> None:
    one, other = served.open_tab(), served.open_tab()
    assert one != other
    status, replies = served.say(one, "events", {"do": "box", "id": "mobilites", "value": "80", "n": 1})
    assert status == 200
    assert "a.mobilites=8000000" in replies[-1]["address"]
    assert replies[-1]["kind"] == "good"
    assert served.say(other, "events", {"do": "address", "value": ""})[1][-1]["address"] == ""
    again = served.say(other, "events", {"do": "box", "id": "mobilites", "value": "80"})[1][-1]
    assert again["parts"]["band"] == replies[-1]["parts"]["band"]
    skipped = served.say(one, "events", {"do": "box", "id": "mobilites", "value": "90", "more": True})[1]
    assert skipped == [{"parts": {}, "done": True}]
    last = served.say(one, "events", {"do": "share", "value": "free"})[1][-1]
    assert "a.mobilites=9000000" in last["address"], "what is skipped stays in the settings"
    assert "band" in last["parts"], "and is computed by the next event"


def a_closed_or_silent_tab_is_gone(served: Served) -> None:
    tab, silent = served.open_tab(), served.open_tab()
    assert served.say(tab, "close", {})[0] == 200
    assert served.say(tab, "events", {"do": "reset"})[0] == 410
    stays = served.open_tab()
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert served.say(stays, "stay", {})[0] == 200
        time.sleep(0.2)
    assert served.say(silent, "stay", {})[0] == 410
    assert served.say(stays, "events", {"do": "reset"})[0] == 200
    first = served.open_tab()
    for _ in range(60):
        served.open_tab()
    assert served.say(first, "stay", {})[0] == 410, "one more than the most"


def fifty_tabs_leave_the_memory_as_it_was(served: Served) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of a process is read from /proc")

    def use(n: int) -> None:
        for k in range(n):
            tab = served.open_tab()
            replies = served.say(tab, "events", {"do": "box", "id": "mobilites", "value": str(30 + k)})[1]
            assert replies[-1]["done"]
            served.say(tab, "close", {})

    use(25)  # what all tabs share is filled
    before = served.read_memory()
    use(50)
    assert served.read_memory() <= 1.1 * before


def no_log_tells_the_token(served: Served) -> None:
    for path in ("/files/x", "/no/such", "/assets/../../x", f"/{served.token}/x"):
        served.get(f"{path}?token={served.token}")
        served.get(f"{path}?a=%3Ftoken%3D{served.token}", Cookie=served.cookie)
    time.sleep(0.3)
    said = "".join(served.lines)
    assert "403 GET /files/x" in said
    assert served.token not in said
    assert served.cookie.partition("=")[2] not in said
    seen = Path(f"/proc/{served.process.pid}/cmdline")
    if seen.exists():
        assert served.token.encode() not in seen.read_bytes()


@pytest.mark.parametrize(
    "other", ['a={"x":1}', "a=b c", "foo[bar]=1", "é=1", 'a=x"y"', "expires=3", ";;", "="]
)
def test_cookies_of_other_servers_lock_nobody_out(other: str) -> None:
    guard = RequestGuard(8866, "token")
    cookie = guard.build_cookie().partition(";")[0]
    for header in (cookie, f"{other}; {cookie}", f"{cookie}; {other}"):
        assert guard.has_cookie(header), header
    for header in (other, "", cookie[:-1], f"x{cookie}", f"{guard.cookie_name}=", f"a={cookie}"):
        assert not guard.has_cookie(header), header


def test_a_failure_is_said_and_its_stream_ends(
    scenario: ScenarioData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = Page(scenario, Lang.EN)
    with server.PlannerServer(0, "token", page, build_starting(tmp_path, Lang.EN), Lang.EN) as planner:
        thread = threading.Thread(target=planner.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            key, host = planner.tabs.open_tab(page).key, f"127.0.0.1:{planner.server_port}"
            monkeypatch.setattr(page.desk, "generate_answers", lambda *_: 1 / 0)
            cookie = planner.guard.build_cookie().partition(";")[0]
            line = http.client.HTTPConnection("127.0.0.1", planner.server_port, timeout=PATIENCE)
            event = json.dumps({"do": "rule", "id": "plafond-departement", "value": False})
            headers = {"Host": host, "Cookie": cookie, "Origin": f"http://{host}", "Connection": "close"}
            line.request("POST", f"/tabs/{key}/events", event, headers)
            with line.getresponse() as found:
                (reply,) = map(json.loads, found.read().decode().splitlines())
            line.close()
            with socket.create_connection((host.partition(":")[0], planner.server_port), PATIENCE) as raw:
                raw.sendall(f"GET http://[ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                assert raw.recv(100).startswith(b"HTTP/1.1 400 ")
        finally:
            planner.shutdown()
            thread.join()
    assert reply["done"]
    assert "Unexpected failure (ZeroDivisionError" in reply["said"]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_port_80_has_no_number_in_its_name() -> None:
    assert RequestGuard(80, "t").is_own_host("localhost")
    assert not RequestGuard(8866, "t").is_own_host("localhost")


def test_secrets_are_not_shown() -> None:
    guard = RequestGuard(8866, generate_token())
    assert guard.token not in repr(guard)
    assert guard.secret not in repr(guard)
    assert guard.hide_token(f"404 GET /{guard.token}/{guard.secret}") == "404 GET /…/…"


def test_the_browser_is_given_a_file_of_this_user_alone(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    addresses: list[str] = []

    def served(*asked: Any, ready: Any) -> None:
        addresses.append(server.build_address(asked[3], asked[4]))
        ready(write_opening(tmp_path, addresses[0]))

    monkeypatch.setattr(server, "serve", served)
    monkeypatch.setattr(verb.webbrowser, "open", opened.append)
    assert main(["app", str(file)]) == 0
    (where,), (address,) = opened, addresses
    assert where == (tmp_path / "open.html").as_uri()
    assert address in (tmp_path / "open.html").read_text(encoding="utf-8")
    assert address in capsys.readouterr().err
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "open.html").stat().st_mode) == 0o600
