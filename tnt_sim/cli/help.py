"""Help of the program and its verbs: plain text, without rich, so that it appears at once.

Texts of options and verbs are English in the code, marked by `N_`, and translated when they are shown.

A line ends between words, at any width, and a command that is too wide goes on after a `\\`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tnt_sim.cli.verbs import VERBS, load_verb
from tnt_sim.i18n.message import N_, Lang, _, translate

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

_OF_TYPER = {
    "help": N_("Shows this help."),
    "install_completion": N_("Installs completion for this shell."),
    "show_completion": N_("Shows the code of the completion."),
}
"""What the options say that the library adds."""
_QUESTION = "Options"
_PANELS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        _QUESTION: frozenset(),
        N_("Solving"): frozenset(
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
        N_("Files"): frozenset(
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
        N_("Output"): frozenset({"as_json", "events", "help", "lang", "quiet"}),
    }
)
"""Options that many verbs have, by panel; all others belong to the question of their verb."""
_ENVIRONMENT = (
    ("TNT_SIM_LANG", N_("fr or en: the language, where --lang is not given.")),
    ("TNT_SIM_DEBUG", N_("1: details a failure, as --debug does.")),
    ("TNT_SIM_KERNELS", N_("numpy: does not use the compiled methods; the answers are the same.")),
    ("NO_COLOR", N_("1: no colours.")),
    ("COLUMNS", N_("The width of the output.")),
)
_COLUMN, _NARROW_COLUMN, _NARROW = 30, 22, 70
_PROPOSAL = 60
"""Characters that completion shows of a text."""
_UNBROKEN = re.compile(r'(?:-\S+ (?!-))?(?:[^\s"]|"[^"]*")+')
"""Parts of a command that stay on one line: a word, or an option with what follows it."""
_HELD = "\x1f"
"""Stands for a space at which no line is broken."""
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "avenant-1": "amendment-1",
        "choix": "choices",
        "classeurs-rendus": "returned-workbooks",
        "cle": "key",
        "cle.pub": "key.pub",
        "curseur.html": "slider.html",
        "deux.html": "two.html",
        "deux.xlsx": "two.xlsx",
        "ecarts.json": "differences.json",
        "explications.json": "reasons.json",
        "incertain.yaml": "uncertain.yaml",
        "liste-1": "list-1",
        "liste-2": "list-2",
        "liste.csv": "list.csv",
        "lot.yaml": "batch.yaml",
        "lots/deux": "batches/two",
        "lots/enveloppes": "batches/envelopes",
        "lots/x": "batches/x",
        "ma-liste.xlsx": "my-list.xlsx",
        "ma-programmation": "my-programme",
        "parametres.xlsx": "parameters.xlsx",
        "prix.html": "prices.html",
        "quartier.pb": "district.pb",
        "rapport.html": "report.html",
        "registre/liste-1": "registre/list-1",
        "resultat.json": "result.json",
        "retraits.csv": "withdrawals.csv",
        "risques.html": "risks.html",
        "soldes.csv": "final-costs.csv",
        "tls://hote:8786": "tls://host:8786",
        "variante.yaml": "variant.yaml",
    }
)
"""English names of the files in examples."""

Row = tuple[str, str]


def _get_language(ctx: Context) -> Lang:
    lang = ctx.find_root().obj
    return lang if isinstance(lang, Lang) else Lang.FR


def _list_options(command: Any, ctx: Context, lang: Lang) -> Iterator[tuple[str, list[Row]]]:
    """List the options of each panel, with their defaults."""
    rows: dict[str, list[Row]] = {panel: [] for panel in _PANELS}
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        name = ", ".join(param.opts)
        if param.is_flag and param.default is True and param.secondary_opts:
            name += f", {param.secondary_opts[0]}"
        elif not param.is_flag and not param.count:
            name += f" {translate(param.metavar or param.name.upper(), lang)}"
        panel = next((panel for panel, names in _PANELS.items() if param.name in names), _QUESTION)
        rows[panel].append((name, _describe_option(param, lang)))
    yield from rows.items()


def _describe_option(param: Any, lang: Lang) -> str:
    """Return the text of an option, with its default if it has one that its text does not tell."""
    english = _OF_TYPER.get(param.name) or param.help or ""
    text = translate(english, lang)
    if param.is_flag or param.default in (None, "", ()) or "default" in english.lower():
        return text
    default = str(param.default)
    if default.endswith(" %"):  # French: unbroken; English: without the space
        default = default.replace(" ", "\u202f" if lang is Lang.FR else "")
    return _("{text} Default: {default}.", text=text, default=default).in_(lang)


def _list_arguments(command: Any, ctx: Context, lang: Lang) -> list[Row]:
    return [
        (translate(param.metavar or param.name.upper(), lang), translate(param.help or "", lang))
        for param in command.get_params(ctx)
        if param.param_type_name == "argument"
    ]


def _write_usage(formatter: HelpFormatter, ctx: Context, words: str, lang: Lang) -> None:
    formatter.write_usage(ctx.command_path, words, prefix=f"{translate(N_('Usage:'), lang)} ")


def _write_section(formatter: HelpFormatter, title: str, rows: Sequence[Row], lang: Lang) -> None:
    """Write rows in two columns; a name that is longer than its column has a line of its own."""
    if not rows:
        return
    formatter.write(f"\n{_('{title}:', title=translate(title, lang)).in_(lang)}\n")
    limit = _COLUMN if formatter.width >= _NARROW else _NARROW_COLUMN
    column = min(max(len(name) for name, _text in rows), limit)
    for name, text in rows:
        lines = _wrap(text, formatter.width - column - 4)
        if len(name) > column:
            formatter.write(f"  {name}\n")
            name = ""
        for k, line in enumerate(lines or [""]):
            formatter.write(f"  {name if k == 0 else '':<{column}}  {line}".rstrip() + "\n")


def _wrap(text: str, width: int) -> list[str]:
    """Break a text between words; names of options and what is in double quotes, to be typed, stay whole."""
    held = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace(" ", _HELD), text)
    lines = textwrap.wrap(held, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_HELD, " ") for line in lines]


def _write_text(formatter: HelpFormatter, text: str | None, lang: Lang) -> None:
    """Write paragraphs as wide as the screen, and below them their commands."""
    for paragraph in translate(text or "", lang).split("\n\n"):
        formatter.write("\n")
        for line in paragraph.replace("\\\n    ", "").splitlines():
            if line.startswith("  tnt-sim"):
                flow = _wrap_command(_translate_file_names(line, lang), formatter.width + 1)
            else:
                flow = [line] if line.startswith("  ") else _wrap(translate(line, lang), formatter.width)
            formatter.write("".join(f"{row}\n" for row in flow))


def _translate_file_names(command: str, lang: Lang) -> str:
    """Return an example with the names of its files in the language of the reader."""
    return " ".join(_NAMES.get(word, word) for word in command.split(" ")) if lang is Lang.EN else command


def _wrap_command(command: str, width: int) -> list[str]:
    """Fold a command that is too wide before an option, with a `\\` as the shell reads it."""
    rows = [" "]
    for token in _UNBROKEN.findall(command):
        if rows != [" "] and len(rows[-1]) + len(token) + 3 > width:
            rows[-1] += " \\"
            rows.append("     ")
        rows[-1] += f" {token}"
    return rows


class VerbCommand(TyperCommand):
    """Verb with its help in the language of the command line."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write usage, description, arguments, options by panel, examples."""
        lang = _get_language(ctx)
        arguments = _list_arguments(self, ctx, lang)
        _write_usage(formatter, ctx, " ".join([*(name for name, _text in arguments), "[OPTIONS]"]), lang)
        _write_text(formatter, self.help, lang)
        _write_section(formatter, "Arguments", arguments, lang)
        for panel, rows in _list_options(self, ctx, lang):
            _write_section(formatter, panel, rows, lang)
        _write_text(formatter, self.epilog, lang)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """List what may be typed next, with its text in the language of the command line."""
        return _translate_proposals(super().shell_complete(ctx, incomplete), ctx)


