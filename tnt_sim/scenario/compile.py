"""A scenario meets its dossiers: who is eligible, for how much, under which rules, towards which goals.

The result knows no matrix and no solver; the formulation turns it into a model, the verifier reads with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from tnt_sim.errors import Defect, Lang, Place, ScenarioError, Text, did_you_mean
from tnt_sim.fields import Described
from tnt_sim.money import MoneyError, format_cents, parse_decimal
from tnt_sim.rules.base import Case, CompiledRule, Path, Terms, combine
from tnt_sim.rules.decide import DecideSpec, Decisions, decisions
from tnt_sim.rules.eligibility import Eligibility, assess
from tnt_sim.rules.envelope import read_envelopes
from tnt_sim.rules.grant import Offers, offers
from tnt_sim.rules.limit import LimitSpec, compile_limit
from tnt_sim.rules.measures import Measures
from tnt_sim.rules.share import ShareSpec, compile_share
from tnt_sim.scenario.landing import land
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.spec import ScenarioSpec, StageSpec
from tnt_sim.scenario.unbuilt import refuse_unbuilt


class Sense(StrEnum):
    """The direction of a stage."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the objective: its name, its direction, what it sums, how much of it may be given up."""

    goal: str
    sense: Sense
    terms: Terms
    tolerance: Fraction = Fraction(0)


@dataclass(frozen=True)
class Problem:
    """All that a decision depends on, read once."""

    scenario: Scenario
    case: Case
    eligibility: Eligibility
    decided: Decisions
    offers: Offers
    rules: tuple[CompiledRule, ...]
    stages: tuple[Stage, ...]
    granted: Terms
    warnings: tuple[Defect, ...]


Described_ = TypeVar("Described_", bound=Described)


def compile_problem(scenario: Scenario) -> Problem:
    """Read a scenario against its dossiers; every defect is raised in one ScenarioError."""
    spec = scenario.spec
    defects = refuse_unbuilt(spec, scenario.locate)
    case = land(scenario)
    case.defects.found.extend(defects)
    eligibility = assess(case, in_force(spec, "eligibility"))
    rules = in_force(spec, "rules")
    decided = decisions(case, [(rule, path) for rule, path in rules if isinstance(rule, DecideSpec)])
    offered = offers(case, in_force(spec, "grants"), eligibility.eligible, decided)
    measures = Measures(case, offered.in_play, spec.measures)
    compiled = [_compile_rule(rule, path, case, measures, offered) for rule, path in rules]
    stages = _stages(spec, case, measures)
    granted = measures.terms("granted", ("objective",))
    for rule, path in rules:
        _stage_exists(rule, path, case, len(spec.objective) or 1)
    _committed_fit(case, offered)
    _notes(case, eligibility, offered)
    case.defects.found.sort(key=_reading_order)
    case.defects.raise_if_any(ScenarioError)
    assert granted is not None
    return Problem(
        scenario=scenario,
        case=case,
        eligibility=eligibility,
        decided=decided,
        offers=offered,
        rules=tuple(rule for rule in compiled if rule is not None),
        stages=stages,
        granted=granted,
        warnings=(*scenario.warnings, *case.warnings.found),
    )


def _reading_order(defect: Defect) -> tuple[str, int, int]:
    """Defects are told in the order of the file."""
    place = defect.places[0] if defect.places else Place()
    return place.file or "", place.line or place.row or 0, place.column or 0


def in_force(spec: ScenarioSpec, key: str) -> list[tuple[Any, Path]]:
    """The entries of a list that count on the day of the decision, each with its path."""
    entries: Sequence[Described] = getattr(spec, key)
    return [(entry, (key, k)) for k, entry in enumerate(entries) if entry.in_force(spec.date)]


def _compile_rule(
    rule: Any, path: Path, case: Case, measures: Measures, offered: Offers
) -> CompiledRule | None:
    if isinstance(rule, LimitSpec):
        return compile_limit(rule, path, case, measures, offered)
    if isinstance(rule, ShareSpec):
        return compile_share(rule, path, case, measures, offered)
    return None


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


