"""`tnt-sim run`: the allocation, its run folder, and its page.

With `--from-xlsx`, the parameters changed in a workbook become changes of the scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_note,
    print_page,
    show_solve,
)
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import (
    BackendOption,
    CrossCheckOption,
    EventsOption,
    FromXlsxOption,
    JsonOption,
    LangOption,
    MeasureOption,
    MethodOption,
    OutOption,
    QuietOption,
    RelaxOption,
    RequireProofOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    WriteLpOption,
    check_method,
    parse_lang,
    parse_seconds,
)
from tnt_sim.cli.source_notes import print_lost_inputs, print_personal_notes, print_source_notes
from tnt_sim.deadline import read_processor_time
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.parameters import Items

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.step_effects import StepEffects
    from tnt_sim.analysis.infeasibility.document import ConflictDocument
    from tnt_sim.engine.result import ResultData
    from tnt_sim.ingest.tables.pabulib import PbFile
    from tnt_sim.scenario.scenario import ScenarioData
    from tnt_sim.verify.verification import Verification


INFEASIBLE, STOPPED = 4, 5
PROOFS = ("PROVED", "CROSS_CHECKED")


def run(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    from_xlsx: FromXlsxOption = None,
    backend: BackendOption = None,
    relax: RelaxOption = False,
    out: OutOption = None,
    write_lp: WriteLpOption = None,
    method: MethodOption = "auto",
    measure: MeasureOption = None,
    time_limit: TimeLimitOption = None,
    require_proof: RequireProofOption = False,
    cross_check: CrossCheckOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    events: EventsOption = False,
    quiet: QuietOption = False,
) -> int:
    """Compute the allocation: who is funded, for how much, and why."""
    check_method(method)
    parse_lang(lang)
    seconds = parse_seconds(time_limit)
    from tnt_sim.engine import solve as engine
    from tnt_sim.scenario.load import load_scenario

    changes = tuple(sets or ())
    if from_xlsx is not None:
        changes = with_workbook(scenario, changes, from_xlsx, quiet=quiet)
    if measure is not None:
        changes = (*changes, _format_measure_change(scenario, measure))
    variant = load_scenario(scenario, changes)
    tongue = parse_lang(lang, get_written_locale(variant))
    if not quiet:
        print_source_notes(scenario, variant.spec, tongue)
        print_personal_notes(variant, tongue)
    if write_lp is not None:
        _write_lp(variant, write_lp)
    options: dict[str, Any] = {
        "backend": backend,
        "relax": relax,
        "cross_check": cross_check,
        "method": method,
    }
    began = read_processor_time()
    try:
        with show_solve(tongue, wanted=not quiet, events=events) as (progress, on_incumbent):
            result = engine.solve(
                variant, **options, time_limit=seconds, progress=progress, on_incumbent=on_incumbent
            )
            clash = (
                _find_conflict(variant, result, seconds, progress)
                if result.status.value == "infeasible" and not relax
                else None
            )
    except ScenarioError as error:
        if relax or (quiet and not as_json):
            raise
        from tnt_sim.cli.answer import OutputOptions
        from tnt_sim.cli.clash import show_clash

        return show_clash(
            error,
            variant,
            command="run",
            lang=tongue,
            output=OutputOptions(as_json=as_json),
            arguments=format_arguments(scenario, sets=changes),
            seconds=seconds,
        )
    from tnt_sim.engine.run_folder.writer import write_run

    sentences = _describe_pabulib(scenario, variant)
    run_dir = None
    if result.allocation is not None:
        written = write_run(result, out)
        run_dir = format_path(written)
        print_lost_inputs(variant, written, tongue)
    worked = read_processor_time() - began
    effects = _compute_step_effects(variant, result, worked, seconds) if as_json or not quiet else None
    if as_json:
        from tnt_sim.reporting.printed_run_document import build_printed_document

        verification = _verify_own(result)
        record = None if verification is None else verification.record
        emit(build_printed_document(result.data, record, run_dir, effects, clash, sentences))
    elif not quiet:
        _print(result, run_dir, effects, clash, sentences, tongue, format_arguments(scenario, sets=changes))
    document = result.data
    return determine_exit_code(
        document.status, document.stopped_by, document.proof, require_proof=require_proof
    )


def determine_exit_code(
    status: str, stopped_by: str | None, proof: str | None, *, require_proof: bool
) -> int:
    """Return the exit code.

    0 done, 4 infeasible, 5 stopped without allocation or not proved under `--require-proof`, 130
    interrupted.
    """
    if stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    if status == "infeasible":
        return INFEASIBLE
    if status == "stopped" or (require_proof and proof not in PROOFS):
        return STOPPED
    return 0


def _format_measure_change(path: Path, measure: str) -> str:
    """Return the change of a scenario that optimises a Pabulib file by another measure."""
    from tnt_sim.reporting.export.pabulib import require_measure

    if path.suffix.lower() != ".pb":
        raise UsageError(
            _("--measure is for Pabulib files (.pb); a scenario says its goal in `objective`."),
            code="usage.measure",
        )
    return f"objective=[{{maximise: {{{require_measure(_read_pb(path), measure)}: 1}}}}]"


def _describe_pabulib(path: Path, scenario: ScenarioData) -> list[Text]:
    """Describe the run of a Pabulib file; empty for a scenario."""
    from tnt_sim.reporting.export.pabulib import describe_pabulib

    if path.suffix.lower() != ".pb":
        return []
    goals = scenario.spec.objective[0].maximise or {}
    return describe_pabulib(_read_pb(path), "+".join(goals))


def _read_pb(path: Path) -> PbFile:
    from tnt_sim.ingest.portfolio_reader import read_bytes
    from tnt_sim.ingest.tables.pabulib import read_pb

    return read_pb(read_bytes(path, path.name), path.name)


def _write_lp(document: Any, path: Path) -> None:
    from tnt_sim.disk import build_write_error, quote_path
    from tnt_sim.engine import solve as engine

    try:
        engine.write_lp(document, path)
    except OSError as error:
        raise build_write_error(quote_path(path), error, usage="usage.write-lp") from error


def format_path(path: Path) -> str:
    """Return a path relative to the current folder if it lies below it."""
    here = Path.cwd()
    full = path.resolve()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def _compute_step_effects(
    scenario: ScenarioData, result: ResultData, worked: float, seconds: float | None
) -> StepEffects | None:
    """Compute what each axis would do with one more step of money, within the run's limit."""
    from tnt_sim.analysis.extend.step_effects import compute_step_gains

    limit = scenario.spec.solver.time_limit if seconds is None else seconds
    spent = sum(result.data.seconds.values())
    return compute_step_gains(scenario, result, worked, None if limit is None else max(0.0, limit - spent))


