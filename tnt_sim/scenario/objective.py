"""The objective: lexicographic stages, each a weighted sum of measures, distances to a bound, a smallest group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np
from pydantic import ValidationError

from tnt_sim.errors import Text, did_you_mean
from tnt_sim.money import MoneyError, parse_decimal
from tnt_sim.rules.base import Case, CompiledRule, Mode, Path, Terms, Unit, combine
from tnt_sim.rules.equity import Equity, too_long
from tnt_sim.rules.goals import GoalPart, Shortfall, SmallestSpec, compile_smallest
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.measures import Measures
from tnt_sim.rules.queue import FirstCome
from tnt_sim.scenario.spec import ScenarioSpec, StageSpec

SHORTFALL = "shortfall."


class Sense(StrEnum):
    """The direction of a stage."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the objective.

    Attributes
    ----------
    goal, sense : its name and its direction
    terms : what it sums over dossiers
    tolerance : how much of its best value later stages may give up
    parts : what is no sum over dossiers
    """

    goal: str
    sense: Sense
    terms: Terms
    tolerance: Fraction = Fraction(0)
    parts: tuple[GoalPart, ...] = ()


def columns_counted_zero(spec: ScenarioSpec) -> tuple[str, ...]:
    """The columns of the goals' measures of which an empty cell counts zero (`empty: 0`), in order of name."""
    names = {
        name for stage in spec.objective for name in {**(stage.maximise or {}), **(stage.minimise or {})}
    }
    found = set()
    for name in names & set(spec.measures):
        measure = spec.measures[name]
        pairs = [(measure.column, measure.empty), *((part.column, part.empty) for part in measure.sum or ())]
        found |= {column for column, empty in pairs if column is not None and empty == "0"}
    return tuple(sorted(found))


