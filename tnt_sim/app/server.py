"""Voilà started for one scenario: on this machine only, behind a token, with a kernel kept warm."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import closing
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from tnt_sim.errors import Lang, Text, UsageError

HOST, FIRST_PORT = "127.0.0.1", 8866
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
    scenario: Path, title: str, lang: Lang, port: int, token: str, *, browser: bool, ready: Callable[[], None]
) -> None:
    """Serve the page until it is interrupted; `ready` is called once it answers."""
    own = files("tnt_sim") / "app"
    os.environ["TNT_SIM_APP"] = json.dumps({"scenario": str(scenario.resolve()), "lang": lang.value})
    paths = [str(own / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    os.environ["JUPYTER_PATH"] = os.pathsep.join(paths)
    from tornado.ioloop import IOLoop
    from traitlets.config import Config
    from voila.app import Voila

    config = Config()
    config.Voila.ip, config.Voila.port, config.Voila.port_retries = HOST, port, 0
    config.Voila.token, config.Voila.open_browser = token, browser
    config.Voila.config_file_paths, config.Voila.log_level = [], 40
    config.VoilaConfiguration.template = "tnt-sim"
    config.VoilaConfiguration.preheat_kernel, config.VoilaConfiguration.default_pool_size = True, 1
    config.VoilaConfiguration.extension_allowlist = list(EXTENSIONS)
    config.VoilaConfiguration.resources = {"lang": lang.value, "title": title, "waiting": _WAITING.in_(lang)}
    config.KernelManager.transport = "ipc" if os.name == "posix" else "tcp"
    config.Voila.tornado_settings = {"ws_ping_interval": 30000, "ws_ping_timeout": 30000}
    IOLoop.current().add_callback(ready)
    Voila.launch_instance([str(own / "planner.ipynb")], config=config)
