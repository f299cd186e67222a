"""`conflict`: why a scenario is infeasible, and the cheapest repairs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult


@partial(
    Study,
    verb="conflict",
    name="infeasibility",
    help=N_("Explains why no allocation is feasible: incompatible rules, and corrections."),
    note=N_("Exit code: 0 an allocation exists, 4 none does, 5 there was no time to say."),
    examples="""\
  tnt-sim conflict scenario.yaml
  tnt-sim conflict scenario.yaml --set rules.part-communes.min="95 %" --json
""",
    title=_("what clashes"),
    document="analysis.infeasibility.document.ConflictDocument",
    table="members",
    answer="tnt_sim.studies.conflict.answer",
    next=("run {it}",),
)
def conflict(
    ask: Ask,
    *,
    max_sets: Annotated[
        int, TypedOption("--max-sets", N_("Contradictions looked for, at most."), "N", least=1)
    ] = 8,
    max_repairs: Annotated[
        int, TypedOption("--max-repairs", N_("Repairs looked for, at most."), "N", least=0)
    ] = 8,
    repairs: bool = True,
) -> ConflictResult:
    """Find minimal conflicts of an infeasible scenario and the cheapest repairs.

    Of a scenario with steps, the first infeasible step is analysed.

    Parameters
    ----------
    max_sets, max_repairs : most conflicts and repairs; `complete` says whether these are all
    repairs : False to stop at the first conflict, without repairs

    Raises
    ------
    ScenarioError
        If the scenario or its data are wrong, not only impossible.

    Examples
    --------
    >>> scenario.analyse.infeasibility().status
    'feasible'
    """
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict as find
    from tnt_sim.errors import UsageError

    if max_sets < 1 or max_repairs < 0:
        raise UsageError(_("--max-sets is at least 1, --max-repairs at least 0."), code="usage.most")
    return find(
        ask.scenario,
        clock=ask.clock,
        max_sets=max_sets,
        max_repairs=max_repairs,
        repairs=repairs,
        progress=ask.report,
    )
