"""Who comes in to the page, and who sees its token: the real server, without a browser."""

from __future__ import annotations

import asyncio
import http.client
import logging
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tnt_sim.app import widget as server
from tnt_sim.app.request_guard import Elsewhere, WithoutToken, write_opening
from tnt_sim.cli.commands import app as verb
from tnt_sim.cli.main import main
from tnt_sim.i18n.message import Lang

PATIENCE = 60
IMPATIENT = (
    "import sys; from tnt_sim.app import widget as server; server.IDLE_SECONDS = server.LOOK_SECONDS = 1;"
    "from tnt_sim.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


@dataclass
class Served:
    """A running server, its address, and all that it has said since."""

    port: int
    token: str
    process: subprocess.Popen[str]
    lines: list[str]

    def get(self, path: str, host: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of one request by a name."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        asked.request("GET", path, headers={"Host": host or f"127.0.0.1:{self.port}", **headers})
        with asked.getresponse() as found:
            told = (
                found.status,
                {key.lower(): value for key, value in found.getheaders()},
                found.read().decode(),
            )
        asked.close()
        return told


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
    yield Served(int(address.port or 0), address.query.removeprefix("token="), process, lines)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 0
    reader.join()
    process.stderr.close()


@pytest.mark.slow
def test_only_this_machine_with_its_token_comes_in(served: Served, subtests: pytest.Subtests) -> None:
    """One test, so that however the tests are shared out there is one server."""
    for step in (
        by_its_own_names_only,
        the_cookie_stays_at_home,
        an_abandoned_kernel_ends,
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
    for name in foreign[:-1]:
        for path in (
            entry,
            "/",
            "/login",
            "/voila/static/main.css",
            "/api/kernels",
            "/voila/query/0-0-0-0-0",
        ):
            assert served.get(path, name)[0] == 403, (name, path)


def the_cookie_stays_at_home(served: Served) -> None:
    status, headers, text = served.get(f"/?token={served.token}")
    assert status == 200
    assert "SameSite=Strict" in headers["set-cookie"]
    assert "HttpOnly" in headers["set-cookie"]
    assert headers["referrer-policy"] == "no-referrer"
    assert served.token not in text
    assert "location.replace('/' + location.hash)" in text
    assert served.get("/")[0] == 302, "no cookie, no page"
    assert served.get("/?token=wrong")[0] == 302


def an_abandoned_kernel_ends(served: Served) -> None:
    """A kernel stays while a page is connected to it and ends after that; one that waits for a page stays."""
    cookie = served.get(f"/?token={served.token}")[1]["set-cookie"].split(";")[0]
    for _ in range(2):
        found = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', served.get("/", Cookie=cookie)[2])
        assert found is not None
        kernel = f"/api/kernels/{found[1]}"
        address = f"ws://127.0.0.1:{served.port}{kernel}/channels"
        with ThreadPoolExecutor(1) as apart:  # a browser's tests may have left a loop in this thread
            apart.submit(lambda where=address: asyncio.run(stay_connected(where, cookie))).result()
        assert served.get(kernel, Cookie=cookie)[0] == 200
        until = time.monotonic() + PATIENCE
        while served.get(kernel, Cookie=cookie)[0] == 200 and time.monotonic() < until:
            time.sleep(0.2)
        assert served.get(kernel, Cookie=cookie)[0] == 404


async def stay_connected(address: str, cookie: str) -> None:
    """As a page does, for several times the time after which a kernel without a page ends."""
    origin = f"http://{urlsplit(address).netloc}"
    door = await websocket_connect(HTTPRequest(address, headers={"Cookie": cookie, "Origin": origin}))
    await asyncio.sleep(4)
    door.close()
    while await door.read_message() is not None:
        pass


def no_log_tells_the_token(served: Served) -> None:
    for path in ("/voila/files/x", "/api/kernels/x", "/voila/query/x", "/no/such", "/voila/static/../../x"):
        served.get(f"{path}?token={served.token}")
        served.get(f"{path}?a=%3Ftoken%3D{served.token}")
    assert served.get(f"/voila/files/x?token={served.token}")[0] == 403
    time.sleep(0.5)
    said = "".join(served.lines)
    assert "403 GET /voila/files/x?token=…" in said
    assert served.token not in said
    seen = Path(f"/proc/{served.process.pid}/cmdline")
    if seen.exists():
        assert served.token.encode() not in seen.read_bytes()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("404 GET /?token=a-B_9&x=1 (127.0.0.1)", "404 GET /?token=…&x=1 (127.0.0.1)"),
        ("302 GET /login?next=%2F%3Ftoken%3Da-B_9 (1)", "302 GET /login?next=%2F%3Ftoken%3D… (1)"),
        ("HTTPServerRequest(uri='/?Token=a-B_9', version='1')", "HTTPServerRequest(uri='/?Token=…', version='1')"),
        ("403 GET /login?next=%252F%253Ftoken%253Da-B_9", "403 GET /login?next=%252F%253Ftoken%253D…"),
        ("200 GET /tokens", "200 GET /tokens"),
    ],
)  # fmt: skip
def test_a_line_of_a_log(line: str, shown: str) -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s", (line,), None)
    assert WithoutToken().filter(record)
    assert record.getMessage() == shown


def test_port_80_has_no_number_in_its_name() -> None:
    class Request:
        host = "localhost"

    asked: Any = Request()
    assert Elsewhere(80).match(asked) is None
    assert Elsewhere(8866).match(asked) == {}


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


def test_idle_kernels_end_by_the_servers_own_setting() -> None:
    config = server._build_config("Titre", Lang.EN, 8900, "secret")
    assert config.MappingKernelManager.cull_idle_timeout == server.IDLE_SECONDS == 600
    assert config.MappingKernelManager.cull_interval == server.LOOK_SECONDS
