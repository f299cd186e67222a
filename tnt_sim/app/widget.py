"""Serve the planner's page with Voilà: on this machine only, behind `request_guard`, with a warm kernel.

The widget passes events of the browser to `Page` and its replies back.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anywidget
import traitlets

from tnt_sim.app.page import Page, Reply
from tnt_sim.app.page_text import SCRIPT
from tnt_sim.disk import touch
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.renderers.html import read_asset
from tnt_sim.scenario.load import load_scenario

HOST, FIRST_PORT = "127.0.0.1", 8866
WARM, PING_MS, MOST_WAIT = 1, 30_000, 60.0
"""Number of warm kernels; ping interval in milliseconds; most seconds before the address is shown."""
IDLE_SECONDS, LOOK_SECONDS = 600, 60
"""Seconds after which a kernel without a page ends, and interval of that check."""
NEEDED = ("voila", "anywidget", "ipywidgets", "ipykernel")
EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8")
"""The only browser extensions that are loaded."""
_WAITING = _("Opening the page…")


def check_installed() -> None:
    """Check that the packages of the page are installed.

    Raises
    ------
    UsageError
        With what to install.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise UsageError(
            _(
                'the planner\'s page needs {names}, missing here. Install the extra "app": pip install '
                '"tnt-sim[app]" (or uv sync --extra app).',
                names=names,
            ),
            code="usage.app",
        )


def select_port(wanted: int | None) -> int:
    """Return the requested port, or the first free one.

    Raises
    ------
    UsageError
        If the requested port is taken.
    """
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


def generate_token() -> str:
    """Return an unguessable token."""
    return secrets.token_urlsafe(24)


def build_address(port: int, token: str) -> str:
    """Return the address to open; the settings follow after `#`."""
    return f"http://{HOST}:{port}/?token={token}"


def serve(
    scenario: Path, title: str, lang: Lang, port: int, token: str, *, ready: Callable[[Path], None]
) -> None:
    """Serve the page until interrupted; once warm, call `ready` with a file that leads to it."""
    own = files("tnt_sim") / "app"
    with TemporaryDirectory(prefix="tnt-sim-app-") as folder:
        warm = Path(folder) / "warm"
        asked = {"scenario": str(scenario.resolve()), "lang": lang.value, "warm": str(warm)}
        os.environ["TNT_SIM_APP"] = json.dumps(asked)
        paths = [str(own / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)
        from tnt_sim.app.request_guard import PlannerServer, write_opening

        opening = write_opening(Path(folder), build_address(port, token))
        _call_when_ready(warm, lambda: ready(opening))
        PlannerServer.launch_instance(
            [str(own / "planner.ipynb")], config=_build_config(title, lang, port, token)
        )


def _build_config(title: str, lang: Lang, port: int, token: str) -> Any:
    """Return the configuration of Voilà."""
    from traitlets.config import Config

    config = Config()
    config.Voila.ip, config.Voila.port, config.Voila.port_retries = HOST, port, 0
    config.Voila.token, config.Voila.open_browser = token, False
    config.Voila.config_file_paths, config.Voila.log_level = [], logging.ERROR
    config.IdentityProvider.cookie_options = {"samesite": "Strict"}
    config.MappingKernelManager.cull_idle_timeout = IDLE_SECONDS
    config.MappingKernelManager.cull_interval = LOOK_SECONDS
    config.Voila.tornado_settings = {"ws_ping_interval": PING_MS, "ws_ping_timeout": PING_MS}
    config.VoilaConfiguration.template = "tnt-sim"
    config.VoilaConfiguration.preheat_kernel, config.VoilaConfiguration.default_pool_size = True, WARM
    config.VoilaConfiguration.extension_allowlist = list(EXTENSIONS)
    config.VoilaConfiguration.file_allowlist = []  # serve no files
    config.VoilaConfiguration.resources = {"lang": lang.value, "title": title, "waiting": _WAITING.in_(lang)}
    # messages between the server and a kernel pass through files of this user alone, where the system has them
    config.KernelManager.transport = "ipc" if os.name == "posix" else "tcp"
    return config


def _call_when_ready(file: Path, ready: Callable[[], None]) -> None:
    """Call `ready` once a file exists, or after a while without it; the page then says what is wrong."""
    from tornado.ioloop import IOLoop, PeriodicCallback

    began = time.monotonic()

    def look() -> None:
        if file.exists() or time.monotonic() - began > MOST_WAIT:
            watch.stop()
            ready()

    watch = PeriodicCallback(look, 100)
    IOLoop.current().add_callback(watch.start)


REQUEST_VARIABLE = "TNT_SIM_APP"
"""Environment variable with the notebook's scenario and language, and the file that signals it is warm."""


def _read_asset(name: str) -> str:
    return (files("tnt_sim") / "app" / "assets" / name).read_text(encoding="utf-8")


class PageWidget(anywidget.AnyWidget):
    """One page in one browser tab."""

    _esm = _read_asset("page.js")
    _css = read_asset("style.css") + _read_asset("page.css")
    frame = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, page: Page) -> None:
        said = {key: text.in_(page.lang) for key, text in SCRIPT.items()}
        super().__init__(frame=page.frame, words=said)
        self._page = page
        self.on_msg(self._receive_event)

    def _receive_event(self, __: Any, event: dict[str, Any], buffers: Any) -> None:
        try:
            for reply in self._page.receive(event):
                self._give(reply)
        except Exception as error:
            self._give(self._page.build_failure_reply(error))  # otherwise the page would wait forever
            raise

    def _give(self, reply: Reply) -> None:
        self.send(dict(reply.document), None if reply.data is None else [reply.data])


def open_page() -> PageWidget:
    """Return the page of the scenario for which `tnt-sim app` was started."""
    requested = json.loads(os.environ[REQUEST_VARIABLE])
    scenario = load_scenario(Path(requested["scenario"]))
    page = PageWidget(Page(scenario, Lang(requested["lang"])))
    touch(Path(requested["warm"]))
    return page
