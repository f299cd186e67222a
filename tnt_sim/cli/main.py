"""Command line entry point: commands, exit codes, and errors in one line each."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated

import typer

from tnt_sim.cli.commands.alternatives import alternatives
from tnt_sim.cli.commands.app import app
from tnt_sim.cli.commands.audit import audit
from tnt_sim.cli.commands.batch import batch
from tnt_sim.cli.commands.compare import compare
from tnt_sim.cli.commands.conflict import conflict
from tnt_sim.cli.commands.core import core
from tnt_sim.cli.commands.doctor import doctor
from tnt_sim.cli.commands.ensemble import ensemble
from tnt_sim.cli.commands.entry_thresholds import entry_thresholds
from tnt_sim.cli.commands.explain import explain
from tnt_sim.cli.commands.export import export
from tnt_sim.cli.commands.extend import extend
from tnt_sim.cli.commands.extension_shares import extension_shares
from tnt_sim.cli.commands.import_ import import_
from tnt_sim.cli.commands.inversions import inversions
from tnt_sim.cli.commands.marginal_euro import marginal_euro
from tnt_sim.cli.commands.new import new
from tnt_sim.cli.commands.report import report
from tnt_sim.cli.commands.rule_prices import rule_prices
from tnt_sim.cli.commands.run import run
from tnt_sim.cli.commands.schema import schema
from tnt_sim.cli.commands.show import show
from tnt_sim.cli.commands.sign import sign
from tnt_sim.cli.commands.sweep import sweep
from tnt_sim.cli.commands.target import target
from tnt_sim.cli.commands.validate import validate
from tnt_sim.cli.commands.verify import verify
from tnt_sim.cli.commands.weights import weights
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_encoding_error,
    build_error_document,
    build_output_error,
    check_encoding,
    convert_parser_error,
    drop_output,
    emit,
    print_error,
    print_note,
)
from tnt_sim.cli.examples import EXAMPLES
from tnt_sim.cli.french_help import FrenchCommand, FrenchGroup
from tnt_sim.cli.invocation import (
    INVOCATION,
    PROGRAM,
    Invocation,
    detect_language,
    detect_program,
    find_lang_option,
    get_invocation,
)
from tnt_sim.cli.menu import render_menu
from tnt_sim.cli.options import LangOption, parse_lang
from tnt_sim.disk import FULL
from tnt_sim.documents import dump_document
from tnt_sim.errors import Defect, TntError
from tnt_sim.i18n.message import _

INTERRUPTED, BUG = 130, 1
_YOUNG_OBJECTS = 20_000
"""Objects between two passes of the garbage collector: imports make many and free none."""

_ABOUT = """\
Répartit une enveloppe de subventions entre des dossiers : le meilleur choix,
prouvé et expliqué.

Allocates a grant envelope among dossiers; results in English with --lang en."""

_CODES = """\
Codes de sortie : 0 fait ; 1 erreur du programme ou vérification refusée ;
2 commande mal écrite ; 3 données ou scénario invalides ; 4 aucune répartition
possible ; 5 arrêté par une limite sans rien tenir, ou non prouvé sous
--require-proof ; 6 un lot dont des scénarios ont échoué ; 7 rang parmi les ex
æquo non démontré (verify --require-proof) ; 130 interrompu.

Exemples :
  tnt-sim new demo
  tnt-sim run demo/scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="90 M€"

« tnt-sim VERBE --help » explique un verbe ; --debug détaille une panne."""

_GROUPS: Mapping[str, Mapping[str, Callable[..., int]]] = MappingProxyType(
    {
        "Commencer": {"new": new, "import": import_},
        "Décider": {"run": run, "app": app, "batch": batch},
        "Demander": {
            "explain": explain,
            "inversions": inversions,
            "sweep": sweep,
            "marginal-euro": marginal_euro,
            "entry-thresholds": entry_thresholds,
            "target": target,
            "rule-prices": rule_prices,
            "extend": extend,
            "extension-shares": extension_shares,
            "conflict": conflict,
            "ensemble": ensemble,
        },
        "Comparer": {
            "compare": compare,
            "core": core,
            "audit": audit,
            "alternatives": alternatives,
            "weights": weights,
        },
        "Publier": {"report": report, "export": export, "sign": sign},
        "Vérifier": {
            "validate": validate,
            "show": show,
            "verify": verify,
            "schema": schema,
            "doctor": doctor,
        },
    }
)
"""The verbs by question, in the order of the help."""
_VERBS = {name: verb for verbs in _GROUPS.values() for name, verb in verbs.items()}


def build() -> typer.Typer:
    """Build the program with its commands."""
    program = typer.Typer(
        name=PROGRAM,
        cls=FrenchGroup,
        help=_ABOUT,
        epilog=_CODES,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    program.callback(invoke_without_command=True)(_start_program)
    for group, verbs in _GROUPS.items():
        for name, verb in verbs.items():
            program.command(name, cls=FrenchCommand, epilog=EXAMPLES[name], rich_help_panel=group)(verb)
    return program


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"{PROGRAM} {metadata.version(PROGRAM)}")
        raise typer.Exit


def _start_program(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Affiche la version de tnt-sim."
        ),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Show the menu where no verb was typed; the help text is `_ABOUT`."""
    if context.invoked_subcommand is None:
        typer.echo(render_menu(parse_lang(lang), get_invocation().program))


