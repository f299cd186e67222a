"""Serve the planner's page on this machine: one process for all tabs, with the standard library alone.

    GET  /?token=…            the cookie, then on to / by script
    GET  /                    a new tab, or /start where there is no scenario
    GET  /scenarios/KEY       a new tab of a scenario that began on /start
    GET  /start               the page that begins with a table
    GET  /assets/NAME         scripts and style
    POST /tabs/KEY/events     one event as JSON; its replies, one line of JSON each
    POST /tabs/KEY/cancel     end the answer to event `n`
    POST /tabs/KEY/stay       the tab is still open
    POST /tabs/KEY/close      the tab is closed
    POST /start/table         the bytes of a table, with the header X-File-Name
    POST /start/answers       what the planner says of it
    POST /start/open          the amount: the project is written, and its page opened

`request_guard` decides who comes in; docs/decisions/0073-page-without-kernels.md says why.
"""

from __future__ import annotations

import base64
import ctypes
import gc
import html
import json
import os
import signal
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tnt_sim.app.open_page import Event, Reply
from tnt_sim.app.page import Page
from tnt_sim.app.page_text import SCRIPT
from tnt_sim.app.request_guard import HEADERS, RequestGuard, generate_token, write_opening
from tnt_sim.app.start.start_page import MOST_TABLE_BYTES, START, START_SCRIPT, StartPage, describe_limit
from tnt_sim.app.start.uploaded_table import Starting
from tnt_sim.app.tabs import Tab, Tabs
from tnt_sim.deadline import monotonic
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.renderers.html import read_asset
from tnt_sim.scenario.load import load_scenario

HOST, FIRST_PORT = "127.0.0.1", 8866
MOST_EVENT_BYTES = 200_000
MOST_SCENARIOS = 8
"""Most scenarios that began with a table and can be opened in one more tab."""
MOST_CONNECTIONS, HEAD_SECONDS, SILENT_SECONDS = 256, 10, 75
"""Most connections at a time; seconds for the whole head of the first request, and of silence after one."""
Connection = socket.socket | tuple[bytes, socket.socket]
_OUTSIDE = _("Open the page with the address that tnt-sim app shows.")
_JSON, _LINES = "application/json", "application/x-ndjson"


def select_port(wanted: int | None) -> int:
    """Return the requested port, or the first free one."""
    if wanted is None:
        return FIRST_PORT if _is_free(FIRST_PORT) else _find_free_port()
    if _is_free(wanted):
        return wanted
    raise UsageError(
        _(
            "port {wanted} is taken already, perhaps by another page. Give another one, or none.",
            wanted=wanted,
        ),
        code="usage.port",
    )


def _is_free(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as door:
        if os.name == "posix":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
        except OSError:
            return False
    return True


def _find_free_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as door:
        door.bind((HOST, 0))
        return int(door.getsockname()[1])


def build_address(port: int, token: str) -> str:
    """Return the address to open; the settings follow after `#`."""
    return f"http://{HOST}:{port}/?token={token}"


def serve(
    scenario: Path | None,
    starting: Starting,
    lang: Lang,
    port: int,
    token: str,
    *,
    ready: Callable[[Path], None],
) -> None:
    """Serve the page until interrupted; call `ready`, once there is an answer, with a file that leads to it.

    Without a scenario, the page that begins with a table comes first.
    """
    first = None if scenario is None else Page(load_scenario(scenario), lang)
    with (
        TemporaryDirectory(prefix="tnt-sim-app-") as folder,
        PlannerServer(port, token, first, starting, lang) as server,
    ):
        opening = write_opening(Path(folder), build_address(port, token))
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            ready(opening)
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGTERM, before)
            server.tabs.close_all()