@dataclass(frozen=True)
class Objective:
    """Reads the stages of a scenario against its dossiers and its compiled rules."""

    spec: ScenarioSpec
    case: Case
    measures: Measures
    offers: Offers
    rules: Mapping[str, CompiledRule]

    def stages(self) -> tuple[Stage, ...]:
        """Every stage that can be read; defects are noted in the case."""
        entries: Sequence[StageSpec] = self.spec.objective
        if not entries:
            self.case.warnings.add(
                "no-objective",
                Text(
                    "le scénario n'a pas d'objectif : le nombre de dossiers financés est maximisé.",
                    "the scenario has no objective: the number of funded dossiers is maximised.",
                ),
            )
            entries = (StageSpec(maximise={"dossiers": "1"}),)
        found: list[Stage | None] = []
        for k, entry in enumerate(entries):
            with self.case.fitting(("objective", k)):
                found.append(self._stage(entry, ("objective", k)))
        return tuple(stage for stage in found if stage is not None)

    def _stage(self, entry: StageSpec, path: Path) -> Stage | None:
        if (entry.maximise is None) == (entry.minimise is None):
            self.case.fault(
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
        sums: list[tuple[int, Terms]] = []
        parts: list[GoalPart] = []
        for name, weight in goals.items():
            here = (*path, sense.value, name)
            if name == "smallest" or name.startswith(SHORTFALL):
                part = self._part(name, weight, sense, here)
                parts += [] if part is None else [part]
                continue
            terms, factor = self._measure(name, here), self._weight(weight, here)
            if terms is not None and factor is not None:
                scaled = replace(terms, scale=terms.scale / factor.denominator)
                sums.append((factor.numerator, scaled))
        if len(sums) + len(parts) < len(goals) or not goals:
            return None
        terms = combine(sums).reduced() if sums else self._nothing(parts[0].unit)
        return Stage("+".join(goals), sense, terms, entry.tolerance, tuple(parts))

    def _nothing(self, unit: Unit) -> Terms:
        zeros = np.zeros(self.case.n, dtype=np.int64)
        return Terms(Fraction(1), unit, zeros, zeros)

    def _measure(self, name: str, path: Path) -> Terms | None:
        if name in self.measures.names():
            return self.measures.terms(name, path)
        self.case.fault(
            "unknown-measure",
            Text(f"la mesure « {name} » n'existe pas.", f'there is no measure "{name}".'),
            path,
            did_you_mean(name, self.measures.names()),
        )
        return None

    def _weight(self, weight: Any, path: Path) -> Fraction | None:
        try:
            return parse_decimal(str(weight))
        except MoneyError as error:
            self.case.fault("weight", error.text, path)
            return None

    def _part(self, name: str, value: Any, sense: Sense, path: Path) -> GoalPart | None:
        if name == "smallest":
            return self._smallest(value, sense, path)
        weight = self._weight(value, path)
        return None if weight is None else self._shortfall(name, weight, sense, path)

    def _smallest(self, value: Any, sense: Sense, path: Path) -> GoalPart | None:
        if sense is Sense.MINIMISE:
            self.case.fault(
                "goal-sense",
                Text(
                    "« smallest » ne peut être que maximisé.",
                    '"smallest" can only be maximised.',
                ),
                path,
            )
            return None
        keys = tuple(SmallestSpec.model_fields)
        unknown = [key for key in value if key not in keys] if isinstance(value, dict) else []
        if unknown:
            self.case.fault(
                "unknown-key",
                Text(f"la clé « {unknown[0]} » n'existe pas.", f'there is no key "{unknown[0]}".'),
                (*path, unknown[0]),
                did_you_mean(unknown[0], keys),
            )
            return None
        try:
            spec = SmallestSpec.model_validate(value)
        except ValidationError as error:
            where = error.errors()[0]["loc"][:1]
            self.case.fault(
                "smallest",
                Text(
                    "« smallest » veut `measure` et `by`, et peut avoir `per: population`, `where` et `groups`.",
                    '"smallest" wants `measure` and `by`, and may have `per: population`, `where` and `groups`.',
                ),
                (*path, *where),
                Text(
                    "Exemple : `{smallest: {measure: granted, per: population, by: department}}`.",
                    "Example: `{smallest: {measure: granted, per: population, by: department}}`.",
                ),
            )
            return None
        return compile_smallest(spec, path, self.case, self.measures, self.offers)

    def _shortfall(self, name: str, weight: Fraction, sense: Sense, path: Path) -> GoalPart | None:
        rule_id = name.removeprefix(SHORTFALL)
        written = {rule.id: rule for rule in self.spec.rules if rule.in_force(self.spec.date)}
        rule = self.rules.get(rule_id)
        if rule_id not in written:
            self.case.fault(
                "unknown-rule",
                Text(f"la règle « {rule_id} » n'existe pas.", f'there is no rule "{rule_id}".'),
                path,
                did_you_mean(rule_id, sorted(written)),
            )
            return None
        if rule is None and written[rule_id].kind != "decide":
            return None  # its own defects are noted already
        if rule is None or rule.mode is not Mode.REPORT or _unbounded(written[rule_id]):
            self.case.fault(
                "shortfall",
                Text(
                    f"« {name} » veut une règle avec une borne et `report: true`.",
                    f'"{name}" wants a rule with a bound and `report: true`.',
                ),
                path,
            )
            return None
        if isinstance(rule, FirstCome):
            _no_distance(self.case, name, path)
            return None
        signed = weight if sense is Sense.MINIMISE else -weight
        if signed < 0:
            self.case.fault(
                "goal-sense",
                Text(
                    f"« {name} » est un écart : il ne peut être que réduit.",
                    f'"{name}" is a distance: it can only be made smaller.',
                ),
                path,
                Text("Mettez-le sous `minimise`.", "Put it under `minimise`."),
            )
            return None
        if isinstance(rule, Equity) and not rule.priceable:
            too_long(self.case, path)
            return None
        return Shortfall(rule, signed, 1 if sense is Sense.MINIMISE else -1, self._unit(written[rule_id]))

    def _unit(self, rule: Any) -> Unit:
        """What the rule's distance counts."""
        if rule.kind == "schedule":
            return Unit.MONEY
        if rule.kind not in ("limit", "share", "equity"):
            return Unit.NUMBER
        terms = self.measures.terms(rule.measure, ())
        return Unit.NUMBER if terms is None else terms.unit


def _unbounded(rule: Any) -> bool:
    """Whether a rule that takes bounds has none."""
    return hasattr(rule, "min") and rule.min is None and rule.max is None


def _no_distance(case: Case, name: str, path: Path) -> None:
    """A queue is kept or not: what one dossier gets settles the turn of all that come after it."""
    case.fault(
        "shortfall",
        Text(
            f"« {name} » : une file (`skip: true`) n'a pas d'écart à réduire.",
            f'"{name}": a queue (`skip: true`) has no distance to make smaller.',
        ),
        path,
        Text(
            "Rendez la règle ferme, ou écrivez `skip: false`.", "Make the rule hard, or write `skip: false`."
        ),
    )
