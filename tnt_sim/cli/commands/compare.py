"""`tnt-sim compare`: runs or scenarios side by side; who enters, who leaves, and because of what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_page,
    show_progress,
)
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, Lang, _

if TYPE_CHECKING:
    from tnt_sim.reporting.report_tree import Report

SidesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="A B…", help=N_("Scenarios or run folders, 2 to 20; the first is the reference."),
        show_default=False,
    ),
]  # fmt: skip
NoCausesOption = Annotated[
    bool, typer.Option("--no-causes", help=N_("Skips the cause of each move (faster)."))
]


def compare(
    sides: SidesArgument,
    out: PageOption = None,
    no_causes: NoCausesOption = False,
    time_limit: TimeLimitOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Compare scenarios or runs: inputs, totals, who comes in, who goes out."""
    tongue = parse_lang(lang, read_locale(sides))
    from tnt_sim.api.comparison import compare as set_side_by_side
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.comparison import build_report

    if out is not None:
        check_out(out, force=force)
    seconds = parse_seconds(time_limit)
    options = {} if seconds is None else {"time_limit": seconds}
    with show_progress(tongue, wanted=not quiet and not as_json) as progress:
        comparison = set_side_by_side(*sides, attribute=not no_causes, options=options, progress=progress)
    report = build_report(comparison)
    if out is not None:
        write_report(out, report, tongue)
    if as_json:
        emit(comparison.summary())
    elif not quiet:
        print_page(render_report(report, tongue, get_width()))
        if out is None:
            print_page(build_hint("compare", tongue, format_arguments(*sides)))
    return INTERRUPTED_AND_TOLD if comparison.data.stopped_by == "interrupt" else 0


def check_out(out: Path, *, force: bool) -> None:
    """Check that a page or a workbook may be written to a path.

    Raises
    ------
    UsageError
        For another kind of file, or if a file exists.
    """
    from tnt_sim.engine.run_folder.atomic_write import check_target

    if out.suffix.lower() not in (".html", ".xlsx"):
        raise UsageError(
            _('--out "{name}": give a name that ends in .html or .xlsx.', name=out.name),
            code="usage.out",
        )
    check_target(out, replace=force)


def write_report(out: Path, report: Report, lang: Lang) -> None:
    """Write a report as a page or a workbook, by the suffix."""
    from tnt_sim.engine.run_folder.atomic_write import put_file
    from tnt_sim.reporting.renderers.html import render_report_html
    from tnt_sim.reporting.renderers.xlsx import build_report_workbook

    html = out.suffix.lower() == ".html"
    put_file(out, render_report_html(report, lang).encode() if html else build_report_workbook(report, lang))