class PlannerServer(ThreadingHTTPServer):
    """The server of a scenario, and of those that begin with a table meanwhile; each connection has a thread.

    Parameters
    ----------
    port : free port of this machine
    token : what the address must hold
    first : a page before its first event; None where there is no scenario yet
    starting : how a table becomes a scenario
    lang : language of all pages
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"
    allow_reuse_port = False
    request_queue_size = 64

    def __init__(self, port: int, token: str, first: Page | None, starting: Starting, lang: Lang) -> None:
        super().__init__((HOST, port), PlannerHandler)
        self.guard = RequestGuard(self.server_address[1], token)
        self.tabs, self.lang = Tabs(), lang
        self.pages: dict[str, Page] = {} if first is None else {"/": first}
        self.start = StartPage(starting, self.open_scenario, lambda: bool(self.pages), lang)
        self._connections: set[Connection] = set()
        self._waiting: dict[Connection, float] = {}  # for the head of a request, until when, the oldest first
        self._guard = threading.Lock()

    def open_scenario(self, scenario: Path) -> str:
        """Open the first page of a scenario, and return its address; the oldest page beyond a few is let go."""
        address = f"/scenarios/{generate_token()}"
        self.pages[address] = Page(load_scenario(scenario), self.lang)
        for old in [known for known in list(self.pages) if known != "/"][:-MOST_SCENARIOS]:
            del self.pages[old]
        return address

    def server_bind(self) -> None:
        """Listen, without asking for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Connection, client_address: object) -> None:
        """Give a connection its thread; one too many ends the one that has waited for its head for longest."""
        with self._guard:
            if len(self._connections) >= MOST_CONNECTIONS and not self._close_oldest():
                self.shutdown_request(request)
                return
            self._connections.add(request)
            self._waiting[request] = monotonic() + HEAD_SECONDS
        super().process_request(request, client_address)

    def process_request_thread(self, request: Connection, client_address: object) -> None:
        """Answer the requests of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._connections.discard(request)
                self._waiting.pop(request, None)

    def begin_head(self, request: Connection) -> None:
        """Wait for the head of one more request of a connection that has sent one."""
        with self._guard:
            self._waiting[request] = monotonic() + SILENT_SECONDS

    def receive_head(self, request: Connection) -> None:
        """Let a connection be, whose head is there."""
        with self._guard:
            self._waiting.pop(request, None)

    def _close_oldest(self) -> bool:
        """End the connection that waits for its head for longest; False if none does."""
        oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        self._close(oldest)
        return True

    def _close(self, request: Connection) -> None:
        """End a connection whose head is not there; its thread then reads the end of it."""
        del self._waiting[request]
        self._connections.discard(request)
        with suppress(OSError):  # its browser has ended it
            request.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    def handle_error(self, request: Connection, client_address: object) -> None:
        """Stay silent where a browser went away; otherwise say what failed."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def service_actions(self) -> None:
        """Free silent tabs and the memory of closed ones; end connections whose head is late. Twice a second."""
        self.tabs.close_idle()
        if self.tabs.is_time_to_free():
            for page in list(self.pages.values()):
                page.desk.release()
            return_memory()
        with self._guard:
            now = monotonic()
            for request in [one for one, until in self._waiting.items() if now >= until]:
                self._close(request)


