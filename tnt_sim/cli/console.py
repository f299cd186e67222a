"""Console output of the commands: a page or one JSON document on stdout, everything else on stderr.

The module also writes the hints after a successful command (not with `--quiet` or `--json`), and
the errors of the command line in both languages, with what to write instead.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from tnt_sim import disk
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.documents import dump_document, iterate_json
from tnt_sim.errors import TntError, UsageError, suggest_name
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Rate

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text as Line

    from tnt_sim.engine.incumbent import Incumbent, OnIncumbent
    from tnt_sim.engine.optimise import Report

AFTER: Mapping[str, tuple[Text | str, ...]] = MappingProxyType(
    {
        "validate": ("run {it}",),
        "show": ("run {it}",),
        "run": ("explain {it}", _("report {{it}} --out report.html")),
        "verify": (_("sign {{it}} --as list-1"), "export {it} --format csv"),
        "verify --claimed": ("verify {it} --solve", "export {it} --format csv"),
        "verify --signed": ("export {it} --format publipostage", "export {it} --format arrete"),
        "sign": ("export {it} --format publipostage", _("transparency {{it}} --out sheets")),
        "transparency": ("verify {it}",),
        "explain": ("explain {it} --all", _("report {{it}} --out report.html")),
        "explain --all": ("inversions {it}", _("report {{it}} --out report.html")),
        "explain --one": ("explain {it}",),
        "report": ("verify {it}", "export {it} --format csv"),
        "export": ("verify {it}",),
        "sweep": ("marginal-euro {it}", "rule-prices {it}"),
        "infeasible": ("conflict {it}",),
        "compare": (_("compare {{it}} --out comparison.html"),),
        "core": ("compare {it}",),
        "ensemble": (_("ensemble {{it}} --out risks.html"),),
        "doctor": ("new demo",),
    }
)
"""By command, the usual next commands; `it` is the argument of the first one."""


def format_arguments(*paths: Path | str, sets: Iterable[str] | None = None) -> str:
    """Write paths and changes as typed: `scenario.yaml --set programme.amount="90 M€"`."""
    named = " ".join(quote_argument(path.as_posix() if isinstance(path, Path) else path) for path in paths)
    return " --set ".join([named, *map(quote_argument, sets or ())])


def find_next(verb: str) -> Sequence[Text | str]:
    """Return the usual next commands of a command."""
    from tnt_sim.studies.registry import load_study

    return AFTER[verb] if verb in AFTER else load_study(verb).next


def build_hint(verb: str, lang: Lang, it: str = "") -> list[Line]:
    """Return the hint of a command, ready for its page."""
    texts = [text.in_(lang) if isinstance(text, Text) else text for text in find_next(verb)]
    return build_hint_lines([get_invocation().format_command(text.format(it=it)) for text in texts], lang)


def build_hint_lines(follow: Sequence[str], lang: Lang) -> list[Line]:
    """Write « Ensuite : … », one line per command."""
    from rich.text import Text as Line

    title = _("Next: ").in_(lang)
    return [
        Line((title if k == 0 else " " * len(title)) + text, style="dim") for k, text in enumerate(follow)
    ]


INTERRUPTED_AND_TOLD = -130
"""Return value of a command stopped by Ctrl-C whose page already says what was kept."""

PIPED_WIDTH = 120
_NARROWEST, _WIDEST = 60, 200
_PHASES = {
    "granted": _("least spent"),
    "proof": _("exact proof"),
    "tie_break": _("breaking ties"),
    "cross_check": _("second solver"),
    "conflict": _("which rules clash"),
    "repairs": _("what would be enough"),
    "rules": _("what each rule does"),
    "envelopes": _("money it would take"),
    "dossiers": _("refused applications"),
    "lifted": _("requirements and refusals lifted"),
    "changes": _("smallest changes"),
    "free": _("free curve"),
    "nested": _("commitments kept"),
    "exact": _("reading each step"),
    "walk": _("steps one by one"),
    "slider": _("positions of the slider"),
}
ERROR = _("Error: ")


def get_width() -> int:
    """Return the output width: that of the terminal, or a fixed one in a pipe (unless COLUMNS is set)."""
    columns = os.environ.get("COLUMNS", "")
    if sys.stdout.isatty() or columns.isdigit():
        found = shutil.get_terminal_size((80, 24)).columns
        return max(_NARROWEST, min(_WIDEST, found))
    return PIPED_WIDTH


def build_console(stream: TextIO) -> Console:
    """Return a rich console on a stream; colours only on a terminal, and none with NO_COLOR."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Screen(file=stream, highlight=False, markup=False, emoji=False, width=_WIDEST)


def print_page(lines: Sequence[Line]) -> None:
    """Write styled lines on stdout, without truncation."""
    screen = build_console(sys.stdout)
    with _suppress_broken_pipe():
        for line in lines:
            screen.print(line, soft_wrap=True)
        sys.stdout.flush()


