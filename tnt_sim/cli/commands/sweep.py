"""`tnt-sim sweep`: optimum for amounts of an envelope."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_remaining_time
from tnt_sim.cli.options import (
    AtOption,
    BackendOption,
    CrossCheckOption,
    ExecutorOption,
    FirstAmountOption,
    LastAmountOption,
    SchedulerOption,
    ShareOption,
    StepsOption,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import split_names

if TYPE_CHECKING:
    from tnt_sim.analysis.sweep.document import SweepDocument

OldForceOption = Annotated[bool, typer.Option("--force", hidden=True)]

EnvelopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help=N_("The envelope that changes, or several; the programme by default."),
    ),
]
ExactOption = Annotated[bool, typer.Option("--exact", help=N_("Every step of the free curve."))]
ToleranceOption = Annotated[
    str | None,
    typer.Option(
        "--tolerance",
        metavar="T",
        help=N_('Narrows the free curve between the amounts: "0.5%" of the value, or units of the goal.'),
    ),
]
NestedOption = Annotated[
    bool, typer.Option("--nested", help=N_("Only the curve that keeps earlier commitments."))
]
FreeOption = Annotated[bool, typer.Option("--free", help=N_("Only the free curve."))]
SweepOutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar=N_("FILE|DIR"),
        help=N_('A page .html or a workbook .xlsx, or the folder of all files; by default one in "runs".'),
    ),
]
SweepWorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help=N_("How many free amounts at a time; one by default, from which the next one starts."),
    ),
]
ResumeOption = Annotated[bool, typer.Option("--resume", help=N_("Goes on where the same sweep stopped."))]


@dataclass(frozen=True, kw_only=True)
class SweepOptions(StudyOptions):
    """Options of a question on a scenario, of which `--out` is a page, a workbook or a folder."""

    out: SweepOutOption = None
    force: OldForceOption = False


def sweep(
    options: SweepOptions,
    envelope: EnvelopeOption = None,
    start: FirstAmountOption = None,
    stop: LastAmountOption = None,
    steps: StepsOption = None,
    at: AtOption = None,
    exact: ExactOption = False,
    tolerance: ToleranceOption = None,
    nested: NestedOption = False,
    free: FreeOption = False,
    share: ShareOption = "free",
    resume: ResumeOption = False,
    executor: ExecutorOption = "processes",
    workers: SweepWorkersOption = None,
    scheduler: SchedulerOption = None,
    backend: BackendOption = None,
    cross_check: CrossCheckOption = None,
) -> int:
    """Compute the best allocation at each amount of an envelope."""
    names = split_names(envelope) or []
    is_page = options.out is not None and options.out.suffix.lower() in (".html", ".xlsx")
    if options.force and not is_page:
        raise UsageError(
            _("--force is of no use here: a sweep replaces nothing but its own."),
            code="usage.together",
        )
    began = time.monotonic()
    out, options = (None, options) if is_page else (options.out, replace(options, out=None))
    scenario, lang = options.load_scenario()
    from tnt_sim.analysis.sweep.plan import build_plan
    from tnt_sim.analysis.sweep.runner import choose_sweep_execution, run
    from tnt_sim.analysis.sweep.store import SweepStore
    from tnt_sim.api.sweep import build_sweep
    from tnt_sim.engine.stored_run import hash_code
    from tnt_sim.reporting.reports.sweep import (
        build_report,
        get_sweep_folder,
        leave_time_to_write,
        write_sweep,
    )

    solver = scenario.spec.solver
    plan = build_plan(
        scenario,
        envelopes=names,
        start=start,
        stop=stop,
        steps=steps,
        at=at or (),
        share=share,
        exact=exact,
        free=free,
        nested=nested,
        tolerance=tolerance,
    )
    execution = choose_sweep_execution(plan, executor, workers, scheduler)
    folder = get_sweep_folder(plan.scenario, plan.compute_key(hash_code()), out)
    with (
        SweepStore.open(folder, plan, resume=resume) as store,
        show_remaining_time(lang, wanted=not options.quiet) as report_progress,
    ):
        outcome = run(
            plan,
            store=store,
            execution=execution,
            time_limit=leave_time_to_write(
                solver.time_limit if options.seconds is None else options.seconds, plan.base.case.n
            ),
            backend=backend or solver.backend,
            cross_check=cross_check or "never",
            report_progress=report_progress,
        )
        document = replace(build_sweep(outcome, lang).data, sweep_dir=format_path(folder))
        write_sweep(document, folder, lang)
    exit_code = _determine_exit_code(document)
    if exit_code == INFEASIBLE:
        seconds = options.compute_seconds_left(began)
        show_without_allocation(
            options,
            build_report(document),
            document,
            scenario=scenario,
            lang=lang,
            seconds=seconds,
        )
    else:
        options.show(partial(build_report, document), document, lang, options.build_hint("sweep", lang))
    return exit_code


def _determine_exit_code(document: SweepDocument) -> int:
    """Return 0 done, 4 infeasible at every amount, 5 stopped without an allocation, 130 interrupted."""
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    entries = [one for point in document.points for one in (point.free, point.nested) if one is not None]
    if any(entry.objective for entry in entries):
        return 0
    stopped = document.stopped_by == "time" or any(entry.status == "stopped" for entry in entries)
    return STOPPED if stopped else INFEASIBLE
