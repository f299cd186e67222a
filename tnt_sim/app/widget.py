"""Voilà started for one scenario: on this machine only, behind `request_guard.py`, with a warm kernel.

The widget of the planner's page: it hands what was touched to `Page`, and sends back what that answers.
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
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.renderers.html import asset
from tnt_sim.scenario.load import load_scenario

HOST, FIRST_PORT = "127.0.0.1", 8866
WARM, PING_MS, MOST_WAIT = 1, 30_000, 60.0
"""Warm kernels that wait for a page; of the connection; seconds until the address is told in any case."""
IDLE_SECONDS, LOOK_SECONDS = 600, 60
"""A kernel that no page has been connected to for so long ends; how often that is looked at."""
NEEDED = ("voila", "anywidget", "ipywidgets", "ipykernel")
EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8")
"""The only extensions of the browser that are loaded."""
_WAITING = Text("Ouverture de la page…", "Opening the page…")


def check_installed() -> None:
    """The packages of the page are there.

    Raises
    ------
    UsageError
        With what to install.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise UsageError(
            Text(
                f"la page du planificateur demande {names}, qui manque ici. "
                'Installez l\'option « app » : pip install "tnt-sim[app]" (ou uv sync --extra app).',
                f"the planner's page needs {names}, missing here. "
                'Install the extra "app": pip install "tnt-sim[app]" (or uv sync --extra app).',
            ),
            code="usage.app",
        )


def port_of(asked: int | None) -> int:
    """The port asked for, or the first free one.

    Raises
    ------
    UsageError
        When the port asked for is taken.
    """
    if asked is None:
        return FIRST_PORT if _is_free(FIRST_PORT) else _any_port()
    if _is_free(asked):
        return asked
    raise UsageError(
        Text(
            f"le port {asked} est déjà pris, par une autre page peut-être. Donnez-en un autre, ou aucun.",
            f"port {asked} is taken already, perhaps by another page. Give another one, or none.",
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


def _any_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as door:
        door.bind((HOST, 0))
        return int(door.getsockname()[1])


def new_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def address_of(port: int, token: str) -> str:
    """What is typed into the browser; the settings follow after `#`."""
    return f"http://{HOST}:{port}/?token={token}"


def serve(
    scenario: Path, title: str, lang: Lang, port: int, token: str, *, ready: Callable[[Path], None]
) -> None:
    """Serve the page until it is interrupted; once it is warm, `ready` is given a file that leads to it."""
    own = files("tnt_sim") / "app"
    with TemporaryDirectory(prefix="tnt-sim-app-") as folder:
        warm = Path(folder) / "warm"
        asked = {"scenario": str(scenario.resolve()), "lang": lang.value, "warm": str(warm)}
        os.environ["TNT_SIM_APP"] = json.dumps(asked)
        paths = [str(own / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
        os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)
        from tnt_sim.app.request_guard import PlannerServer, write_opening

        opening = write_opening(Path(folder), address_of(port, token))
        _when_there(warm, lambda: ready(opening))
        PlannerServer.launch_instance([str(own / "planner.ipynb")], config=_config(title, lang, port, token))


def _config(title: str, lang: Lang, port: int, token: str) -> Any:
    """What Voilà is told."""
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
    config.VoilaConfiguration.file_allowlist = []  # no file of a folder is served
    config.VoilaConfiguration.resources = {"lang": lang.value, "title": title, "waiting": _WAITING.in_(lang)}
    # messages between the server and a kernel pass through files of this user alone, where the system has them
    config.KernelManager.transport = "ipc" if os.name == "posix" else "tcp"
    return config


def _when_there(file: Path, ready: Callable[[], None]) -> None:
    """Call `ready` once a file is there, or after a while without it: the page then says itself what is wrong."""
    from tornado.ioloop import IOLoop, PeriodicCallback

    began = time.monotonic()

    def look() -> None:
        if file.exists() or time.monotonic() - began > MOST_WAIT:
            watch.stop()
            ready()

    watch = PeriodicCallback(look, 100)
    IOLoop.current().add_callback(watch.start)


ASKED = "TNT_SIM_APP"
"""The environment variable that says which scenario the notebook shows, in which language, and where it tells
that it is warm."""


def _own(name: str) -> str:
    return (files("tnt_sim") / "app" / "assets" / name).read_text(encoding="utf-8")


class PageWidget(anywidget.AnyWidget):
    """One page in one browser tab."""

    _esm = _own("page.js")
    _css = asset("style.css") + _own("page.css")
    frame = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, page: Page) -> None:
        said = {key: text.in_(page.lang) for key, text in SCRIPT.items()}
        super().__init__(frame=page.frame, words=said)
        self._page = page
        self.on_msg(self._touched)

    def _touched(self, _: Any, event: dict[str, Any], buffers: Any) -> None:
        try:
            for reply in self._page.receive(event):
                self._give(reply)
        except Exception as error:
            self._give(self._page.failed(error))  # else the page would wait for ever
            raise

    def _give(self, reply: Reply) -> None:
        self.send(dict(reply.told), None if reply.data is None else [reply.data])


def planner_page() -> PageWidget:
    """The page of the scenario that `tnt-sim app` was started for."""
    asked = json.loads(os.environ[ASKED])
    scenario = load_scenario(Path(asked["scenario"]))
    page = PageWidget(Page(scenario, Lang(asked["lang"])))
    touch(Path(asked["warm"]))
    return page