def _find_conflict(
    scenario: ScenarioData,
    result: ResultData,
    seconds: float | None,
    progress: Callable[[str, float], None] | None,
) -> ConflictDocument | None:
    """Find the first conflict and the cheapest repairs of an infeasible scenario."""
    from tnt_sim.cli.clash import find_clash

    spent = sum(result.data.seconds.values())
    return find_clash(scenario, None if seconds is None else seconds - spent, progress)


def _verify_own(result: ResultData) -> Verification | None:
    """Return what was checked of a decision; None without an allocation, and for a linear relaxation."""
    from tnt_sim.engine.result import build_own_verification

    has_none = result.allocation is None or result.data.relaxed
    return None if has_none else build_own_verification(result)


def _print(
    result: ResultData,
    run_dir: str | None,
    effects: StepEffects | None,
    clashes: ConflictDocument | None,
    sentences: Sequence[Text],
    lang: Lang,
    scenario: str,
) -> None:
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.report_tree import Node, Paragraph, Section
    from tnt_sim.reporting.reports.infeasibility import build_first_conflict
    from tnt_sim.reporting.reports.run import build_report
    from tnt_sim.reporting.reports.verification import build_answers
    from tnt_sim.reporting.text.vocabulary import build_labels, translate_document

    further: list[Node] = []
    if (verification := _verify_own(result)) is not None:
        further.append(Section(_("What was checked"), [build_answers(verification.record)]))
    if run_dir is not None:
        further.append(Paragraph(_("Run folder: {path}", path=run_dir)))
    if clashes is not None:
        further += build_first_conflict(clashes, scenario=scenario, typed=result.problem.scenario.sets)
    document, labels = translate_document(result, lang), build_labels(result, lang)
    report = build_report(document, labels, verification=verification, effects=effects, further=further)
    report = replace(report, nodes=[*map(Paragraph, sentences), *report.nodes])
    lines = render_report(report, lang, get_width())
    if run_dir is not None:  # show the usual next commands
        lines += build_hint("run", lang, quote_argument(run_dir))
    print_page(lines)


def with_workbook(scenario: Path, sets: tuple[str, ...], workbook: Path, *, quiet: bool) -> tuple[str, ...]:
    """Combine the changes of the command line and of the workbook; reported on stderr unless `quiet`."""
    from tnt_sim.reporting.workbook.parameters import read_changed_parameters
    from tnt_sim.scenario.spec import validate_scenario
    from tnt_sim.scenario.yaml.layers import load_tree

    raw = load_tree(scenario, sets=sets)
    spec = validate_scenario(raw.tree, raw.origins)
    result = read_changed_parameters(
        workbook, spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    )
    if quiet:
        return (*sets, *result)
    head = _("Taken from {name}: ", name=workbook.name).in_(Lang(spec.locale))
    none = _("no change").in_(Lang(spec.locale))
    print_note(head + (Items(result, ";").in_(Lang(spec.locale)) or none))
    return (*sets, *result)
