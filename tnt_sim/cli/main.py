"""Command line entry point: commands, exit codes, and errors in one line each."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_encoding_error,
    build_output_error,
    check_encoding,
    convert_parser_error,
    drop_output,
    emit,
    print_error,
    print_note,
)
from tnt_sim.cli.help import ProgramGroup
from tnt_sim.cli.invocation import (
    INVOCATION,
    PROGRAM,
    Invocation,
    detect_language,
    detect_program,
    find_lang_option,
    get_invocation,
)
from tnt_sim.cli.options import LangOption, parse_lang
from tnt_sim.cli.verbs import VERBS, Verb
from tnt_sim.disk import FULL
from tnt_sim.errors import Defect, TntError
from tnt_sim.i18n.message import N_, _
from tnt_sim.i18n.numbers import open_currency_session

INTERRUPTED, BUG = 130, 1
_YOUNG_OBJECTS = 20_000
"""Objects between two passes of the garbage collector: imports make many and free none."""

_PROGRAM = Verb(
    "",
    N_("Allocates a grant envelope among applications: the best choice, proven and explained."),
    note=N_(
        "Exit codes: 0 done; 1 an error of the program or a check refused; 2 an invalid "
        "command; 3 invalid data or scenario; 4 no allocation is possible; 5 stopped by a "
        "limit before any allocation was found, or not proven under --require-proof; 6 a "
        "batch with failed scenarios; 7 rank among ties not shown (verify --require-proof); 8 "
        "shown for a changed scenario only (verify --require-proof without --as-changed); "
        "130 interrupted."
    ),
    examples="""\
  tnt-sim new demo
  tnt-sim run demo/scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="90 M€"
""",
    then=N_('"tnt-sim VERB --help" explains a verb; --debug details a failure.'),
)
"""What the help says where no verb is typed."""


def build() -> typer.Typer:
    """Build the program; its verbs are built when they are asked for."""
    program = typer.Typer(
        name=PROGRAM,
        cls=ProgramGroup,
        help=_PROGRAM.help,
        epilog=_PROGRAM.epilog,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    program.callback(invoke_without_command=True)(_start_program)
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
            "--version", callback=_show_version, is_eager=True, help=N_("Shows the version of tnt-sim.")
        ),
    ] = False,
    lang: LangOption = None,
) -> None:
    """Show the menu where no verb was typed."""
    if context.invoked_subcommand is None:
        from tnt_sim.cli.menu import render_menu

        typer.echo(render_menu(parse_lang(lang), get_invocation().program))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected errors show no traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    program = PROGRAM if argv is not None else detect_program(sys.argv[0], os.environ, sys.prefix)
    token = INVOCATION.set(Invocation(program, find_lang_option(words)))
    try:
        with open_currency_session():
            return _run(words)
    finally:
        INVOCATION.reset(token)


def _run(words: list[str]) -> int:
    debug = "--debug" in words or bool(os.environ.get("TNT_SIM_DEBUG"))
    words = [word for word in words if word != "--debug"]
    _set_utf8_output()
    gc.set_threshold(_YOUNG_OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it reads all installed packages
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
    return _report_error(convert_parser_error(error, list(VERBS), _find_verb(words)), words)


def _report_bug(error: Exception, words: Sequence[str], *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    text = _(
        "unexpected failure of tnt-sim ({failure}). Run again with --debug and send what it shows.",
        failure=what,
    )
    return _report_error(TntError(text, code="bug"), words) or BUG


_NO_MEMORY = TntError(
    _(
        "the memory of this machine does not suffice for this question. Close other programs, or "
        "ask it of fewer applications."
    ),
    code="memory",
)


def _report_interruption(words: Sequence[str]) -> int:
    lang = detect_language(words)
    text = _("interrupted; nothing was written.")
    print_note(text.in_(lang)[:1].upper() + text.in_(lang)[1:])
    if "--json" in words:
        from tnt_sim.cli.error_document import build_error_document

        document = build_error_document(
            "interrupted", (Defect("interrupted", text),), _find_verb(words), lang
        )
        emit(document)
    return INTERRUPTED


def _find_verb(words: Sequence[str]) -> str:
    return next((word for word in words if word in VERBS), "")


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
