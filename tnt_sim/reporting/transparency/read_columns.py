"""Which cells of a dossier a decision reads: those of the entries that concern it, and no others.

An entry whose `where` a dossier does not satisfy reads the columns of that condition alone, and none of them where
the dossier asks from another envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.rules.expressions.empty_cells import list_condition_columns
from tnt_sim.rules.expressions.measures import MeasureSpec, TermSpec
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.offers.grant_spec import GrantSpec, MoneyColumn
from tnt_sim.rules.protocols import Case, Path
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.spec import select_in_force

_BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "granted": (),
    "dossiers": (),
    "changed": (),
    "leverage": ("cost",),
    "projects": ("project",),
    "applicants": ("applicant_id",),
    "population": ("population", "applicant_id"),
    "inhabitants": ("commune", "epci", "department", "region", "members"),
}
"""Columns of the built-in measures; any other measure is the column of its name."""
_COLUMN_KEYS = ("by", "rank", "first_come", "covered_by")
_MEASURE_KEYS = ("measure", "of_measure")
_NAMING_KEYS = ("dossiers", "need", "fund", "refuse", "amounts", "granted", "funded")
"""Keys of rules that name dossiers."""
_IDENTITIES = frozenset({"dossier", "project", "applicant", "applicant_id", "variant_of", "requires"})
"""Columns by which a condition names somebody."""


@dataclass(frozen=True)
class ReadColumns:
    """The dossiers whose cells are read, by column as the scenario names it; bool (n,) each."""

    case: Case
    measures: Mapping[str, MeasureSpec]
    masks: dict[str, BoolArray] = field(default_factory=dict)

    def add(self, columns: Iterable[str], rows: BoolArray) -> None:
        """Note that some columns are read for some dossiers; names that are no column are passed over."""
        for name in columns:
            if name == "base":
                filled = self.case.table["base_cents"].is_not_null().to_numpy()
                self._record("base", rows & filled)
                self._record("cost", rows & ~filled)
            else:
                self._record(name, rows)

    def _record(self, name: str, rows: BoolArray) -> None:
        if name.startswith("_") or get_table_column(name) not in self.case.table.columns:
            return
        known = self.masks.get(name)
        self.masks[name] = rows.copy() if known is None else known | rows

    def add_condition(self, where: Selector | None, path: Path, rows: BoolArray) -> BoolArray:
        """Note what a condition reads of some dossiers; return those that satisfy it."""
        if where is None:
            return rows
        envelope = Selector({"envelope": where.root["envelope"]}) if "envelope" in where.root else None
        near = rows if envelope is None else rows & self._select(envelope, path)
        self.add(list_selector_columns(where), near)
        return near & self._select(where, path)

    def _select(self, where: Selector, path: Path) -> BoolArray:
        chosen = select(self.case, where, path)
        return np.zeros(self.case.n, dtype=np.bool_) if chosen is None else chosen

    def add_measure(self, name: str, rows: BoolArray, path: Path) -> None:
        """Note what a measure reads of some dossiers."""
        spec = self.measures.get(name)
        if spec is None:
            self.add(_BUILT_IN.get(name, (name,)), rows)
            return
        rows = self.add_condition(spec.where, (*path, name, "where"), rows) if spec.sum or spec.mean else rows
        self.add(spec.mean or (), rows)
        for part in spec.sum or (() if spec.mean else (spec,)):
            self._add_term(part, rows, (*path, name))

    def _add_term(self, term: TermSpec | MeasureSpec, rows: BoolArray, path: Path) -> None:
        concerned = self.add_condition(term.where, (*path, "where"), rows)
        if term.column is not None:
            self.add(_BUILT_IN.get(term.column, (term.column,)), concerned)
        self.add([term.once_per] if term.once_per else [], concerned)


def list_selector_columns(where: Selector) -> list[str]:
    """Return the columns that a condition refers to."""
    return [column for key, wanted in where.root.items() for column in list_condition_columns(key, wanted)]


def has_names(entry: object) -> bool:
    """Return whether an entry names dossiers or applicants, so that its sentence could tell of others."""
    if any(
        getattr(entry, key, None) for key in _NAMING_KEYS if not isinstance(getattr(entry, key, None), str)
    ):
        return True
    return any(_IDENTITIES & set(list_selector_columns(where)) for where in _list_selectors(entry))


def _list_selectors(entry: object) -> Iterator[Selector]:
    for name in getattr(type(entry), "model_fields", ()):
        value = getattr(entry, name)
        if isinstance(value, Selector) and name != "units":  # those are of the map
            yield value


def select_concerned(case: Case, rule: Any, path: Path) -> BoolArray:
    """Return the dossiers that a rule names or selects, bool (n,); those of `of` for a share."""
    named = {
        name
        for key in _NAMING_KEYS
        if not isinstance(value := getattr(rule, key, None), str | None)
        for name in value
    }
    if named:
        mask: BoolArray = case.table["dossier"].is_in(list(named)).to_numpy()
        return mask
    key = rule.scope_key if isinstance(rule, RuleSpec) else "where"
    where = getattr(rule, key, None)
    chosen = select(case, where if isinstance(where, Selector) else None, (*path, key))
    concerned = np.zeros(case.n, dtype=np.bool_) if chosen is None else chosen
    return concerned & case.select_applicable(rule.id)


def find_read_columns(problem: Problem, case: Case, open_: BoolArray) -> dict[str, BoolArray]:
    """Return by column the dossiers of which a decision reads it, bool (n,).

    Parameters
    ----------
    open_ : bool (n,), the eligible dossiers without an earlier commitment, whose amount is computed
    """
    spec = problem.scenario.spec
    read = ReadColumns(case, spec.measures)
    everyone = np.ones(case.n, dtype=np.bool_)
    read.add(("state", "committed"), everyone)
    read.add(("filed_at",), problem.offers.candidate & ~problem.offers.forced)  # it tells equal lists apart
    read.add(("envelope",), everyone if case.tree.n_nodes > 1 else ~everyone)
    for name, filled in (
        ("variant_of", case.table["variant_of"] != ""),
        ("requires", case.table["requires"].list.len() > 0),
    ):
        read.add((name,), filled.to_numpy())
    for envelope, __ in spec.programme.walk():
        read.add([envelope.split.by] if envelope.split else [], everyone)
    for entry, path in select_in_force(spec, "eligibility"):
        rows = read.add_condition(entry.where, (*path, "where"), everyone)
        read.add(list_selector_columns(entry.require), rows & case.select_applicable(entry.id))
    for waiver, path in select_in_force(spec, "waivers"):
        read.add_condition(waiver.where, (*path, "where"), everyone)
    _add_grants(problem, read, open_)
    _add_caps(problem, read)
    in_play = problem.offers.in_play
    for rule, path in select_in_force(spec, "rules"):
        _add_rule(read, rule, path, in_play)
    for stage, path in select_in_force(spec, "objective"):
        for name, weight in (stage.maximise or stage.minimise or {}).items():
            _add_goal(read, name, weight, in_play, path)
    return read.masks


def _add_goal(read: ReadColumns, name: str, weight: Any, rows: BoolArray, path: Path) -> None:
    if isinstance(weight, dict):  # the group served least
        read.add_measure(str(weight.get("measure", "")), rows, path)
        by = weight.get("by", ())
        read.add([by] if isinstance(by, str) else [str(one) for one in by], rows)
    elif not name.startswith("shortfall."):
        read.add_measure(name, rows, path)


def _add_grants(problem: Problem, read: ReadColumns, open_: BoolArray) -> None:
    left = open_.copy()
    for grant, path in select_in_force(problem.scenario.spec, "grants"):
        rows = read.add_condition(grant.where, (*path, "where"), left)
        left = left & ~rows
        read.add(list_grant_columns(grant), rows)
        for k, bonus in enumerate(grant.bonus):
            read.add_condition(bonus.where, (*path, "bonus", k, "where"), rows)
    read.add(("requested", "base", "min_grant"), left)


def list_grant_columns(grant: GrantSpec) -> list[str]:
    """Return the columns that an entry of `grants` reads of its dossiers."""
    columns = ["requested", "base", "min_grant"]
    columns += [part.column for part in (grant.formula.per if grant.formula else ())]
    columns += [limit.column for limit in (grant.max, grant.min) if isinstance(limit, MoneyColumn)]
    return [*columns, *([grant.by] if grant.by else [])]


def _add_caps(problem: Problem, read: ReadColumns) -> None:
    everyone = np.ones(read.case.n, dtype=np.bool_)
    compiled = {cap.id: cap for cap in problem.caps.caps}
    for cap, path in select_in_force(problem.scenario.spec, "caps"):
        full = cap.fill_from_library()
        read.add_condition(full.where, (*path, "where"), everyone)
        own = compiled.get(cap.name)
        rows = ~everyone if own is None else own.covered[problem.caps.code]
        columns = [*full.counting, *full.less, "project"]
        columns += [full.max.column] if isinstance(full.max, MoneyColumn) else []
        columns += [] if isinstance(full.max, int | MoneyColumn) else [full.of or "base"]
        read.add(columns, rows)


def _add_rule(read: ReadColumns, rule: Any, path: Path, in_play: BoolArray) -> None:
    if rule.kind == "decide":
        return
    concerned = select_concerned(read.case, rule, path) & in_play
    for where in _list_selectors(rule):
        read.add_condition(where, path, in_play & read.case.select_applicable(rule.id))
    for key in _COLUMN_KEYS:
        value = getattr(rule, key, None)
        read.add([value] if isinstance(value, str) else value or (), concerned)
    year = getattr(getattr(rule, "year", None), "column", None)
    read.add([year] if isinstance(year, str) else [], concerned)
    for key in _MEASURE_KEYS:
        name = getattr(rule, key, None)
        if isinstance(name, str) and rule.kind != "coverage":
            read.add_measure(name, concerned, path)


READ_ORDER = {name: k for k, name in enumerate(CANONICAL)}
"""Canonical columns in the order in which a sheet states them."""
