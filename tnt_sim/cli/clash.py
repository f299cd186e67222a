"""Answer of every verb on a scenario to an impossible setting: what clashes, and the cheapest repairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tnt_sim.analysis.infeasibility.document import ClashEntry, RepairEntry
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    format_arguments,
    show_progress,
)
from tnt_sim.cli.error_document import ErrorDocument, build_error_document
from tnt_sim.documents import dump_document, omit_none
from tnt_sim.errors import InfeasibleScenarioError, NothingDecided, TntError, UsageError

if TYPE_CHECKING:
    from tnt_sim.analysis.infeasibility.document import ConflictDocument
    from tnt_sim.cli.answer import OutputOptions, ScenarioOptions
    from tnt_sim.i18n.message import Lang
    from tnt_sim.reporting.report_tree import Report
    from tnt_sim.scenario.scenario import ScenarioData

CLASH_SECONDS = 30.0
"""Most seconds that a command spends on the repairs of an impossible setting."""
INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashKeys:
    """The first conflict and the repairs, beside the answer of a verb that found no allocation."""

    conflict: Sequence[ClashEntry] | None = omit_none()
    repairs: Sequence[RepairEntry] | None = omit_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashDocument(ErrorDocument):
    """Why a command gave no answer and, where a setting is impossible, what clashes and what would be enough."""

    conflict: Sequence[ClashEntry] | None = omit_none()
    repairs: Sequence[RepairEntry] | None = omit_none()


def show_impossible(error: TntError, options: ScenarioOptions, command: str, spent: float) -> int:
    """Show what clashes where a verb on a scenario failed because its setting is impossible.

    Parameters
    ----------
    spent : seconds since the command began; what is left of its limit goes to the repairs, one second at least
    """
    if command == "conflict" or options.scenario is None or (options.quiet and not options.as_json):
        raise error
    from tnt_sim.studies.told_errors import find_refusal

    try:
        scenario, lang = options.load_scenario()
    except TntError:
        raise error from None
    cause = find_refusal(error, scenario)
    if isinstance(cause, UsageError):
        raise error
    seconds: float | None = getattr(options, "seconds", None)
    is_page = options.out is not None and options.out.suffix.lower() in (".html", ".xlsx")
    return show_clash(
        cause,
        scenario,
        command=command,
        lang=lang,
        output=options if is_page else replace(options, out=None),
        arguments=format_arguments(options.scenario, sets=tuple(options.sets or ())),
        seconds=None if seconds is None else seconds - spent,
    )


def show_clash(
    error: TntError,
    scenario: ScenarioData,
    *,
    command: str,
    lang: Lang,
    output: OutputOptions,
    arguments: str,
    seconds: float | None = None,
) -> int:
    """Show what clashes and the cheapest repairs; return the exit code of the error."""
    from tnt_sim.reporting.reports.infeasibility import build_clash_report

    if not (isinstance(error, NothingDecided | InfeasibleScenarioError)):
        raise error
    with show_progress(lang, wanted=not output.quiet) as progress:
        conflict_ = find_clash(scenario, seconds, progress)
    if conflict_ is None:
        raise error from None
    head = build_error_document(error.code, error.defects_found(), command, lang)
    document = ClashDocument(
        command=command, error=head.error, conflict=conflict_.sets, repairs=conflict_.repairs
    )
    output.show(build_clash_report(conflict_, scenario=arguments, typed=scenario.sets), document, lang)
    return INTERRUPTED_AND_TOLD if conflict_.stopped_by == INTERRUPT else error.exit_code


def find_clash(
    scenario: ScenarioData,
    seconds: float | None,
    progress: Callable[[str, float], None] | None = None,
) -> ConflictDocument | None:
    """Find the first conflict and the cheapest repairs; None if no conflict was found.

    Ctrl-C ends the search with what was found.

    Parameters
    ----------
    seconds : what is left of the command's limit, of which the search takes 30 s at most and 1 s at least
    """
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
    from tnt_sim.engine.budgets import Clock

    limit = CLASH_SECONDS if seconds is None else min(CLASH_SECONDS, max(1.0, seconds))
    try:
        conflict_ = conflict(scenario, clock=Clock(limit), max_sets=1, max_repairs=3, progress=progress).data
    except (TntError, KeyboardInterrupt):
        return None
    return conflict_ if conflict_.status == "infeasible" and conflict_.sets else None


def show_without_allocation(
    options: ScenarioOptions,
    report: Report,
    document: object,
    *,
    scenario: ScenarioData,
    lang: Lang,
    seconds: float | None,
) -> None:
    """Show the answer of a verb that found no allocation, then what clashes and the cheapest repairs.

    The document has the keys `conflict` and `repairs` too.
    """
    from tnt_sim.reporting.reports.infeasibility import build_first_conflict

    conflict_ = None
    if options.as_json or not options.quiet:
        with show_progress(lang, wanted=not options.quiet) as progress:
            conflict_ = find_clash(scenario, seconds, progress)
    arguments = format_arguments(options.scenario, sets=tuple(options.sets or ()))
    if conflict_ is None:
        options.show(report, document, lang, build_hint("infeasible", lang, arguments))
        return
    clash = ClashKeys(conflict=conflict_.sets, repairs=conflict_.repairs)
    nodes = build_first_conflict(conflict_, scenario=arguments, typed=scenario.sets)
    whole = replace(report, nodes=[*report.nodes, *nodes])
    options.show(whole, {**dump_document(document), **dump_document(clash)}, lang)
