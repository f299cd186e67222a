"""Calls of a GraphQL server over HTTPS with the standard library: pace, retries, and errors by their cause.

The token travels in one header. No message, journal or representation of an object contains it.
"""

from __future__ import annotations

import io
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import IO, Any, override
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    AbstractHTTPHandler,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from tnt_sim.characters import make_printable
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.money import parse_bounded_decimal
from tnt_sim.errors import ServerError, UsageError
from tnt_sim.i18n.message import Text, _

TOKEN_VARIABLE = "TNT_SIM_TOKEN"
ATTEMPTS = 5
"""Times that a question is put before a server counts as down."""
INTERVAL = 0.2
"""Seconds between two calls at least."""
LONGEST_CALL, LONGEST_PAUSE = 60.0, 120.0
"""Seconds that one call may take, and that a server may ask to wait."""
MAX_BYTES, _PIECE = 64 << 20, 1 << 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TOKEN = re.compile(r"[!-~]+")
_TEMPORARY = frozenset({"timeout", "internal_server_error"})
_SCHEMA = frozenset(
    {"undefinedField", "undefinedType", "graphql_parse_error", "argumentNotAccepted", "variableMismatch"}
)


class UncertainCallError(ServerError):
    """A call that changes data and got no readable answer: only reading tells whether it took effect."""


class _TemporaryError(Exception):
    """A failure after which the same call may succeed; not `may_have_run` if the server did nothing."""

    def __init__(self, final: ServerError, *, wait: float = 0.0, may_have_run: bool = True) -> None:
        super().__init__()
        self.final, self.wait, self.may_have_run = final, wait, may_have_run


class _SocketReader(io.RawIOBase):
    """The bytes of a socket until a deadline, however slowly they come."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection, self._deadline = connection, deadline
        self._stream = connection.makefile("rb", buffering=0)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.limit_seconds
        if left == 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._stream.readinto(buffer)

    @override
    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer whose head, like its body, ends by a deadline."""

    def __init__(self, deadline: Deadline, connection: socket.socket, *args: Any, **keywords: Any) -> None:
        super().__init__(connection, *args, **keywords)
        self.fp.close()
        self.fp = io.BufferedReader(_SocketReader(connection, deadline))


class _TimedRequest(Request):
    """A request whose answer ends by a deadline."""

    deadline: Deadline = UNLIMITED


class _TimedHandler(AbstractHTTPHandler):
    """Opens connections whose answers are `_TimedResponse`."""

    @override
    def do_open(self, http_class: Any, req: Request, **keywords: Any) -> HTTPResponse:
        def connect(host: str, **how: Any) -> HTTPConnection:
            connection: HTTPConnection = http_class(host, **how)
            deadline = req.deadline if isinstance(req, _TimedRequest) else UNLIMITED
            connection.response_class = partial(_TimedResponse, deadline)  # type: ignore[assignment]
            return connection

        return super().do_open(connect, req, **keywords)


class _TimedHttp(_TimedHandler, HTTPHandler):
    """Over http, on this machine alone."""