def _stages(spec: ScenarioSpec, case: Case, measures: Measures) -> tuple[Stage, ...]:
    entries: Sequence[StageSpec] = spec.objective
    if not entries:
        case.warnings.add(
            "no-objective",
            Text(
                "le scénario n'a pas d'objectif : le nombre de dossiers financés est maximisé.",
                "the scenario has no objective: the number of funded dossiers is maximised.",
            ),
        )
        entries = (StageSpec(maximise={"dossiers": "1"}),)
    found = [_stage(entry, ("objective", k), case, measures) for k, entry in enumerate(entries)]
    return tuple(stage for stage in found if stage is not None)


def _stage(entry: StageSpec, path: Path, case: Case, measures: Measures) -> Stage | None:
    if (entry.maximise is None) == (entry.minimise is None):
        case.fault(
            "stage",
            Text(
                "une étape de l'objectif veut `maximise` ou `minimise`, l'un des deux.",
                "a stage of the objective wants `maximise` or `minimise`, one of the two.",
            ),
            path,
        )
        return None
    sense = Sense.MAXIMISE if entry.maximise is not None else Sense.MINIMISE
    goals: Mapping[str, Any] = entry.maximise or entry.minimise or {}
    parts = []
    for name, weight in goals.items():
        here = (*path, sense.value, name)
        terms = _goal(name, here, case, measures)
        factor = _weight(weight, here, case)
        if terms is not None and factor is not None:
            scaled = replace(terms, scale=terms.scale / factor.denominator)
            parts.append((factor.numerator, scaled))
    if len(parts) < len(goals) or not parts:
        return None
    return Stage("+".join(goals), sense, combine(parts).reduced(), entry.tolerance)


def _goal(name: str, path: Path, case: Case, measures: Measures) -> Terms | None:
    if name == "smallest" or name == "changed" or name.startswith("shortfall."):
        case.fault(
            "not-built",
            Text(
                f"l'objectif « {name} » est connu, mais cette version ne le construit pas encore.",
                f'the goal "{name}" is known, but this version does not build it yet.',
            ),
            path,
        )
        return None
    if name not in measures.names():
        case.fault(
            "unknown-measure",
            Text(f"la mesure « {name} » n'existe pas.", f'there is no measure "{name}".'),
            path,
            did_you_mean(name, measures.names()),
        )
        return None
    return measures.terms(name, path)


def _weight(weight: Any, path: Path, case: Case) -> Fraction | None:
    try:
        return parse_decimal(str(weight))
    except MoneyError as error:
        case.fault("weight", error.text, path)
        return None


def _committed_fit(case: Case, offered: Offers) -> None:
    """What is already promised must fit: a contradiction that needs no solver."""
    reading = read_envelopes(case.tree, case.node, offered.committed_cents)
    for node in np.flatnonzero(np.array(reading.excess_cents, dtype=object) != 0).tolist():
        granted, excess = reading.granted_cents[node], reading.excess_cents[node]
        case.defects.add(
            "committed-exceeds",
            Text(
                f"les engagements de l'enveloppe « {case.tree.ids[node]} » font "
                f"{format_cents(granted, Lang.FR)}, soit {format_cents(excess, Lang.FR)} de trop.",
                f'the commitments of envelope "{case.tree.ids[node]}" come to '
                f"{format_cents(granted, Lang.EN)}, {format_cents(excess, Lang.EN)} too much.",
            ),
            _envelope_place(case, node),
            hint=Text(
                "Relevez le montant, ou corrigez la colonne `committed`.",
                "Raise the amount, or correct the column `committed`.",
            ),
        )


def _envelope_place(case: Case, node: int) -> Place:
    return case.locate(("envelope", case.tree.ids[node]))


def _notes(case: Case, eligibility: Eligibility, offered: Offers) -> None:
    accepted = case.table["state"] == "accepte"
    waiting = int((accepted.to_numpy() & ~offered.committed).sum())
    if waiting:
        case.warnings.add(
            "accepted-not-committed",
            Text(
                f"{waiting} dossier(s) à l'état « accepte » sans montant `committed` : traités en candidats.",
                f'{waiting} dossier(s) in state "accepte" without a `committed` amount: taken as candidates.',
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
        n = int(excess.sum())
        case.warnings.add(
            "committed-ineligible",
            Text(
                f"{n} dossier(s) engagé(s) ne remplissent pas les conditions d'éligibilité ; "
                "ils restent financés.",
                f"{n} committed dossier(s) do not meet the eligibility requirements; they stay funded.",
            ),
        )
