"""Voilà started for one scenario: on this machine only, behind its doors (`doors.py`), with a kernel kept warm."""

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

from tnt_sim.errors import Lang, Text, UsageError

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
        from tnt_sim.app.doors import PlannerServer, write_opening

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
