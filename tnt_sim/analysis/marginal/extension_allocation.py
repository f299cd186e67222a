"""Allocation of an extension: chosen by the model, by the statutory key, or entirely on one axis, compared.

Each way gives the programme the same extra money and takes nothing from any axis. An axis is a
child of the programme with an amount. "free" adds the money to the programme alone, shared as
`unassigned` says; "key" raises every axis in proportion to the written amounts (odd cents by
highest averages); "wholly" raises one axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tnt_sim.analysis.shared.amount_variation import apportion_cents
from tnt_sim.analysis.shared.goal_values import GoalValue, list_goal_values
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import (
    ReferenceSolution,
    ReportProgress,
    compare_allocations,
    count_departments,
    find_better_stage,
    notify_progress,
)
from tnt_sim.deadline import UNLIMITED
from tnt_sim.documents import Record, omit_none, spread
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Status
from tnt_sim.errors import ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.scenario.load import with_amounts
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.values.answer_values import Moves, Support

FREE, KEY, WHOLLY = "free", "key", "wholly"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedAmount:
    """Cents added to one envelope."""

    envelope: str
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionOption(Record):
    """One way to share the extra money, with its list.

    Attributes
    ----------
    way, axis : free, key or wholly, and the axis of the latter
    allowed, why : whether there is a list, else the reason: `contradiction` (of amounts, before any solve),
    `infeasible` or `stopped`
    added : for "free", what the optimum uses beyond each axis' own amount, more than today
    gain : the change of the first goal that differs, which is `goal`; None if none differs
    unspent_cents : of the programme
    """

    way: str
    axis: str | None
    allowed: bool = False
    why: str | None = None
    added: Sequence[AddedAmount] = ()
    objective: Sequence[GoalValue] = ()
    goal: str | None = None
    gain: Fraction = Fraction(0)
    n_funded: int | None = None
    granted_cents: int | None = None
    unspent_cents: int | None = None
    moves: Moves = spread(Moves)
    support: Support = spread(Support)
    n_departments: int | None = omit_none()


def optimise_extension_options(
    base: ReferenceSolution,
    cents: int,
    *,
    key: dict[str, int] | None = None,
    clock: Clock | None = None,
    prove: bool = True,
    report_progress: ReportProgress | None = None,
    into: list[ExtensionOption] | None = None,
    course: StudyProgress | None = None,
) -> list[ExtensionOption]:
    """Optimise under each way to share `cents` of new money.

    Parameters
    ----------
    key : weights by axis; by default the written amounts
    into : receives the results as they come, for Ctrl-C
    course : counts the ways examined and stops at its deadline
    """
    axes, total = read_axes(base.problem)
    if cents <= 0:
        raise UsageError(
            _("an extension is a positive amount."),
            code="usage.extension",
        )
    weights = _require_weights(key, axes)
    root = base.problem.case.tree.ids[0]
    ways: list[tuple[str, str | None, dict[str, int]]] = [(FREE, None, {})]
    if axes and sum(weights.values()):
        parts = apportion_cents(cents, list(weights.values()), list(weights))
        ways.append((KEY, None, dict(zip(weights, parts, strict=True))))
    ways += [(WHOLLY, axis, {axis: cents}) for axis in axes]
    result: list[ExtensionOption] = [] if into is None else into
    run = course or StudyProgress(UNLIMITED if clock is None else clock.deadline, "ways")
    for k, (option, axis, added) in enumerate(run.iterate_items(ways)):
        notify_progress(report_progress, axis or option, k / len(ways))
        amounts = {root: total + cents, **{name: axes[name] + more for name, more in added.items()}}
        result.append(_optimise_option(base, option, axis, added, amounts, clock, prove))
        if result[-1].why == Status.STOPPED.value:
            run.withdraw_item()
    return result


def read_axes(problem: Problem) -> tuple[dict[str, int], int]:
    """Return the children of the programme that have an amount, and the amount of the programme, in cents."""
    tree = problem.case.tree
    total = tree.written_cents[0]
    if total is None:
        raise UsageError(
            _("the programme has no amount: there is nothing to extend."),
            code="usage.extension",
        )
    pieces = {node for __, groups in tree.landing.values() for node in groups.values()}
    axes = {
        tree.ids[k]: tree.written_cents[k] or 0
        for k in tree.list_children(0)
        if tree.written_cents[k] is not None and k not in pieces
    }
    return axes, total


def _require_weights(key: dict[str, int] | None, axes: dict[str, int]) -> dict[str, int]:
    if key is None:
        return axes
    for name, weight in key.items():
        if name not in axes:
            hint = suggest_name(name, axes) or NO_TEXT
            raise UsageError(
                _('"{name}" is not an axis of the programme. {hint}', name=name, hint=hint),
                code="usage.key",
            )
        if weight < 0:
            raise UsageError(
                _('the weight of "{name}" is negative.', name=name),
                code="usage.key",
            )
    return key


def _optimise_option(
    base: ReferenceSolution,
    way: str,
    axis: str | None,
    added: dict[str, int],
    amounts: dict[str, int],
    clock: Clock | None,
    prove: bool,
) -> ExtensionOption:
    nothing = ExtensionOption(
        way=way, axis=axis, added=list_added(added), moves=Moves(), support=Support(None)
    )
    try:
        problem = compile_problem(
            with_amounts(base.scenario, amounts), UNLIMITED if clock is None else clock.deadline
        )
    except ScenarioError:
        return replace(nothing, why="contradiction")
    answer = optimise(problem, OptimiseOptions(prove=prove), clock=clock)
    if answer.allocation is None or answer.reading is None:
        return replace(nothing, why=answer.status.value)
    if not answer.is_closed and find_better_stage(base.problem, base.answer.bests, answer.bests) is None:
        return replace(nothing, why=Status.STOPPED.value)  # an interrupted solve does not rank this way
    read = answer.reading.envelopes
    if way == FREE:
        tree = problem.case.tree
        now = base.answer.reading.envelopes.extra_cents if base.answer.reading else [0] * tree.n_nodes
        used = {tree.ids[k]: read.extra_cents[k] - now[k] for k in tree.list_children(0)}
        added = {name: extra for name, extra in used.items() if extra}
    changed = next(
        (k for k, (a, b) in enumerate(zip(base.answer.bests, answer.bests, strict=True)) if a != b), None
    )
    return replace(
        nothing,
        allowed=True,
        added=list_added(added),
        objective=list_goal_values(base.problem, answer.values),
        goal=None if changed is None else base.problem.stages[changed].goal,
        gain=Fraction(0) if changed is None else answer.bests[changed] - base.answer.bests[changed],
        n_funded=int(answer.allocation.funded.sum()),
        granted_cents=int(answer.allocation.granted_cents.sum()),
        unspent_cents=read.left_cents[0],
        moves=compare_allocations(base.problem, base.allocation, answer.allocation),
        support=Support(answer.proof),
        n_departments=count_departments(base.problem, answer.allocation),
    )


def list_added(added: Mapping[str, int]) -> list[AddedAmount]:
    """List the cents added to each envelope."""
    return [AddedAmount(envelope=name, cents=cents) for name, cents in added.items()]
