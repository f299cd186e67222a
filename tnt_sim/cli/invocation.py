"""How the program was started, and in which language it answers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.i18n.message import Lang

if TYPE_CHECKING:
    from tnt_sim.scenario.scenario import ScenarioData

PROGRAM = "tnt-sim"
LANG_VARIABLE = "TNT_SIM_LANG"
_SYSTEM_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def choose_language(option: str | None, written: str | None, environment: Mapping[str, str]) -> Lang:
    """Choose the language of a command.

    The first of these that names French or English decides: `--lang`, the variable `TNT_SIM_LANG`, the `locale`
    that the scenario writes, `LC_ALL`, `LC_MESSAGES`, `LANG`. Without any, it is French.

    Parameters
    ----------
    option : value of `--lang`
    written : `locale` of the scenario; None where no file writes it

    Examples
    --------
    >>> choose_language(None, None, {"LC_ALL": "C.UTF-8", "LANG": "en_US.UTF-8"})
    <Lang.EN: 'en'>
    """
    system = (environment.get(name) for name in _SYSTEM_VARIABLES)
    for text in (option, environment.get(LANG_VARIABLE), written, *system):
        name = re.split(r"[_.@-]", text or "")[0].lower()
        if name in ("fr", "en"):
            return Lang(name)
    return Lang.FR


def detect_language(words: Sequence[str]) -> Lang:
    """Return the language of a command line, from its words and the environment."""
    return choose_language(find_lang_option(words), read_locale(words), os.environ)


def find_lang_option(words: Sequence[str]) -> str | None:
    """Return the value of the last `--lang`, before or after the verb; None without the option."""
    language = None
    for k, word in enumerate(words):
        if word == "--lang":
            language = words[k + 1] if k + 1 < len(words) else None
        elif word.startswith("--lang="):
            language = word.partition("=")[2]
    return language


def get_written_locale(scenario: ScenarioData) -> str | None:
    """Return the `locale` of a scenario; None where no file writes it."""
    return scenario.spec.locale if "locale" in scenario.spec.model_fields_set else None


def read_locale(words: Iterable[str | Path]) -> str | None:
    """Return the `locale` that the first scenario or run folder of a command line writes, without loading it.

    A file of a batch has that of its base scenario. A run folder leaves out what is the default, so that its
    sentences are French where it names no other language.
    """
    for path in map(Path, words):
        is_run = (path / "scenario.resolved.yaml").is_file()
        if is_run or path.suffix in (".yaml", ".yml"):
            from tnt_sim.scenario.yaml.safe_paths import find_locale

            return find_locale(path) or (Lang.FR if is_run else None)
    return None


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the program was started.

    Attributes
    ----------
    program : what was typed before the verb, such as `uv run tnt-sim`
    lang : the value of `--lang`, if it was given
    """

    program: str = PROGRAM
    lang: str | None = None

    def format_command(self, command: str) -> str:
        """Write a command as the user would type it: the same program, and the same `--lang`."""
        lang = f" --lang {self.lang}" if self.lang in ("fr", "en") else ""
        return f"{self.program} {command}{lang}"


INVOCATION: ContextVar[Invocation] = ContextVar("INVOCATION")
"""The invocation that is running, set by `main`."""


def get_invocation() -> Invocation:
    """Return how the program was started; a verb that another program calls counts as plain `tnt-sim`."""
    return INVOCATION.get(Invocation())


def detect_program(script: str, environment: Mapping[str, str], prefix: str) -> str:
    """Return how the program was started.

    `uv run` sets `UV_RUN_RECURSION_DEPTH` for the programs that it starts, and `VIRTUAL_ENV` to their environment.
    An activated environment has no such depth. Processes further down inherit both variables: a program of another
    environment is recognised by its prefix.

    Parameters
    ----------
    script : `sys.argv[0]`
    prefix : `sys.prefix`, the environment of the interpreter

    Examples
    --------
    >>> detect_program("/x/bin/tnt-sim", {"UV_RUN_RECURSION_DEPTH": "1", "VIRTUAL_ENV": "/x"}, "/x")
    'uv run tnt-sim'
    """
    program = "python -m tnt_sim" if Path(script).name == "__main__.py" else PROGRAM
    active = environment.get("VIRTUAL_ENV")
    under_uv = "UV_RUN_RECURSION_DEPTH" in environment and active is not None
    if under_uv and os.path.realpath(active or "") == os.path.realpath(prefix):
        return f"uv run {program}"
    return program