def return_memory() -> None:
    """Give the memory that nothing uses back to the system, which the C library of Linux does only when told."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class _Refusal(Exception):
    """A request that is refused, with its status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class PlannerHandler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: PlannerServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tnt_sim", ""
    timeout = SILENT_SECONDS
    wbufsize = -1

    def handle_one_request(self) -> None:
        """Answer one request, and expect the next."""
        super().handle_one_request()
        if not self.close_connection:
            self.server.begin_head(self.request)

    def parse_request(self) -> bool:
        """Read the head of a request."""
        is_read = super().parse_request()
        self.server.receive_head(self.request)
        return is_read

    def do_GET(self) -> None:
        """Answer the entry, the page, and its script and style."""
        self._serve_request(self._serve_document)

    def do_POST(self) -> None:
        """Answer an event of a tab."""
        self._serve_request(self._serve_event)

    def _serve_request(self, act: Callable[[], None]) -> None:
        try:
            self._check_host()
            act()
        except _Refusal as refusal:
            self.send_error(refusal.status)

    def _check_host(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.guard.is_own_host(hosts[0]):
            raise _Refusal(HTTPStatus.FORBIDDEN)
        self._host = hosts[0]

    def _split_path(self) -> SplitResult:
        try:
            return urlsplit(self.path)
        except ValueError:
            raise _Refusal(HTTPStatus.BAD_REQUEST) from None

    def _check_cookie(self) -> None:
        if not any(map(self.server.guard.has_cookie, self.headers.get_all("Cookie") or [])):
            raise _Refusal(HTTPStatus.FORBIDDEN)

    def _serve_document(self) -> None:
        address = self._split_path()
        tokens = parse_qs(address.query).get("token")
        if address.path == "/" and tokens is not None:
            if not self.server.guard.is_token(tokens[0]):
                raise _Refusal(HTTPStatus.FORBIDDEN)
            entry = _render_document("tnt_sim", self.server.lang, '<script src="/assets/onward.js"></script>')
            self._send(entry, "text/html", [("Set-Cookie", self.server.guard.build_cookie())])
            return
        self._check_cookie()
        first = self.server.pages.get(address.path)
        if first is not None:
            self._send(self._render_page(first), "text/html")
            return
        if address.path in ("/", "/start"):
            self._send(self._render_start(), "text/html")
            return
        body = read_assets().get(address.path)
        if body is None:
            raise _Refusal(HTTPStatus.NOT_FOUND)
        self._send(body, "text/javascript" if address.path.endswith(".js") else "text/css")

    def _render_page(self, first: Page) -> str:
        lang = self.server.lang
        tab = self.server.tabs.open_tab(first)
        return _render_document(
            first.scenario.title,
            lang,
            f'<div id="page" data-tab="{tab.key}" data-scenario="{html.escape(tab.page.scenario.sha256)}" '
            f'data-words="{_write_words(SCRIPT, lang)}">{tab.page.frame}</div>'
            '<script type="module" src="/assets/service.js"></script>',
        )

    def _render_start(self) -> str:
        server = self.server
        frame = server.start.render_frame(goes_back="/" in server.pages)
        limit = html.escape(describe_limit().in_(server.lang))
        return _render_document(
            START["title"].in_(server.lang),
            server.lang,
            f'<div id="page" data-most="{MOST_TABLE_BYTES}" data-limit="{limit}" '
            f'data-words="{_write_words(START_SCRIPT, server.lang)}">{frame}</div>'
            '<script type="module" src="/assets/start.js"></script>',
        )

    def _serve_event(self) -> None:
        self._check_cookie()
        if not self.server.guard.is_own_origin(self.headers.get("Origin", ""), self._host):
            raise _Refusal(HTTPStatus.FORBIDDEN)
        room, __, rest = self._split_path().path.removeprefix("/").partition("/")
        if room == "start":
            self._serve_start(rest)
            return
        body = self._read_body(MOST_EVENT_BYTES)
        key, __, verb = rest.partition("/")
        if room != "tabs" or verb not in ("events", "cancel", "stay", "close"):
            raise _Refusal(HTTPStatus.NOT_FOUND)
        tab = self.server.tabs.find_tab(key)
        if tab is None:
            raise _Refusal(HTTPStatus.GONE)
        if verb == "events":
            self._send_replies(tab, _parse_event(body))
            return
        if verb == "close":
            self.server.tabs.close_tab(key)
        elif verb == "cancel":
            tab.cancel(_parse_event(body).get("n"))
        self._send("{}", _JSON)

    def _serve_start(self, verb: str) -> None:
        """Answer a table, an answer to its questions, or its amount."""
        start = self.server.start
        if verb == "table":
            reply = start.receive_file(
                unquote(self.headers.get("X-File-Name", "")), self._read_body(MOST_TABLE_BYTES)
            )
        elif verb in ("answers", "open"):
            event = _parse_event(self._read_body(MOST_EVENT_BYTES))
            reply = start.receive_answers(event) if verb == "answers" else start.receive_amount(event)
        else:
            raise _Refusal(HTTPStatus.NOT_FOUND)
        document = {key: value for key, value in asdict(reply).items() if value is not None}
        self._send(json.dumps(document, ensure_ascii=False), _JSON)

    def _read_body(self, most: int) -> bytes:
        """Read a body of a stated and moderate length."""
        length = self.headers.get_all("Content-Length") or []
        if (
            "Transfer-Encoding" in self.headers
            or len(length) != 1
            or not length[0].isascii()
            or not length[0].isdigit()
        ):
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED)
        if len(length[0]) > 12 or int(length[0]) > most:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.rfile.read(int(length[0]))

    def _send_replies(self, tab: Tab, event: Event) -> None:
        """Send each reply as soon as it is there; a page that went away cancels its answer."""
        self._begin(HTTPStatus.OK, _LINES, [("Transfer-Encoding", "chunked")])
        try:
            for line in self._write_replies(tab, event):
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            tab.cancel()
            raise

    def _write_replies(self, tab: Tab, event: Event) -> Iterator[bytes]:
        """Yield the replies to an event; a failure of the program is the last one, and is logged."""
        try:
            for reply in tab.receive(event):
                yield _write_reply(reply)
        except Exception as error:  # noqa: BLE001  (a stream without its end would hide the sentence)
            yield _write_reply(tab.page.build_failure_reply(error))
            self.server.handle_error(self.request, self.client_address)

    def _send(self, text: str, kind: str, headers: Iterable[tuple[str, str]] = ()) -> None:
        body = text.encode()
        self._begin(HTTPStatus.OK, kind, [*headers, ("Content-Length", str(len(body)))])
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        for name, value in (*HEADERS, *headers):
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request with one sentence, and close the connection."""
        status = HTTPStatus(code)
        self.close_connection = True
        sentence = _OUTSIDE.in_(self.server.lang) if status is HTTPStatus.FORBIDDEN else status.phrase
        body = f"{sentence}\n".encode()
        self._begin(status, "text/plain", [("Connection", "close"), ("Content-Length", str(len(body)))])
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a refused request, without its query."""
        status = int(code) if isinstance(code, int) else 0
        if status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.GONE:
            path = getattr(self, "path", "").partition("?")[0]
            line = f"{status:d} {self.command or '?'} {path}"
            self.log_message("%s", self.server.guard.hide_token(line))

    def log_error(self, format: str, *args: object) -> None:
        """Log nothing more: `log_request` has said it."""


