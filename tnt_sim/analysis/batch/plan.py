"""Plan of a batch: scenarios as they are, or the product of a base scenario with the values of a matrix.

A case is a base scenario with `PATH=VALUE` texts that change it. The cases of a matrix are the
Cartesian product of its axes in the order of the file, the last axis fastest, without those that
`skip` matches.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from tnt_sim.analysis.shared.worker_memory import estimate_worker_bytes
from tnt_sim.domain.field_types import Spec
from tnt_sim.engine.session import list_compiled_changes
from tnt_sim.errors import Defect, Defects, Place, ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.scenario.load import load_scenario, set_text, with_changes
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.nodes import Mapping as MappingNode
from tnt_sim.scenario.yaml.nodes import Origin, PathSteps, to_tree, walk
from tnt_sim.scenario.yaml.reader import read_yaml
from tnt_sim.scenario.yaml.safe_paths import project_root, require_file, resolve_inside
from tnt_sim.scenario.yaml.schema_errors import validate_model

MAX_CASES = 1_000_000
N_BASES = 2
"""Base scenarios that a worker keeps in memory."""
_NAMED = re.compile(r"\{([^{}]+)\}")


class BatchSpec(Spec):
    """A batch file."""

    base: str
    matrix: Mapping[str, tuple[Any, ...]] = {}
    skip: tuple[Mapping[str, Any], ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BatchCase:
    """One scenario to compute: name, base file and changes.

    `solver` is the scenario's solver section, which `base_sha256` does not cover.
    """

    name: str
    base: Path
    base_sha256: str
    sets: tuple[str, ...]
    solver: str = ""

    @property
    def key(self) -> str:
        """Return the SHA-256 of the content of the case, independent of its name and position."""
        whole = [self.base_sha256, self.solver, list(self.sets)]
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def likeness(self) -> tuple[Any, ...]:
        """Return the key shared by cases that differ only by amounts and objectives."""
        return (self.base, self.base_sha256, self.solver, *list_compiled_changes(self.sets))


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Cases of a batch, in order, and their base scenarios."""

    cases: tuple[BatchCase, ...]
    bases: tuple[ScenarioData, ...]

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the whole batch, names included."""
        total = hashlib.sha256()
        for case in self.cases:
            total.update(f"{case.key}\t{case.name}\n".encode())
        return total.hexdigest()


def read_plan(paths: Sequence[Path]) -> BatchPlan:
    """Read the plan of some files, each a scenario or a batch file."""
    return join_plans([_of_file(path) for path in paths])


def join_plans(pieces: Sequence[tuple[Sequence[BatchCase], ScenarioData]]) -> BatchPlan:
    """Return the plan of some cases with their base scenarios; equal cases are computed once."""
    earlier: dict[str, BatchCase] = {}
    for cases, _base in pieces:
        for case in cases:
            earlier.setdefault(case.key, case)
    return BatchPlan(tuple(earlier.values()), tuple(base for _cases, base in pieces))


def build_cases(
    scenario: ScenarioData, matrix: Mapping[str, Sequence[object]], name: str | None = None
) -> tuple[list[BatchCase], ScenarioData]:
    """Return the cases of a scenario in memory, one for each combination of a matrix, and its base scenario.

    Parameters
    ----------
    matrix : values by dotted path, none for the scenario itself
    name : of a scenario without a matrix; by default its id and its changes
    """
    if scenario.path is None:
        raise UsageError(
            _("this scenario does not come from a file. Write it to a .yaml file and give its name.")
        )
    base, solver = load_scenario(scenario.path), _serialise_solver(scenario)
    for key, values in matrix.items():
        if not values:
            raise ScenarioError([Defect("batch-empty", _('the axis "{key}" has no value.', key=key))])
        for value in values:
            with_changes(scenario, {key: value})
    cases = []
    for chosen in product(*([(key, set_text(value)) for value in values] for key, values in matrix.items())):
        retained = [text for text in scenario.sets if text.partition("=")[0].strip() not in dict(chosen)]
        sets = (*retained, *(f"{key}={value}" for key, value in chosen))
        own = ", ".join(value for _key, value in chosen)
        alone = f"{scenario.id} ({', '.join(scenario.sets)})" if scenario.sets else scenario.id
        cases.append(BatchCase(own or name or alone, scenario.path.resolve(), base.sha256, sets, solver))
    return cases, base


def _of_file(path: Path) -> tuple[list[BatchCase], ScenarioData]:
    node = (
        None
        if path.suffix == ".pb"
        else read_yaml(require_file(path, str(path), Origin(str(path))), path.name)
    )
    if not isinstance(node, MappingNode) or "base" not in node.entries:
        scenario = load_scenario(path)
        return [
            BatchCase(scenario.id, path.resolve(), scenario.sha256, (), _serialise_solver(scenario))
        ], scenario
    origins: Mapping[PathSteps, Origin] = dict(walk(node))
    spec = validate_model(BatchSpec, to_tree(node), origins)
    root = project_root(path.resolve())
    file = resolve_inside(root, path.resolve().parent, spec.base, origins[("base",)])
    scenario = load_scenario(require_file(file, spec.base, origins[("base",)]))
    defects = Defects()
    _check_names(spec, origins, defects)
    _check_values(spec, origins, scenario, defects)
    _check_skipped(spec, origins, defects)
    defects.raise_if_any(ScenarioError)
    axes = [[(key, set_text(value)) for value in values] for key, values in spec.matrix.items()]
    skipped = [{key: set_text(value) for key, value in entry.items()} for entry in spec.skip]
    retained = [
        chosen for chosen in product(*axes) if not any(set(entry.items()) <= set(chosen) for entry in skipped)
    ]
    if not retained:
        raise ScenarioError([_build_empty_defect(origins[("skip",)].get_place())])
    names = _format_names(spec, retained, scenario.id)
    cases = [
        BatchCase(
            name,
            file,
            scenario.sha256,
            tuple(f"{key}={value}" for key, value in chosen),
            _serialise_solver(scenario),
        )
        for name, chosen in zip(names, retained, strict=True)
    ]
    return cases, scenario


def _build_empty_defect(place: Place) -> Defect:
    return Defect(
        "batch-none",
        _("`skip` leaves no scenario."),
        (place,),
        _("Drop an entry of `skip`."),
    )


def _serialise_solver(scenario: ScenarioData) -> str:
    """Return the solver section of a scenario as written."""
    return json.dumps(scenario.tree.get("solver") or {}, ensure_ascii=False, sort_keys=True, default=str)


def _format_names(spec: BatchSpec, cases: Sequence[Sequence[tuple[str, str]]], default: str) -> list[str]:
    """Return the name of each case; values that the template omits are appended if names would repeat."""
    result = [_format_name(spec.name, chosen) or default for chosen in cases]
    if spec.name is None or len(set(result)) == len(result):
        return result
    unsaid = set(spec.matrix) - set(_NAMED.findall(spec.name))
    return [
        f"{name} ({', '.join(value for key, value in chosen if key in unsaid)})"
        for name, chosen in zip(result, cases, strict=True)
    ]


def _format_name(template: str | None, chosen: Sequence[tuple[str, str]]) -> str:
    values = dict(chosen)
    if template is None:
        return ", ".join(values.values())
    return _NAMED.sub(lambda match: values[match[1]], template)


def _check_skipped(spec: BatchSpec, origins: Mapping[PathSteps, Origin], defects: Defects) -> None:
    """Check that the keys and values of `skip` exist; a typing error would otherwise skip nothing."""
    for k, entry in enumerate(spec.skip):
        if not entry:
            defects.add(
                "batch-skip",
                _("this entry of `skip` is empty."),
                origins[("skip", k)].get_place(),
            )
        for key, value in entry.items():
            known = [set_text(one) for one in spec.matrix.get(key, ())]
            if known and set_text(value) not in known:
                defects.add(
                    "batch-skip",
                    _('"{typed}" is not a value of the axis "{key}".', typed=set_text(value), key=key),
                    origins[("skip", k, key)].get_place(),
                    hint=suggest_name(set_text(value), known),
                )


def _check_names(spec: BatchSpec, origins: Mapping[PathSteps, Origin], defects: Defects) -> None:
    """Check that the keys of `name` and `skip` are axes, and that the product is not too large."""
    asked: list[tuple[PathSteps, str]] = [(("name",), key) for key in _NAMED.findall(spec.name or "")]
    asked += [(("skip", k, key), key) for k, entry in enumerate(spec.skip) for key in entry]
    for steps, key in asked:
        if key not in spec.matrix:
            defects.add(
                "batch-key",
                _('"{key}" is not an axis of `matrix`.', key=key),
                origins[steps].get_place(),
                hint=suggest_name(key, spec.matrix),
            )
    for key, values in spec.matrix.items():
        if not values:
            defects.add(
                "batch-empty",
                _('the axis "{key}" has no value.', key=key),
                origins[("matrix", key)].get_place(),
            )
    n = prod(len(values) for values in spec.matrix.values())
    if n > MAX_CASES:
        defects.add(
            "batch-size",
            _("{n} scenarios: more than {max_cases}.", n=n, max_cases=MAX_CASES),
            origins[("matrix",)].get_place(),
            hint=_("Split the matrix into several files."),
        )


def _check_values(
    spec: BatchSpec, origins: Mapping[PathSteps, Origin], scenario: ScenarioData, defects: Defects
) -> None:
    """Check that each value of each axis gives a valid scenario; defects point into the batch file."""
    for key, values in spec.matrix.items():
        for k, value in enumerate(values):
            try:
                with_changes(scenario, {key: value})
            except ScenarioError as error:
                place = origins[("matrix", key, k)].get_place()
                for defect in error.defects:
                    defects.add(defect.code, defect.text, place, *defect.places, hint=defect.hint)


def estimate_plan_bytes(plan: BatchPlan) -> int:
    """Estimate the memory of a worker, which keeps two base scenarios."""
    largest = sorted((base.portfolio.table.height for base in plan.bases), reverse=True)[:N_BASES]
    return estimate_worker_bytes(sum(largest))
