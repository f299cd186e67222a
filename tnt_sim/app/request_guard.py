"""Access control of the planner's page: local host names only, a token once, then a cookie, and its own origin.

It prevents DNS rebinding (a foreign name that resolves to this machine), requests that other sites make a browser
send, and a token in logs, command lines and referrers.
"""

from __future__ import annotations

import html
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tnt_sim.disk import fill

NAMES = ("127.0.0.1", "localhost")
"""Host names accepted in requests."""
HEADERS = (
    ("Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)  # fmt: skip
"""Sent with every answer, also with refusals."""


def generate_token() -> str:
    """Return an unguessable token."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class RequestGuard:
    """Who may come in at a port.

    Parameters
    ----------
    port : the port on which the server listens
    token : exchanged once for the cookie, whose value is another secret
    """

    port: int
    token: str = field(repr=False)
    secret: str = field(repr=False, default_factory=generate_token)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The values of `Host` that name this server."""
        bare = NAMES if self.port == 80 else ()
        return (*bare, *(f"{name}:{self.port}" for name in NAMES))

    @property
    def cookie_name(self) -> str:
        """The name of the cookie: browsers share cookies among the ports of a machine."""
        return f"tnt_sim_{self.port}"

    def is_own_host(self, host: str) -> bool:
        """Whether a request names this server, and not another name that leads to this machine."""
        return host.lower() in self.hosts

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether a page of this server sent the request: its origin is the very host it asks."""
        return self.is_own_host(host) and origin.lower() == f"http://{host.lower()}"

    def is_token(self, text: str) -> bool:
        """Whether a text is the token, in a time that does not tell how much of it is right."""
        return secrets.compare_digest(text.encode(), self.token.encode())

    def has_cookie(self, header: str) -> bool:
        """Whether the header `Cookie` of a request holds the cookie, beside any of other servers."""
        pairs = (pair.partition("=") for pair in header.split(";"))
        values = [value.strip() for name, __, value in pairs if name.strip() == self.cookie_name]
        return any(secrets.compare_digest(value.encode(), self.secret.encode()) for value in values)

    def build_cookie(self) -> str:
        """Return the header `Set-Cookie`: for this site alone, and for no script."""
        return f"{self.cookie_name}={self.secret}; Path=/; HttpOnly; SameSite=Strict"

    def hide_token(self, text: str) -> str:
        """Return a line of a log without the token."""
        return text.replace(self.token, "…").replace(self.secret, "…")


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
