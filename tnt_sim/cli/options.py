"""Arguments and options shared by the commands, and shell completion.

Completion uses file names and the text of the scenario already typed. Nothing is loaded, so that
proposals come at once, and an unreadable file proposes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tnt_sim.cli.invocation import choose_language, get_invocation
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, _

SCENARIOS = (".yaml", ".yml", ".pb")
TABLES = (".xlsx", ".ods", ".csv", ".parquet")
_MOST_READ = 1 << 20
_SECTION = re.compile(r"^([a-z_]+):")
_ID = re.compile(r"\bid:\s*[\"']?([^\s,\"'}]+)")
_KEYS = {"rules": ("off", "min", "max"), "envelopes": ("amount",)}


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
        help="Le scénario (.yaml), ou un fichier Pabulib (.pb).",
        show_default=False,
        autocompletion=list_scenario_files,
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN_DIR",
        help="Le dossier d’un calcul (runs/…).",
        show_default=False,
        autocompletion=run_folders,
    ),
]
FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", help="Le dossier à créer ; « demo » donne un exemple complet.", show_default=False
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="CHEMIN=VALEUR",
        help='Change une valeur, autant de fois qu’il faut : --set programme.amount="90 M€".',
        autocompletion=set_paths,
    ),
]
BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NOM",
        help="Le solveur : highs, scipy, pulp:NOM (voir doctor) ; celui du scénario par défaut.",
    ),
]
RelaxOption = Annotated[
    bool,
    typer.Option(
        "--relax", help="Calcul relâché : donne des prix, pas une décision ; n’écrit pas de dossier."
    ),
]
PageOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FICHIER", help="Le fichier à écrire : .html ou .xlsx ; aucun par défaut."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Le dossier à écrire, avec un dossier par calcul ; « runs » dans le projet par défaut.",
    ),
]
WriteLpOption = Annotated[
    Path | None,
    typer.Option("--write-lp", metavar="FICHIER", help="Écrit aussi le modèle au format LP."),
]
MethodOption = Annotated[
    str,
    typer.Option("--method", metavar="auto|direct|core|tree", help="La méthode de calcul ; auto par défaut."),
]
MeasureOption = Annotated[
    str | None,
    typer.Option(
        "--measure",
        metavar="votes|points|cost",
        help="Pour un fichier Pabulib : ce qui est maximisé ; par défaut les points, sinon les votes.",
    ),
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar="DURÉE",
        help="La durée du calcul, lecture et écriture non comprises : 300, « 5 min » ; "
        "celle du scénario par défaut.",
    ),
]
RequireProofOption = Annotated[
    bool, typer.Option("--require-proof", help="Code de sortie 5 si l’optimalité n’est pas prouvée.")
]
SolveOption = Annotated[
    bool,
    typer.Option(
        "--solve", help="Résout à nouveau le scénario si le certificat ne démontre pas l’optimalité."
    ),
]
SolveLimitOption = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="DURÉE", help="Avec --solve : la durée permise, « 5 min » p. ex."),
]
CrossCheckOption = Annotated[
    str | None,
    typer.Option(
        "--cross-check",
        metavar="auto|never|NOM",
        help="Le second solveur, indépendant du premier, qui confirme ; celui du scénario par défaut.",
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="fr|en",
        help="La langue. Par défaut : TNT_SIM_LANG, sinon celle du scénario, sinon celle du système, sinon fr.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Un seul document JSON sur la sortie standard, tout le reste sur l’erreur."),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="N’affiche rien que les erreurs (et le document de --json).")
]
FirstAmountOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MONTANT",
        help='Le premier montant : "88 M€", ou "50 %" de l’écrit ; l’écrit par défaut.',
    ),
]
LastAmountOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="MONTANT", help="Le dernier montant, écrit de même ; un quart de plus par défaut."
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="N pas égaux ; sans lui, des montants ronds."),
]
AtOption = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="MONTANT", help="Un montant, autant de fois qu’il faut : les annonces."),
]
ShareOption = Annotated[
    str,
    typer.Option(
        "--share",
        metavar="free|pro_rata|ID",
        help="Comment suivent les montants qui en dépendent.",
    ),
]
ResolvedOption = Annotated[
    bool, typer.Option("--resolved", help="Seulement le scénario fusionné et l’origine de chaque valeur.")
]
ModelOption = Annotated[
    bool, typer.Option("--model", help="Seulement les conditions, les montants et les règles, en phrases.")
]
FromOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="TABLE",
        help="Part d’une table de dossiers : ses colonnes sont devinées, à vérifier.",
        autocompletion=list_tables,
    ),
]
FromXlsxOption = Annotated[
    Path | None,
    typer.Option(
        "--from-xlsx", metavar="CLASSEUR", help="Reprend la feuille « Paramètres » d’un classeur modifié."
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option("--sheet", metavar="FEUILLE", help="Avec --from : la feuille du classeur."),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NOM", help="Avec --from : l’encodage du CSV, utf-8 ou cp1252 (Excel)."
    ),
]
HeaderRowOption = Annotated[
    int, typer.Option("--header-row", metavar="N", min=1, help="Avec --from : la ligne des en-têtes.")
]


def parse_lang(text: str | None, written: str | None = None) -> Lang:
    """Return the language of a command, by the order of `choose_language`.

    Parameters
    ----------
    text : value of `--lang` after the verb
    written : `locale` of the scenario; None where no file writes it

    Raises
    ------
    UsageError
        If `--lang` names another language.
    """
    text = get_invocation().lang if text is None else text
    if text in (None, "fr", "en"):
        return choose_language(text, written, os.environ)
    raise UsageError(
        _('--lang is fr or en, not "{text}".', text=text),
        code="usage.lang",
    )


def split_names(texts: Sequence[str] | None) -> list[str]:
    """Return the ids of an option given several times, each possibly several ids joined by commas."""
    return [name for text in texts or () for name in text.split(",") if name]


def check_method(method: str) -> str:
    """Validate a solution method.

    Raises
    ------
    UsageError
        For an unknown method.
    """
    if method in METHODS:
        return method
    hint = suggest_name(method, METHODS) or NO_TEXT
    text = _('there is no method "{method}". {hint}', method=method, hint=hint)
    raise UsageError(text, code="usage.method")


def parse_seconds(text: str | None) -> float | None:
    """Parse `--time-limit` in seconds.

    Raises
    ------
    UsageError
        If it is not a duration.
    """
    if text is None:
        return None
    from pydantic import TypeAdapter, ValidationError

    from tnt_sim.domain.field_types import Seconds

    try:
        return float(TypeAdapter(Seconds).validate_python(text))
    except ValidationError as error:
        raise UsageError(
            _('--time-limit "{text}" is no duration. Write 300, "300 s" or "5 min".', text=text),
            code="usage.time-limit",
        ) from error
