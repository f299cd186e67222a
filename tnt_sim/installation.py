"""Where the program is installed, and the command that adds an optional package there.

No registry publishes tnt_sim, so that an extra of it cannot be fetched by name. Advice names the missing packages,
and an extra only in a clone, where `uv sync` reads `pyproject.toml`.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from tnt_sim.i18n.command_words import quote_argument

SUPPORTED_PYTHONS = ((3, 12), (3, 14))
"""The first and the last version of Python on which the program is tested."""


def format_install_command(extra: str, *packages: str) -> str:
    """Return the command that installs optional packages beside this program, in sh, PowerShell and cmd alike.

    In the environment of a clone that is `uv sync`. Where pip is present, pip installs them. Elsewhere (`uv tool
    install`, `uvx`, `uv venv`) uv does, with the path of this interpreter.

    Parameters
    ----------
    extra : extra of `pyproject.toml` that lists the packages
    packages : their names in a registry
    """
    clone = Path(__file__).parents[1]
    prefix = Path(sys.prefix).resolve()
    if (clone / "pyproject.toml").is_file() and prefix == (clone / ".venv").resolve():
        here = Path.cwd().resolve()
        project = [] if here.is_relative_to(clone) else ["--project", quote_argument(clone.as_posix())]
        return " ".join(["uv sync", *project, "--extra", extra])
    names = " ".join(packages)
    if find_spec("pip") is None:
        return f"uv pip install --python {quote_argument(sys.executable)} {names}"
    active = os.environ.get("VIRTUAL_ENV")
    if active is not None and Path(active).resolve() == prefix:
        return f"python -m pip install {names}"
    return f"pip --python {quote_argument(sys.executable)} install {names}"
