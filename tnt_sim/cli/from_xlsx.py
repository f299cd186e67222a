"""`run --from-xlsx`: the parameters that a planner changed in a workbook, as changes of the scenario."""

from __future__ import annotations

from pathlib import Path

from tnt_sim.cli.speak import note
from tnt_sim.errors import Lang, Text
from tnt_sim.scenario.diagnose import validate_model
from tnt_sim.scenario.files import load_tree
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.view.parameters_read import changed_parameters


def with_workbook(scenario: Path, sets: tuple[str, ...], workbook: Path, *, quiet: bool) -> tuple[str, ...]:
    """The changes of the command line and those of the workbook, told on stderr unless `quiet`."""
    raw = load_tree(scenario, sets=sets)
    spec = validate_model(ScenarioSpec, raw.tree, raw.origins)
    found = changed_parameters(workbook, spec.model_dump(mode="json", exclude_defaults=True, by_alias=True))
    if quiet:
        return (*sets, *found)
    head = Text(f"Repris de {workbook.name} : ", f"Taken from {workbook.name}: ").in_(Lang(spec.locale))
    none = Text("aucun changement", "no change").in_(Lang(spec.locale))
    note(head + (" ; ".join(found) or none))
    return (*sets, *found)
