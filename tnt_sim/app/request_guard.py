"""Access control of the planner's page: local host names only, a token once, then a cookie.

It prevents DNS rebinding (a foreign name that resolves to this machine) and keeps the token out of
logs, command lines and referrers.
"""

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
"""Host names accepted in requests."""
_LOGGERS = ("tornado.access", "tornado.application", "tornado.general")
_TOKEN = re.compile(r"(token(?:=|%(?:25)*3d))[^&\s'\")]+", re.IGNORECASE)
_ONWARD = "<!DOCTYPE html><meta charset=utf-8><script>location.replace('/' + location.hash)</script>"
"""A page instead of a redirect, so that a browser coming from another site sends the strict cookie."""


class Elsewhere(Matcher):
    """Match requests under a host name that is not this machine's, such as by DNS rebinding."""

    def __init__(self, port: int) -> None:
        bare = NAMES if port == 80 else ()
        self.allowed = {*bare, *(f"{name}:{port}" for name in NAMES)}

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Return an empty match to refuse the request, None to accept it."""
        return None if request.host.lower() in self.allowed else {}


class _WithToken(PathMatches):
    """Match the address with a token."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return super().match(request) if "token" in request.query_arguments else None


class _Entry(JupyterHandler):
    """Exchange the token for a cookie, and continue at an address without it."""

    @authenticated
    def get(self) -> None:
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(_ONWARD)


class WithoutToken(logging.Filter):
    """Remove the token from log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _TOKEN.sub(r"\1…", record.getMessage()), ()
        return True


class PlannerServer(Voila):  # type: ignore[misc]
    """Voilà with this access control."""

    def init_handlers(self) -> list[Any]:
        """Insert the access control before every page, file and socket of the server."""
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
    """Write a file, readable by this user only, that leads to the address.

    Command lines are visible to all users of the machine.
    """
    file, target = folder / "open.html", html.escape(address)
    page = (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0;url={target}"><a href="{target}">tnt_sim</a>'
    )
    fill(file, page.encode(), private=True)
    return file
