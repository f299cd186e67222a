"""Arguments and options shared by the commands, and shell completion.

Completion uses file names and the text of the scenario already typed. Nothing is loaded, so that
proposals come at once, and an unreadable file proposes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tnt_sim.cli.invocation import choose_language, get_invocation
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, Lang, _
from tnt_sim.studies import options as studies
from tnt_sim.studies.options import TypedOption

SCENARIOS = (".yaml", ".yml", ".pb")
TABLES = (".xlsx", ".ods", ".csv", ".parquet")
_MOST_READ = 1 << 20
_SECTION = re.compile(r"^([a-z_]+):")
_ID = re.compile(r"\bid:\s*[\"']?([^\s,\"'}]+)")
_KEYS = {"rules": ("off", "min", "max"), "envelopes": ("amount",)}


def build_typer_option(option: TypedOption) -> Any:
    """Return an option of a question as Typer declares it; one without a flag is an argument."""
    if option.flag:
        return typer.Option(option.flag, metavar=option.metavar, help=option.help, min=option.least)
    return typer.Argument(metavar=option.metavar, help=option.help, show_default=False)


def list_scenario_files(incomplete: str) -> list[str]:
    """List scenario files and folders that begin with a text."""
    return list(_list_files(incomplete, SCENARIOS))


def list_tables(incomplete: str) -> list[str]:
    """List tables of applications and folders that begin with a text."""
    return list(_list_files(incomplete, TABLES))


def run_folders(incomplete: str) -> list[str]:
    """List run folders that begin with a text, by default those of `runs/`, and folders on the way to one."""
    start = Path("runs") if not incomplete and Path("runs").is_dir() else None
    return [name for name in _list_files(f"{start}/" if start else incomplete, ()) if not _is_in_run(name)]


def set_paths(ctx: Any, incomplete: str) -> list[str]:
    """List the dotted paths of the typed scenario: amounts of envelopes, bounds of rules."""
    typed = [
        ctx.params.get("scenario"),
        *ctx.args,
    ]  # a line that ends with an incomplete option is not fully parsed
    scenario = next((word for word in typed if word and Path(word).suffix in SCENARIOS), None)
    if scenario is None or "=" in incomplete:
        return []
    found = ["programme.amount=", *(f"{path}=" for path in _list_paths(Path(scenario)))]
    return [path for path in found if path.startswith(incomplete)]


def _list_files(incomplete: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Yield folders, with a "/", and files with these suffixes."""
    folder, __, begun = incomplete.rpartition("/")
    here = Path(folder + "/" if incomplete.startswith("/") and not folder else folder or ".")
    try:
        entries = sorted(here.iterdir())
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if not name.startswith(begun) or (name.startswith(".") and not begun):
            continue
        text = f"{folder}/{name}" if "/" in incomplete else name
        if entry.is_dir():
            yield text if _is_run(entry) else f"{text}/"
        elif entry.suffix.lower() in suffixes:
            yield text


def _is_run(folder: Path) -> bool:
    return (folder / "summary.json").is_file()


def _is_in_run(name: str) -> bool:
    return _is_run(Path(name).parent)


def _list_paths(scenario: Path) -> Iterator[str]:
    """Yield what may be set in a scenario, from the ids in its text."""
    try:
        with scenario.open("rb") as stream:
            text = stream.read(_MOST_READ).decode("utf-8", "replace")
    except OSError:
        return
    section = ""
    for record in text.splitlines():
        head = _SECTION.match(record)
        section = head[1] if head else section
        kind = {"programme": "envelopes", "rules": "rules"}.get(section, "")
        for name in _ID.findall(record) if kind and record.startswith(" ") else ():
            for key in _KEYS[kind]:
                yield f"{kind}.{name}.{key}"


METHODS = ("auto", "direct", "core", "tree")

ScenarioArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SCENARIO",
        help=N_("The scenario (.yaml), or a Pabulib file (.pb)."),
        show_default=False,
        autocompletion=list_scenario_files,
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN_DIR",
        help=N_("The folder of a run (runs/…)."),
        show_default=False,
        autocompletion=run_folders,
    ),
]
FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", help=N_('The folder to make; "demo" gives a complete example.'), show_default=False
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar=N_("PATH=VALUE"),
        help=N_('Changes a value, as often as needed: --set programme.amount="90 M€".'),
        autocompletion=set_paths,
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar=N_("NAME"),
        help=N_("The solver: highs, scipy, pulp:NAME (see doctor); the scenario's by default."),
    ),
]
RelaxOption = Annotated[
    bool,
    typer.Option(
        "--relax", help=N_("Solves the linear relaxation only: prices, no decision; writes no folder.")
    ),
]
PageOption = Annotated[
    Path | None,
    typer.Option("--out", metavar=N_("FILE"), help=N_("The file to write: .html or .xlsx; none by default.")),
]
ForceOption = Annotated[bool, typer.Option("--force", help=N_("Replaces the file if it exists."))]
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar=N_("PROJECT"),
        help=N_("The folder of the project, if the run or the project was moved."),
    ),
]
WordingOption = Annotated[
    Path | None,
    typer.Option(
        "--wording",
        metavar=N_("FILE"),
        help=N_("The legal texts as your legal service edited them; those of the package by default."),
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help=N_('The folder to write, with one folder per run; "runs" in the project by default.'),
    ),
]
WriteLpOption = Annotated[
    Path | None,
    typer.Option("--write-lp", metavar=N_("FILE"), help=N_("Also writes the model in LP format.")),
]
MethodOption = Annotated[
    str,
    typer.Option(
        "--method", metavar="auto|direct|core|tree", help=N_("The method of solving; auto by default.")
    ),
]
MeasureOption = Annotated[
    str | None,
    typer.Option(
        "--measure",
        metavar="votes|points|cost",
        help=N_("For a Pabulib file: what is maximised; the points by default, else the votes."),
    ),
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_(
            'The duration of the run, without reading and writing: 300, "5 min"; the scenario\'s by default.'
        ),
    ),
]
RequireProofOption = Annotated[
    bool, typer.Option("--require-proof", help=N_("Exit code 5 if optimality is not proven."))
]
SolveOption = Annotated[
    bool,
    typer.Option(
        "--solve", help=N_("Solves the scenario again if the certificate does not show the optimum.")
    ),
]
SolveLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_('With --solve: how long it may take, "5 min" for example.'),
    ),
]
CrossCheckOption = Annotated[
    str | None,
    typer.Option(
        "--cross-check",
        metavar=N_("auto|never|NAME"),
        help=N_("The second solver, independent of the first, that confirms; the scenario's by default."),
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="fr|en",
        help=N_("The language. Default: TNT_SIM_LANG, else the scenario's, else the system's, else fr."),
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help=N_("One JSON document on standard output, all else on standard error.")),
]
EventsOption = Annotated[
    bool,
    typer.Option("--events", help=N_("Each list found on the way as one JSON line on standard error.")),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help=N_("Shows nothing but errors."))]
