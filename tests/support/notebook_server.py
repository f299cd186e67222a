"""JupyterLab with a notebook, for tests in a browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60
_TOKEN = "essai"


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook of cells of code."""
    code = [
        {
            "cell_type": "code",
            "id": f"c{k}",
            "metadata": {},
            "source": cell,
            "outputs": [],
            "execution_count": None,
        }
        for k, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), encoding="utf-8")


@contextmanager
def open_notebook_server(folder: Path) -> Iterator[str]:
    """Start JupyterLab in a folder, without settings of this machine; yield where its notebooks open."""
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    own = {
        name: str(folder / f".{name}") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    }
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / f".{name}") for name in ("SETTINGS", "WORKSPACES")}
    words = [
        "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={_TOKEN}", f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    log = (folder / "jupyter.log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *words], env={**os.environ, **own}, stderr=log, stdout=log
    )
    try:
        _wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/lab/tree/{{name}}?token={_TOKEN}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
        log.close()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with closing(socket.socket()) as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    raise AssertionError("JupyterLab did not start")
