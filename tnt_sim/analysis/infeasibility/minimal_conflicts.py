"""Explain an infeasible scenario: `conflict(scenario)` returns minimal conflicts, certificates and repairs.

For each minimal conflict: an exact infeasibility certificate if one is found in time (otherwise a
second solver may confirm it), and for each member an allocation that satisfies all other members,
which shows that it is needed. For each minimal correction: the cheapest repair, as `--set` texts
where the grammar allows it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.infeasibility.conflict_search import (
    ConflictSearch,
    FeasibilityTests,
    Lines,
    Satisfiability,
    find_minimal_bounds,
    shrink,
    without_goal,
)
from tnt_sim.analysis.infeasibility.document import (
    ActionEntry,
    BoundEntry,
    BoundHead,
    CheapestDossier,
    ClashEntry,
    ConflictDocument,
    EasedCountEntry,
    EasedEntry,
    EasedShareEntry,
    LiftedEntry,
    MemberEntry,
    RatedBoundEntry,
    RatedMemberEntry,
    RepairEntry,
    WitnessEntry,
)
from tnt_sim.analysis.infeasibility.elastic_problem import (
    COMMITTED,
    ElasticProblem,
    LiftableBound,
    WrittenPart,
)
from tnt_sim.analysis.infeasibility.repair_cost import (
    RuleRepair,
    minimise_repair_cost,
    optimise_repaired,
    prove_least,
)
from tnt_sim.analysis.infeasibility.repair_order import RepairPrice, compute_changes, sort_by_price
from tnt_sim.analysis.infeasibility.sentences import (
    describe_action,
    describe_conflict,
    describe_member,
    describe_repair,
)
from tnt_sim.analysis.infeasibility.written_clashes import (
    WrittenClash,
    find_written_repairs,
    list_written_clashes,
)
from tnt_sim.analysis.infeasibility.written_clashes import describe_members as describe_written
from tnt_sim.analysis.shared.goal_values import list_goal_values
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.deadline import UNLIMITED
from tnt_sim.domain.field_types import write_amount, write_number, write_rate
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, decide, optimise
from tnt_sim.engine.result import Status
from tnt_sim.engine.step_results import GRANT_SCHEMA, select_step_grants
from tnt_sim.errors import LimitReached, ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.prove.stage_proofs import prove_infeasible
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import Unit, sum_exactly
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem, is_clash
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic, list_decision_steps
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.run_document import format_fraction, hash_allocation

HUNDREDTH_OF_PERCENT = Fraction(1, 10_000)


def build_bound_entry(form: ElasticProblem, bound: LiftableBound, lang: Lang) -> BoundEntry | RatedBoundEntry:
    """Build one bound as an entry of the document."""
    entry = _build_bound_entry(form, bound)
    return replace(entry, words=describe_member(entry, lang))


def repair_actions(form: ElasticProblem, repair: RuleRepair, lang: Lang) -> list[ActionEntry]:
    """Build what a repair does: one entry for each eased bound and each lifted line."""
    entries: list[ActionEntry] = [
        _build_eased_entry(form, line, slack, repair) for line, slack in sorted(repair.eased.items())
    ]
    entries += [LiftedEntry(**_build_head(form, line)) for line in sorted(repair.lifted)]
    return [replace(entry, words=describe_action(entry, lang)) for entry in entries]


def _build_head(form: ElasticProblem, bound: LiftableBound) -> dict[str, Any]:
    """Build the keys of `BoundHead`."""
    entry, scenario = form.get_entry(bound.entry), form.problem.scenario
    place = scenario.locate(entry.path)
    spec = next((rule for rule in scenario.spec.rules if rule.id == entry.id), None)
    of_rule = spec is not None and entry.path[0] == "rules"
    return {
        "kind": entry.kind,
        "id": entry.id,
        "title": spec.title if spec is not None and of_rule else _find_title(form, entry),
        "group": bound.group or None,
        "group_name": _find_dossier_title(form.problem, bound.group)
        if entry.kind in ("decide", COMMITTED)
        else get_group_name(form.problem, getattr(spec, "by", None) if of_rule else None, bound.group),
        "side": bound.side,
        "table": entry.key.startswith("table:"),
        "file": place.file,
        "line": place.line,
        "source": spec.source if spec is not None and of_rule else "",
    }


def _find_title(form: ElasticProblem, entry: WrittenPart) -> str:
    """Return the title of an envelope or of a cap; empty where it has none."""
    if entry.path[0] == "envelope":
        tree = form.problem.case.tree
        title = tree.titles[tree.get_node(entry.id)]
        return "" if title == entry.id else title
    caps = form.problem.scenario.spec.caps
    return next((cap.title for cap in caps if entry.kind == "cap" and cap.name == entry.id), "")


def _find_dossier_title(problem: Problem, name: str) -> str | None:
    """Return the title of a dossier, or of the envelope by which commitments are grouped; None without one."""
    table, tree = problem.case.table, problem.case.tree
    titles = table.filter(pl.col("dossier") == name)["title"].to_list() if "title" in table.columns else []
    titles += [title for node, title in zip(tree.ids, tree.titles, strict=True) if node == name != title]
    return str(titles[0]) if titles and titles[0] else None


def get_group_name(problem: Problem, by: object, group: str) -> str | None:
    """Return the name of a territory on the scenario's map; None if the group is not a territory."""
    known = problem.case.map
    if known is None or by not in ("department", "region", "epci", "commune") or not group:
        return None
    found = known.table.filter((pl.col("level") == by) & (pl.col("code") == group))["name"]
    return str(found[0]) if len(found) else None