HELD_LETTERS = 32_000_000
"""Letters of a document that stay in memory until all of it is encoded; a temporary file takes the rest."""


def emit(document: object) -> None:
    """Write a document as JSON on stdout, once all of it is encoded: a failure on the way leaves stdout empty."""
    pieces = iterate_json(document)
    first, n_letters = list[str](), 0
    for text in pieces:
        first.append(text)
        n_letters += len(text)
        if n_letters > HELD_LETTERS:
            break
    else:
        _write_output(first)
        return
    try:
        with disk.hold_texts(pieces) as rest:
            _write_output(chain(first, rest))
    except OSError as error:
        raise build_output_error(error) from error


def _write_output(texts: Iterable[str]) -> None:
    with _suppress_broken_pipe():
        sys.stdout.writelines(texts)
        sys.stdout.write("\n")
        sys.stdout.flush()


def print_note(text: str) -> None:
    """Write sentences on stderr, folded at the width of a terminal."""
    if sys.stderr.isatty() or os.environ.get("COLUMNS", "").isdigit():
        width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((80, 24)).columns))
        fold = textwrap.TextWrapper(
            width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        ).fill
        text = "\n".join(map(fold, text.splitlines()))
    print_line(text)


def print_line(text: str) -> None:
    """Write text on stderr as it is."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def can_ask() -> bool:
    """Return whether somebody can answer: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: Text, lang: Lang) -> bool:
    """Ask a question on the terminal and return whether the answer is yes."""
    sys.stderr.write(_("{question} [y/N]", question=question).in_(lang) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes", "o", "oui"}


@contextmanager
def _suppress_broken_pipe() -> Iterator[None]:
    """Ignore a pipe closed by its reader (`| head`), but not a full disk."""
    try:
        yield
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        raise build_output_error(error) from error


def drop_output() -> None:
    """Discard pending output on stdout, so that the end of the program does not write it again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_output_error(error: OSError) -> TntError:
    """Return the error for output that the disk refused."""
    named = _("what was to be shown")
    what = named if error.filename is None else disk.quote_path(Path(os.fsdecode(error.filename)))
    return disk.build_write_error(what, error, _("Free some space."))


def print_error(error: TntError, command: str, lang: Lang, *, as_json: bool) -> None:
    """Write one line per defect on stderr, and with `--json` the error document on stdout."""
    head, defects = ERROR.in_(lang), error.defects_found()
    for defect in defects:
        print_note(head + defect.describe(lang))
    if len(defects) > 1:
        print_note(_("{n} defects. Nothing was written.", n=len(defects)).in_(lang))
    if as_json:
        from tnt_sim.cli.error_document import build_error_document

        emit(build_error_document(error.code, defects, command, lang))


type Watchers = tuple[Report | None, OnIncumbent | None]
"""Who receives the phases of a solve, and who the lists found on the way."""


def emit_event(event: object) -> None:
    """Write one JSON document as one line on stderr."""
    with _suppress_broken_pipe():
        sys.stderr.write(json.dumps(dump_document(event), ensure_ascii=False, allow_nan=False) + "\n")
        sys.stderr.flush()


@contextmanager
def show_progress(lang: Lang, *, wanted: bool) -> Iterator[Report | None]:
    """Show a progress line on stderr; yields None without a terminal or with `--quiet`."""
    with show_solve(lang, wanted=wanted) as (progress, __):
        yield progress


@contextmanager
def show_solve(lang: Lang, *, wanted: bool, events: bool = False) -> Iterator[Watchers]:
    """Show phases and lists found on the way as a line on stderr, or nothing without a terminal or with `--quiet`.

    With `events`, each list found on the way is one line of JSON instead.
    """
    if events:
        yield None, lambda incumbent: emit_event(incumbent.build_event())
        return
    if not wanted or not sys.stderr.isatty():
        yield None, None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_("Solving").in_(lang), total=1.0)

        def show(phase: str, share: float) -> None:
            text = _("Solving: {phase}", phase=_PHASES.get(phase, phase))
            bar.update(task, description=text.in_(lang), completed=share)

        def show_incumbent(incumbent: Incumbent) -> None:
            bar.update(task, description=describe_incumbent(incumbent).in_(lang))

        yield show, show_incumbent


def describe_incumbent(incumbent: Incumbent) -> Text:
    """Say what a list found on the way funds, and how much better one could be."""
    if incumbent.gap is None:
        return _n(
            "A list of {n} application, not the best yet",
            "A list of {n} applications, not the best yet",
            n=incumbent.n_funded,
        )
    return _n(
        "A list of {n} application; the solver says that none is more than {gap} better",
        "A list of {n} applications; the solver says that none is more than {gap} better",
        n=incumbent.n_funded,
        gap=Rate(incumbent.gap, decimals=3),
    )


@contextmanager
def show_remaining_time(lang: Lang, *, wanted: bool) -> Iterator[Callable[[str, float], None] | None]:
    """Show a bar with the remaining time on stderr; yields None without a terminal or with `--quiet`."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_("Sweep").in_(lang), total=1.0)

        def show(phase: str, share: float) -> None:
            text = _("Sweep: {phase}", phase=_PHASES.get(phase, phase))
            bar.update(task, description=text.in_(lang), completed=share)

        yield show


_CONTEXT_LENGTH = 40
_NO_COMMAND = re.compile(r"No such command '(.+?)'")
_EXTRA = re.compile(r"unexpected extra argument(?:s|\(s\))? \((.+)\)")
_MISSING = re.compile(r"Missing \w+ '(.+?)'")
_NO_VALUE = re.compile(r"Option '(.+?)' requires an argument")


def convert_parser_error(error: object, verbs: Sequence[str], verb: str) -> UsageError:
    """Convert an error of the command-line parser; `verb` is the command typed, or ""."""
    text, hint = _describe_error(error, verbs)
    path = f"{get_invocation().program} {verb}".strip()
    hint = hint or _('See "{path} --help".', path=path)
    return UsageError(join_sentences(text, hint))


def check_encoding(verb: str, words: Sequence[str]) -> None:
    """Check that every word of the command, and the current folder, are valid UTF-8."""
    for number, word in enumerate(words, start=1):
        _check_utf8(word, _("word {number} of the command", number=number))
    if verb and "--help" not in words:
        _check_utf8(_get_current_folder(), _("the path of the current folder"))


def build_encoding_error(error: UnicodeEncodeError) -> UsageError | None:
    """Return the error for a file name met later that is not UTF-8; None for another encoding error."""
    if not _is_lone(error.object[error.start]):
        return None
    return _build_utf8_error(error.object, error.start, _("a name"))


def _get_current_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # the folder was deleted: there is no name to check
        return ""


def _check_utf8(text: str, what: Text) -> None:
    at = next((k for k, letter in enumerate(text) if _is_lone(letter)), None)
    if at is not None:
        raise _build_utf8_error(text, at, what)


def _is_lone(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"


def _build_utf8_error(text: str, at: int, what: Text) -> UsageError:
    r"""Show `text` around the invalid byte, written as `\xE9`."""
    cut = text[max(0, at - _CONTEXT_LENGTH) : at + _CONTEXT_LENGTH]
    label = "".join(_format_byte(letter) if _is_lone(letter) else letter for letter in cut)
    return UsageError(
        _(
            '{place} is not in UTF-8, character {position} ({byte}): "{excerpt}". Type it again in a '
            "terminal that uses UTF-8, or rename the file or the folder.",
            place=what,
            position=at + 1,
            byte=_format_byte(text[at]),
            excerpt=label,
        ),
        code="usage.encoding",
    )


def _format_byte(letter: str) -> str:
    """Write an undecodable byte as Python keeps it (surrogate escape), or a lone surrogate by its number."""
    code = ord(letter)
    return f"\\x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"U+{code:04X}"


def _suggest_writing(extra: str) -> Text | None:
    """Return how to type words that were not expected: a long dash, spaces around "=", a value with spaces."""
    if extra[0] in "–—−":
        option = "--" + extra.split()[0].lstrip("–—−-")
        return _("A long dash was typed: write {option}, with two hyphens.", option=option)
    if extra.startswith("="):
        return _('Write no space around "=", and the value in quotes: --set PATH="VALUE".')
    if extra.startswith("-"):
        return None
    return _(
        'If it belongs to a name or a value with spaces, put the whole in quotes: "… {extra}".', extra=extra
    )


def _describe_error(error: Any, verbs: Sequence[str]) -> tuple[Text, Text | None]:
    message = str(getattr(error, "message", "") or error)
    option = getattr(error, "option_name", None)
    command = _NO_COMMAND.search(message)
    if command:
        name = command[1]
        text = _('there is no command "{name}".', name=name)
        return text, suggest_name(name, verbs)
    no_value = _NO_VALUE.search(message)
    if no_value:
        return _("the option {no_value} needs a value.", no_value=no_value[1]), None
    if option is not None:
        known = getattr(error, "possibilities", None) or ()
        near = suggest_name(option, known) if known else None
        if near is None and len(option) == 2:
            near = _("A name of several letters takes two hyphens, for example --set.")
        return _("there is no option {option} here.", option=option), near
    extra = _EXTRA.search(message)
    if extra:
        return _("one argument too many: {extra}.", extra=extra[1]), _suggest_writing(extra[1])
    label = error.format_message() if hasattr(error, "format_message") else message
    missing = _MISSING.search(label)
    if missing:
        return _("{missing} is missing.", missing=_(missing[1])), None
    return _("command refused: {problem}", problem=label), None
