"""What was asked differently: keys of the scenarios, and cells of the dossiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.portfolio import CANONICAL, table_column
from tnt_sim.scenario.load import set_text
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.compare.side import Side

_WORDS = ("title", "note", "source", "solver", "id", "locale")
KEYS = {"path": pl.String}
ENTRIES = ("eligibility", "rules")
"""Sections whose entries may stand on one side only, and then are one change each."""
CELLS = {"dossier": pl.String, "column": pl.String}


def changed_keys(sides: Sequence[Side]) -> pl.DataFrame:
    """A row a key that is not the same on every side: its `--set` path, and its text on each side by name."""
    each = [dict(_flat(_asked(side.scenario))) for side in sides]
    paths = list(dict.fromkeys(path for keys in each for path in keys))
    rows = [[path, *(keys.get(path) for keys in each)] for path in paths]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    schema = {**KEYS, **{side.name: pl.String for side in sides}}
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two scenarios.

    Attributes
    ----------
    path : the path of a key, or of an entry that stands on one side only
    there, here : what makes the first scenario as the other in it, and the other as the first: texts of `--set`
    """

    path: str
    there: str
    here: str


def changes_of(first: Scenario, other: Scenario, keys: pl.DataFrame) -> list[Change]:
    """The changes from one scenario to another; `keys` is (path, text on the first, text on the other)."""
    one, two = _asked(first), _asked(other)
    entire = {f"{section}.{name}": section for section in ENTRIES for name in _on_one_side(one, two, section)}
    found: dict[str, Change] = {}
    for path, here, there in keys.iter_rows():
        if here == there or (path in ENTRIES and "[]" in (here, there)):
            continue  # an empty list says nothing that its entries do not say
        name = next((name for name in entire if path == name or path.startswith(f"{name}.")), None)
        if name is None:
            found[path] = Change(path, f"{path}={there or 'null'}", f"{path}={here or 'null'}")
        elif name not in found:
            section = entire[name]
            found[name] = Change(
                name,
                _with_entry(one, two, section, name.removeprefix(f"{section}.")),
                _with_entry(two, one, section, name.removeprefix(f"{section}.")),
            )
    return list(found.values())


def _entries(tree: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The entries of a section by their ids; empty where it is none of entries."""
    listed = tree.get(section) or []
    if not all(isinstance(entry, dict) and "id" in entry for entry in listed):
        return {}
    return {str(entry["id"]): entry for entry in listed}


def _on_one_side(one: Mapping[str, Any], two: Mapping[str, Any], section: str) -> list[str]:
    here, there = _entries(one, section), _entries(two, section)
    if any(tree.get(section) and not own for tree, own in ((one, here), (two, there))):
        return []
    return [name for name in {**here, **there} if (name in here) != (name in there)]


def _with_entry(mine: Mapping[str, Any], others: Mapping[str, Any], section: str, name: str) -> str:
    """My section with one entry as the others have it: with it, or without."""
    own, wanted = _entries(mine, section), _entries(others, section)
    kept = [entry for key, entry in own.items() if key != name]
    if name in wanted:
        kept.append(wanted[name])
    return f"{section}={set_text(kept)}"


def changed_cells(first: Side, other: Side) -> pl.DataFrame:
    """A row a cell of a dossier that differs: `dossier`, `column`, and both texts; `column` is empty for a dossier
    that stands on one side only."""
    one, two = (_texts(side.problem.case.table) for side in (first, other))
    names = (first.name, other.name)
    schema = {**CELLS, names[0]: pl.String, names[1]: pl.String}
    only = [
        (dossier, "", *marks)
        for held, lacking, marks in ((one, two, ("✓", None)), (two, one, (None, "✓")))
        for dossier in held.join(lacking, on="dossier", how="anti")["dossier"].to_list()
    ]
    both = one.join(two, on="dossier", suffix="\n")
    rows: list[tuple[Any, ...]] = list(only)
    for column in one.columns:
        if column == "dossier" or column not in two.columns:
            continue
        differs = both.filter(pl.col(column).ne_missing(pl.col(f"{column}\n")))
        rows += [
            (row["dossier"], column, row[column], row[f"{column}\n"]) for row in differs.iter_rows(named=True)
        ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _asked(scenario: Scenario) -> Mapping[str, Any]:
    """The resolved scenario without the words and the solver, which decide nothing."""
    return {key: value for key, value in scenario.resolved().items() if key not in _WORDS}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Each value with the path that `--set` takes; entries of lists by their id, other lists whole."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            if key not in ("title", "note", "source"):
                yield from _flat(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(e, dict) and "id" in e for e in value):
        here = "envelopes" if path.endswith("envelopes") else path
        for entry in value:
            rest = {key: child for key, child in entry.items() if key != "id"}
            yield from _flat(rest, f"{here}.{entry['id']}")
            if not rest:
                yield f"{here}.{entry['id']}", ""
    else:
        yield path, set_text(value)


def _texts(table: pl.DataFrame) -> pl.DataFrame:
    """Every cell as a text, for comparing."""
    known = [table_column(name) for name in CANONICAL]
    columns = [column for column in known if column in table.columns]
    return table.select(
        pl.col(column).list.join(";")
        if table.schema[column] == pl.List(pl.String)
        else pl.col(column).cast(pl.String)
        for column in columns
    )