def _build_bound_entry(form: ElasticProblem, liftable: LiftableBound) -> BoundEntry | RatedBoundEntry:
    """Build the bound as written: cents, a rate or a number."""
    entry, head = form.get_entry(liftable.entry), _build_head(form, liftable)
    if entry.kind == "envelope":
        amount = (form.problem.case.tree.amount_cents[entry.node] or 0) * CENT
        return BoundEntry(**head, bound=format_fraction(amount), bound_cents=count_cents(amount, Unit.MONEY))
    if entry.kind == COMMITTED:
        limit, name, _, count = next(one for one in entry.iterate_bounds() if one[1] == liftable.group)
        rows = limit.groups.codes == limit.groups.names.index(name)
        cents = sum_exactly(form.problem.offers.most_cents[rows])
        return BoundEntry(**head, bound=format_fraction(count), bound_cents=cents)
    bound = get_written_bound(entry, liftable)
    if bound is None:
        return BoundEntry(**head, bound=None, bound_cents=None)
    return RatedBoundEntry(
        **head,
        bound=format_fraction(bound),
        bound_cents=count_cents(bound, entry.unit),
        rate=format_fraction(_get_rate_bound(entry, liftable)),
    )


def get_written_bound(entry: WrittenPart, liftable: LiftableBound) -> Fraction | None:
    """Return the bound of a line in the unit of its sum; None for an entry that binds as a whole."""
    return next(
        (
            bound
            for _, name, side, bound in entry.iterate_bounds()
            if (name or "", side) == (liftable.group, liftable.side)
        ),
        None,
    )


def _get_rate_bound(entry: WrittenPart, liftable: LiftableBound) -> Fraction | None:
    return None if entry.rule is None else entry.rule.get_rate_bound(liftable.side)


def count_cents(value: Fraction, unit: Unit) -> int | None:
    """Return a value in cents if it is money in whole cents."""
    return int(value / CENT) if unit is Unit.MONEY and (value / CENT).denominator == 1 else None


def _build_eased_entry(
    form: ElasticProblem, liftable: LiftableBound, slack: Fraction, repair: RuleRepair
) -> EasedShareEntry | EasedCountEntry | EasedEntry:
    entry = form.get_entry(liftable.entry)
    up = liftable.side != "min"
    if entry.kind == "envelope":
        tree = form.problem.case.tree
        bound = (tree.written_cents[entry.node] or tree.amount_cents[entry.node] or 0) * CENT
        slack = compute_written_raise(form, entry.node, int(slack / CENT)) * CENT
    else:
        bound = get_written_bound(entry, liftable) or Fraction(0)
    to = bound + slack if up else bound - slack
    head = {
        **_build_head(form, liftable),
        "do": "raise" if up else "lower",
        "by": format_fraction(slack),
        "by_cents": count_cents(slack, entry.unit),
        "from_": format_fraction(bound),
        "from_cents": count_cents(bound, entry.unit),
        "to": format_fraction(to),
        "to_cents": count_cents(to, entry.unit),
    }
    rate = _get_rate_bound(entry, liftable)
    if rate is not None:
        reached = format_fraction(_compute_reached_share(entry, liftable, repair))
        return EasedShareEntry(**{**head, "kind": "share"}, rate=format_fraction(rate), reached=reached)
    if entry.kind == "limit" and liftable.side == "min" and entry.unit is Unit.NUMBER:
        return EasedCountEntry(**head, cheapest=_find_cheapest_dossier(form, entry, liftable, repair))
    return EasedEntry(**head)