class _TimedHttps(_TimedHandler, HTTPSHandler):
    """Over https."""


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirection, which would carry the token to another address."""

    @override
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def check_url(url: str) -> str:
    """Return an address to which a token may be sent."""
    try:
        address = urlsplit(url)
        host = address.hostname
        is_plain = url.isascii() and url.isprintable() and not {" ", "@"} & set(url) and address.port != 0
        (host or "").encode("idna")
    except ValueError:
        host, is_plain = None, False
    if not host or not is_plain:
        raise UsageError(
            _(
                '"{url}" is not an address of an API: give https://host/path, in plain letters '
                "without accents, spaces or a password.",
                url=_mask_password(url),
            ),
            code="usage.to",
        )
    if address.scheme != "https" and not (address.scheme == "http" and host in _LOOPBACK):
        raise UsageError(
            _('"{url}": the token is sent over https only. Give an address in https://.', url=url),
            code="usage.to",
        )
    return url


def _mask_password(url: str) -> str:
    """Return an address without what stands before its last « @ »."""
    return make_printable(re.sub(r"(?is)^([a-z]*://)?.*(?:@|%40)", r"\1…@", url))


def read_token(file: Path | None, environment: Mapping[str, str]) -> str:
    """Return the token of a file, else that of the variable `TNT_SIM_TOKEN`."""
    text = environment.get(TOKEN_VARIABLE, "")
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                _('the token file "{file}" cannot be read.', file=file), code="usage.token"
            ) from None
    token = text.strip()
    if not token:
        raise UsageError(
            _("no token: give --token-file FILE, or set the variable {variable}.", variable=TOKEN_VARIABLE),
            code="usage.token",
        )
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            _("this is not a token: it has a space, a line break or a sign that no header may have."),
            code="usage.token",
        )
    return token


@dataclass(slots=True)
class GraphqlClient:
    """A GraphQL server, called one call at a time.

    Attributes
    ----------
    url, token : the address, and what opens it
    deadline : moment after which nothing is called
    interval : seconds between two calls at least
    sleep : waits for some seconds
    """

    url: str
    token: str = field(repr=False)
    deadline: Deadline = UNLIMITED
    interval: float = INTERVAL
    sleep: Callable[[float], None] = time.sleep
    _opener: OpenerDirector = field(init=False, repr=False)
    _last: float = field(init=False, default=float("-inf"), repr=False)

    def __post_init__(self) -> None:
        own = (
            [ProxyHandler({})] if urlsplit(self.url).hostname in _LOOPBACK else []
        )  # http would show the token
        self._opener = build_opener(_NoRedirect, _TimedHttp, _TimedHttps, *own)

    def ask(self, operation: str, document: str, variables: Mapping[str, object]) -> Mapping[str, object]:
        """Return the data of a question; failures that may pass are tried again, later each time."""
        return self._call(operation, document, variables, changes_data=False)

    def send_change(
        self, operation: str, document: str, variables: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Return the data of a call that changes something; it is tried again only if it surely had no effect."""
        return self._call(operation, document, variables, changes_data=True)

    def _call(
        self, operation: str, document: str, variables: Mapping[str, object], *, changes_data: bool
    ) -> Mapping[str, object]:
        body = {"query": document, "operationName": operation, "variables": dict(variables)}
        data = json.dumps(body, ensure_ascii=False).encode()
        for attempt in range(ATTEMPTS):
            self._wait_turn()
            try:
                return self._extract_data(self._send(data))
            except _TemporaryError as error:
                if changes_data and error.may_have_run:
                    raise UncertainCallError(error.final.text, code=error.final.code) from None
                if attempt == ATTEMPTS - 1:
                    raise error.final from None
                self._wait(max(error.wait, 0.5 * 2**attempt))
        raise AssertionError("the last attempt returns or raises")

    def _wait_turn(self) -> None:
        if (left := self._last + self.interval - time.monotonic()) > 0:
            self._wait(left)
        if self.deadline.expired:
            raise _build_deadline_error()
        self._last = time.monotonic()

    def _wait(self, seconds: float) -> None:
        if self.deadline.seconds_left < seconds:
            raise _build_deadline_error()
        self.sleep(seconds)

    def _send(self, body: bytes) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "tnt-sim",
            "Authorization": f"Bearer {self.token}",
        }
        request = _TimedRequest(self.url, body, headers, method="POST")
        longest = min(LONGEST_CALL, max(1.0, self.deadline.seconds_left))
        request.deadline = Deadline(longest)
        try:
            with self._opener.open(request, timeout=longest) as response:
                data = self._read(response)
        except HTTPError as error:
            raise self._classify_status(error) from None
        except (URLError, OSError, HTTPException) as error:
            if self.deadline.expired:
                raise _build_deadline_error() from None
            raise self._classify_network_error(error) from None
        if len(data) > MAX_BYTES:
            raise ServerError(_("the answer of the server is larger than 64 MiB."), code="server.answer")
        return data

    def _read(self, response: HTTPResponse) -> bytes:
        """Read the body of an answer, of which `MAX_BYTES` are enough."""
        pieces, size = [], 0
        while size <= MAX_BYTES and (piece := response.read1(_PIECE)):
            pieces.append(piece)
            size += len(piece)
            if self.deadline.expired:
                raise _build_deadline_error()
        if response.length and size <= MAX_BYTES:
            raise IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _classify_status(self, error: HTTPError) -> Exception:
        status = error.code
        error.close()
        if status in (401, 403):
            return build_token_error()
        if 300 <= status < 400:
            text = _("the server sends to another address; the token does not follow. Check the address.")
            return ServerError(text, code="server.redirect")
        if status == 429:
            busy = _("the server takes no more calls for now (429). Run the same command again later.")
            wait = _parse_wait(error.headers.get("Retry-After"))
            return _TemporaryError(ServerError(busy, code="server.busy"), wait=wait, may_have_run=False)
        if status >= 500:
            down = _("the server fails (status {status}). Run the same command again later.", status=status)
            return _TemporaryError(ServerError(down, code="server.failure"))
        text = _("the server refuses the call (status {status}). Check the address.", status=status)
        return ServerError(text, code="server.refused")

    def _classify_network_error(self, error: Exception) -> Exception:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            text = _("the certificate of the server is not valid for this address.")
            return ServerError(text, code="server.certificate")
        text = _(
            "the server does not answer ({why}). Check the network and the address.",
            why=type(reason).__name__,
        )
        return _TemporaryError(ServerError(text, code="server.network"))

    def _extract_data(self, answer: bytes) -> Mapping[str, object]:
        unreadable = ServerError(
            _("the answer of the server is not an answer of a GraphQL API."), code="server.answer"
        )
        try:
            document = json.loads(answer, parse_float=_parse_number, parse_int=_parse_whole)
        except (ValueError, RecursionError):
            raise _TemporaryError(unreadable) from None
        if not isinstance(document, dict):
            raise _TemporaryError(unreadable)
        if document.get("errors"):
            raise self._classify_answer(document["errors"])
        data = document.get("data")
        if not isinstance(data, dict):
            raise _TemporaryError(unreadable)
        return data

    def _classify_answer(self, errors: object) -> Exception:
        """Return the error of the root errors of an answer; any of them makes the answer void."""
        first = errors[0] if isinstance(errors, Sequence) and errors else {}
        message = first.get("message", "") if isinstance(first, Mapping) else ""
        extensions = first.get("extensions") if isinstance(first, Mapping) else None
        code = extensions.get("code") if isinstance(extensions, Mapping) else None
        why = self.quote(message)
        if code == "unauthorized":
            return build_token_error()
        if code == "not_found":
            return ServerError(_('the server does not find it: "{why}".', why=why), code="server.unknown")
        if code in _SCHEMA:
            text = _('the server does not understand the call: "{why}".', why=why)
            return ServerError(text, code="server.schema")
        refusal = ServerError(_('the server refuses the call: "{why}".', why=why), code="server.refused")
        return _TemporaryError(refusal) if code in _TEMPORARY else refusal

    def quote(self, message: object) -> str:
        """Return a message of the server for a terminal, shortened, and never with the token."""
        return make_printable(str(message).replace(self.token, "…")[:200])


def _parse_number(text: str) -> Decimal:
    try:
        return parse_bounded_decimal(text)
    except ValueError:
        shown = make_printable(text[:40])
        error = _("the answer of the server has a number that is too long: {number}.", number=shown)
        raise ServerError(error, code="server.answer") from None


def _parse_whole(text: str) -> int:
    return int(_parse_number(text))


def build_token_error() -> ServerError:
    """Return the error of a token that the server refuses."""
    text = _(
        "the server refuses the token: it is wrong or has expired, has no right on this procedure, or is "
        "used from another network."
    )
    return ServerError(text, code="server.token")


def _build_deadline_error() -> ServerError:
    text: Text = _("the time is up. The same command goes on from there.")
    return ServerError(text, code="server.deadline")


def _parse_wait(text: str | None) -> float:
    """Return the seconds of a header `Retry-After`; 0 for none, or for a date."""
    return min(float(text), LONGEST_PAUSE) if text is not None and text.strip().isdecimal() else 0.0
