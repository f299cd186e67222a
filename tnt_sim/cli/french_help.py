"""Help in French, or in English after `--lang en`: plain text, without rich, so that it appears at once."""

from __future__ import annotations

from collections.abc import Callable
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


def _list_options(command: Any, ctx: Any, help_text: Translator) -> list[tuple[str, str]]:
    rows = []
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        name = ", ".join(param.opts)
        if not param.is_flag and not param.count:
            name += f" {help_text(param.metavar or param.name.upper())}"
        rows.append((name, help_text(_OF_TYPER.get(param.name) or param.help or "")))
    return rows


def _list_arguments(command: Any, ctx: Any, help_text: Translator) -> list[tuple[str, str]]:
    return [
        (help_text(param.metavar or param.name.upper()), help_text(param.help or ""))
        for param in command.get_params(ctx)
        if param.param_type_name == "argument"
    ]


def _write_section(formatter: Any, title: str, rows: list[tuple[str, str]], help_text: Translator) -> None:
    if rows:
        with formatter.section(help_text(title) + ("" if help_text is translate_to_english else "\u00a0")):
            formatter.write_dl(rows)


def _write_text(formatter: Any, text: str | None, help_text: Translator) -> None:
    """Write a text; examples keep their lines."""
    if text:
        formatter.write_paragraph()
        for line in help_text(text.strip("\n")).splitlines():
            formatter.write(f"{line}\n")


class FrenchCommand(TyperCommand):
    """Command with its help in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, description, arguments, options, examples."""
        phrase = _select_translator(ctx)
        names = [name for name, _ in _list_arguments(self, ctx, phrase)]
        formatter.write_usage(ctx.command_path, " ".join([*names, "[OPTIONS]"]), prefix=phrase("Usage : "))
        _write_text(formatter, self.help, phrase)
        _write_section(formatter, "Arguments", _list_arguments(self, ctx, phrase), phrase)
        _write_section(formatter, "Options", _list_options(self, ctx, phrase), phrase)
        _write_text(formatter, self.epilog, phrase)


class FrenchGroup(TyperGroup):
    """Program whose help lists the commands in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, description, commands, options, examples."""
        phrase = _select_translator(ctx)
        formatter.write_usage(ctx.command_path, phrase("VERBE … [OPTIONS]"), prefix=phrase("Usage : "))
        _write_text(formatter, self.help, phrase)
        verbs = [(name, phrase(self._get_summary(ctx, name))) for name in self.list_commands(ctx)]
        _write_section(formatter, "Verbes", verbs, phrase)
        _write_section(formatter, "Options", _list_options(self, ctx, phrase), phrase)
        _write_text(formatter, self.epilog, phrase)

    def _get_summary(self, ctx: Any, name: str) -> str:
        command = self.get_command(ctx, name)
        return (command.help or "").strip().splitlines()[0] if command else ""
