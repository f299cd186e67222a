"""Help in French, or in English after `--lang en`: plain text, without rich, so that it appears at once.

A line ends between words, at any width, and a command that is too wide goes on after a `\\`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from typer.core import TyperCommand, TyperGroup

from tnt_sim.cli.english_help import translate_to_english
from tnt_sim.i18n.message import Lang

_OF_TYPER = {
    "help": "Affiche cette aide.",
    "install_completion": "Installe la complétion pour cet interpréteur de commandes.",
    "show_completion": "Affiche le code de la complétion.",
}


Translator = Callable[[str], str]


def _select_translator(ctx: Any) -> Translator:
    """Return the function that translates help texts, or leaves them in French."""
    return translate_to_english if ctx.find_root().obj is Lang.EN else str


_QUESTION = "Options"
_PANELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        _QUESTION: frozenset(),
        "Calcul": frozenset(
            {
                "backend",
                "cross_check",
                "executor",
                "measure",
                "method",
                "relax",
                "require_proof",
                "scheduler",
                "sets",
                "solve",
                "time_limit",
                "workers",
            }
        ),
        "Fichiers": frozenset(
            {
                "force",
                "from_xlsx",
                "out",
                "project",
                "register",
                "resume",
                "write_lp",
                "theme_css",
                "csv_style",
            }
        ),
        "Affichage": frozenset({"as_json", "help", "lang", "quiet"}),
    }
)
"""Options that many verbs have, by panel; all others belong to the question of their verb."""
_ENVIRONMENT = (
    ("TNT_SIM_LANG", "fr ou en\u00a0: la langue, quand --lang n’est pas donné."),
    ("TNT_SIM_DEBUG", "1\u00a0: détaille une panne, comme --debug."),
    ("NO_COLOR", "1\u00a0: aucune couleur."),
    ("COLUMNS", "La largeur de l’affichage."),
)
_COLUMN, _NARROW_COLUMN, _NARROW = 30, 22, 70
_UNBROKEN = re.compile(r'(?:-\S+ (?!-))?(?:[^\s"]|"[^"]*")+')
"""Parts of a command that stay on one line: a word, or an option with what follows it."""

Row = tuple[str, str]


def _list_options(command: Any, ctx: Any, help_text: Translator) -> Iterator[tuple[str, list[Row]]]:
    """List the options of each panel, with their defaults."""
    rows: dict[str, list[Row]] = {panel: [] for panel in _PANELS}
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        name = ", ".join(param.opts)
        if param.is_flag and param.default is True and param.secondary_opts:
            name += f", {param.secondary_opts[0]}"
        elif not param.is_flag and not param.count:
            name += f" {help_text(param.metavar or param.name.upper())}"
        text = _OF_TYPER.get(param.name) or param.help or ""
        panel = next((panel for panel, names in _PANELS.items() if param.name in names), _QUESTION)
        rows[panel].append((name, help_text(text) + _describe_default(param, text, help_text)))
    yield from rows.items()


def _describe_default(param: Any, text: str, help_text: Translator) -> str:
    """Return the default of an option, if it has one that its text does not tell."""
    if param.is_flag or param.default in (None, "", ()) or "défaut" in text:
        return ""
    return help_text(" Par défaut\u00a0: ") + f"{param.default}."


def _list_arguments(command: Any, ctx: Any, help_text: Translator) -> list[Row]:
    return [
        (help_text(param.metavar or param.name.upper()), help_text(param.help or ""))
        for param in command.get_params(ctx)
        if param.param_type_name == "argument"
    ]


def _write_section(formatter: Any, title: str, rows: Sequence[Row], help_text: Translator) -> None:
    """Write rows in two columns; a name that is longer than its column has a line of its own."""
    if not rows:
        return
    colon = ":" if help_text is translate_to_english else "\u00a0:"
    formatter.write(f"\n{help_text(title)}{colon}\n")
    limit = _COLUMN if formatter.width >= _NARROW else _NARROW_COLUMN
    column = min(max(len(name) for name, _ in rows), limit)
    for name, text in rows:
        lines = _wrap(text, formatter.width - column - 4)
        if len(name) > column:
            formatter.write(f"  {name}\n")
            name = ""
        for k, line in enumerate(lines or [""]):
            formatter.write(f"  {name if k == 0 else '':<{column}}  {line}".rstrip() + "\n")


def _wrap(text: str, width: int) -> list[str]:
    """Break a text between words; names of options stay whole."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _write_text(formatter: Any, text: str | None, help_text: Translator) -> None:
    """Write paragraphs as wide as the screen, and below them their commands."""
    for paragraph in help_text(text.strip("\n")).split("\n\n") if text else ():
        formatter.write("\n")
        joined = paragraph.replace("\\\n    ", "")
        for is_code, group in groupby(joined.splitlines(), lambda line: line.startswith("  ")):
            lines = list(group)
            flow = (
                _wrap_commands(lines, formatter.width + 1)
                if is_code
                else _wrap(" ".join(lines), formatter.width)
            )
            formatter.write("".join(f"{line}\n" for line in flow))


def _wrap_commands(commands: Iterable[str], width: int) -> Iterator[str]:
    """Fold each command that is too wide before an option, with a `\\` as the shell reads it."""
    for command in commands:
        if not command.startswith("  tnt-sim"):
            yield command
            continue
        text = " "
        for token in _UNBROKEN.findall(command):
            if text != " " and len(text) + len(token) + 3 > width:
                yield f"{text} \\"
                text = "     "
            text += f" {token}"
        yield text


class FrenchCommand(TyperCommand):
    """Command with its help in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, description, arguments, options by panel, examples."""
        phrase = _select_translator(ctx)
        names = [name for name, _ in _list_arguments(self, ctx, phrase)]
        formatter.write_usage(
            ctx.command_path, " ".join([*names, "[OPTIONS]"]), prefix=phrase("Usage\u00a0: ")
        )
        _write_text(formatter, self.help, phrase)
        _write_section(formatter, "Arguments", _list_arguments(self, ctx, phrase), phrase)
        for panel, rows in _list_options(self, ctx, phrase):
            _write_section(formatter, panel, rows, phrase)
        _write_text(formatter, self.epilog, phrase)


class FrenchGroup(TyperGroup):
    """Program whose help lists the commands in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, description, commands by question, options, variables, examples."""
        phrase = _select_translator(ctx)
        formatter.write_usage(ctx.command_path, phrase("VERBE … [OPTIONS]"), prefix=phrase("Usage\u00a0: "))
        _write_text(formatter, self.help, phrase)
        verbs: list[Any] = [self.get_command(ctx, name) for name in self.list_commands(ctx)]
        for title, group in groupby(verbs, lambda verb: verb.rich_help_panel):
            rows = [(verb.name, phrase(verb.help.strip().splitlines()[0])) for verb in group]
            _write_section(formatter, title, rows, phrase)
        options = [row for _, rows in _list_options(self, ctx, phrase) for row in rows]
        _write_section(formatter, "Options", options, phrase)
        variables = [(name, phrase(text)) for name, text in _ENVIRONMENT]
        _write_section(formatter, "Variables d’environnement", variables, phrase)
        _write_text(formatter, self.epilog, phrase)
