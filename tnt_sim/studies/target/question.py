"""`target`: the smallest amount of an envelope that reaches each target."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import ENVELOPE, TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tnt_sim.analysis.marginal.document import TargetDocument
    from tnt_sim.analysis.marginal.target_envelope import TargetResult
    from tnt_sim.engine.result import Status


@partial(
    Study,
    verb="target",
    help=N_("Gives the smallest envelope that reaches each target."),
    note=N_("Exit code: 0 at least one target is reached, 4 none can be, 5 the time was too short."),
    examples="""\
  tnt-sim target scenario.yaml departments
  tnt-sim target scenario.yaml all +20 rule:part-communes
""",
    title=_("the smallest envelope"),
    document="analysis.marginal.document.TargetDocument",
    table="targets",
    answer="tnt_sim.studies.target.answer",
    next=("marginal-euro {it}",),
)
def target(
    ask: Ask,
    *goals: Annotated[
        str,
        TypedOption(
            "",
            N_(
                "What is to be reached: all, +400, departments, every:COLUMN, MEASURE=N, MEASURE=+N, rules, "
                "rule:ID."
            ),
            N_("TARGET…"),
        ),
    ],
    envelope: Annotated[str | None, ENVELOPE] = None,
) -> TargetDocument:
    """Find the smallest amount of an envelope that reaches each target, with the optimal list there.

    Parameters
    ----------
    goals : "all", "+400", "departments", "rule:ID"…
    envelope : id. Default: the programme

    Raises
    ------
    UsageError
        If a target or the envelope is invalid, or if the scenario has steps.

    Examples
    --------
    >>> scenario.analyse.target("departments").table("targets")["amount_cents"].to_list()
    [100000000]
    """
    from tnt_sim.analysis.marginal.document import TargetDocument, build_head, build_target_entry
    from tnt_sim.analysis.marginal.target_envelope import TargetResult, parse_target, reach
    from tnt_sim.analysis.shared.envelope_path import build_envelope_path
    from tnt_sim.analysis.shared.reference_solution import check_single_decision, notify_progress
    from tnt_sim.scenario.problem import compile_problem

    check_single_decision(ask.scenario)
    problem = compile_problem(ask.scenario)
    ask.clock.begin()
    path = build_envelope_path(problem, envelope or problem.case.tree.ids[0])
    wanted = [parse_target(problem, goal, lambda: ask.unproven_base.allocation) for goal in goals]
    results, course = list[TargetResult](), ask.count("targets")
    with course.catch_limits():
        for k, goal in enumerate(course.iterate_items(wanted)):
            notify_progress(ask.report, goal.text, k / len(wanted))
            results.append(reach(problem, goal, path, clock=ask.clock))
            if results[-1].stopped:
                course.withdraw_item(stopped=True)
    status = summarise_status(results) if course.stopped_by is None else course.status
    return TargetDocument(
        **build_head(problem, path, course, status, ask.lang),
        targets=[build_target_entry(one, ask.lang) for one in results],
    )


def summarise_status(results: Sequence[TargetResult]) -> Status:
    """Return the status of all targets: infeasible if none is reached and no limit intervened."""
    from tnt_sim.engine.result import Status

    if all(one.amount_cents is not None for one in results):
        return Status.OPTIMAL
    if any(one.amount_cents is not None for one in results):
        return Status.FEASIBLE
    return Status.STOPPED if any(one.stopped for one in results) else Status.INFEASIBLE
