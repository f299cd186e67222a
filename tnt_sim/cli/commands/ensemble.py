"""`tnt-sim ensemble`: decisions under uncertain costs, scores and applications."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import STOPPED, StudyOptions, write_report
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, emit, get_width, print_note, print_page, show_progress
from tnt_sim.cli.options import (
    ExecutorOption,
    SchedulerOption,
    WorkersOption,
    list_scenario_files,
    list_tables,
    parse_lang,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, Lang, _

if TYPE_CHECKING:
    from rich.text import Text as Line

    from tnt_sim.reporting.report_tree import Report

PAGES = ("ensemble.html", "ensemble.xlsx")
"""Page and workbook in the folder of the draws."""

DrawsOption = Annotated[int, typer.Option("--draws", metavar="N", help=N_("The number of draws."))]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="S", help=N_("The seed: the same gives the same bytes."))
]
SamplingOption = Annotated[
    str,
    typer.Option("--sampling", metavar="lhs|sobol|random", help=N_("How the draws fill the space.")),
]
SensitivityOption = Annotated[
    int,
    typer.Option(
        "--sensitivity", metavar="N", help=N_("Draws for each uncertainty for its Sobol index; 0: none.")
    ),
]
FittedPageOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar=N_("FILE|DIR"),
        help=N_(
            "The file to write: .html or .xlsx, .yaml with --fit; none by default. A folder keeps every draw, and "
            "the same command goes on there."
        ),
    ),
]


ScenarioOrNone = Annotated[
    Path | None,
    typer.Argument(
        metavar="SCENARIO",
        help=N_("The scenario (.yaml); none with --fit."),
        show_default=False,
        autocompletion=list_scenario_files,
    ),
]
FitOption = Annotated[
    Path | None,
    typer.Option(
        "--fit",
        metavar="TABLE",
        help=N_('Measures over-runs: costs planned and realised → the part "uncertain" of a scenario.'),
        autocompletion=list_tables,
    ),
]
PlannedOption = Annotated[
    str | None,
    typer.Option(
        "--planned", metavar=N_("COLUMN"), help=N_('With --fit: the planned cost; "cost" by default.')
    ),
]
RealisedOption = Annotated[
    str | None,
    typer.Option(
        "--realised", metavar=N_("COLUMN"), help=N_('With --fit: the realised cost; "realised" by default.')
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar=N_("COLUMN"),
        help=N_('With --fit: one law for each value, "applicant_type" for example.'),
    ),
]


@dataclass(frozen=True, kw_only=True)
class EnsembleOptions(StudyOptions):
    """Options of a question on a scenario, or on a table to fit."""

    scenario: ScenarioOrNone = None  # type: ignore[assignment]
    out: FittedPageOption = None

    @property
    def store(self) -> Path | None:
        """Return the folder that keeps the draws: `out` where it has no suffix, or is a folder."""
        is_folder = self.out is not None and (not self.out.suffix or self.out.is_dir())
        return self.out if is_folder else None

    def check(self) -> None:
        """Check the file to write unless it is a folder, which the store checks."""
        options = self if self.store is None else replace(self, out=None)
        super(EnsembleOptions, options).check()

    def show(
        self,
        report: Report | Callable[[], Report],
        document: object,
        lang: Lang,
        hint: Sequence[Line] = (),
    ) -> None:
        """Write the page and the workbook into the folder of the draws, or the file of `--out`."""
        if self.store is None:
            super().show(report, document, lang, hint)
            return
        report = report() if callable(report) else report
        for name in PAGES:
            write_report(self.store / name, report, lang)
        replace(self, out=None).show(report, document, lang, hint)


def ensemble(
    options: EnsembleOptions,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
    sampling: SamplingOption = "lhs",
    sensitivity: SensitivityOption = 0,
    executor: ExecutorOption = "processes",
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    fit: FitOption = None,
    planned: PlannedOption = None,
    realised: RealisedOption = None,
    by: ByOption = None,
) -> int:
    """Simulate uncertain costs, scores and withdrawals: which applications are funded in most draws."""
    columns = {"planned": planned, "realised": realised, "by": by}
    asked_columns = {key: name for key, name in columns.items() if name is not None}
    _check_inputs(options.scenario, fit, asked_columns)
    if fit is not None:
        return _fit_distributions(fit, asked_columns, options)
    scenario, lang = options.load_scenario()
    from tnt_sim.api.ensemble import ensemble as draw
    from tnt_sim.reporting.reports.uncertainty import build_report

    with show_progress(lang, wanted=not options.quiet) as progress:
        ensemble_ = draw(
            scenario,
            draws,
            seed,
            sampling=sampling,
            workers=workers,
            sensitivity=sensitivity,
            time_limit=options.seconds,
            tell=progress,
            store=options.store,
            executor=executor,
            scheduler=scheduler,
        )
    hint = options.build_hint("ensemble", lang) if options.out is None else ()
    options.show(partial(build_report, ensemble_), ensemble_.data, lang, hint)
    if options.store is not None and ensemble_.draws.stopped_by is not None and not options.quiet:
        print_note(_("What is there stays; the same command resumes.").in_(lang))
    if ensemble_.draws.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return STOPPED if ensemble_.draws.stopped_by == "time" and not ensemble_.draws.intervals else 0


def _check_inputs(scenario: Path | None, fit: Path | None, columns: Mapping[str, str]) -> None:
    """Check that either a scenario or a table to fit is given."""
    if (scenario is None) == (fit is None):
        raise UsageError(
            _("give a SCENARIO to draw or --fit TABLE to measure, one of the two."),
            code="usage.fit",
        )
    if columns and fit is None:
        name = next(iter(columns))
        raise UsageError(_("--{name} asks for --fit.", name=name), code="usage.fit")


def _fit_distributions(table: Path, columns: Mapping[str, str], options: EnsembleOptions) -> int:
    """Fit the distributions of a table and write them as a section of a scenario."""
    out, lang = options.out, parse_lang(options.lang)
    from tnt_sim.analysis.uncertainty.cost_overrun_fit import fit_table
    from tnt_sim.engine.run_folder.atomic_write import check_target, put_file
    from tnt_sim.reporting.reports.overrun_fit import build_fit_report, render_fit_yaml

    if out is not None:
        if out.suffix.lower() not in (".yaml", ".yml"):
            raise UsageError(
                _('--out "{name}": with --fit, give a name that ends in .yaml.', name=out.name),
                code="usage.out",
            )
        check_target(out, replace=options.force)
    result = fit_table(table, **columns)
    text = render_fit_yaml(result, lang)
    if out is not None:
        put_file(out, text.encode())
    if options.as_json:
        from tnt_sim.analysis.uncertainty.document import FitDocument

        emit(FitDocument(fit=result, yaml=render_fit_yaml(result, Lang.FR)))
    elif out is not None and not options.quiet:
        print_note(_("Written: {file}", file=out).in_(lang))
    elif out is None:
        from tnt_sim.reporting.renderers.terminal import render_report

        print_page(render_report(build_fit_report(text), lang, get_width()))
    return 0