def _write_reply(reply: Reply) -> bytes:
    document = reply.document
    if reply.data is not None:
        document = {**document, "data": base64.b64encode(reply.data).decode()}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _write_words(words: Mapping[str, Text], lang: Lang) -> str:
    """Return the sentences of a script as an attribute."""
    return html.escape(json.dumps({key: text.in_(lang) for key, text in words.items()}, ensure_ascii=False))


def _parse_event(body: bytes) -> Event:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise _Refusal(HTTPStatus.BAD_REQUEST)
    return event


def _render_document(title: str, lang: Lang, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        '<link rel="icon" href="data:,">\n<link rel="stylesheet" href="/assets/page.css">\n</head>\n'
        f"<body>{body}</body>\n</html>\n"
    )


def read_page_asset(name: str) -> str:
    """Return the text of a script or style of the page."""
    return (files("tnt_sim") / "app" / "assets" / name).read_text(encoding="utf-8")


@cache
def read_assets() -> Mapping[str, str]:
    """Return the files that are served, by their paths: no folder is."""
    scripts = {
        f"/assets/{name}": read_page_asset(name)
        for name in ("page.js", "service.js", "onward.js", "start.js")
    }
    return {
        **scripts,
        "/assets/page.css": read_asset("style.css")
        + read_page_asset("page.css")
        + read_page_asset("start.css"),
    }


__all__ = ["build_address", "generate_token", "select_port", "serve"]
