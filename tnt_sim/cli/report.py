"""`tnt-sim report`: a run, or several side by side, as a document for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.export import ForceOption, tell
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, lang_of
from tnt_sim.cli.speak import language
from tnt_sim.errors import Lang, Text, UsageError

if TYPE_CHECKING:
    from tnt_sim.view.report.page import Options
    from tnt_sim.view.run_reader import StoredRun

RunsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN_DIR…",
        help="Un dossier de calcul ; d'autres s'y comparent, ou deviennent les positions du curseur.",
        show_default=False,
    ),
]
ReportOption = Annotated[
    Path,
    typer.Option(
        "--out", metavar="FICHIER", help="Le document à écrire : .html, .xlsx ou .pdf.", show_default=False
    ),
]
ThemeOption = Annotated[
    Path | None,
    typer.Option("--theme-css", metavar="FICHIER", help="Une feuille de style à vous, pour .html et .pdf."),
]


@dataclass(frozen=True)
class Asked:
    """What a report is made of."""

    runs: Sequence[StoredRun]
    lang: Lang
    theme: Path | None = None


def report(
    run_dirs: RunsArgument,
    out: ReportOption,
    theme_css: ThemeOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Écrit le rapport (page web ou PDF) ou le classeur d'un calcul."""
    tongue = lang_of(lang, language([str(path) for path in run_dirs]))
    write = _writer(out)
    from tnt_sim.view.put_file import check_target, put_file
    from tnt_sim.view.run_reader import open_run

    check_target(out, replace=force)
    runs = [open_run(path) for path in run_dirs]
    put_file(out, write(Asked(runs, tongue, theme_css)))
    tell(runs[0], "report", out.suffix.lower()[1:], [out], tongue, as_json=as_json, quiet=quiet)
    return 0


def _html(asked: Asked) -> bytes:
    from tnt_sim.view.report.page import report_html

    return report_html(asked.runs[0], _options(asked, paper=False)).encode()


def _pdf(asked: Asked) -> bytes:
    from tnt_sim.view.report.pdf import report_pdf

    return report_pdf(asked.runs[0], _options(asked, paper=True))


def _options(asked: Asked, *, paper: bool) -> Options:
    from tnt_sim.view.report.page import Options
    from tnt_sim.view.report.positions import slider_of_runs
    from tnt_sim.view.report.theme import read_theme

    slider = slider_of_runs(asked.runs) if len(asked.runs) > 1 else None
    theme = read_theme(asked.theme) if asked.theme is not None else ""
    return Options(asked.lang, slider, theme, paper)


def _workbook(asked: Asked) -> bytes:
    from tnt_sim.view.workbook import workbook_bytes

    runs = asked.runs
    if len(runs) > 2:
        raise _refused(
            f"un classeur compare deux calculs, pas {len(runs)}.",
            f"a workbook compares two runs, not {len(runs)}.",
        )
    if asked.theme is not None:
        raise _refused(
            "--theme-css est pour .html et .pdf, non pour un classeur.",
            "--theme-css is for .html and .pdf, not for a workbook.",
        )
    return workbook_bytes(runs[0], asked.lang, runs[1] if len(runs) == 2 else None)


def _refused(fr: str, en: str) -> UsageError:
    return UsageError(Text(fr, en), code="usage.report")


Writer = Callable[[Asked], bytes]
WRITERS: dict[str, Writer] = {".html": _html, ".xlsx": _workbook, ".pdf": _pdf}
"""What writes a document, by its suffix: a further one has its entry here."""


def _writer(out: Path) -> Writer:
    suffix = out.suffix.lower()
    if suffix in WRITERS:
        return WRITERS[suffix]
    every = ", ".join(WRITERS)
    raise _refused(
        f"un rapport s'écrit en {every} dans cette version, pas en « {suffix or out.name} ».",
        f'a report is written as {every} in this version, not as "{suffix or out.name}".',
    )
