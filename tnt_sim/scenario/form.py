"""What can be wrong with a scenario whatever its dossiers are, beyond the type of each field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel

from tnt_sim.errors import Defect, Place, Text
from tnt_sim.fields import Described
from tnt_sim.rules.base import Path
from tnt_sim.rules.measures import BUILT_IN
from tnt_sim.scenario.spec import ScenarioSpec


def form_defects(spec: ScenarioSpec, locate: Callable[[Path], Place]) -> list[Defect]:
    """Measures that take a built-in name, empty goals, and validity without a day to be valid on."""
    found = [
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
    found += [
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
        found += [_without_day(locate(path)) for path in _dated(spec, ())]
    return found


def _without_day(place: Place) -> Defect:
    return Defect(
        "date-missing",
        Text(
            "`valid` demande le jour de la décision, que le scénario ne donne pas.",
            "`valid` needs the day of the decision, which the scenario does not give.",
        ),
        (place,),
        Text("Ajoutez `date: AAAA-MM-JJ` au scénario.", "Add `date: YYYY-MM-DD` to the scenario."),
    )


def _dated(value: Any, path: Path) -> Iterator[Path]:
    """The paths of every `valid` in a specification."""
    if isinstance(value, BaseModel):
        if isinstance(value, Described) and value.valid is not None:
            yield (*path, "valid")
        for name in type(value).model_fields:
            yield from _dated(getattr(value, name), (*path, name))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _dated(part, (*path, number))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _dated(part, (*path, name))
