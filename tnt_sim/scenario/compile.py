"""A scenario meets its dossiers: who is eligible, for how much, under which rules, towards which goals.

The result knows no matrix and no solver; the formulation turns it into a model, the verifier reads with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import Defect, Defects, Place, ScenarioError, Text, so_many
from tnt_sim.fields import Described
from tnt_sim.rules.base import Case, CompiledRule, Mode, Path, Terms
from tnt_sim.rules.blank_keys import ask_blank_keys
from tnt_sim.rules.caps import Caps, check_forced, compile_caps
from tnt_sim.rules.coverage import CoverageSpec, compile_coverage
from tnt_sim.rules.decide import DecideSpec, Decisions, decisions
from tnt_sim.rules.eligibility import (
    Eligibility,
    assess,
    filed_later,
    in_closed_envelopes,
    not_given_questions,
    unstated_state,
)
from tnt_sim.rules.envelope_limits import EnvelopeLimit, envelope_limits
from tnt_sim.rules.equity import EquitySpec, compile_equity
from tnt_sim.rules.funded import SHOWN, listed_names
from tnt_sim.rules.grant import Offers, offers
from tnt_sim.rules.limit import LimitSpec, compile_limit
from tnt_sim.rules.measures import Measures
from tnt_sim.rules.never_together import refuse_clashes
from tnt_sim.rules.open_question import OpenQuestion
from tnt_sim.rules.order import OrderSpec, compile_order
from tnt_sim.rules.relation import ExclusiveSpec, Requires, RequiresSpec, compile_exclusive, compile_requires
from tnt_sim.rules.schedule import ScheduleSpec, compile_schedule
from tnt_sim.rules.share import ShareSpec, compile_share
from tnt_sim.rules.table_links import TableRule, refuse_circles, table_links
from tnt_sim.rules.together import TogetherSpec, compile_together
from tnt_sim.rules.total_aid import guarded, may_exceed
from tnt_sim.rules.waivers import read_waivers
from tnt_sim.scenario.accepted import read_accepted, tell_joined
from tnt_sim.scenario.commitments import check_commitments
from tnt_sim.scenario.form import form_defects
from tnt_sim.scenario.landing import land
from tnt_sim.scenario.objective import Objective, Stage
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.spec import ScenarioSpec


@dataclass(frozen=True)
class Problem:
    """All that a decision depends on, read once."""

    scenario: Scenario
    case: Case
    eligibility: Eligibility
    decided: Decisions
    offers: Offers
    caps: Caps
    limits: tuple[EnvelopeLimit, ...]
    rules: tuple[CompiledRule, ...]
    table_rules: tuple[TableRule, ...]
    stages: tuple[Stage, ...]
    granted: Terms
    warnings: tuple[Defect, ...]
    questions: tuple[OpenQuestion, ...] = ()


Described_ = TypeVar("Described_", bound=Described)


def compile_problem(scenario: Scenario, deadline: Deadline = UNLIMITED) -> Problem:
    """Read a scenario against its dossiers; every defect is raised in one ScenarioError.

    The scenario that a question starts from is read without a deadline, as its tables are. One that a question
    makes on its way is read within the question's time.

    Raises
    ------
    ScenarioError
        When the scenario contradicts itself.
    DeadlineExpired
        When the time is up before it is read.
    """
    deadline.check()
    spec = scenario.spec
    defects = form_defects(spec, scenario.locate)
    case = land(scenario)
    deadline.check()
    case.defects.found.extend(defects)
    case = replace(case, waived=read_waivers(case, in_force(spec, "waivers"), _kinds(spec)))
    eligibility = assess(case, in_force(spec, "eligibility"), case.waived)
    for failure in in_closed_envelopes(case, spec.programme):
        eligibility = eligibility.without(failure)
    deadline.check()
    late = filed_later(case, scenario.closes)
    eligibility = eligibility if late is None else eligibility.without(late)
    caps = compile_caps(case, in_force(spec, "caps"), eligibility.eligible)
    deadline.check()
    rules = in_force(spec, "rules")
    decided = decisions(case, [(rule, path) for rule, path in rules if isinstance(rule, DecideSpec)])
    decided = decided if late is None else decided.without(late.mask)
    grants = in_force(spec, "grants")
    if may_exceed(case, caps, eligibility.eligible):
        quiet = replace(case, defects=Defects(), warnings=Defects(), questions=[])
        wanted = offers(quiet, grants, eligibility.eligible, decided, caps.ceiling_cents())
        caps = guarded(case, caps, wanted.highest_cents)
    deadline.check()
    offered = offers(case, grants, eligibility.eligible, decided, caps.ceiling_cents())
    deadline.check()
    check_forced(case, caps, offered)
    named = {name: measure for name, measure in spec.measures.items() if measure.in_force(spec.date)}
    measures = Measures(case, offered.in_play, named)
    compiled = []
    for rule, path in rules:
        deadline.check()
        compiled.append(_compile_rule(rule, path, case, measures, offered))
    table_rules = table_links(case, offered)
    _no_circles(case, compiled, [path for _, path in rules], table_rules)
    known = {rule.id: rule for rule in compiled if rule is not None}
    refuse_clashes(case, offered, [(rule, path) for rule, (_, path) in zip(compiled, rules, strict=True)])
    deadline.check()
    stages = Objective(spec, case, measures, offered, known).stages()
    granted = measures.terms("granted", ("objective",))
    for rule, path in rules:
        _stage_exists(rule, path, case, len(spec.objective) or 1)
    deadline.check()
    check_commitments(case, offered, spec.programme)
    limits = envelope_limits(case, offered)
    _notes(case, eligibility, offered)
    not_given_questions(case, eligibility)
    for rule, path in rules:
        ask_blank_keys(rule, path, case, offered.in_play)
    unstated_state(case, offered.in_play)
    tell_joined(case)
    questions = read_accepted(case, in_force(spec, "accept"))
    case.defects.found.sort(key=_reading_order)
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
        warnings=(*scenario.warnings, *case.warnings.found),
        questions=questions,
    )


def _reading_order(defect: Defect) -> tuple[str, int, int]:
    """Defects are told in the order of the file."""
    place = defect.places[0] if defect.places else Place()
    return place.file or "", place.line or place.row or 0, place.column or 0


def _kinds(spec: ScenarioSpec) -> list[tuple[str, str]]:
    """Every id that a waiver may name, with its kind."""
    return [
        *((entry.id, "eligibility") for entry in spec.eligibility),
        *((cap.name, "cap") for cap in spec.caps),
        *((rule.id, str(rule.kind)) for rule in spec.rules),
    ]


def in_force(spec: ScenarioSpec, key: str) -> list[tuple[Any, Path]]:
    """The entries of a list that count on the day of the decision, each with its path."""
    entries: Sequence[Described] = getattr(spec, key)
    return [(entry, (key, k)) for k, entry in enumerate(entries) if entry.in_force(spec.date)]


def _compile_rule(
    rule: Any, path: Path, case: Case, measures: Measures, offered: Offers
) -> CompiledRule | None:
    with case.fitting(path):
        return _compiled(rule, path, case, measures, offered)
    return None


def _compiled(rule: Any, path: Path, case: Case, measures: Measures, offered: Offers) -> CompiledRule | None:
    if isinstance(rule, LimitSpec):
        return compile_limit(rule, path, case, measures, offered)
    if isinstance(rule, ShareSpec):
        return compile_share(rule, path, case, measures, offered)
    if isinstance(rule, OrderSpec):
        return compile_order(rule, path, case, measures, offered)
    if isinstance(rule, ExclusiveSpec):
        return compile_exclusive(rule, path, case, offered)
    if isinstance(rule, RequiresSpec):
        return compile_requires(rule, path, case, offered)
    if isinstance(rule, TogetherSpec):
        return compile_together(rule, path, case, offered)
    if isinstance(rule, CoverageSpec):
        return compile_coverage(rule, path, case, offered)
    if isinstance(rule, ScheduleSpec):
        return compile_schedule(rule, path, case, offered)
    if isinstance(rule, EquitySpec):
        return compile_equity(rule, path, case, measures, offered)
    return None


def _no_circles(
    case: Case, compiled: Sequence[CompiledRule | None], paths: Sequence[Path], table: Sequence[TableRule]
) -> None:
    """What must hold, rules and table together, must not require in a circle; what is only priced or told may."""
    found: list[tuple[Requires, Path | None]] = [(r, None) for r in table if isinstance(r, Requires)]
    found += [
        (rule, path)
        for rule, path in zip(compiled, paths, strict=True)
        if isinstance(rule, Requires) and rule.mode is Mode.HARD
    ]
    refuse_circles(case, found)


def _stage_exists(rule: Any, path: Path, case: Case, n_stages: int) -> None:
    penalty = getattr(rule, "penalty", None)
    if penalty is not None and penalty.stage > n_stages:
        case.fault(
            "penalty-stage",
            Text(
                f"la pénalité vise l'étape {penalty.stage}, mais l'objectif en a {n_stages}.",
                f"the penalty is for stage {penalty.stage}, but the objective has {n_stages}.",
            ),
            (*path, "penalty", "stage"),
        )


def _notes(case: Case, eligibility: Eligibility, offered: Offers) -> None:
    accepted = case.portfolio.once(("accepted",), lambda: (case.table["state"] == "accepte").to_numpy())
    waiting = int((accepted & ~offered.committed).sum())
    if waiting:
        case.warnings.add(
            "accepted-not-committed",
            so_many(
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
        names = listed_names(case, rows, SHOWN)
        case.warnings.add(
            "committed-ineligible",
            so_many(
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
            *(case.portfolio.place(int(row), "committed") for row in rows[:SHOWN]),
        )