FirstAmountOption = Annotated[str | None, build_typer_option(studies.FIRST_AMOUNT)]
LastAmountOption = Annotated[str | None, build_typer_option(studies.LAST_AMOUNT)]
StepsOption = Annotated[int | None, build_typer_option(studies.STEPS)]
AtOption = Annotated[list[str] | None, build_typer_option(studies.AT)]
ShareOption = Annotated[str, build_typer_option(studies.SHARE)]
ResolvedOption = Annotated[
    bool, typer.Option("--resolved", help=N_("Only the merged scenario and the origin of each value."))
]
ModelOption = Annotated[
    bool, typer.Option("--model", help=N_("Only the conditions, amounts and rules, in sentences."))
]
FromOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="TABLE",
        help=N_("Starts from a table of applications: its columns are guessed, to be checked."),
        autocompletion=list_tables,
    ),
]
FromXlsxOption = Annotated[
    Path | None,
    typer.Option(
        "--from-xlsx",
        metavar=N_("WORKBOOK"),
        help=N_('Takes the sheet "Parameters" of a workbook that was edited.'),
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option("--sheet", metavar=N_("SHEET"), help=N_("The sheet of the workbook that is the table.")),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar=N_("NAME"),
        help=N_("The encoding of the CSV, utf-8 or cp1252 (Excel)."),
    ),
]
HeaderRowOption = Annotated[
    int | None,
    typer.Option("--header-row", metavar="N", min=1, help=N_("The row of the table's headers.")),
]


ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar=N_("NAME=HEADER"),
        help=N_('Which header a column has: --column score="Note /20".'),
    ),
]
TakeOption = Annotated[
    list[int] | None,
    typer.Option(
        "--take", metavar=N_("LINE"), min=1, help=N_("Takes a line of the table as an application.")
    ),
]
DropOption = Annotated[
    list[int] | None,
    typer.Option("--drop", metavar=N_("LINE"), min=1, help=N_("Sets a line of the table aside.")),
]
ValueOption = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        metavar=N_("NAME:VALUE=MEANING"),
        help=N_('The meaning of a value: --value state:"Received"=en_instruction.'),
    ),
]
ProjectFolderArgument = Annotated[
    Path, typer.Argument(metavar=N_("FOLDER"), help=N_("The folder of the project."), show_default=False)
]
ApplyOption = Annotated[
    bool, typer.Option("--apply", help=N_("Writes what is shown; without it nothing is changed."))
]
DemarcheOption = Annotated[
    int | None, typer.Option("--demarche", metavar="N", min=1, help=N_("The number of the procedure."))
]
TokenOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar=N_("FILE"),
        help=N_("The file of the token; the variable TNT_SIM_TOKEN by default."),
    ),
]


def parse_lang(text: str | None, written: str | None = None) -> Lang:
    """Return the language of a command, by the order of `choose_language`.

    Parameters
    ----------
    text : value of `--lang` after the verb
    written : `locale` of the scenario; None where no file writes it
    """
    text = get_invocation().lang if text is None else text
    if text in (None, "fr", "en"):
        return choose_language(text, written, os.environ)
    raise UsageError(
        _('--lang is fr or en, not "{typed}".', typed=text),
        code="usage.lang",
    )


def check_method(method: str) -> str:
    """Validate a solution method."""
    if method in METHODS:
        return method
    hint = suggest_name(method, METHODS) or NO_TEXT
    text = _('there is no method "{method}". {hint}', method=method, hint=hint)
    raise UsageError(text, code="usage.method")


def parse_seconds(text: str | None) -> float | None:
    """Parse `--time-limit` in seconds."""
    if text is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    from tnt_sim.domain.field_types import Seconds

    try:
        return float(TypeAdapter(Seconds).validate_python(text))
    except ValidationError as error:
        raise UsageError(
            _('--time-limit "{typed}" is not a duration. Write 300, "300 s" or "5 min".', typed=text),
            code="usage.time-limit",
        ) from error


ExecutorOption = Annotated[
    str, typer.Option("--executor", metavar="serial|processes|dask", help=N_("Who computes."))
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, help=N_("How many at a time; one for each core by default.")
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar=N_("ADDRESS"), help=N_("With dask: a scheduler that runs already (tls://…).")
    ),
]
