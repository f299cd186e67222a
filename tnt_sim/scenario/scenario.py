"""A scenario: its specification, its dossiers, the origin of every value, and its successive steps.

Steps are decisions taken one after the other. The last of several frees what envelopes held back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path as FilePath
from typing import Any

import polars as pl
from pydantic import BaseModel

from tnt_sim.domain.budget_tree import split_names
from tnt_sim.domain.field_types import Described
from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.errors import Defect, Defects, Place, ScenarioError
from tnt_sim.i18n.message import _
from tnt_sim.i18n.numbers import EURO
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.protocols import Path
from tnt_sim.scenario.spec import ScenarioSpec, apply_currency, select_in_force
from tnt_sim.scenario.yaml.layers import RawScenario
from tnt_sim.scenario.yaml.nodes import Origin

WORDS = frozenset({"title", "note", "source"})
"""Keys that are only text and do not identify the content."""


@dataclass(frozen=True, slots=True)
class InputEntry:
    """A file that a run read: its path from the project folder, with `/`; a scenario, dossiers or a table."""

    path: str
    sha256: str
    kind: str


@dataclass(frozen=True, slots=True)
class InputFile(InputEntry):
    """A file that the scenario read, with the bytes of a scenario file as they were read; a table has none."""

    content: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True)
class Step:
    """One step of a sequence: its id, and the scenario with its `date` and `set` applied."""

    id: str
    scenario: ScenarioData


@dataclass(frozen=True)
class ScenarioData:
    """An immutable scenario; `sha256` identifies its content, wherever its files are stored.

    Attributes
    ----------
    spec, tree, origins : the validated specification, the merged values as text, the place of each value
    portfolio, tables : the dossiers, and the side tables by path
    inputs, files : the files read with their hashes; by path of a value, the file that it names
    root, path, base : project folder, scenario file, folder from which a resolved scenario names its files
    sets : the changes `PATH=VALUE` applied
    warnings : notices of the reading
    seconds_read : time of reading
    reserves_freed : whether envelopes hold back nothing any more
    closes : at a step, the day after which dossiers filed are no candidates
    steps : the steps with their scenarios
    raw : the merged files before validation
    """

    spec: ScenarioSpec
    tree: Mapping[str, Any]
    origins: Mapping[Path, Origin]
    portfolio: Portfolio
    tables: Mapping[str, pl.DataFrame]
    inputs: tuple[InputFile, ...]
    root: FilePath
    path: FilePath | None = None
    sets: tuple[str, ...] = ()
    warnings: tuple[Defect, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)
    seconds_read: float = 0.0
    reserves_freed: bool = False
    closes: date | None = None
    steps: tuple[Step, ...] = ()
    raw: RawScenario | None = None
    base: FilePath | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read and show amounts in the currency of a scenario that another process has sent."""
        self.__dict__.update(state)
        apply_currency(self.spec.currency.build() if self.spec.currency else EURO)

    def __repr__(self) -> str:
        return f"<Scenario {self.id}: {self.portfolio.table.height} applications, sha256 {self.sha256[:8]}>"

    def with_kept(self, granted: pl.DataFrame) -> ScenarioData:
        """Return the scenario with grants of earlier steps, (dossier, kept_cents), as commitments."""
        table = self.portfolio.table
        cents = table.select("dossier", "committed_cents").join(
            granted.select("dossier", "kept_cents"), on="dossier", how="left", maintain_order="left"
        )
        both = cents.select(pl.coalesce("committed_cents", "kept_cents").alias("committed_cents"))
        return replace(self, portfolio=self.portfolio.with_table(table.with_columns(both.to_series())))

    def without_decisions(
        self, *keys: str, dossiers: Collection[str] | None = None, rule: str | None = None
    ) -> ScenarioData:
        """Return the scenario without decisions that people wrote; it must be compiled again.

        Rules depend on decisions: a dossier funded by decision stands in no queue, and one refused by
        decision counts for no minimum.

        Parameters
        ----------
        keys : which of `fund`, `refuse` and `amounts` to leave out
        dossiers : the dossiers concerned, or None for all of them
        rule : the `decide` rule concerned, or None for all of them
        """

        def leave_out(spec: object) -> Any:
            if not isinstance(spec, DecideSpec) or rule not in (None, spec.id):
                return spec
            left: dict[str, Any] = {}
            for key in keys:
                names = [n for n in getattr(spec, key) if dossiers is not None and n not in dossiers]
                left[key] = {n: spec.amounts[n] for n in names} if key == "amounts" else tuple(names)
            return spec.model_copy(update=left)

        rules = tuple(leave_out(spec) for spec in self.spec.rules)
        return replace(self, spec=self.spec.model_copy(update={"rules": rules}))

    @property
    def id(self) -> str:
        """Identifier of the scenario."""
        return self.spec.id

    @property
    def title(self) -> str:
        """Title of the scenario, or its id."""
        return self.spec.title or self.spec.id

    @property
    def sha256(self) -> str:
        """SHA-256 of the resolved scenario and its data.

        It is that of canonical JSON without texts, the publisher, solver options and file paths.
        """
        plain = _without_words(self.spec, self.resolve())
        for name in ("solver", "publisher"):
            plain.pop(name, None)
        data = {file.path: file.sha256 for file in self.inputs}
        for path, file in self.files.items():
            _put(plain, path, data[file])
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def is_exact(self, column: str) -> bool:
        """Return whether the values of a column are compared as written."""
        values = self.spec.values.get(column)
        return values is not None and values.exact

    def resolve(self) -> dict[str, Any]:
        """Return the merged scenario in canonical text, without default values."""
        return self.spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)

    def locate(self, path: Path) -> Place:
        """Return the place of a value in the files; that of its nearest written parent when it is a default."""
        where = self._resolve_path(path)
        while where:
            origin = self.origins.get(where)
            if origin is not None:
                return origin.get_place()
            where = where[:-1]
        return Place(file=self.path.name if self.path else None)

    def get_envelope_path(self, envelope_id: str) -> Path:
        """Return the path of an envelope in the scenario; for a part of a split, that of the split envelope."""
        known = {spec.id: path for spec, path in self.spec.programme.walk(("programme",))}
        names = [name for name in (envelope_id, *split_names(envelope_id)) if name in known]
        return known[names[0]] if names else ("programme",)

    def _resolve_path(self, path: Path) -> Path:
        if len(path) >= 2 and path[0] == "envelope":
            return (*self.get_envelope_path(str(path[1])), *path[2:])
        if len(path) >= 2 and path[0] == "rules" and isinstance(path[1], str):
            for k, rule in enumerate(self.spec.rules):
                if rule.id == path[1]:
                    return ("rules", k, *path[2:])
        return path


