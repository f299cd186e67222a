"""The problem to optimise: a scenario resolved on its dossiers, with all its defects found in one pass.

`compile_problem` determines who is eligible, which amounts each dossier may receive, the rules and the
stages of the objective. The result contains no matrix and no solver: the formulation turns it into a model,
the verification evaluates allocations with it.

Contradictions that sums alone show are reported without solving (`refuse_clashes`):

    minima of one `limit`, by group     Σ_g minimum_g ≤ the most that the envelopes let these groups receive
    minimum spends of envelopes         Σ_children need ≤ what their parent can have
    shares of one whole                 Σ minima of disjoint parts ≤ 1;  Σ maxima of parts that cover it ≥ 1
    one share of all, by group          n · minimum ≤ 1;  n · maximum ≥ 1 where the n groups cover the whole

Two shares that ask for more than the whole are satisfied only where nothing of it is funded; they are
refused, like a single share above 100 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.field_types import Described
from tnt_sim.domain.money import format_cents, format_rate
from tnt_sim.errors import Defect, Defects, Place, ScenarioError
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.rules.envelopes.options import EnvelopeLimit, build_envelope_limits
from tnt_sim.rules.envelopes.tree_reading import compute_gain_bounds
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.expressions.measures import BUILT_IN, Measures
from tnt_sim.rules.kind_support.attainable_range import compute_grant_bound, is_granted
from tnt_sim.rules.kind_support.empty_group_keys import ask_blank_keys
from tnt_sim.rules.kinds.decide.rule import combine_decisions
from tnt_sim.rules.kinds.dossier_links import TableRule, compile_table_links, refuse_cycles
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.kinds.requires.rule import Requires
from tnt_sim.rules.kinds.share.rule import Share
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
from tnt_sim.scenario.commitments import check_commitments
from tnt_sim.scenario.envelope_assignment import assign_envelopes
from tnt_sim.scenario.objective import Objective, ObjectiveStage
from tnt_sim.scenario.question_acceptance import read_accepted, warn_merged_spellings
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.spec import ScenarioSpec


def refuse_clashes(case: Case, offers: Offers, rules: Sequence[tuple[object, Path]]) -> None:
    """Record every contradiction that sums alone show; `rules` are compiled rules with their paths."""
    for rule, path in rules:
        if isinstance(rule, Limit) and rule.mode is Mode.HARD:
            _check_floors(case, offers, rule, path)
    _check_min_uses(case)
    shares = [(rule, path) for rule, path in rules if isinstance(rule, Share) and rule.mode is Mode.HARD]
    _check_shares(case, offers, [(rule, path) for rule, path in shares if not rule.groups.grouped])
    for rule, path in shares:
        if rule.pooled and not rule.numerator.once:
            _check_group_shares(case, offers, rule, path)


def _check_floors(case: Case, offers: Offers, limit: Limit, path: Path) -> None:
    if not limit.groups.grouped or not is_granted(limit.terms):
        return
    requested = sum((bound for bound in limit.minimum if bound is not None), Fraction(0)) / CENT
    inside = (limit.groups.codes >= 0) & (limit.terms.per_cent == 1)
    most = compute_grant_bound(case.tree, case.node, offers, inside)
    if requested <= most:
        return
    fr, en = (
        [format_cents(int(figure), lang) for figure in (requested, most)] for lang in (Lang.FR, Lang.EN)
    )
    n = describe_count(
        sum(bound is not None for bound in limit.minimum), ("groupe", "groupes"), ("group", "groups")
    )
    case.record_defect(
        "floors-exceed",
        Text(
            f"les planchers de {n.fr} font ensemble {fr[0]}, plus que les {fr[1]} que permettent les enveloppes.",
            f"the floors of {n.en} come to {en[0]} together, more than the {en[1]} that envelopes allow.",
        ),
        (*path, "min"),
        Text("Abaissez `min`, ou relevez une enveloppe.", "Lower `min`, or raise an envelope."),
    )


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
    fr, en = ([format_cents(figure, lang) for figure in (below, most)] for lang in (Lang.FR, Lang.EN))
    case.record_defect(
        "uses-exceed",
        Text(
            f"les emplois minimaux des enveloppes de « {name} » font {fr[0]}, plus que les {fr[1]} qu'elle peut "
            "accorder.",
            f'the minimum uses of the envelopes of "{name}" come to {en[0]}, more than the {en[1]} that it can '
            "grant.",
        ),
        ("envelope", name),
        Text("Abaissez un `min_use`, ou relevez le montant.", "Lower a `min_use`, or raise the amount."),
    )


def _check_shares(case: Case, offers: Offers, shares: Sequence[tuple[Share, Path]]) -> None:
    """Compare the shares that have the same denominator with 100 %."""
    while shares:
        first = shares[0][0].denominator
        same = [(rule, path) for rule, path in shares if _has_equal_terms(rule.denominator, first)]
        shares = [(rule, path) for rule, path in shares if not _has_equal_terms(rule.denominator, first)]
        low = _select_disjoint([(rule, path) for rule, path in same if rule.minimum is not None], offers)
        total = sum((rule.minimum or Fraction(0) for rule, _ in low), Fraction(0))
        if len(low) > 1 and total > 1:
            _record_share_total(case, low, total, "min")
        high = _select_disjoint([(rule, path) for rule, path in same if rule.maximum is not None], offers)
        total = sum((rule.maximum or Fraction(0) for rule, _ in high), Fraction(0))
        if len(high) > 1 and total < 1 and _is_complete_sum([rule.numerator for rule, _ in high], first):
            _record_share_total(case, high, total, "max")


def _check_group_shares(case: Case, offers: Offers, rule: Share, path: Path) -> None:
    """Compare the shares that n groups may have of one whole with 100 %."""
    n, inside = len(rule.groups.names), offers.in_play & (rule.groups.codes >= 0)
    piece, whole = rule.numerator.restrict(inside), rule.denominator.restrict(offers.in_play)
    low, high = n * (rule.minimum or Fraction(0)), n * (rule.maximum or Fraction(1))
    if n == 0 or piece.scale != whole.scale or rule.denominator.once:
        return
    within = bool((piece.per_funded <= whole.per_funded).all() and (piece.per_cent <= whole.per_cent).all())
    if low > 1 and within:
        side, total = "min", low
    elif high < 1 and _is_complete_sum([piece], whole):
        side, total = "max", high
    else:
        return
    fr, en = format_rate(total, Lang.FR), format_rate(total, Lang.EN)
    groups = describe_count(n, ("groupe", "groupes"), ("group", "groups"))
    case.record_defect(
        "shares-whole",
        Text(
            f"avec {groups.fr}, cette borne fait {fr} de l'ensemble, "
            f"{'plus' if side == 'min' else 'moins'} que les 100 % à répartir.",
            f"with {groups.en} this bound comes to {en} of the whole, "
            f"{'more' if side == 'min' else 'less'} than the 100 % to share.",
        ),
        (*path, side),
        Text(f"Corrigez `{side}`.", f"Correct `{side}`."),
    )


def _has_equal_terms(left: Terms, other: Terms) -> bool:
    if left is other:  # sums that count a key once are equal only if they are the same object
        return True
    return bool(
        left.scale == other.scale
        and not left.once
        and not other.once
        and (left.per_funded == other.per_funded).all()
        and (left.per_cent == other.per_cent).all()
    )


def _select_disjoint(shares: Sequence[tuple[Share, Path]], offers: Offers) -> list[tuple[Share, Path]]:
    """Return the first rules of a list of which no dossier in play is in two.

    Rules without dossiers are left out.
    """
    taken = np.zeros(len(offers.candidate), dtype=np.bool_)
    result = []
    for rule, path in shares:
        mine = ((rule.numerator.per_funded != 0) | (rule.numerator.per_cent != 0)) & offers.in_play
        if mine.any() and not (mine & taken).any() and not rule.numerator.once:
            taken |= mine
            result.append((rule, path))
    return result


def _is_complete_sum(terms: Sequence[Terms], whole: Terms) -> bool:
    """Return whether the parts add up to the whole."""
    if any(part.scale != whole.scale for part in terms):
        return False
    funded = np.sum([part.per_funded for part in terms], axis=0)
    cents = np.sum([part.per_cent for part in terms], axis=0)
    return np.array_equal(funded, whole.per_funded) and np.array_equal(cents, whole.per_cent)


def _record_share_total(case: Case, shares: Sequence[tuple[Share, Path]], total: Fraction, side: str) -> None:
    names = [rule.id for rule, _ in shares]
    fr, en = format_rate(total, Lang.FR), format_rate(total, Lang.EN)
    shown_fr, shown_en = ", ".join(f"« {name} »" for name in names), ", ".join(f'"{name}"' for name in names)
    if side == "min":
        text = Text(
            f"les parts minimales de {shown_fr} font {fr} du même ensemble : plus de 100 %.",
            f"the minimum shares of {shown_en} come to {en} of one whole: more than 100 %.",
        )
    else:
        text = Text(
            f"les parts maximales de {shown_fr} ne font que {fr}, et chaque dossier est dans l'une d'elles.",
            f"the maximum shares of {shown_en} come to {en} only, and each dossier is in one of them.",
        )
    hint = Text("Corrigez une de ces parts.", "Correct one of these shares.")
    case.defects.add("shares-whole", text, *(case.locate((*path, side)) for _, path in shares), hint=hint)


def collect_form_defects(spec: ScenarioSpec, locate: Callable[[Path], Place]) -> list[Defect]:
    """Return defects that need no dossier.

    These are reserved measure names, empty stages, and `valid` without a date of decision.
    """
    result = [
        Defect(
            "measure-name",
            Text(
                f"« {name} » est une mesure de base ; une mesure nommée ne peut pas la remplacer.",
                f'"{name}" is a built-in measure; a named measure cannot replace it.',
            ),
            (locate(("measures", name)),),
            Text("Donnez-lui un autre nom.", "Give it another name."),
        )
        for name in spec.measures
        if name in BUILT_IN
    ]
    result += [
        Defect(
            "stage",
            Text("cette étape de l'objectif est vide.", "this stage of the objective is empty."),
            (locate(("objective", number)),),
            Text("Nommez une mesure et son poids.", "Name a measure and its weight."),
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
        Text(
            "`valid` demande le jour de la décision, que le scénario ne donne pas.",
            "`valid` needs the day of the decision, which the scenario does not give.",
        ),
        (place,),
        Text("Ajoutez `date: AAAA-MM-JJ` au scénario.", "Add `date: YYYY-MM-DD` to the scenario."),
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

    def __repr__(self) -> str:
        return (
            f"<Problem {self.scenario.id}: {self.offers.candidate.sum()} candidates of {self.case.n} dossiers, "
            f"{len(self.rules)} rules>"
        )


Described_ = TypeVar("Described_", bound=Described)


def compile_problem(scenario: ScenarioData, deadline: Deadline = UNLIMITED) -> Problem:
    """Resolve a scenario on its dossiers; all defects are raised together in one `ScenarioError`.

    `deadline` limits the time of a scenario derived during an analysis; the first one is resolved without a
    limit.

    Raises
    ------
    ScenarioError
        if the scenario contradicts itself or its data
    DeadlineExpired
        if the time is up first
    """
    deadline.check()
    spec = scenario.spec
    defects = collect_form_defects(spec, scenario.locate)
    case = assign_envelopes(scenario)
    deadline.check()
    case.defects.entries.extend(defects)
    case = replace(
        case, waived=read_waivers(case, select_in_force(spec, "waivers"), _list_waivable_ids(spec))
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
    if can_exceed_cost(case, caps, eligibility.eligible):
        quiet = replace(case, defects=Defects(), warnings=Defects(), questions=[])
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
    _check_cycles(case, compiled, [path for _, path in rules], table_rules)
    known = {rule.id: rule for rule in compiled if rule is not None}
    refuse_clashes(case, offered, [(rule, path) for rule, (_, path) in zip(compiled, rules, strict=True)])
    deadline.check()
    stages = Objective(spec, case, measures, offered, known).resolve_stages()
    granted = measures.get_terms("granted", ("objective",))
    for rule, path in rules:
        _check_penalty_stage(rule, path, case, len(spec.objective) or 1)
    deadline.check()
    check_commitments(case, offered, spec.programme)
    limits = build_envelope_limits(case, offered)
    _record_warnings(case, eligibility, offered)
    ask_blank_answers(case, eligibility)
    for rule, path in rules:
        ask_blank_keys(rule, path, case, offered.in_play)
    ask_blank_state(case, offered.in_play)
    warn_merged_spellings(case)
    questions = read_accepted(case, select_in_force(spec, "accept"))
    case.defects.entries.sort(key=_get_reading_order)
    case.defects.raise_if_any(ScenarioError)
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
    )


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


def select_in_force(spec: ScenarioSpec, key: str) -> list[tuple[Any, Path]]:
    """Return the entries of a list that are valid on the day of the decision, each with its path."""
    entries: Sequence[Described] = getattr(spec, key)
    return [(entry, (key, k)) for k, entry in enumerate(entries) if entry.is_in_force(spec.date)]


def _compile_rule(
    rule: Any, path: Path, case: Case, measures: Measures, offered: Offers
) -> CompiledRule | None:
    with case.guard_overflow(path):
        return load_rule_kinds()[rule.kind].compile_rule(rule, path, case, measures, offered)
    return None


def _check_cycles(
    case: Case, compiled: Sequence[CompiledRule | None], paths: Sequence[Path], table: Sequence[TableRule]
) -> None:
    """Record cycles of hard prerequisites, of rules and table together.

    Priced or reported ones may be cyclic.
    """
    result: list[tuple[Requires, Path | None]] = [(r, None) for r in table if isinstance(r, Requires)]
    result += [
        (rule, path)
        for rule, path in zip(compiled, paths, strict=True)
        if isinstance(rule, Requires) and rule.mode is Mode.HARD
    ]
    refuse_cycles(case, result)


def _check_penalty_stage(rule: Any, path: Path, case: Case, n_stages: int) -> None:
    penalty = getattr(rule, "penalty", None)
    if penalty is not None and penalty.stage > n_stages:
        case.record_defect(
            "penalty-stage",
            Text(
                f"la pénalité vise l'étape {penalty.stage}, mais l'objectif en a {n_stages}.",
                f"the penalty is for stage {penalty.stage}, but the objective has {n_stages}.",
            ),
            (*path, "penalty", "stage"),
        )


def _record_warnings(case: Case, eligibility: Eligibility, offered: Offers) -> None:
    accepted = case.portfolio.memoise(("accepted",), lambda: (case.table["state"] == "accepte").to_numpy())
    waiting = int((accepted & ~offered.committed).sum())
    if waiting:
        case.warnings.add(
            "accepted-not-committed",
            describe_count(
                waiting,
                (
                    "dossier à l'état « accepte » sans montant `committed` : traité en candidat.",
                    "dossiers à l'état « accepte » sans montant `committed` : traités en candidats.",
                ),
                (
                    'dossier in state "accepte" without a `committed` amount: taken as a candidate.',
                    'dossiers in state "accepte" without a `committed` amount: taken as candidates.',
                ),
            ),
        )
    if not offered.in_play.any():
        case.warnings.add("none-eligible", Text("aucun dossier n'est éligible.", "no dossier is eligible."))
    if case.tree.amount_cents[0] == 0:
        case.warnings.add(
            "zero-envelope",
            Text("l'enveloppe du programme est de 0 €.", "the programme's envelope is 0 €."),
        )
    excess = offered.committed & ~eligibility.eligible
    if excess.any():
        rows = np.flatnonzero(excess)
        names = format_dossier_rows(case, rows, MAX_LISTED)
        case.warnings.add(
            "committed-ineligible",
            describe_count(
                len(rows),
                (
                    f"dossier engagé ne remplit pas les conditions d'éligibilité ; il reste financé : {names}.",
                    "dossiers engagés ne remplissent pas les conditions d'éligibilité ; ils restent financés : "
                    f"{names}.",
                ),
                (
                    f"committed dossier does not meet the eligibility requirements; it stays funded: {names}.",
                    f"committed dossiers do not meet the eligibility requirements; they stay funded: {names}.",
                ),
            ),
            *(case.portfolio.locate(int(row), "committed") for row in rows[:MAX_LISTED]),
        )
