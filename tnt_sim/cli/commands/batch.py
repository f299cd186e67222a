"""`tnt-sim batch`: many scenarios, on one machine or several; the same command resumes."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint_lines,
    print_line,
    print_note,
)
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    BackendOption,
    CrossCheckOption,
    ExecutorOption,
    MethodOption,
    SchedulerOption,
    WorkersOption,
    check_method,
    parse_lang,
    parse_seconds,
)
from tnt_sim.i18n.message import N_, Lang, _, _n

if TYPE_CHECKING:
    from tnt_sim.analysis.batch.runner import Tick

FAILURES = 6

FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar=N_("FILE…"),
        help=N_("Scenarios, or batch files (`base` and `matrix`)."),
        show_default=False,
    ),
]
StoreOption = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="DIR",
        help=N_("The folder to write; the same command goes on there."),
        show_default=False,
    ),
]
EachLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_(
            'How long each scenario may take, not the batch (Ctrl-C ends it; what is done stays): "5 min".'
        ),
    ),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help=N_("Only goes on: refuses a folder without a batch begun."))
]


def batch(
    files: FilesArgument,
    output: OutputOptions,
    out: StoreOption,
    executor: ExecutorOption = "processes",
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    backend: BackendOption = None,
    method: MethodOption = "auto",
    time_limit: EachLimitOption = None,
    cross_check: CrossCheckOption = None,
    resume: ResumeOption = False,
) -> int:
    """Solve many scenarios, and goes on where it stopped."""
    check_method(method)
    tongue = parse_lang(output.lang, read_locale(files))
    options = {
        "backend": backend,
        "method": None if method == "auto" else method,
        "time_limit": parse_seconds(time_limit),
        "cross_check": cross_check,
    }
    from tnt_sim.analysis.batch.plan import estimate_plan_bytes, read_plan
    from tnt_sim.analysis.batch.runner import run_batch
    from tnt_sim.analysis.shared.executors import executor as executor_of
    from tnt_sim.analysis.shared.result_store import check_begun
    from tnt_sim.analysis.shared.worker_memory import choose_workers
    from tnt_sim.parallel import count_processors

    if resume:
        check_begun(out)
    plan = read_plan(files)
    n_workers = workers or count_processors()
    if executor != "serial" and scheduler is None:
        n_workers = choose_workers(workers, estimate_plan_bytes(plan))
    run = executor_of(executor, n_workers, scheduler)
    n = len(plan.cases)
    if not output.quiet:
        said = _n("{n} scenario", "{n} scenarios", n=n)
        print_note(f"{said.in_(tongue)} → {out}")
    asked = {key: value for key, value in options.items() if value is not None}
    with _show_progress(n, tongue, output) as bar, _guard_termination(bar) as tell:
        result = run_batch(plan, out, run, n_workers, asked, tell)
    from tnt_sim.reporting.reports.batch import build_report, write_batch

    report = build_report(result.runs, n, str(out), interrupted=result.interrupted, n_torn=result.n_torn)
    write_batch(report, out, tongue)
    call = f'polars.read_parquet("{(out / "runs").as_posix()}")'
    reading = [_("in Python, {call}", call=call).in_(tongue)]
    hint = [] if result.interrupted else build_hint_lines(reading, tongue)
    output.show(report, result.build_document(), tongue, hint)
    if result.interrupted:
        return INTERRUPTED_AND_TOLD
    return FAILURES if result.n_failed else 0


@contextmanager
def _guard_termination(report_progress: Callable[[Tick], None] | None) -> Iterator[Callable[[Tick], None]]:
    """Let Ctrl-C or a termination signal end a batch and keep finished cases; `report_progress` is passed on.

    A signal raised inside Python code that drops exceptions (a destructor) would be lost: it is
    remembered, and raised again at the next record.
    """
    signals, is_requested, drop = (signal.SIGINT, signal.SIGTERM), False, sys.unraisablehook

    def stop(*__: object) -> None:
        nonlocal is_requested
        is_requested = True
        raise KeyboardInterrupt

    def pass_tick(tick: Tick) -> None:
        if is_requested:
            raise KeyboardInterrupt
        if report_progress is not None:
            report_progress(tick)

    def filter_unraisable(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            drop(lost)

    before = [signal.signal(number, stop) for number in signals]
    sys.unraisablehook = filter_unraisable
    try:
        yield pass_tick
    finally:
        sys.unraisablehook = drop
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _show_progress(
    n_cases: int, lang: Lang, output: OutputOptions
) -> Iterator[Callable[[Tick], None] | None]:
    """Show a bar with rate and remaining time on a terminal.

    With `--json`, write one JSON event per line on stderr.
    """
    if output.as_json:
        yield None if output.quiet else _print_event
        return
    if output.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    left = _("left").in_(lang)
    columns = (
        TextColumn(_("Batch").in_(lang)),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn(left),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_cases, rate="")

        def show(tick: Tick) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=tick.n_done, rate="" if speed is None else f"{speed:.1f}/s")

        yield show


def _print_event(tick: Tick) -> None:
    keys = ("case_sha256", "name", "status", "proof", "n_funded", "granted_cents", "seconds")
    told = {key: getattr(tick.record, key, None) for key in keys}
    print_line(
        json.dumps({"event": "run", "done": tick.n_done, "of": tick.n_cases, **told}, ensure_ascii=False)
    )