def _compute_reached_share(entry: WrittenPart, bound: LiftableBound, repair: RuleRepair) -> Fraction | None:
    """Return the share of the repaired allocation, rounded to 0.01 % on the feasible side."""
    assert entry.rule is not None
    figures = entry.rule.read(repair.allocation.funded, repair.allocation.granted_cents).readings
    value = next(figure.value for figure in figures if (figure.group or "") == bound.group)
    if value is None:
        return None
    steps = value / HUNDREDTH_OF_PERCENT
    whole = math.ceil(steps) if bound.side == "max" else int(steps // 1)
    return whole * HUNDREDTH_OF_PERCENT


def _find_cheapest_dossier(
    form: ElasticProblem, entry: WrittenPart, bound: LiftableBound, repair: RuleRepair
) -> CheapestDossier | None:
    """Return the cheapest unfunded application that would count towards a minimum number."""
    limit = next(
        limit
        for limit, name, side, _ in entry.iterate_bounds()
        if (name or "", side) == (bound.group, bound.side)
    )
    group = [name or "" for name in limit.groups.names].index(bound.group)
    offers = form.problem.offers
    counts = (limit.terms.per_funded > 0) & (limit.groups.codes == group)
    for part in limit.terms.once:
        counts[part.row] |= limit.groups.codes[part.row] == group
    rows = np.flatnonzero(counts & offers.candidate & ~repair.allocation.funded)
    if not len(rows):
        return None
    row = int(rows[np.argmin(offers.least_cents[rows])])
    name = form.problem.case.table["dossier"][row]
    return CheapestDossier(dossier=name, cents=int(offers.least_cents[row]))


def set_lines(form: ElasticProblem, repair: RuleRepair) -> list[str] | None:
    """Return the `--set` texts that write a repair into the scenario; its allocation is checked there.

    None if the grammar has no place for the repair, or if the texts would change more (a share of
    an amount).
    """
    lines = _build_set_lines(form, repair)
    return lines if lines is not None and _can_repair(form.problem, lines, repair.allocation) else None


def _can_repair(problem: Problem, lines: list[str], allocation: Allocation) -> bool:
    scenario = problem.scenario
    if scenario.raw is None or scenario.spec.steps:
        return True  # cannot be checked: no raw scenario, or several steps
    try:
        changed = compile_problem(replace(with_sets(scenario, lines), portfolio=scenario.portfolio))
    except (ScenarioError, UsageError):
        return False
    return not list_broken_rules(changed, allocation, read_allocation(changed, allocation))


def _build_set_lines(form: ElasticProblem, repair: RuleRepair) -> list[str] | None:
    result = _build_decision_lines(
        form, [line for line in repair.eased if form.get_entry(line.entry).kind == "decide"]
    )
    for path, slack in sorted(repair.eased.items()):
        if form.get_entry(path.entry).kind == "decide":
            continue
        item = _set_of(form, form.get_entry(path.entry), path, slack, repair)
        if item is None:
            return None
        result += item
    for path in sorted(repair.lifted):
        entry = form.get_entry(path.entry)
        if entry.path[0] != "rules" or path.group:
            return None
        result.append(f"rules.{entry.id}.off=true")
    return result


def _build_decision_lines(form: ElasticProblem, lines: list[LiftableBound]) -> list[str]:
    """Write the decisions without the applications that are withdrawn; an empty decision is switched off."""
    result = []
    for key in sorted({line.entry for line in lines}):
        name = form.get_entry(key).id
        spec = next(one for one in form.problem.decided.specs if one.id == name)
        back = {line.group for line in lines if line.entry == key}
        retained = {
            "fund": [d for d in spec.fund if d not in back],
            "refuse": [d for d in spec.refuse if d not in back],
        }
        if not any(retained.values()) and not spec.amounts:
            result.append(f"rules.{name}.off=true")
            continue
        for side, dossiers in retained.items():
            if len(dossiers) < len(getattr(spec, side)):
                result.append(f"rules.{name}.{side}={json.dumps(dossiers, ensure_ascii=False)}")
    return result


def _set_of(
    form: ElasticProblem, entry: WrittenPart, liftable: LiftableBound, slack: Fraction, repair: RuleRepair
) -> list[str] | None:
    if entry.kind == "envelope":
        return _build_raise_lines(form, entry, int(slack / CENT))
    if entry.limits and entry.path[0] == "envelope" and entry.kind != "min_use":
        bound = (get_written_bound(entry, liftable) or Fraction(0)) + (
            slack if liftable.side == "max" else -slack
        )
        return [f"envelopes.{entry.id}.{entry.kind}={write_number(bound)}"]
    if liftable.group or entry.path[0] != "rules":
        return None
    path = f"rules.{entry.id}.{liftable.side}"
    if _get_rate_bound(entry, liftable) is not None:
        reached = _compute_reached_share(entry, liftable, repair)
        return None if reached is None else [f"{path}={write_rate(reached)}"]
    return _build_bound_lines(path, entry, liftable, slack) if entry.limits else None


def _build_bound_lines(path: str, entry: WrittenPart, liftable: LiftableBound, slack: Fraction) -> list[str]:
    bound = (get_written_bound(entry, liftable) or Fraction(0)) + (
        slack if liftable.side == "max" else -slack
    )
    if entry.unit is Unit.MONEY:
        return [f"{path}={write_amount(int(bound / CENT))}"]
    return [f"{path}={write_number(bound)}"]


def compute_written_raise(form: ElasticProblem, node: int, cents: int) -> int:
    """Return the increase of the written amount with which an envelope can grant `cents` more.

    A reserve keeps its share of the increase, so the increase exceeds `cents`; overprogramming has
    the opposite effect.
    """
    tree = form.problem.case.tree
    spec = next(
        (one for one, _ in form.problem.scenario.spec.programme.walk() if one.id == tree.ids[node]), None
    )
    amount = tree.written_cents[node]
    if spec is None or amount is None or not (spec.reserve or spec.overprogram):
        return cents
    limits, excess = spec.reserve or Fraction(0), spec.overprogram or Fraction(0)

    def compute_grantable_cents(written: int) -> int:
        return written + math.floor(-written * limits) + math.floor(written * excess)

    wanted, share = compute_grantable_cents(amount) + cents, 1 - limits + excess
    more = math.floor(cents / share) - 2 if share > 0 else 0
    while share > 0 and compute_grantable_cents(amount + more) < wanted:
        more += 1
    return max(more, 0) if share > 0 else cents


def _build_raise_lines(form: ElasticProblem, entry: WrittenPart, cents: int) -> list[str] | None:
    """Raise the envelope and all above it by the same amount, so that no other envelope has less."""
    tree = form.problem.case.tree
    known = {spec.id for spec, _ in form.problem.scenario.spec.programme.walk()}
    cents, result = compute_written_raise(form, entry.node, cents), []
    for node in tree.list_ancestors(entry.node):
        amount = tree.written_cents[node]
        if amount is None:
            continue
        if tree.ids[node] not in known:
            return None
        path = "programme.amount" if node == 0 else f"envelopes.{tree.ids[node]}.amount"
        result.append(f"{path}={write_amount(amount + cents)}")
    return result


MOST_SETS, MOST_REPAIRS, MOST_SOLVES = 8, 8, 100
PROOF_SECONDS = 20.0
PRICING_SHARE = 0.6
"""Largest share of the time that is left which the prices of repairs may take; the conflicts have the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Clash:
    """Minimal infeasible set of lines (IIS).

    Attributes
    ----------
    lines : its members, in order
    certificate : exact proof of infeasibility; None if none was found in time
    confirmed : proved, or confirmed by a second solver
    without : for each member an allocation that satisfies all others, checked; None if none was
    found
    """

    lines: tuple[LiftableBound, ...]
    certificate: Mapping[str, Any] | None
    confirmed: bool
    without: Mapping[LiftableBound, Allocation | None]

    @property
    def proof(self) -> str | None:
        """Return the evidence of infeasibility: PROVED, CROSS_CHECKED or None."""
        if self.certificate is not None:
            return "PROVED"
        return "CROSS_CHECKED" if self.confirmed else None

    @property
    def minimal(self) -> bool:
        """Whether each member is shown to be needed, by an allocation that satisfies all others."""
        return all(allocation is not None for allocation in self.without.values())


@dataclass(frozen=True, eq=False)
class ConflictResult(StudyAnswer):
    """Explanation of an infeasible scenario.

    Attributes
    ----------
    form, wide : elastic forms that name the lines; in `wide` commitments are lines too
    scenario : the scenario, of which `form` may be one step
    outcome : `infeasible`; `feasible` if an allocation exists after all; `stopped` if no test could
    decide
    sets : minimal conflicts
    repairs : cheapest first, as `repair_order` compares them
    complete : whether these are all minimal conflicts of entries and all minimal corrections
    n_solves : number of feasibility tests that called a solver
    written_sets, written_repairs : contradictions between written values, which no bound expresses, and the
    changes that settle everything
    """

    form: ElasticProblem
    wide: ElasticProblem
    scenario: ScenarioData
    outcome: Status
    sets: tuple[Clash, ...] = ()
    repairs: tuple[RuleRepair, ...] = ()
    complete: bool = True
    n_solves: int = 0
    seconds: float = 0.0
    step: str = ""
    course: StudyProgress = field(default_factory=lambda: StudyProgress(UNLIMITED, "solves"))
    written_sets: tuple[ClashEntry, ...] = ()
    written_repairs: tuple[RepairEntry, ...] = ()

    def __repr__(self) -> str:
        n_sets = len(self.sets) + len(self.written_sets)
        n_repairs = len(self.repairs) + len(self.written_repairs)
        return f"<Conflict: {self.outcome}, {n_sets} conflicts, {n_repairs} repairs>"

    @cached_property
    def data(self) -> ConflictDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self, self.lang)

    @property
    def lang(self) -> Lang:
        """Return the language of the scenario."""
        return Lang(self.scenario.spec.locale)

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return one row per member of each conflict: set, kind, id, group, side, bound, file, line, words."""
        rows = [
            {"set": k, **{key: member[key] for key in _COLUMNS}}
            for k, one in enumerate(self.document["sets"], start=1)
            for member in one["members"]
        ]
        table = pl.DataFrame(rows, schema={"set": pl.Int64, **_COLUMNS})
        return table if backend == "polars" else table.to_pandas()


_COLUMNS = {
    "kind": pl.String,
    "id": pl.String,
    "group": pl.String,
    "side": pl.String,
    "bound": pl.String,
    "file": pl.String,
    "line": pl.Int64,
    "words": pl.String,
}


def conflict(
    scenario: ScenarioData,
    *,
    time_limit: float | None = None,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> ConflictResult:
    """Find minimal conflicts of an infeasible scenario and the cheapest repairs.

    Parameters
    ----------
    scenario : of a scenario with steps, the first infeasible step is analysed
    time_limit : seconds for the whole; by default that of the scenario
    max_sets, max_repairs, max_solves : most conflicts, repairs and solver calls; `complete` says
    whether the results are all
    repairs : False to stop at the first conflict, without repairs

    Raises
    ------
    ScenarioError
        If the scenario or its data are wrong, not only impossible.

    Examples
    --------
    >>> tnt.conflict(scenario).document["status"]
    'feasible'
    """
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    clock = Clock(limit)
    step, problem = find_infeasible_step(scenario, clock)
    written = list_written_clashes(problem)
    if written and (scenario.spec.steps or scenario.raw is None):
        raise ScenarioError(problem.clashes)  # what a change would do cannot be solved here
    conflict_ = find_conflict(
        problem,
        clock,
        max_sets=max_sets,
        max_repairs=max_repairs,
        max_solves=max_solves,
        repairs=repairs and not written,
        progress=progress,
    )
    if written:
        conflict_ = _settle_written(problem, conflict_, written, clock, max_repairs if repairs else 0)
    elif problem.clashes and conflict_.outcome is Status.FEASIBLE:
        raise ScenarioError(problem.clashes)
    return replace(conflict_, step=step, scenario=scenario)


def _settle_written(
    problem: Problem, conflict_: ConflictResult, written: Sequence[WrittenClash], clock: Clock, most: int
) -> ConflictResult:
    """Add contradictions between written values, and the changes that settle all contradictions together."""
    lang, began = conflict_.lang, time.perf_counter()

    def complete(changed: Problem) -> list[RepairEntry]:
        inner = find_conflict(changed, clock, explains=False, max_repairs=max(most, 1))
        return [_build_repair_entry(inner.form, 0, fix, lang) for fix in inner.repairs]

    fixes, is_whole, n = find_written_repairs(problem, clock, most, complete) if most else ([], False, 0)
    sets = [
        ClashEntry(members=describe_written(one, lang), proof="PROVED", minimal=one.minimal)
        for one in written
    ]
    return replace(
        conflict_,
        outcome=Status.INFEASIBLE,
        written_sets=tuple(replace(one, words=describe_conflict(one, lang)) for one in sets),
        written_repairs=tuple(replace(one, words=describe_repair(one, lang)) for one in fixes),
        complete=is_whole,
        n_solves=conflict_.n_solves + n,
        seconds=conflict_.seconds + time.perf_counter() - began,
    )


def find_infeasible_step(scenario: ScenarioData, clock: Clock) -> tuple[str, Problem]:
    """Return the id and problem of the first infeasible step; of the last step if all are feasible."""
    retained = pl.DataFrame(schema=GRANT_SCHEMA)
    steps = list_decision_steps(scenario)
    for step in steps[:-1]:
        scenario_ = step.scenario.with_kept(retained)
        try:
            result = decide(scenario_, OptimiseOptions(), clock=clock)
        except ScenarioError as error:
            if not is_clash(error):
                raise
            return step.id, compile_problem(scenario_, keeps_clashes=True)
        if result.allocation is None:
            return step.id, result.problem
        retained = pl.concat([retained, select_step_grants(step, result)])
    return steps[-1].id, compile_problem(steps[-1].scenario.with_kept(retained), keeps_clashes=True)


def find_conflict(
    problem: Problem,
    clock: Clock,
    *,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    explains: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> ConflictResult:
    """Analyse a compiled problem; without `explains` only its repairs, not what clashes."""
    began = time.perf_counter()
    free = without_refusals(problem)
    form = ElasticProblem.of(problem, free)
    wide = ElasticProblem.of(problem, free, commitments=True) if problem.offers.committed.any() else form
    tell = None if progress is None else _build_reporter(progress)
    tests = FeasibilityTests(form, clock, budget=max_solves, report_progress=tell)
    first = tests.decide_satisfiability(form.lines)
    first_seconds = time.perf_counter() - began
    if first is not Satisfiability.NO:
        status = Status.FEASIBLE if first is Satisfiability.YES else Status.STOPPED
        stopped = StudyProgress(
            clock.deadline, "solves", tests.n_solves, stopped_by=None if first is Satisfiability.YES else TIME
        )
        seconds = time.perf_counter() - began
        return ConflictResult(
            form, wide, problem.scenario, status, n_solves=tests.n_solves, seconds=seconds, course=stopped
        )
    # the cheapest in euros may touch more entries: more are priced than are shown
    search = ConflictSearch(
        tests,
        max(max_sets, MOST_SETS) if repairs else max_sets,
        max(max_repairs, MOST_REPAIRS) if repairs else 0,
    )
    course, fixes, sets = StudyProgress(clock.deadline, "solves"), list[RuleRepair | None](), list[Clash]()
    priced: list[RuleRepair] = []
    explained: list[frozenset[str]] = []
    with course.catch_limits():
        search.run()
        until = clock.deadline.take_share(PRICING_SHARE)
        for fix in search.fixes:
            if until.expired:
                break
            clock.deadline.check()
            repair = minimise_repair_cost(form, fix, clock, prove=False)
            fixes.append(None if repair is None else _solve_as_written(form, repair, clock))
        priced = sort_repairs([fix for fix in fixes if fix is not None])[: max_repairs if repairs else 0]
        priced = [prove_least(form, fix, clock) for fix in priced]
        explained = search.conflicts[: max_sets if explains else 0]
        tests.set_bound_test_limits(first_seconds)
        for keys in explained:
            clock.deadline.check()
            sets.append(_build_clash(tests, wide, keys, clock))
    if not search.complete and clock.deadline.expired and course.stopped_by is None:
        course.stopped_by = TIME
    course.n_done = tests.n_solves
    explained = search.conflicts[: max_sets if explains else 0]
    sets += [_build_unproven_clash(form, keys) for keys in explained[len(sets) :]]
    return ConflictResult(
        form,
        wide,
        problem.scenario,
        Status.INFEASIBLE,
        tuple(sorted(sets, key=lambda clash: (len(clash.lines), clash.lines))),
        tuple(priced),
        search.complete
        and None not in fixes
        and len(priced) == len(search.fixes)
        and len(search.conflicts) <= max_sets
        and course.stopped_by is None,
        tests.n_solves,
        time.perf_counter() - began,
        course=course,
    )


def _solve_as_written(form: ElasticProblem, repair: RuleRepair, clock: Clock) -> RuleRepair:
    """Solve a repair as it is written: envelopes above and a rounded share may allow more than its cents."""
    lines, scenario = set_lines(form, repair), form.problem.scenario
    if lines is None or scenario.raw is None or scenario.spec.steps:
        return repair
    changed = compile_problem(replace(with_sets(scenario, lines), portfolio=scenario.portfolio))
    return replace(repair, best=optimise_repaired(changed, clock))


def _build_unproven_clash(form: ElasticProblem, keys: frozenset[str]) -> Clash:
    """Return a conflict that was not shrunk to lines for lack of time: some of its lines may be superfluous."""
    lines = tuple(sorted(form.collect_bounds(keys)))
    return Clash(lines, None, False, dict.fromkeys(lines))


def without_refusals(problem: Problem) -> Problem | None:
    """Compile the problem without refusals by decision; None if there are none."""
    if not problem.offers.refused.any():
        return None
    return compile_problem(problem.scenario.without_decisions("fund", "refuse"), keeps_clashes=True)


def _build_reporter(progress: Callable[[str, float], None]) -> Callable[[int], None]:
    return lambda n: progress("conflict", min(0.95, n / MOST_SOLVES))


def sort_repairs(repairs: Sequence[RuleRepair]) -> list[RuleRepair]:
    """Sort repairs by euros, entries touched, units and lifted lines, then names."""
    prices = [
        RepairPrice(
            repair.cents,
            repair.best.granted_cents if repair.best else None,
            len(repair.fix),
            (float(repair.units + len(repair.lifted)), *sorted(repair.fix)),
        )
        for repair in repairs
    ]
    return [repairs[k] for k in sort_by_price(prices)]


def _build_clash(tests: FeasibilityTests, wide: ElasticProblem, keys: frozenset[str], clock: Clock) -> Clash:
    lines = find_minimal_bounds(tests, keys)
    form, held = _with_commitments(tests, wide, lines)
    all_items = lines | held
    without = {
        line: _find_witness(tests if line in lines else form, all_items - {line})
        for line in sorted(all_items)
    }
    asked = without_goal(form.form.restrict_to_bounds(all_items))
    certificate = prove_infeasible(asked, (), clock.deadline.tighten(PROOF_SECONDS))
    confirmed = certificate is not None or _is_confirmed(asked, clock)
    return Clash(tuple(sorted(all_items)), certificate, confirmed, without)


def _with_commitments(
    tests: FeasibilityTests, wide: ElasticProblem, lines: Lines
) -> tuple[FeasibilityTests, Lines]:
    """Find the commitments without which the lines would be feasible; none if not needed for the conflict."""
    if wide is tests.form:
        return tests, frozenset()
    more = replace(tests, form=wide, witnesses=[], clashes=[])
    needed: list[LiftableBound] = []
    if more.decide_satisfiability(lines) is not Satisfiability.NO:
        held = sorted(wide.collect_bounds([COMMITTED]))
        needed = shrink(
            held, lambda part: more.decide_satisfiability(lines | frozenset(part)) is Satisfiability.NO
        )
    tests.n_solves = more.n_solves
    return more, frozenset(needed)


def _find_witness(tests: FeasibilityTests, bounds: Lines) -> Allocation | None:
    """Return an allocation that satisfies these lines, checked in full."""
    if tests.decide_satisfiability(bounds) is not Satisfiability.YES:
        return None
    allocation = tests.find_witness(bounds)
    problem = without_goal(tests.form.restrict_to_bounds(bounds))
    if allocation is None or list_broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    return allocation


def _is_confirmed(problem: Problem, clock: Clock) -> bool:
    """Whether a second solver also finds no allocation."""
    until = clock.deadline.take_share(0.5).tighten(PROOF_SECONDS)
    try:
        answer = optimise(
            problem,
            OptimiseOptions(least_granted=False, canonical=False, prove=False, cross_check="auto"),
            clock=Clock.from_deadline(until),
        )
    except LimitReached:
        return False
    return answer.allocation is None and answer.proof is not None


def build_document(conflict_: ConflictResult, lang: Lang) -> ConflictDocument:
    """Build the document of a conflict."""
    form, scenario, course = conflict_.form, conflict_.scenario, conflict_.course
    return ConflictDocument(
        scenario=scenario.id,
        scenario_sha256=scenario.sha256,
        title=scenario.title,
        synthetic=is_synthetic(scenario),
        status=conflict_.outcome,
        stopped_by=course.stopped_by,
        progress=course.progress,
        step=conflict_.step or None,
        sets=[
            *conflict_.written_sets,
            *(_build_clash_entry(conflict_.wide, clash, lang) for clash in conflict_.sets),
        ],
        repairs=_rank_entries(
            [
                *conflict_.written_repairs,
                *(
                    _build_repair_entry(form, k, fix, lang)
                    for k, fix in enumerate(conflict_.repairs, start=1)
                ),
            ]
        ),
        complete=conflict_.complete,
        n_solves=conflict_.n_solves,
        seconds=round(conflict_.seconds, 3),
    )


def _rank_entries(repairs: Sequence[RepairEntry]) -> list[RepairEntry]:
    """Rank repairs by price; those of equal price keep their order."""
    prices = [RepairPrice(one.cents, one.granted_cents, one.n_rules) for one in repairs]
    changes = compute_changes(prices)
    return [
        replace(repairs[k], rank=rank, change_cents=changes[k])
        for rank, k in enumerate(sort_by_price(prices), start=1)
    ]


def _build_clash_entry(form: ElasticProblem, clash: Clash, lang: Lang) -> ClashEntry:
    members: list[MemberEntry | RatedMemberEntry] = []
    for path in clash.lines:
        allocation, entry = clash.without[path], build_bound_entry(form, path, lang)
        without = None
        if allocation is not None:
            without = WitnessEntry(
                allocation_sha256=hash_allocation(form.problem, allocation),
                n_funded=int(allocation.funded.sum()),
                granted_cents=int(allocation.granted_cents.sum()),
            )
        values = {key.name: getattr(entry, key.name) for key in fields(entry)}
        kind = RatedMemberEntry if isinstance(entry, RatedBoundEntry) else MemberEntry
        members.append(kind(**values, without=without))
        if _is_ineligible(form.problem, entry):
            named = MemberEntry(
                **_build_head(form, path) | {"kind": "ineligible", "side": "", "file": None, "line": None},
                bound=None,
                bound_cents=None,
                without=without,
            )
            members.append(replace(named, words=describe_member(named, lang)))
    whole = ClashEntry(members=members, proof=clash.proof, minimal=clash.minimal)
    return replace(whole, words=describe_conflict(whole, lang))


def _is_ineligible(problem: Problem, entry: BoundHead) -> bool:
    """Whether a decision funds a dossier that may not be funded: the decision alone clashes with that."""
    if entry.kind != "decide" or entry.side != "min":
        return False
    rows = np.flatnonzero((problem.case.table["dossier"] == entry.group).to_numpy())
    return not problem.offers.in_play[rows].any()


def _build_repair_entry(form: ElasticProblem, rank: int, fix: RuleRepair, lang: Lang) -> RepairEntry:
    best = fix.best
    entry = RepairEntry(
        rank=rank,
        n_rules=len(fix.fix),
        cents=fix.cents,
        actions=repair_actions(form, fix, lang),
        least=fix.least,
        least_proven=fix.least_proven,
        objective=list_goal_values(form.problem, best.values if best else ()),
        best_found=best is not None and best.is_closed,
        n_funded=int(best.allocation.funded.sum()) if best and best.allocation else None,
        granted_cents=best.granted_cents if best else None,
        set=set_lines(form, fix),
    )
    return replace(entry, words=describe_repair(entry, lang))