def _put(tree: Any, path: Path, value: str) -> None:
    """Replace the value at a path of a tree of dicts and lists."""
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def _without_words(model: Any, dumped: Any) -> Any:
    """Return the dump of a model without descriptive texts; keys chosen by the planner are kept."""
    if isinstance(model, BaseModel) and isinstance(dumped, dict):
        described = isinstance(model, Described | ScenarioSpec)
        retained = {key: part for key, part in dumped.items() if not (described and key in WORDS)}
        for name, field_info in type(model).model_fields.items():
            key = field_info.alias or name
            if key in retained:
                retained[key] = _without_words(getattr(model, name), retained[key])
        return retained
    if isinstance(model, tuple | list) and isinstance(dumped, list):
        return [_without_words(part, plain) for part, plain in zip(model, dumped, strict=True)]
    if isinstance(model, Mapping) and isinstance(dumped, dict):
        values = {str(key): part for key, part in model.items()}
        return {key: _without_words(values.get(key), part) for key, part in dumped.items()}
    return dumped


RESERVE = "reserve"


def check_steps(scenario: ScenarioData) -> None:
    """Check that steps run forward in time and that the one of the reserve list is the last."""
    defects = Defects()
    steps = select_in_force(scenario.spec, "steps")
    day = None
    for step, path in steps:
        if step.id == RESERVE and step is not steps[-1][0]:
            text = _('the step "reserve" comes last.')
            defects.add(
                "steps", text, scenario.locate((*path, "id")), hint=_("Move it to the end of `steps`.")
            )
        if "steps" in {path.split(".")[0] for path in step.set}:
            text = _("a step cannot change `steps` itself.")
            hint = _("Take this line out, and write the change in the step that it is about.")
            defects.add("steps", text, scenario.locate((*path, "set")), hint=hint)
        now = step.date or scenario.spec.date
        if now is not None and day is not None and now < day:
            text = _(
                'the step "{step_id}" ({now}) comes before the one above ({day}).',
                step_id=step.id,
                now=str(now),
                day=str(day),
            )
            hint = _("Put the steps in the order of their dates, or correct this date.")
            defects.add("steps", text, scenario.locate((*path, "date")), hint=hint)
        day = now or day
    defects.raise_if_any(ScenarioError)


def list_decision_steps(scenario: ScenarioData) -> tuple[Step, ...]:
    """Return the steps that decide, in order; without steps, the scenario itself as one nameless step.

    The last of several steps frees the reserves and grants from them; named `reserve`, it draws up the
    reserve list instead and does not decide.
    """
    *earlier, last = scenario.steps or (Step("", scenario),)
    if last.id == RESERVE:
        return tuple(earlier) or (Step("", scenario),)
    return (*earlier, Step(last.id, replace(last.scenario, reserves_freed=True)) if earlier else last)


def build_reserve_step(scenario: ScenarioData) -> Step | None:
    """Return the step that draws up the reserve list.

    It is the one named so, else the only decision again if an envelope has a reserve.
    """
    last = (scenario.steps or (Step("", scenario),))[-1]
    if last.id != RESERVE:
        last = list_decision_steps(scenario)[-1]
        programme, day = last.scenario.spec.programme, last.scenario.spec.date
        if last.scenario.reserves_freed or not any(one.reserve for one, __ in programme.walk_in_force(day)):
            return None
    return Step(RESERVE, replace(last.scenario, reserves_freed=True))


def is_sequence(scenario: ScenarioData) -> bool:
    """Return whether there is more than one decision to take."""
    return bool(scenario.steps) or build_reserve_step(scenario) is not None


_YES = ("oui", "true", "1", "yes", "vrai")
_NOTE_MARKS = ("synthétique", "synthetique", "synthetic")


def is_synthetic(scenario: ScenarioData) -> bool:
    """Return whether a column `synthetic` or the scenario's note says that the data are synthetic."""
    return has_synthetic_mark(scenario.spec, scenario.portfolio.table)


def has_synthetic_mark(spec: ScenarioSpec, table: pl.DataFrame) -> bool:
    """Return the same for a specification and a table of its dossiers."""
    if "synthetic" in table.columns:
        marked = table["synthetic"].cast(pl.String).str.to_lowercase().is_in(list(_YES))
        if bool(marked.any()):
            return True
    return has_synthetic_note(f"{spec.note} {spec.title}")


def has_synthetic_note(words: str) -> bool:
    """Return whether a note or a title says that the data are synthetic."""
    words = words.lower()
    return any(mark in words for mark in _NOTE_MARKS)
