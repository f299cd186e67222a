"""The planner's page lets in requests by this machine's own names, by a token once and then by a cookie."""

from __future__ import annotations

import html
import logging
import re
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, PathMatches, Rule
from tornado.web import ErrorHandler, authenticated
from voila.app import Voila

from tnt_sim.disk import fill

NAMES = ("127.0.0.1", "localhost")
"""The names of this machine by which the page may be asked for."""
_LOGGERS = ("tornado.access", "tornado.application", "tornado.general")
_TOKEN = re.compile(r"(token(?:=|%(?:25)*3d))[^&\s'\")]+", re.IGNORECASE)
_ONWARD = "<!DOCTYPE html><meta charset=utf-8><script>location.replace('/' + location.hash)</script>"
"""A page, not a redirection: a browser that comes from elsewhere then brings the strict cookie too."""


class Elsewhere(Matcher):
    """A request by a name that is not this machine's: a web page may call this machine by a name of its own."""

    def __init__(self, port: int) -> None:
        bare = NAMES if port == 80 else ()
        self.allowed = {*bare, *(f"{name}:{port}" for name in NAMES)}

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Empty where it is to be refused, None where it may come in."""
        return None if request.host.lower() in self.allowed else {}


class _WithToken(PathMatches):
    """The address as it was told."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return super().match(request) if "token" in request.query_arguments else None


class _Entry(JupyterHandler):
    """Takes the token, gives a cookie for it, and leads to the page by an address without it."""

    @authenticated
    def get(self) -> None:
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(_ONWARD)


class WithoutToken(logging.Filter):
    """No line of a log tells a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub(r"\1…", record.getMessage()), ()
        return True


class PlannerServer(Voila):  # type: ignore[misc]
    """Voilà behind these doors."""

    def init_handlers(self) -> list[Any]:
        """The doors come before every page, file and socket of the server."""
        hidden = WithoutToken()
        for log in (self.log, *map(logging.getLogger, _LOGGERS)):
            log.addFilter(hidden)
        rules = self.app.default_router.rules
        rules[:0] = [
            Rule(Elsewhere(self.port), ErrorHandler, {"status_code": 403}),
            Rule(_WithToken("/"), _Entry),
        ]
        return list(super().init_handlers())


def write_opening(folder: Path, address: str) -> Path:
    """A file that only this user reads and that leads to the address; every user reads command lines."""
    file, target = folder / "open.html", html.escape(address)
    page = (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0;url={target}"><a href="{target}">tnt_sim</a>'
    )
    fill(file, page.encode(), private=True)
    return file
