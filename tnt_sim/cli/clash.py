"""Answer of `run` and `validate` to a setting impossible before any solve: conflicts and repairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tnt_sim.analysis.infeasibility.document import ClashEntry, RepairEntry
from tnt_sim.cli.console import build_error_document, emit, get_width, print_page
from tnt_sim.cli.error_document import ErrorDocument
from tnt_sim.documents import dump_document, omit_none
from tnt_sim.errors import ScenarioError

if TYPE_CHECKING:
    from tnt_sim.analysis.infeasibility.document import ConflictDocument
    from tnt_sim.i18n.message import Lang
    from tnt_sim.scenario.scenario import ScenarioData

CLASH_SECONDS = 30.0
"""Most seconds that a command spends on the repairs of an impossible setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashDocument(ErrorDocument):
    """Why a command gave no answer and, where a setting is impossible, what clashes and what would be enough."""

    conflict: Sequence[ClashEntry] | None = omit_none()
    repairs: Sequence[RepairEntry] | None = omit_none()


def show_clash(
    error: ScenarioError,
    scenario: ScenarioData,
    *,
    command: str,
    lang: Lang,
    as_json: bool,
    arguments: str,
    seconds: float | None = None,
) -> int:
    """Show what clashes and the cheapest repairs; return the exit code of the error.

    Raises
    ------
    ScenarioError
        The error itself, where it is more than an impossible setting or nothing was conflict_.
    """
    conflict_ = _find(error, scenario, seconds)
    if as_json:
        head = build_error_document(error.code, error.defects_found(), command, lang)
        document = ClashDocument(
            command=command, error=head.error, conflict=conflict_.sets, repairs=conflict_.repairs
        )
        emit(dump_document(document))
        return error.exit_code
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.infeasibility import build_clash_report

    print_page(render_report(build_clash_report(conflict_, scenario=arguments), lang, get_width()))
    return error.exit_code


def _find(error: ScenarioError, scenario: ScenarioData, seconds: float | None) -> ConflictDocument:
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
    from tnt_sim.scenario.problem import is_clash

    if not is_clash(error):
        raise error
    limit = CLASH_SECONDS if seconds is None else min(CLASH_SECONDS, seconds)
    try:
        conflict_ = conflict(scenario, time_limit=limit, max_sets=1, max_repairs=3).data
    except ScenarioError:
        raise error from None
    if conflict_.status != "infeasible":
        raise error
    return conflict_