_start_program.__doc__ = _ABOUT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected errors show no traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    program = PROGRAM if argv is not None else detect_program(sys.argv[0], os.environ, sys.prefix)
    token = INVOCATION.set(Invocation(program, find_lang_option(words)))
    try:
        return _run(words)
    finally:
        INVOCATION.reset(token)


def _run(words: list[str]) -> int:
    debug = "--debug" in words or bool(os.environ.get("TNT_SIM_DEBUG"))
    words = [word for word in words if word != "--debug"]
    _set_utf8_output()
    gc.set_threshold(_YOUNG_OBJECTS)
    try:
        check_encoding(_find_verb(words), words)
        code = build()(
            args=words,
            obj=detect_language(words),
            prog_name=PROGRAM,
            standalone_mode=False,
        )
    except TntError as error:
        if debug:
            traceback.print_exc()
        return _report_error(error, words)
    except typer.TyperException as error:
        return _report_invalid_command(error, words)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except UnicodeEncodeError as error:
        told = build_encoding_error(error)
        return _report_bug(error, words, debug=debug) if told is None else _report_error(told, words)
    except MemoryError:
        return _report_error(_NO_MEMORY, words)
    except OSError as error:
        if error.errno not in FULL:
            return _report_bug(error, words, debug=debug)
        drop_output()
        return _report_error(build_output_error(error), words)
    except Exception as error:  # noqa: BLE001  (the last net: a bug is one line, not a page)
        return _report_bug(error, words, debug=debug)
    if code == INTERRUPTED:
        return _report_interruption(words)
    return INTERRUPTED if code == INTERRUPTED_AND_TOLD else int(code or 0)


def _report_error(error: TntError, words: Sequence[str]) -> int:
    print_error(error, _find_verb(words), detect_language(words), as_json="--json" in words)
    return error.exit_code


def _report_invalid_command(error: typer.TyperException, words: Sequence[str]) -> int:
    """Report an invalid command line in one line."""
    return _report_error(convert_parser_error(error, list(_VERBS), _find_verb(words)), words)


def _report_bug(error: Exception, words: Sequence[str], *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    text = _(
        "unexpected failure of tnt-sim ({what}). Run again with --debug and send what it shows.", what=what
    )
    return _report_error(TntError(text, code="bug"), words) or BUG


_NO_MEMORY = TntError(
    _(
        "the memory of this machine does not suffice for this question. Close other programs, or "
        "ask it of fewer dossiers."
    ),
    code="memory",
)


def _report_interruption(words: Sequence[str]) -> int:
    lang = detect_language(words)
    text = _("interrupted; nothing was written.")
    print_note(text.in_(lang)[:1].upper() + text.in_(lang)[1:])
    if "--json" in words:
        document = build_error_document(
            "interrupted", (Defect("interrupted", text),), _find_verb(words), lang
        )
        emit(dump_document(document))
    return INTERRUPTED


def _find_verb(words: Sequence[str]) -> str:
    return next((word for word in words if word in _VERBS), "")


def _set_utf8_output() -> None:
    """Write UTF-8 whatever the system's encoding; a closed stream discards its output."""
    while (
        handle := os.open(os.devnull, os.O_RDWR)
    ) <= 2:  # otherwise the first file opened would become stdout
        pass
    os.close(handle)
    sys.stdout = sys.stdout or os.fdopen(os.dup(1), "w")
    sys.stderr = sys.stderr or os.fdopen(os.dup(2), "w")
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None:
            with suppress(ValueError, OSError):
                change(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())
