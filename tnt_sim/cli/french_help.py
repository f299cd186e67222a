"""Help in French, plain text, built without rich so that it comes at once."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

_OF_TYPER = {
    "help": "Affiche cette aide.",
    "install_completion": "Installe la complétion pour cet interpréteur de commandes.",
    "show_completion": "Affiche le code de la complétion.",
}


def _options(command: Any, ctx: Any) -> list[tuple[str, str]]:
    rows = []
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        name = ", ".join(param.opts)
        if not param.is_flag and not param.count:
            name += f" {param.metavar or param.name.upper()}"
        rows.append((name, _OF_TYPER.get(param.name) or param.help or ""))
    return rows


def _arguments(command: Any, ctx: Any) -> list[tuple[str, str]]:
    return [
        (param.metavar or param.name.upper(), param.help or "")
        for param in command.get_params(ctx)
        if param.param_type_name == "argument"
    ]


def _section(formatter: Any, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(f"{title}\u00a0"):
            formatter.write_dl(rows)


def _text(formatter: Any, text: str | None) -> None:
    """A text as it is laid out: examples keep their lines."""
    if text:
        formatter.write_paragraph()
        for line in text.strip("\n").splitlines():
            formatter.write(f"{line}\n")


class FrenchCommand(TyperCommand):
    """A verb whose help is in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, arguments, options, examples."""
        names = [name for name, _ in _arguments(self, ctx)]
        formatter.write_usage(ctx.command_path, " ".join([*names, "[OPTIONS]"]), prefix="Usage : ")
        _text(formatter, self.help)
        _section(formatter, "Arguments", _arguments(self, ctx))
        _section(formatter, "Options", _options(self, ctx))
        _text(formatter, self.epilog)


class FrenchGroup(TyperGroup):
    """The program, whose help lists the verbs in French."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, the verbs, options, examples."""
        formatter.write_usage(ctx.command_path, "VERBE … [OPTIONS]", prefix="Usage : ")
        _text(formatter, self.help)
        verbs = [(name, self._first_line(ctx, name)) for name in self.list_commands(ctx)]
        _section(formatter, "Verbes", verbs)
        _section(formatter, "Options", _options(self, ctx))
        _text(formatter, self.epilog)

    def _first_line(self, ctx: Any, name: str) -> str:
        command = self.get_command(ctx, name)
        return (command.help or "").strip().splitlines()[0] if command else ""
