"""Elastic form of a problem: each constraint of the planner can be lifted, or eased by an exact amount.

An *entry* is something a planner wrote (a rule, the amount of an envelope, a decision, the
commitments). It has one *line* for each bound of each group, or a single line if it binds as a
whole:

    limit, share, schedule, coverage,          lower ≤ Σ terms ≤ upper, by group
      min_use, min_dossiers, max_dossiers
    decide, committed                          1 ≤ x or x ≤ 0, by application
    amount of an envelope                      what it may grant by itself
    exclusive, requires, together,             as a whole
      order, equity, caps

`ElasticProblem.restrict_to_bounds` returns the problem with a subset of the lines, some of them eased. It is an
ordinary problem: formulation, exact reading and proofs apply unchanged. Lifting or easing never
removes a feasible allocation.

Source for elastic constraints: J. W. Chinneck, *Feasibility and Infeasibility in Optimization*
(2008).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kinds.limit.rule import build_limit, build_single_limit
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray, Terms, Unit, sum_exactly
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.rules.protocols import CompiledRule, LimitedSum, Mode, Path, Reading
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

COMMITTED = "committed"
NAMED_COMMITMENTS = 12
"""Most commitments listed by application; more are grouped by envelope."""
NO_EASE: Mapping[LiftableBound, Fraction] = MappingProxyType({})


@dataclass(frozen=True, slots=True, order=True)
class LiftableBound:
    """One constraint: a bound of a group of an entry; group and side are empty if the entry binds as a whole."""

    entry: str
    group: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class WrittenPart:
    """Constraint as a planner wrote it, the unit of a correction.

    Attributes
    ----------
    key : unique in the problem
    id, kind : as in the scenario; kind `envelope` stands for its amount
    path : position in the scenario
    limits : its bounds as sums over applications; empty if it binds as a whole
    rule : compiled rule, to read its own figures
    node : envelope, −1 for none
    """

    key: str
    id: str
    kind: str
    path: Path
    limits: tuple[LimitedSum, ...] = ()
    rule: CompiledRule | None = None
    node: int = -1

    @property
    def lines(self) -> tuple[LiftableBound, ...]:
        """Return its lines, in order."""
        if not self.limits:
            return (LiftableBound(self.key),)
        return tuple(LiftableBound(self.key, name or "", side) for _, name, side, _ in self.iterate_bounds())

    def iterate_bounds(self) -> Iterator[tuple[LimitedSum, str | None, str, Fraction]]:
        """Yield (limit, group, side, bound) for each line."""
        for limit in self.limits:
            for name, low, high in zip(limit.groups.names, limit.minimum, limit.maximum, strict=True):
                if low is not None:
                    yield limit, name, "min", low
                if high is not None:
                    yield limit, name, "max", high

    @property
    def unit(self) -> Unit:
        """Return the unit of its slack: money if its sums are money, otherwise a number."""
        if self.kind == "envelope":
            return Unit.MONEY
        return self.limits[0].terms.unit if self.limits else Unit.NUMBER


@dataclass(frozen=True, eq=False)
class ElasticProblem:
    """Problem with all hard constraints lifted, and the entries that can be restored."""

    problem: Problem
    entries: tuple[WrittenPart, ...]

    @classmethod
    def of(
        cls, problem: Problem, free: Problem | None = None, *, commitments: bool = False
    ) -> ElasticProblem:
        """Build the elastic form of a problem.

        Parameters
        ----------
        free : the same problem compiled without refusals by decision, if it has some
        commitments : whether commitments may be lifted too, as an entry of their own
        """
        decided = _build_decision_entries(problem)
        wider = {} if free is None else {rule.id: rule for rule in free.rules}
        rules = [
            _build_rule_entry(rule.widen(wider.get(rule.id, rule))) for rule in _list_hard_rules(problem)
        ]
        entries = [*_list_envelope_entries(problem), *rules, *decided]
        entries += [
            _build_whole_entry(f"cap:{cap.id}", cap.id, "cap", cap.path)
            for cap in problem.caps.caps
            if cap.id != GUARD
        ]
        entries += [_build_whole_entry(f"table:{rule.id}", rule.id, rule.kind, ("dossiers",), rule)
                    for rule in problem.table_rules]  # fmt: skip
        offers = (problem if free is None else free).offers
        opened = replace(problem, offers=replace(offers, forced=np.zeros_like(offers.forced)), limits=())
        if commitments and problem.offers.committed.any():
            entries.append(_build_commitments_entry(problem))
            opened = _release_commitments(opened)
        return cls(opened, tuple(entry for entry in entries if entry.lines))

    @property
    def lines(self) -> frozenset[LiftableBound]:
        """Return all lines of all entries."""
        return frozenset(line for entry in self.entries for line in entry.lines)

    def get_entry(self, key: str) -> WrittenPart:
        """Return an entry by its key."""
        return next(entry for entry in self.entries if entry.key == key)

    def collect_bounds(self, keys: Iterable[str]) -> frozenset[LiftableBound]:
        """Return the lines of some entries."""
        wanted = set(keys)
        return frozenset(line for entry in self.entries if entry.key in wanted for line in entry.lines)

    def restrict_to_bounds(
        self, bounds: frozenset[LiftableBound], ease: Mapping[LiftableBound, Fraction] = NO_EASE
    ) -> Problem:
        """Return the problem with these lines only, some eased by an amount in their unit (euros for money)."""
        problem = self.problem
        rules: list[CompiledRule] = [rule for rule in problem.rules if rule.mode is not Mode.HARD]
        caps, table = [cap for cap in problem.caps.caps if cap.id == GUARD], []
        for entry in self.entries:
            held = LiftableBound(entry.key) in bounds
            if entry.limits:
                rules += _build_eased_limits(entry, bounds, ease)
            elif entry.kind == "cap":
                caps += [cap for cap in problem.caps.caps if held and cap.id == entry.id]
            elif entry.key.startswith("table:"):
                table += [rule for rule in problem.table_rules if held and rule.id == entry.id]
            elif held and entry.rule is not None:
                rules.append(entry.rule)
        return replace(
            problem,
            case=replace(problem.case, tree=self._build_lifted_tree(bounds, ease)),
            caps=replace(problem.caps, caps=tuple(caps)),
            rules=tuple(rules),
            table_rules=tuple(table),
        )

    def find_violated_bounds(self, allocation: Allocation) -> frozenset[LiftableBound]:
        """Return the lines that an allocation violates, except amounts of envelopes."""
        result: set[LiftableBound] = set()
        funded, granted = allocation.funded, allocation.granted_cents
        above = {excess.cap for excess in self.problem.caps.list_excesses(funded, granted)}
        for entry in self.entries:
            for limit in entry.limits:
                for figure in limit.read(funded, granted).readings:
                    result |= {
                        LiftableBound(entry.key, figure.group or "", side)
                        for side in _list_violated_sides(figure)
                    }
            if entry.kind == "cap" and entry.id in above:
                result.add(LiftableBound(entry.key))
            if not entry.limits and entry.rule is not None and not entry.rule.read(funded, granted).holds:
                result.add(LiftableBound(entry.key))
        return frozenset(result)

    def is_within_envelopes(self, allocation: Allocation, bounds: frozenset[LiftableBound]) -> bool:
        """Whether an allocation respects the envelope amounts among these lines, the others lifted."""
        return read_envelopes(
            self._build_lifted_tree(bounds), self.problem.case.node, allocation.granted_cents
        ).holds

    def _build_lifted_tree(
        self, bounds: frozenset[LiftableBound], ease: Mapping[LiftableBound, Fraction] = NO_EASE
    ) -> Tree:
        """Return the tree with lifted amounts beyond all that could be granted; written amounts stay."""
        amounts = list(self.problem.case.tree.amount_cents)
        excess = sum_exactly(self.problem.offers.highest_cents)
        for entry in self.entries:
            line = LiftableBound(entry.key)
            if entry.kind == "envelope":
                more = int(ease.get(line, Fraction(0)) / CENT) if line in bounds else excess
                amounts[entry.node] = (amounts[entry.node] or 0) + more
        return replace(self.problem.case.tree, amount_cents=tuple(amounts))


def _list_violated_sides(figure: Reading) -> list[str]:
    value = figure.value
    low = value is not None and figure.minimum is not None and value < figure.minimum
    high = value is not None and figure.maximum is not None and value > figure.maximum
    return [side for side, broken in (("min", low), ("max", high)) if broken]


def _build_eased_limits(
    entry: WrittenPart, kept_bounds: frozenset[LiftableBound], ease: Mapping[LiftableBound, Fraction]
) -> list[CompiledRule]:
    """Return the limits of an entry with the bounds of its kept lines, eased."""
    result: list[CompiledRule] = []
    for limit in entry.limits:
        bounds: dict[str, list[Fraction | None]] = {"min": [], "max": []}
        for side, given, sign in (("min", limit.minimum, -1), ("max", limit.maximum, 1)):
            for name, bound in zip(limit.groups.names, given, strict=True):
                line = LiftableBound(entry.key, name or "", side)
                eased = None if bound is None else bound + sign * ease.get(line, Fraction(0))
                bounds[side].append(eased if line in kept_bounds else None)
        if any(bound is not None for side in bounds.values() for bound in side):
            low, high = tuple(bounds["min"]), tuple(bounds["max"])
            result.append(replace(limit, minimum=low, maximum=high))  # type: ignore[type-var]
    return result


def _list_hard_rules(problem: Problem) -> list[CompiledRule]:
    return [rule for rule in problem.rules if rule.mode is Mode.HARD]


def _build_whole_entry(
    key: str, name: str, kind: str, path: Path, rule: CompiledRule | None = None
) -> WrittenPart:
    return WrittenPart(key, name, kind, path, rule=rule)


def _build_rule_entry(rule: CompiledRule) -> WrittenPart:
    return WrittenPart(f"rule:{rule.id}", rule.id, rule.kind, ("rules", rule.id), rule.list_limits(), rule)


def _list_envelope_entries(problem: Problem) -> list[WrittenPart]:
    """List the amounts of the envelopes and their options."""
    tree = problem.case.tree
    result = [
        WrittenPart(
            f"envelope:{tree.ids[node]}", tree.ids[node], "envelope", ("envelope", tree.ids[node]), node=node
        )
        for node in range(tree.n_nodes)
        if tree.amount_cents[node] is not None
    ]
    return [*result, *(_build_option_entry(limit, tree.get_node(limit.envelope)) for limit in problem.limits)]


def _build_option_entry(limit: EnvelopeLimit, node: int) -> WrittenPart:
    scale = limit.terms.scale
    low = None if limit.low is None else limit.low * scale
    high = None if limit.high is None else limit.high * scale
    bound = build_single_limit(f"{limit.envelope}.{limit.option}", limit.terms, None, low, high)
    path: Path = ("envelope", limit.envelope, limit.option)
    key = f"envelope:{limit.envelope}.{limit.option}"
    return WrittenPart(key, limit.envelope, limit.option, path, (bound,), node=node)


def _build_decision_entries(problem: Problem) -> list[WrittenPart]:
    """Write each decide rule as bounds on the applications it decides."""
    offers, dossier = problem.offers, problem.case.table["dossier"]
    result = []
    for spec in problem.decided.specs:
        limits = []
        for mask, named, low, high in (
            (problem.decided.funded & ~offers.committed, spec.fund, 1, None),
            (offers.refused, spec.refuse, None, 0),
        ):
            rows = np.flatnonzero(mask & dossier.is_in(list(named)).to_numpy())
            if len(rows):
                limits.append(_build_dossier_limit(problem, spec.id, rows, low, high))
        if limits:
            result.append(
                WrittenPart(f"decide:{spec.id}", spec.id, "decide", ("rules", spec.id), tuple(limits))
            )
    return result


def _build_commitments_entry(problem: Problem) -> WrittenPart:
    """Write commitments as bounds by application; if there are many, by envelope."""
    rows = np.flatnonzero(problem.offers.committed)
    limit = _build_dossier_limit(problem, COMMITTED, rows, 1, None)
    if len(rows) > NAMED_COMMITMENTS:
        nodes, code, count = np.unique(problem.case.node[rows], return_inverse=True, return_counts=True)
        codes = limit.groups.codes.copy()
        codes[rows] = code
        names = tuple(problem.case.tree.ids[node] for node in nodes.tolist())
        lower = tuple(Fraction(n) for n in count.tolist())
        limit = build_limit(
            COMMITTED, limit.terms, Groups(names, codes, grouped=True), lower, (None,) * len(names)
        )
    return WrittenPart(COMMITTED, COMMITTED, COMMITTED, ("dossiers",), (limit,))


def _build_dossier_limit(
    problem: Problem, name: str, rows: IntArray, low: int | None, high: int | None
) -> LimitedSum:
    n = problem.case.n
    codes = np.full(n, -1, dtype=np.int64)
    codes[rows] = np.arange(len(rows))
    names = tuple(problem.case.table["dossier"].gather(rows).to_list())
    ones, zeros = np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    terms = Terms(Fraction(1), Unit.NUMBER, ones, zeros)
    lower = (None if low is None else Fraction(low),) * len(names)
    upper = (None if high is None else Fraction(high),) * len(names)
    return build_limit(name, terms, Groups(names, codes, grouped=True), lower, upper)


def _release_commitments(problem: Problem) -> Problem:
    """Turn each commitment into a candidate for exactly that amount; a cap it exceeds alone stays exceeded."""
    offers, caps = problem.offers, problem.caps
    held: BoolArray = offers.committed
    changed = replace(
        offers,
        candidate=offers.candidate | held,
        committed=np.zeros_like(held),
        least_cents=np.where(held, offers.committed_cents, offers.least_cents),
        most_cents=np.where(held, offers.committed_cents, offers.most_cents),
        unit_cents=np.where(held, 1, offers.unit_cents),
    )
    within = tuple(
        replace(cap, covered=cap.covered & (caps.committed_cents <= cap.limit_cents)) for cap in caps.caps
    )
    return replace(problem, offers=changed, caps=replace(caps, caps=within))
