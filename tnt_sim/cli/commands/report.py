"""`tnt-sim report`: a run, or several side by side, as a document."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.commands.export import build_sibling_path, print_written
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, print_note, show_progress
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    ForceOption,
    ProjectOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, Lang, Text, _

if TYPE_CHECKING:
    from tnt_sim.analysis.explain.document import ExplainDocument
    from tnt_sim.engine.stored_run import StoredRun
    from tnt_sim.reporting.decision_page.page import PageOptions
    from tnt_sim.reporting.decision_page.script_data import Slider

RunsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN_DIR…",
        help=N_("A run folder; others are compared with it, or become the positions of the slider."),
        show_default=False,
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar=N_("FILE"),
        help=N_("The file to write: .html, .xlsx, .pdf or .ipynb."),
        show_default=False,
    ),
]
NotebookOption = Annotated[
    bool,
    typer.Option(
        "--notebook", help=N_("A Jupyter notebook that opens the run; beside its folder without --out.")
    ),
]
ThemeOption = Annotated[
    Path | None,
    typer.Option(
        "--theme-css", metavar=N_("FILE"), help=N_("A style sheet of your own, for .html and .pdf.")
    ),
]
SliderOption = Annotated[
    str | None,
    typer.Option(
        "--slider",
        metavar=N_("ENVELOPE"),
        help=N_("Adds to the page a slider over this envelope's amount: each position is computed."),
    ),
]
FromOption = Annotated[
    str, typer.Option("--from", metavar="A", help=N_("The smallest amount of the slider."))
]
ToOption = Annotated[
    str,
    typer.Option("--to", metavar="B", help=N_('The largest: "98 M€", or as a share of the amount written.')),
]
StepsOption = Annotated[int, typer.Option("--steps", metavar="N", help=N_("The number of positions."))]
ShareOption = Annotated[
    str,
    typer.Option(
        "--share",
        metavar=N_("KEY"),
        help=N_("How the envelopes below follow: free, pro_rata or one of them."),
    ),
]
ExplainOption = Annotated[
    bool,
    typer.Option(
        "--explain/--no-explain",
        help=N_("Says of each application why, and what would fund it (a minute at most)."),
    ),
]

NOT_EXPLAINED = _(
    "The data of the run are no longer there, or have changed: the report tells the reasons "
    "of the run, without what would change them."
)


@dataclass(frozen=True)
class SliderOptions:
    """Slider requested for a report."""

    envelope: str
    start: str
    stop: str
    n_steps: int
    share: str


@dataclass(frozen=True)
class ReportOptions:
    """Content requested for a report."""

    runs: Sequence[StoredRun]
    lang: Lang
    out: Path
    theme: Path | None = None
    moving: SliderOptions | None = None
    quiet: bool = False
    explained: bool = True
    project: Path | None = None
    seconds: float | None = None

    @cached_property
    def explanation(self) -> ExplainDocument | None:
        """Return the explanation of the first run; computed once, by the writer that uses it."""
        return _explain_dossiers(self)


def report(
    run_dirs: RunsArgument,
    output: OutputOptions,
    out: ReportOption = None,
    notebook: NotebookOption = False,
    slider: SliderOption = None,
    start: FromOption = "100 %",
    stop: ToOption = "125 %",
    steps: StepsOption = 20,
    share: ShareOption = "free",
    explain: ExplainOption = True,
    project: ProjectOption = None,
    time_limit: TimeLimitOption = None,
    theme_css: ThemeOption = None,
    force: ForceOption = False,
) -> int:
    """Write the report (web page or PDF), the workbook or the Jupyter notebook of a run."""
    tongue = parse_lang(output.lang, read_locale(run_dirs))
    out = _determine_target(out, run_dirs[0], notebook=notebook)
    write = _select_writer(out)
    from tnt_sim.deadline import Deadline
    from tnt_sim.engine.run_folder.atomic_write import check_target, put_file
    from tnt_sim.engine.run_folder.run_access import open_stored

    seconds = parse_seconds(time_limit)
    check_target(out, replace=force)
    if out.suffix.lower() == ".xlsx":
        _check_dossiers(run_dirs[0])
    deadline = Deadline(seconds)
    runs = [open_stored(path, project, tongue, deadline=deadline) for path in run_dirs]
    moving = SliderOptions(slider, start, stop, steps, share) if slider is not None else None
    options = ReportOptions(runs, tongue, out, theme_css, moving, output.quiet, explain, project, seconds)
    put_file(out, write(options))
    print_written(runs[0], "report", out.suffix.lower()[1:], [out], tongue, output)
    explained = None if out.suffix.lower() == NOTEBOOK else options.explanation
    interrupted = explained is not None and explained.stopped_by == "interrupt"
    return INTERRUPTED_AND_TOLD if interrupted else 0


def _check_dossiers(run_dir: Path) -> None:
    """Check the number of dossiers that the run tells, before a minute goes into reading it."""
    from tnt_sim.reporting.workbook.dossier_sheet import check_dossiers
    from tnt_sim.verify.run_files import read_summary

    n_dossiers = read_summary(run_dir).get("n_dossiers")
    if isinstance(n_dossiers, int):
        check_dossiers(n_dossiers)


def _determine_target(out: Path | None, run_dir: Path, *, notebook: bool) -> Path:
    """Return the path of the document; a notebook is next to its run folder, which holds only the run."""
    if out is None and notebook:
        return build_sibling_path(run_dir, f"{run_dir.resolve().name}{NOTEBOOK}")
    if out is None:
        raise _build_error(_("say where to write: --out report.html, .xlsx or .pdf; or --notebook."))
    if notebook and out.suffix.lower() != NOTEBOOK:
        raise _build_error(
            _(
                'a notebook is written as {suffix}, not as "{given}".',
                suffix=NOTEBOOK,
                given=out.suffix or out.name,
            )
        )
    return out


def _render_html(options: ReportOptions) -> bytes:
    from tnt_sim.reporting.decision_page.page import render_report_html

    return render_report_html(options.runs[0], _build_page_options(options, paper=False)).encode()


def _render_pdf(options: ReportOptions) -> bytes:
    from tnt_sim.reporting.decision_page.page import import_weasyprint, render_report_pdf

    import_weasyprint()  # names a missing package before a minute goes into the reasons
    return render_report_pdf(options.runs[0], _build_page_options(options, paper=True))


def _build_page_options(options: ReportOptions, *, paper: bool) -> PageOptions:
    from tnt_sim.reporting.decision_page.page import PageOptions, read_theme

    theme = read_theme(options.theme) if options.theme is not None else ""
    return PageOptions(options.lang, _build_slider(options), theme, paper, options.explanation)


def _explain_dossiers(options: ReportOptions) -> ExplainDocument | None:
    """Return the document of `explain --all` of the first run, from its folder or computed within a minute.

    None if its inputs are missing and its folder holds none. If it was stopped early, its progress is reported on
    stderr.
    """
    if not options.explained:
        return None
    from tnt_sim.analysis.explain.stored_explanation import get_report_limit
    from tnt_sim.cli.stored_explanation import keep_explanation, read_of_run
    from tnt_sim.errors import DataError, NothingDecided, VerificationError
    from tnt_sim.reporting.reports.progress import describe_interruption

    run = options.runs[0]
    limit = get_report_limit(run.spec.solver.time_limit, options.seconds)
    known = read_of_run(run, options.lang, limit, quiet=options.quiet)
    if known is not None:
        return known
    from tnt_sim.analysis.explain.explanation import explain
    from tnt_sim.analysis.shared.decided_run import of_run
    from tnt_sim.deadline import Deadline

    try:
        decided = of_run(run.folder, options.project, Deadline(options.seconds))
    except (DataError, NothingDecided, VerificationError):
        if not options.quiet:
            print_note(NOT_EXPLAINED.in_(options.lang))
        return None
    with show_progress(options.lang, wanted=not options.quiet) as tell:
        result = explain(decided, everyone=True, lang=options.lang, seconds=limit, progress=tell).data
    keep_explanation(run.folder, result, limit, options.lang, quiet=options.quiet)
    stopped = describe_interruption(result).in_(options.lang)
    if stopped and not options.quiet:
        print_note(stopped)
    return result


def _build_slider(options: ReportOptions) -> Slider | None:
    """Return stored runs as positions of the slider, or compute the positions."""
    from tnt_sim.reporting.decision_page.script_data import build_slider

    moving = options.moving
    if moving is None:
        return build_slider(options.runs) if len(options.runs) > 1 else None
    if len(options.runs) > 1:
        raise _build_error(_("--slider computes its positions from one run."))
    from tnt_sim.reporting.decision_page.slider_positions import compute_slider

    with show_progress(options.lang, wanted=not options.quiet) as report_progress:
        return compute_slider(
            options.runs[0],
            moving.envelope,
            moving.start,
            moving.stop,
            moving.n_steps,
            moving.share,
            report_progress,
            options.seconds,
        )


def _render_workbook(options: ReportOptions) -> bytes:
    from tnt_sim.reporting.workbook.workbook import build_workbook

    runs = options.runs
    if len(runs) > 2:
        raise _build_error(_("a workbook compares two runs, not {n_runs}.", n_runs=len(runs)))
    if options.theme is not None or options.moving is not None:
        raise _build_error(_("--theme-css and --slider are for .html and .pdf, not for a workbook."))
    return build_workbook(runs[0], options.lang, runs[1] if len(runs) == 2 else None, options.explanation)


def _render_notebook(options: ReportOptions) -> bytes:
    from tnt_sim.reporting.notebook.run_notebook import build_run_notebook

    if len(options.runs) > 1 or options.theme is not None or options.moving is not None:
        raise _build_error(_("a notebook opens one run, without --theme-css and --slider."))
    run = options.runs[0]
    return build_run_notebook(
        run, format_relative_path(options.out.resolve().parent, run.folder.resolve()), options.lang
    )


def format_relative_path(folder: Path, run_dir: Path) -> str:
    """Return a run folder relative to `folder`; absolute if no relative path exists."""
    try:
        return Path(os.path.relpath(run_dir, folder)).as_posix()
    except ValueError:  # on another drive
        return run_dir.as_posix()


def _build_error(text: Text) -> UsageError:
    return UsageError(text, code="usage.report")


Writer = Callable[[ReportOptions], bytes]
NOTEBOOK = ".ipynb"
WRITERS: dict[str, Writer] = {
    ".html": _render_html,
    ".xlsx": _render_workbook,
    ".pdf": _render_pdf,
    NOTEBOOK: _render_notebook,
}
"""Writer of a document, by suffix."""


def _select_writer(out: Path) -> Writer:
    suffix = out.suffix.lower()
    if suffix in WRITERS:
        return WRITERS[suffix]
    raise _build_error(
        _(
            'a report is written as {suffixes} in this version, not as "{given}".',
            suffixes=", ".join(WRITERS),
            given=suffix or out.name,
        )
    )