class ProgramGroup(TyperGroup):
    """Program that imports a verb when it is asked for."""

    def list_commands(self, ctx: Context) -> list[str]:
        """List the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Build the command of a verb; None if there is no such verb."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        program = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        program.command(cmd_name, cls=VerbCommand, help=verb.help, short_help=verb.help, epilog=verb.epilog)(
            load_verb(cmd_name)
        )
        return typer.main.get_command(program)

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write usage, description, verbs by question, options, variables, examples."""
        lang = _get_language(ctx)
        _write_usage(formatter, ctx, translate(N_("VERB … [OPTIONS]"), lang), lang)
        _write_text(formatter, self.help, lang)
        for title, verbs in groupby(VERBS.items(), lambda entry: entry[1].group):
            rows = [(name, translate(verb.help, lang)) for name, verb in verbs]
            _write_section(formatter, title, rows, lang)
        options = [row for _panel, rows in _list_options(self, ctx, lang) for row in rows]
        _write_section(formatter, "Options", options, lang)
        variables = [(name, translate(text, lang)) for name, text in _ENVIRONMENT]
        _write_section(formatter, N_("Environment variables"), variables, lang)
        _write_text(formatter, self.epilog, lang)

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """List what may be typed next, with its text in the language of the command line."""
        return _translate_proposals(super().shell_complete(ctx, incomplete), ctx)


def _translate_proposals(proposals: list[CompletionItem], ctx: Context) -> list[CompletionItem]:
    """Translate the text of each proposal; a shell would take a second line for another proposal."""
    for proposal in proposals:
        text = translate(proposal.help or "", _get_language(ctx))
        proposal.help = textwrap.shorten(text, _PROPOSAL, placeholder="…")
    return proposals
