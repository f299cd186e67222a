"""The problem to optimise: a scenario resolved on its dossiers, with all its defects found in one pass.

`compile_problem` determines who is eligible, which amounts each dossier may receive, the rules and the
stages of the objective. The result contains no matrix and no solver: the formulation turns it into a model,
the verification evaluates allocations with it.

Contradictions that sums alone show are reported without solving (`refuse_clashes`):

    minimum spends of envelopes         Σ_children need ≤ what their parent can have

Each rule kind adds its own, in its folder.

Check that the amounts already committed fit the envelopes, with the raises that would make them fit.

No solver is needed: commitments are fixed. An envelope is too small by itself when what is committed at and
under it exceeds what it may grant. From the deepest such envelopes up, each is raised by its own deficit,
and its parents by the excess of their children's amounts, until the tree is feasible; unassigned and
`pro_rata` money is shared again after each round. Each envelope that was too small is reported with its
deficit and the raises that remove it; all of them together remove the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydantic import BaseModel

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.budget_tree import EnvelopeSpec, Tree
from tnt_sim.domain.field_types import Described
from tnt_sim.errors import Defect, Defects, InfeasibleScenarioError, Place, ScenarioError
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.rules.envelopes.options import EnvelopeLimit, build_envelope_limits
from tnt_sim.rules.envelopes.tree_reading import EnvelopeReading, compute_gain_bounds, read_envelopes
from tnt_sim.rules.expressions.measures import BUILT_IN, Measures
from tnt_sim.rules.kind_support.empty_group_keys import ask_blank_keys
from tnt_sim.rules.kinds.decide.rule import combine_decisions
from tnt_sim.rules.kinds.dossier_links import TableRule, compile_table_links
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.linear_terms import Terms
from tnt_sim.rules.offers.caps import Caps, check_forced, compile_caps
from tnt_sim.rules.offers.decisions import DecideSpec, Decisions
from tnt_sim.rules.offers.eligibility import (
    Eligibility,
    ask_blank_answers,
    ask_blank_state,
    evaluate_eligibility,
    find_closed_envelopes,
    find_late_filings,
    read_waivers,
)
from tnt_sim.rules.offers.funded_rows import MAX_LISTED, format_dossier_rows
from tnt_sim.rules.offers.grants import Offers, compute_offers
from tnt_sim.rules.offers.total_aid import add_guard, can_exceed_cost
from tnt_sim.rules.protocols import Case, CompiledRule, Mode, OpenQuestion, Path
from tnt_sim.scenario.amount_increase import Raising
from tnt_sim.scenario.envelope_assignment import assign_envelopes
from tnt_sim.scenario.objective import Objective, ObjectiveStage
from tnt_sim.scenario.question_acceptance import read_accepted, warn_merged_spellings
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.spec import ScenarioSpec, select_in_force

MOST_ROUNDS = 500

"""Most rounds of raising; a tree that is still infeasible then is reported without raises."""


def check_commitments(case: Case, offers: Offers, root: EnvelopeSpec) -> None:
    """Record a defect for every envelope too small for what is committed in it."""
    reading = read_envelopes(case.tree, case.node, offers.committed_cents)
    if reading.holds:
        return
    raising = _Raises(case, offers, Raising.of(case, root))
    holds = raising.run(reading)
    for node, short in sorted(raising.short.items()):
        name, granted = case.tree.ids[node], reading.granted_cents[node]
        most = granted - short
        case.defects.add(
            "committed-exceeds",
            _(
                'the commitments of envelope "{name}" come to {granted}; it can grant {most}: {short} '
                "too much.",
                name=name,
                granted=Money(granted),
                most=Money(most),
                short=Money(short),
            ),
            case.locate(("envelope", name)),
            hint=raising.suggest_raise(node) if holds else _CORRECT,
        )


_CORRECT = _("Raise the amount, or correct the column `committed`.")


@dataclass
class _Raises:
    """The raises that make room for commitments, in cents of the written amount, by node."""

    case: Case
    offers: Offers
    raising: Raising
    raised: dict[int, int] = field(default_factory=dict)
    short: dict[int, int] = field(default_factory=dict)
    """Deficit of each node by itself."""

    def run(self, reading: EnvelopeReading) -> bool:
        """Raise until the tree is feasible; return whether it is."""
        tree = self.case.tree
        for __ in range(MOST_ROUNDS):
            over = self._compute_children_excess(tree)
            bad = {node: cents for node, cents in enumerate(reading.excess_cents) if cents}
            if not over and not bad:
                return True
            depth = max(int(tree.depth[node]) for node in over or bad)
            for node, cents in (over or bad).items():
                if int(tree.depth[node]) != depth:
                    continue
                if over:
                    self._raise(node, cents)
                else:
                    self._raise_short(node, reading.granted_cents[node], tree, cents)
            tree = self.raising.build_tree(self.raised)
            reading = read_envelopes(tree, self.case.node, self.offers.committed_cents)
        return False

    def _compute_children_excess(self, tree: Tree) -> dict[int, int]:
        """Return, by node, by how much the written amounts of its children exceed its own."""
        over = {}
        for node in {int(tree.parent[child]) for child in self.raised if tree.parent[child] >= 0}:
            written = tree.written_cents[node]
            below = sum(tree.written_cents[child] or 0 for child in tree.list_children(node))
            if written is not None and below > written and not tree.overbooked[node]:
                over[node] = below - written
        return over

    def _raise_short(self, node: int, granted: int, tree: Tree, excess: int) -> None:
        """Raise a node until it may grant by itself what is committed in it."""
        lacks = max(granted - (tree.amount_cents[node] or 0), 0) or excess
        self.short[node] = self.short.get(node, 0) + lacks
        self._raise(node, self._find_written_raise(node, lacks))

    def _raise(self, node: int, cents: int) -> None:
        self.raised[node] = self.raised.get(node, 0) + cents

    def _find_written_raise(self, node: int, lacks: int) -> int:
        """Return the least raise of the written amount that lets a node grant `lacks` more.

        The search doubles, then bisects.
        """
        before = self.raised.get(node, 0)
        start = self.raising.compute_own_cents(node, before)
        low, high = 0, max(1, lacks)
        while self.raising.compute_own_cents(node, before + high) - start < lacks and high < lacks * 2**20:
            low, high = high, high * 2
        while high - low > 1:
            half = (low + high) // 2
            if self.raising.compute_own_cents(node, before + half) - start < lacks:
                low = half
            else:
                high = half
        return high

    def suggest_raise(self, node: int) -> Text:
        """Return « Relevez « b » de 32 €, et pour cela « a » de 32 €, … »."""
        own, *above = [
            _('"{ids}" by {raised}', ids=self.case.tree.ids[one], raised=Money(self.raised[one]))
            for one in self.case.tree.list_ancestors(node)
            if one in self.raised
        ]
        if not above:
            return _("Raise {own}, or correct the column `committed`.", own=own)
        return _(
            "Raise {own}, and for that {above}, or correct the column `committed`.",
            own=own,
            above=Items(above),
        )


def refuse_clashes(
    case: Case, offers: Offers, rules: Sequence[tuple[CompiledRule | TableRule, Path | None]]
) -> None:
    """Record every contradiction that sums and relations alone show.

    `rules` are compiled rules with their paths; None where the table states the rule.
    """
    for name, kind in load_rule_kinds().items():
        if kind.refuse_clashes is not None:
            hard = [(rule, path) for rule, path in rules if rule.kind == name and rule.mode is Mode.HARD]
            kind.refuse_clashes(case, offers, hard)
    _check_min_uses(case)


def _check_min_uses(case: Case) -> None:
    """Compare minimum spends, from the leaves up, with what each parent can have."""
    tree = case.tree
    need = [option.min_use_cents for option in tree.options]
    gain = compute_gain_bounds(tree)
    for node in range(tree.n_nodes - 1, -1, -1):
        below = sum(need[child] for child in tree.list_children(node))
        amount = tree.amount_cents[node]
        more = gain[node]
        if amount is not None and more is not None and below > amount + more:
            _record_excess_uses(case, node, below, amount + more)
        need[node] = max(need[node], below)


def _record_excess_uses(case: Case, node: int, below: int, most: int) -> None:
    name = case.tree.ids[node]
    case.record_defect(
        "uses-exceed",
        _(
            'the minimum uses of the envelopes of "{name}" come to {uses}, more than the {most} that it can '
            "grant.",
            name=name,
            uses=Money(below),
            most=Money(most),
        ),
        ("envelope", name),
        _("Lower a `min_use`, or raise the amount."),
    )


def collect_form_defects(spec: ScenarioSpec, locate: Callable[[Path], Place]) -> list[Defect]:
    """Return defects that need no dossier.

    These are reserved measure names, empty stages, and `valid` without a date of decision.
    """
    result = [
        Defect(
            "measure-name",
            _('"{name}" is a built-in measure; a named measure cannot replace it.', name=name),
            (locate(("measures", name)),),
            _("Give it another name."),
        )
        for name in spec.measures
        if name in BUILT_IN
    ]
    result += [
        Defect(
            "stage",
            _("this stage of the objective is empty."),
            (locate(("objective", number)),),
            _("Name a measure and its weight."),
        )
        for number, stage in enumerate(spec.objective)
        if not (stage.maximise or stage.minimise)
    ]
    if spec.date is None:
        result += [_build_date_defect(locate(path)) for path in _iterate_valid_paths(spec, ())]
    return result


def _build_date_defect(place: Place) -> Defect:
    return Defect(
        "date-missing",
        _("`valid` needs the day of the decision, which the scenario does not give."),
        (place,),
        _("Add `date: YYYY-MM-DD` to the scenario."),
    )


def _iterate_valid_paths(value: Any, path: Path) -> Iterator[Path]:
    """Yield the path of every `valid` in a specification."""
    if isinstance(value, BaseModel):
        if isinstance(value, Described) and value.valid is not None:
            yield (*path, "valid")
        for name in type(value).model_fields:
            yield from _iterate_valid_paths(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for number, piece in enumerate(value):
            yield from _iterate_valid_paths(piece, (*path, number))
    elif isinstance(value, dict):
        for name, piece in value.items():
            yield from _iterate_valid_paths(piece, (*path, name))


@dataclass(frozen=True)
class Problem:
    """Everything that a decision depends on.

    Attributes
    ----------
    scenario, case : the scenario and the data that rules read
    eligibility, decided : eligible dossiers with reasons, decisions of people
    offers, caps : amounts that each dossier may receive, caps on the total aid of projects
    limits : options of envelopes
    rules, table_rules : compiled rules of the scenario, rules implied by columns of the table
    stages : the objective
    granted : the amount granted, as a sum over dossiers
    warnings, questions : notices, and questions that stay open
    clashes : contradictions, with `keeps_clashes`; nothing satisfies such a problem
    """

    scenario: ScenarioData
    case: Case
    eligibility: Eligibility
    decided: Decisions
    offers: Offers
    caps: Caps
    limits: tuple[EnvelopeLimit, ...]
    rules: tuple[CompiledRule, ...]
    table_rules: tuple[TableRule, ...]
    stages: tuple[ObjectiveStage, ...]
    granted: Terms
    warnings: tuple[Defect, ...]
    questions: tuple[OpenQuestion, ...] = ()
    clashes: tuple[Defect, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Problem {self.scenario.id}: {self.offers.candidate.sum()} candidates of {self.case.n} "
            f"applications, {len(self.rules)} rules>"
        )


def compile_problem(
    scenario: ScenarioData,
    deadline: Deadline = UNLIMITED,
    *,
    wants_notices: bool = True,
    keeps_clashes: bool = False,
    lifts_guard: bool = False,
) -> Problem:
    """Resolve a scenario on its dossiers; all defects are raised together in one `ScenarioError`.

    `deadline` limits the time of a scenario derived during an analysis; the first one is resolved without a
    limit. Without `wants_notices` the problem lacks warnings and open questions, and nothing that answers them is
    checked: for the many variants of a scenario that has been compiled. With `keeps_clashes` a scenario that
    contradicts itself is compiled all the same, for the search of what clashes; the contradictions are `clashes`.
    With `lifts_guard` public aid may exceed the cost of a project, which shows whether that limit takes part.
    """
    deadline.check()
    spec = scenario.spec
    defects = collect_form_defects(spec, scenario.locate)
    case = assign_envelopes(scenario)
    deadline.check()
    case.defects.entries.extend(defects)
    case = replace(
        case,
        wants_notices=wants_notices,
        keeps_clashes=keeps_clashes,
        waived=read_waivers(case, select_in_force(spec, "waivers"), _list_waivable_ids(spec)),
    )
    eligibility = evaluate_eligibility(case, select_in_force(spec, "eligibility"), case.waived)
    for failure in find_closed_envelopes(case, spec.programme):
        eligibility = eligibility.without(failure)
    deadline.check()
    late = find_late_filings(case, scenario.closes)
    eligibility = eligibility if late is None else eligibility.without(late)
    caps = compile_caps(case, select_in_force(spec, "caps"), eligibility.eligible)
    deadline.check()
    rules = select_in_force(spec, "rules")
    decided = combine_decisions(case, [(rule, path) for rule, path in rules if isinstance(rule, DecideSpec)])
    decided = decided if late is None else decided.without(late.mask)
    grants = select_in_force(spec, "grants")
    if not lifts_guard and can_exceed_cost(case, caps, eligibility.eligible):
        quiet = replace(case, defects=Defects(), warnings=Defects(), questions=[], wants_notices=False)
        wanted = compute_offers(quiet, grants, eligibility.eligible, decided, caps.compute_ceiling_cents())
        caps = add_guard(case, caps, wanted.highest_cents)
    deadline.check()
    offered = compute_offers(case, grants, eligibility.eligible, decided, caps.compute_ceiling_cents())
    deadline.check()
    check_forced(case, caps, offered)
    named = {name: measure for name, measure in spec.measures.items() if measure.is_in_force(spec.date)}
    measures = Measures(case, offered.in_play, named)
    compiled = []
    for rule, path in rules:
        deadline.check()
        compiled.append(_compile_rule(rule, path, case, measures, offered))
    table_rules = compile_table_links(case, offered)
    known = {rule.id: rule for rule in compiled if rule is not None}
    written = [(rule, path) for rule, (__, path) in zip(compiled, rules, strict=True) if rule is not None]
    refuse_clashes(case, offered, [*((rule, None) for rule in table_rules), *written])
    deadline.check()
    stages = Objective(spec, case, measures, offered, known).resolve_stages()
    granted = measures.get_terms("granted", ("objective",))
    for rule, path in rules:
        _check_penalty_stage(rule, path, case, len(select_in_force(spec, "objective")) or 1)
    deadline.check()
    check_commitments(case, offered, spec.programme)
    limits = build_envelope_limits(case, offered)
    questions: tuple[OpenQuestion, ...] = ()
    if wants_notices:
        _record_warnings(case, eligibility, offered)
        ask_blank_answers(case, eligibility)
        for rule, path in rules:
            ask_blank_keys(rule, path, case, offered.in_play)
        ask_blank_state(case, offered.in_play)
        warn_merged_spellings(case)
        questions = read_accepted(case, select_in_force(spec, "accept"))
    case.defects.entries.sort(key=_get_reading_order)
    clashes: tuple[Defect, ...] = ()
    if keeps_clashes:
        clashes = tuple(defect for defect in case.defects.entries if defect.code in CLASHES)
        case.defects.entries[:] = [defect for defect in case.defects.entries if defect.code not in CLASHES]
    is_clash = all(defect.code in CLASHES for defect in case.defects.entries)
    case.defects.raise_if_any(InfeasibleScenarioError if is_clash else ScenarioError)
    assert granted is not None
    return Problem(
        scenario=scenario,
        case=case,
        eligibility=eligibility,
        decided=decided,
        offers=offered,
        caps=caps,
        limits=limits,
        rules=tuple(rule for rule in compiled if rule is not None),
        table_rules=table_rules,
        stages=stages,
        granted=granted,
        warnings=(*scenario.warnings, *case.warnings.entries),
        questions=questions,
        clashes=clashes,
    )


CLASHES = frozenset(
    {
        "bounds-crossed",
        "cap-decided",
        "children-exceed",
        "committed-exceeds",
        "coverage-reach",
        "decide-amount",
        "decide-amounts",
        "decide-committed",
        "decide-ineligible",
        "decide-twice",
        "exclusive-broken",
        "floor-reach",
        "floors-exceed",
        "limit-reach",
        "max-dossiers",
        "min-dossiers",
        "min-use",
        "requires-broken",
        "schedule-committed",
        "share-reach",
        "shares-whole",
        "together-broken",
        "uses-exceed",
    }
)

"""Codes of defects that say « this setting is impossible », in contrast to a mistake in what is written."""


def _get_reading_order(defect: Defect) -> tuple[str, int, int]:
    """Return the sort key of a defect: its place in the files."""
    place = defect.places[0] if defect.places else Place()
    return place.file or "", place.line or place.row or 0, place.column or 0


def _list_waivable_ids(spec: ScenarioSpec) -> list[tuple[str, str]]:
    """Return every id that a waiver may name, with its kind."""
    return [
        *((entry.id, "eligibility") for entry in spec.eligibility),
        *((cap.name, "cap") for cap in spec.caps),
        *((rule.id, str(rule.kind)) for rule in spec.rules),
    ]


def _compile_rule(
    rule: Any, path: Path, case: Case, measures: Measures, offered: Offers
) -> CompiledRule | None:
    with case.guard_overflow(path):
        return load_rule_kinds()[rule.kind].compile_rule(rule, path, case, measures, offered)
    return None


def _check_penalty_stage(rule: Any, path: Path, case: Case, n_stages: int) -> None:
    penalty = getattr(rule, "penalty", None)
    if penalty is not None and penalty.stage > n_stages:
        case.record_defect(
            "penalty-stage",
            _(
                "the penalty is for stage {stage}, but the objective has {n_stages}.",
                stage=penalty.stage,
                n_stages=n_stages,
            ),
            (*path, "penalty", "stage"),
            _("Write `stage: {n_stages}` at most, or add a stage to `objective`.", n_stages=n_stages),
        )


def _record_warnings(case: Case, eligibility: Eligibility, offered: Offers) -> None:
    accepted = case.portfolio.memoise(
        ("accepted",), lambda: (case.table["state"] == "accepte").to_numpy(), ("state",)
    )
    waiting = int((accepted & ~offered.committed).sum())
    if waiting:
        case.warnings.add(
            "accepted-not-committed",
            _n(
                '{n} application in state "accepte" without a `committed` amount: treated as a '
                "candidate. Fill `committed` if its grant is decided.",
                '{n} applications in state "accepte" without a `committed` amount: treated as '
                "candidates. Fill `committed` if their grants are decided.",
                n=waiting,
            ),
        )
    if not offered.in_play.any():
        case.warnings.add("none-eligible", _("no application is eligible."))
    if case.tree.amount_cents[0] == 0:
        case.warnings.add(
            "zero-envelope",
            _("the programme's envelope is 0 €."),
        )
    excess = offered.committed & ~eligibility.eligible
    if excess.any():
        rows = np.flatnonzero(excess)
        names = format_dossier_rows(case, rows, MAX_LISTED)
        case.warnings.add(
            "committed-ineligible",
            _n(
                "{n} committed application does not meet the eligibility requirements; it stays funded: {names}.",
                "{n} committed applications do not meet the eligibility requirements; they stay funded: {names}.",
                n=len(rows),
                names=names,
            ),
            *(case.portfolio.locate(int(row), "committed") for row in rows[:MAX_LISTED]),
        )
